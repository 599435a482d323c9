from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.presets.preset import Preset
from firmware_py.settings import SettingError, Settings, changed, load, save
from firmware_py.synths.layout import SynthError
from firmware_py.synths.shelf import DEFAULT, layout, setting, shipped
from notochord.event import instrument_named

MINE = """
name = "mine"
[[part]]
channels = [7]
transpose = 12
[part.drums]
36 = [1, 60]
"""


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_layout_says_what_it_is_and_where_that_stands(name):
    assert shipped()[name].name
    assert len(shipped()[name].source) > 20


def test_general_midi_comes_first_and_is_the_default():
    assert next(iter(shipped())) == DEFAULT == Settings().synth


def test_a_shipped_layout_is_found_by_its_name_however_it_is_written():
    assert setting("Moog Minitaur") == "moog-minitaur"


def test_a_file_becomes_a_setting_that_needs_the_file_no_more(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(MINE)
    text = setting(str(file))
    file.unlink()
    assert "\n" not in text
    box = changed(Settings(), "synth", text)
    assert box.layout.part(instrument_named("violin")).channels == (6,)
    assert box.layout.parts[0].sent(36) == (0, 60)


def test_a_file_of_ones_own_is_still_there_after_the_box_was_switched_off(tmp_path):
    file, saved = tmp_path / "mine.toml", tmp_path / "saved.json"
    file.write_text(MINE)
    save(changed(Settings(), "synth", setting(str(file))), saved)
    file.unlink()
    assert load(saved).layout.name == "mine"


def test_a_saved_layout_that_is_broken_falls_back_to_the_default_with_a_line(tmp_path, caplog):
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps({"settings": asdict(Settings()) | {"synth": "{broken"}}))
    assert load(saved).synth == DEFAULT
    assert "synth" in caplog.text and "\n" not in caplog.messages[0]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"name = ", b"[[part]]", b"x = " + b"[" * 20_000],
)  # fmt: skip
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path, content):
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(SynthError, match="bad.toml") as error:
        setting(str(file))
    assert "\n" not in str(error.value)


def test_a_folder_is_no_layout(tmp_path):
    with pytest.raises(SynthError, match="directory"):
        setting(str(tmp_path))


def test_a_file_too_long_to_be_recorded_is_refused(tmp_path):
    file = tmp_path / "long.toml"
    file.write_text(f"source = '{'x' * 30_000}'\n[[part]]\nchannels = [1]\n")
    with pytest.raises(SynthError, match="longer"):
        setting(str(file))


def test_a_synth_that_there_is_not_is_answered_with_those_there_are():
    with pytest.raises(SynthError, match="general-midi, "):
        setting("theremin")
    with pytest.raises(SettingError, match="general-midi, "):
        changed(Settings(), "synth", "theremin")


def test_a_preset_leaves_the_synth_as_it_is_plugged_in():
    box = changed(Settings(), "synth", "mono")
    assert Preset(1, "x", Settings()).onto(box).synth == "mono"


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_layout_or_refused(text):
    try:
        layout("{" + text)
    except SynthError as error:
        assert str(error)
