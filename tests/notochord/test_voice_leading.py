"""Four voices: the nearest takes the note, none crosses, a chord is filled from the bass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notochord.voice_leading import MIDDLES, RANGES, sung_by, voice_for

SILENT = (None, None, None, None)
SUNG = st.lists(st.one_of(st.none(), st.integers(34, 86)), min_size=4, max_size=4)


def chord(pitches, last):
    """Which voice takes each note of a chord that is written from the bass up."""
    sounding, taken = list(SILENT), []
    for pitch in pitches:
        voice = voice_for(pitch, last, sounding)
        taken.append(voice)
        if voice is not None:
            sounding[voice] = pitch
    return taken


@given(st.integers(0, 127), SUNG)
def test_a_note_goes_to_a_free_voice_within_its_range_and_crosses_nobody(pitch, sounding):
    voice = voice_for(pitch, MIDDLES, sounding)
    if voice is None:
        return
    low, high = RANGES[voice]
    assert sounding[voice] is None and low <= pitch <= high
    assert all(sung is None or sung <= pitch for sung in sounding[:voice])
    assert all(sung is None or sung >= pitch for sung in sounding[voice + 1 :])


@pytest.mark.parametrize("step", [-5, -3, 0, 3, 4])
def test_a_chord_of_four_that_moves_is_sung_by_all_four(step):
    last = (48, 55, 62, 69)
    assert chord([pitch + step for pitch in last], last) == [0, 1, 2, 3]


def test_one_note_alone_goes_to_the_voice_that_is_nearest_to_it():
    assert voice_for(71, MIDDLES, [48, None, None, None]) == 3
    assert voice_for(64, MIDDLES, [48, 57, None, 70]) == 2


def test_where_all_sing_nobody_takes_another_note():
    assert voice_for(60, MIDDLES, [48, 57, 63, 70]) is None


def test_sung_by_keeps_the_order_and_takes_the_nearest():
    assert sung_by([0, 1, 2, 3], [49, 64], MIDDLES) == [0, 2]
    assert sung_by([1, 3], [50, 60, 70], MIDDLES) == [1, 3]
    assert sung_by([], [60], MIDDLES) == []
