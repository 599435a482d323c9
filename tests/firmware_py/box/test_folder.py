"""The folder of all that the box remembers, in every state that a power cut can leave."""

import errno
import os

import pytest

from firmware_py.box import folder as module
from firmware_py.box.folder import usable


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state" / "notochord-box"


def test_a_folder_that_is_not_there_is_made(state):
    assert usable(state) == state
    assert sorted(path.name for path in state.iterdir()) == ["presets", "sessions"]


def test_a_sound_folder_is_left_as_it_is(state):
    usable(state)
    (state / "presets" / "001.toml").write_text("name = 'mine'")
    assert usable(state) == state
    assert sorted(path.name for path in (state / "presets").iterdir()) == ["001.toml"]
    assert sorted(path.name for path in state.iterdir()) == ["presets", "sessions"]


def test_a_part_that_became_a_file_is_put_aside_and_the_others_stay(state):
    usable(state)
    (state / "presets" / "001.toml").write_text("name = 'mine'")
    (state / "sessions").rmdir()
    (state / "sessions").write_bytes(b"\x00" * 512)
    assert usable(state) == state
    assert (state / "sessions").is_dir()
    assert (state / "sessions.ruined-1").read_bytes() == b"\x00" * 512
    assert (state / "presets" / "001.toml").exists()


def test_a_whole_folder_that_is_ruined_twice_is_put_aside_twice(state):
    for number in (1, 2):
        usable(state)
        for part in state.iterdir():
            part.rmdir()
        state.rmdir()
        state.symlink_to("/nowhere/at/all")
        assert usable(state) == state and (state / "presets").is_dir()
        assert state.with_name(f"notochord-box.ruined-{number}").is_symlink()


def failing(monkeypatch, name, code, below):
    """Have an os function fail as a broken disk has it fail, below a folder."""
    real = getattr(os, name)

    def fail(path, *more, **options):
        if str(path).startswith(str(below)):
            raise OSError(code, os.strerror(code), str(path))
        return real(path, *more, **options)

    monkeypatch.setattr(module.os, name, fail)


def test_a_folder_that_cannot_be_listed_is_put_aside(state, monkeypatch):
    usable(state)
    failures = iter([OSError(errno.EUCLEAN, "Structure needs cleaning")])
    real = os.listdir

    def once(path):
        if path == state / "sessions" and (error := next(failures, None)):
            raise error
        return real(path)

    monkeypatch.setattr(module.os, "listdir", once)
    assert usable(state) == state
    assert (state / "sessions.ruined-1").is_dir() and (state / "sessions").is_dir()


def test_a_disk_that_neither_works_nor_lets_go_is_replaced_by_memory(state, monkeypatch, tmp_path):
    usable(state)
    failing(monkeypatch, "listdir", errno.EIO, state)
    failing(monkeypatch, "replace", errno.EIO, state)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    instead = usable(state)
    assert instead.parent == tmp_path and instead.is_dir() and instead != state


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_what_is_on_a_full_or_read_only_disk_is_still_used(state, monkeypatch, code):
    usable(state)
    failing(monkeypatch, "fsync", code, "")
    assert usable(state) == state
    assert not list(state.parent.glob("*ruined*"))
    assert not list(state.glob(".probe"))
