"""The presets' folder: whatever is in it, the box starts."""

import logging
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.presets.files import delete, load, path_of, store
from firmware_py.presets.preset import Preset, PresetError
from firmware_py.settings import Settings

QUIET = Preset(3, "quiet", Settings(mode="thru", balance=0.25))


def test_a_stored_preset_is_there_when_the_box_starts_again(tmp_path):
    store(tmp_path / "new", QUIET)
    assert load(tmp_path / "new") == {3: QUIET}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["003.toml"]


def test_no_folder_is_no_preset_and_no_complaint(tmp_path, caplog):
    assert load(tmp_path / "none") == {} and not caplog.messages


def test_a_broken_file_is_put_aside_with_one_line_and_the_others_are_read(tmp_path, caplog):
    store(tmp_path, QUIET)
    path_of(tmp_path, 1).write_bytes(b"[settings\nmode")
    with caplog.at_level(logging.WARNING):
        assert load(tmp_path) == {3: QUIET}
    assert len(caplog.messages) == 1 and "001.bad" in caplog.messages[0]
    assert (tmp_path / "001.bad").read_bytes() == b"[settings\nmode"
    caplog.clear()
    assert load(tmp_path) == {3: QUIET} and not caplog.messages


def _folder(path):
    path.mkdir()


def _pipe(path):
    os.mkfifo(path)


def _loop(path):
    path.symlink_to(path)


def _large(path):
    path.write_text("#" * 1_000_000)


def _deep(path):
    path.write_text("a = " + "[" * 60_000)


@pytest.mark.parametrize("spoil", [_folder, _pipe, _loop, _large, _deep], ids=lambda f: f.__name__)
def test_what_is_no_preset_file_at_all_does_not_hold_the_box_up(tmp_path, spoil, caplog):
    spoil(path_of(tmp_path, 5))
    store(tmp_path, QUIET)
    assert load(tmp_path) == {3: QUIET}
    assert len(caplog.messages) == 1 and "\n" not in caplog.messages[0]


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.integers(1, 128), st.binary(max_size=300), max_size=5))
def test_random_bytes_in_any_slot_never_keep_the_box_from_starting(contents):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, data in contents.items():
            path_of(folder, number).write_bytes(data)
        for number, preset in load(folder).items():
            assert number in contents and isinstance(preset.settings, Settings)


def test_a_preset_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    store(tmp_path, QUIET)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="003.toml"):
        store(tmp_path, Preset(3, "loud", Settings()))
    assert load(tmp_path) == {3: QUIET}


def test_deleting_what_is_not_there_is_told(tmp_path):
    store(tmp_path, QUIET)
    delete(tmp_path, 3)
    with pytest.raises(PresetError, match="no preset 3"):
        delete(tmp_path, 3)


def test_a_folder_that_cannot_be_read_is_told_in_one_line(tmp_path, caplog):
    (tmp_path / "file").write_text("no folder")
    with caplog.at_level(logging.WARNING):
        assert load(tmp_path / "file" / "presets") == load(tmp_path / "file") == {}
    assert len(caplog.messages) == 2 and "cannot be read" in caplog.messages[0]
