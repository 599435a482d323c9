import json
import logging

import pytest

from firmware_py.settings import FIELDS, SettingError, Settings, changed, load, parsed, save


def test_a_knob_is_set_by_name():
    assert parsed(Settings(), "temperature=1.2").temperature == 1.2


def test_a_value_out_of_range_is_refused_with_the_range():
    with pytest.raises(SettingError, match="from 0.1 to 2.0"):
        parsed(Settings(), "temperature=9")


@pytest.mark.parametrize("value", ["x", "nan", "inf", "", "1e400"])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(SettingError, match="temperature"):
        parsed(Settings(), f"temperature={value}")


def test_a_whole_number_is_asked_for_where_one_is_needed():
    with pytest.raises(SettingError, match="whole number from 1 to 8"):
        parsed(Settings(), "voices=2.5")


def test_an_unknown_knob_is_refused_with_the_names_there_are():
    with pytest.raises(SettingError, match="temperature"):
        parsed(Settings(), "wildness=1")


def test_a_knob_without_a_value_is_refused():
    with pytest.raises(SettingError, match="NAME=VALUE"):
        parsed(Settings(), "temperature")


def test_an_unknown_mode_is_refused_with_the_modes_there_are():
    with pytest.raises(SettingError, match="harmonize"):
        changed(Settings(), "mode", "dance")


def test_an_unknown_instrument_in_the_palette_is_refused():
    with pytest.raises(SettingError, match="kazoo"):
        changed(Settings(), "palette", "violin, kazoo")


def test_saved_settings_come_back(tmp_path):
    settings = Settings(mode="harmonize", voices=3, palette="violin, same")
    save(settings, tmp_path / "s.json")
    assert load(tmp_path / "s.json") == settings


def test_a_bad_field_falls_back_alone_and_is_logged(tmp_path, caplog):
    path = tmp_path / "s.json"
    path.write_text(json.dumps({"settings": {"temperature": 99, "voices": 4, "gone": 1}}))
    with caplog.at_level(logging.WARNING):
        settings = load(path)
    assert settings == Settings(voices=4)
    assert "temperature" in caplog.text and "gone" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "[]", '{"settings": 3}', "null", "\x00\xff"])
def test_a_ruined_file_gives_the_defaults(tmp_path, text):
    path = tmp_path / "s.json"
    path.write_text(text)
    assert load(path) == Settings()


def test_a_missing_file_gives_the_defaults(tmp_path):
    assert load(tmp_path / "none.json") == Settings()


def test_a_save_that_fails_leaves_the_old_settings(tmp_path, monkeypatch):
    path = tmp_path / "s.json"
    save(Settings(voices=3), path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError):
        save(Settings(voices=5), path)
    assert load(path).voices == 3


def test_every_default_is_in_its_range():
    settings = Settings()
    for name in FIELDS:
        assert changed(settings, name, getattr(settings, name)) == settings


def test_a_choice_that_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(SettingError, match="grid=1/5: must be one of 1/4, 1/8, 1/8t, 1/16"):
        parsed(Settings(), "grid=1/5")
    with pytest.raises(SettingError, match="must be one of off, on"):
        parsed(Settings(), "clock_out=yes")


@pytest.mark.parametrize("text", ["tempo=19", "tempo=301", "magnet=1.1", "magnet=-0.1"])
def test_a_tempo_or_a_magnet_out_of_range_is_refused(text):
    with pytest.raises(SettingError, match="must be from"):
        parsed(Settings(), text)
