"""A preset as text: what was stored comes back, and no text at all can do harm."""

import logging
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_py.presets.preset import LONGEST_NAME, Preset, PresetError, read, write
from firmware_py.settings import FIELDS, GRIDS, MODES, PRESET, Settings, changed


def number(name):
    """Any value that a setting may have."""
    low, high = (FIELDS[name].metadata[end] for end in ("low", "high"))
    if isinstance(FIELDS[name].default, int):
        return st.integers(int(low), int(high))
    return st.floats(low, high)


NUMBERS = [name for name in PRESET if "low" in FIELDS[name].metadata]
ANY = st.fixed_dictionaries(
    {"mode": st.sampled_from(MODES), "player": st.sampled_from(["piano", "Violin", "drums"]),
     "grid": st.sampled_from(list(GRIDS)),
     "palette": st.sampled_from(["auto", "same, cello", "drums,anonymous 3"])}
    | {name: number(name) for name in NUMBERS}
)  # fmt: skip


@given(ANY, st.text(max_size=30))
def test_everything_that_is_stored_comes_back(chosen, name):
    settings = Settings()
    for setting, value in chosen.items():
        settings = changed(settings, setting, value)
    back = read(7, write(Preset(7, name, settings)))
    assert back.settings == settings and back.number == 7
    assert read(7, write(back)) == back


@pytest.mark.parametrize("name", ["late night", 'a "b" \\ c', "Ünï 🎹", "x = 1 # y"])
def test_a_name_comes_back_as_it_was_given(name):
    assert read(1, write(Preset(1, name, Settings()))).name == name


@pytest.mark.parametrize(
    ("name", "becomes"),
    [("a\nb\tc\x7f", "a b c"), ("x" * 999, "x" * LONGEST_NAME), ("\ud800", "?"), ("", "")],
)
def test_a_name_is_brought_onto_one_short_line(name, becomes):
    assert read(1, write(Preset(1, name, Settings()))).name == becomes


def test_a_setting_that_is_missing_is_as_by_default():
    preset = read(1, '[settings]\nmode = "thru"')
    assert preset.settings == Settings(mode="thru")


def test_a_preset_that_names_no_brain_leaves_the_one_that_plays():
    here = Settings(brain="mine")
    assert read(1, '[settings]\nmode = "thru"').onto(here).brain == "mine"
    assert read(1, '[settings]\nbrain = "roll"').onto(here).brain == "roll"


@pytest.mark.parametrize("named", [True, False])
def test_whether_a_preset_names_a_brain_comes_back(named):
    preset = Preset(2, "", Settings(brain="roll" if named else "auto"), named)
    assert read(2, write(preset)) == preset


def test_a_setting_that_cannot_be_costs_a_line_and_nothing_else(caplog):
    with caplog.at_level(logging.WARNING):
        preset = read(3, "[settings]\ntemperature = 99\nvoices = 4\nwarp = 1")
    assert preset.settings == Settings(voices=4)
    assert len(caplog.messages) == 2 and "temperature" in caplog.messages[0]


def test_how_the_box_is_wired_up_stays_when_a_preset_is_recalled():
    wired = Settings(mode="thru", preset_channel=16, preset_next=80, clock_out="on")
    recalled = Preset(1, "", Settings(mode="harmonize")).onto(wired)
    assert recalled.mode == "harmonize"
    assert (recalled.preset_channel, recalled.preset_next) == (16, 80)
    assert recalled.clock_out == "on"
    assert "preset_channel" not in write(Preset(1, "", wired))


HUGE = "0x" + "f" * 20_000  # a number too long to be written in decimal digits


@given(st.one_of(st.text(), st.text(string.printable)))
@example("[settings]\nvoices = " + HUGE)
@example("[" * 5000)
@example("settings = 3")
@example("name = 3")
@example("[settings]\nmode = { a = 1 }\nlow = nan\nhigh = inf\nvoices = true")
@example("[settings]\npalette = '\\u0000,,,'\nplayer = 1979-05-27")
def test_no_text_raises_anything_but_a_preset_error_of_one_line(text):
    try:
        preset = read(1, text)
    except PresetError as error:
        assert "\n" not in str(error)
    else:
        assert isinstance(preset.settings, Settings)
