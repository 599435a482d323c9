"""Instruments and their names."""

import pytest

from notochord.event import (
    N_INSTRUMENTS,
    instrument_named,
    instrument_of,
    is_anonymous,
    is_bass,
    is_drums,
    name_of,
    program_of,
)


def test_every_instrument_is_found_again_by_its_name():
    every = list(range(1, N_INSTRUMENTS))
    assert [instrument_named(name_of(instrument)) for instrument in every] == every


def test_a_name_may_be_written_with_capitals_and_spaces():
    assert instrument_named("  Violin ") == instrument_of(40)


def test_a_number_names_an_instrument():
    assert instrument_named("129") == 129


def test_an_unknown_name_is_refused_with_names_that_are_near():
    with pytest.raises(ValueError, match="fingered bass"):
        instrument_named("bass")


@pytest.mark.parametrize("name", ["", "0", "321", "-1"])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ValueError, match="no instrument called"):
        instrument_named(name)


@pytest.mark.parametrize("drums", [False, True])
def test_programs_and_kits_come_back_as_they_went(drums):
    for program in range(128):
        instrument = instrument_of(program, drums)
        assert program_of(instrument) == program
        assert is_drums(instrument) == drums
        assert not is_anonymous(instrument)


def test_anonymous_parts_play_the_first_program():
    assert {program_of(instrument) for instrument in range(257, 321)} == {0}
    assert [is_drums(instrument) for instrument in (288, 289)] == [False, True]


def test_the_basses_are_basses_and_others_are_not():
    assert all(is_bass(instrument_named(name)) for name in ("acoustic bass", "synth bass 2"))
    assert not any(is_bass(instrument_named(name)) for name in ("cello", "steel guitar", "drums"))
