from __future__ import annotations

import pytest

from firmware_py.palette import NAMED, PaletteError, Part, parsed
from firmware_py.settings import SettingError, Settings, changed
from notochord.event import instrument_named, is_drums

VIOLIN, CELLO, PIANO = (instrument_named(name) for name in ("violin", "cello", "piano"))


def test_plain_names_are_parts_of_equal_weight_and_full_range():
    assert parsed("violin, cello").parts == (Part(VIOLIN), Part(CELLO))


def test_a_weight_and_a_range_belong_to_their_part():
    assert parsed("violin*2 55..90, cello 36..60").parts == (
        Part(VIOLIN, 2.0, 55, 90), Part(CELLO, 1.0, 36, 60)
    )  # fmt: skip


def test_an_instrument_with_a_number_in_its_name_or_for_a_name_is_no_range():
    assert parsed("synth bass 2, anonymous 3, 40").parts == tuple(
        Part(instrument_named(name)) for name in ("synth bass 2", "anonymous 3", "40")
    )
    part = Part(instrument_named("synth bass 2"), 1, 30, 50)
    assert parsed("synth bass 2 30..50").parts == (part,)


def test_a_palette_in_a_palette_hands_its_weight_and_range_on():
    strings = parsed("strings*0.5 40..80, drums").parts
    assert [part.weight for part in strings] == [0.5, 0.5, 0.5, 0.25, 1.0]
    ranges = [(part.low, part.high) for part in strings[:4]]
    assert ranges == [(55, 80), (48, 80), (40, 76), (40, 60)]


@pytest.mark.parametrize("name", [*NAMED, "any", "piano", "drums"])
def test_every_named_palette_is_allowed_as_a_setting(name):
    assert changed(Settings(), "palette", name).parts.parts


def test_same_as_me_is_what_you_play_and_auto_what_fits_the_mode():
    assert parsed("same as me").instruments([CELLO], [PIANO]) == (PIANO,)
    assert parsed("auto, same").instruments([CELLO], [PIANO]) == (CELLO, PIANO)


def test_any_is_every_instrument_and_a_drum_kit():
    everything = parsed("any").instruments([], [])
    assert len(everything) == 129
    assert sum(map(is_drums, everything)) == 1


def test_an_instrument_named_twice_plays_once_as_it_was_named_first():
    palette = parsed("violin*3, strings")
    assert palette.instruments([], []).count(VIOLIN) == 1
    assert palette.part(VIOLIN).weight == 3.0


def test_what_stands_for_same_has_its_weight_and_range():
    assert parsed("same*4 50..60, cello").part(PIANO) == Part("same", 4.0, 50, 60)
    assert parsed("same*4, cello").part(CELLO).weight == 1.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("violin*0", "weight"), ("violin*99", "weight"), ("violin*1.2.3", "weight"),
        ("violin 90..55", "LOW..HIGH"), ("violin 5..200", "LOW..HIGH"), ("", "no name"),
        ("violin,,cello", "no name"), ("kazoo", "kazoo"), ("*2", "no instrument"),
        ("violin*", "violin"),
    ],
)  # fmt: skip
def test_a_part_that_makes_no_sense_is_refused_in_one_line(text, said):
    with pytest.raises(PaletteError, match=said) as error:
        parsed(text)
    assert "\n" not in str(error.value)
    with pytest.raises(SettingError, match="palette: "):
        changed(Settings(), "palette", text)


def test_an_unknown_name_is_answered_with_the_palettes_there_are():
    with pytest.raises(PaletteError, match="strings, band"):
        parsed("orchestra")
