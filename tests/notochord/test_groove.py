"""The vocabulary of the Groove Transformer: strokes on a grid, a groove, controls."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notochord.corpus import Piece
from notochord.groove import (
    KEYS,
    STEPS,
    VOICES,
    N,
    Stroke,
    controls_of,
    pattern_of,
    read,
    strokes_of,
    tapped,
)

PLACES = st.integers(-49, 3149).filter(lambda n: n % 100 != 50).map(lambda n: n / 100)
STROKES = st.lists(
    st.builds(Stroke, PLACES, st.integers(0, 8), st.integers(1, 127)), max_size=40
)


def a_beat():
    """Kick and snare in turn, a hat on every eighth; the second snare late and loud."""
    strokes = [Stroke(float(step), 2, 60) for step in range(0, STEPS, 2)]
    strokes += [Stroke(float(step), 0, 100) for step in range(0, STEPS, 8)]
    strokes += [Stroke(4.0, 1, 90), Stroke(12.25, 1, 120)]
    return pattern_of(strokes)


def test_there_are_nine_voices_and_no_key_is_two_of_them():
    keys = [key for voice in KEYS for key in voice]
    assert len(VOICES) == len(KEYS) == N == 9 and len(keys) == len(set(keys))


@given(STROKES)
def test_what_is_read_from_a_pattern_is_what_was_put_in(strokes):
    kept = {}
    for stroke in strokes:  # the louder of two on one place; the first of equals
        place = round(stroke.at), stroke.voice
        if place not in kept or stroke.velocity > kept[place].velocity:
            kept[place] = stroke
    found = read(pattern_of(strokes))
    assert len(found) == len(kept)
    assert found == sorted(found, key=lambda stroke: stroke.at)
    for mine in found:
        theirs = kept[round(mine.at), mine.voice]
        assert mine.velocity == theirs.velocity
        assert mine.at == pytest.approx(theirs.at, abs=1e-5)


def test_strokes_stand_where_the_tempo_puts_them():
    piece = Piece(
        path="", source="", program=np.array([0]), drums=np.array([True]), part=np.zeros(3, int),
        start=np.array([0, 500, 1500]), end=np.array([9, 509, 1509]),
        pitch=np.array([36, 38, 81]), velocity=np.array([100, 90, 80]),
    )  # fmt: skip
    assert strokes_of(piece, 120.0) == [Stroke(0.0, 0, 100), Stroke(4.0, 1, 90)]
    assert strokes_of(piece, 60.0)[1].at == 2.0


def test_a_groove_is_the_loudest_stroke_of_each_step():
    groove = tapped(a_beat())
    assert groove.shape == (STEPS, 3)
    assert groove[0].tolist() == pytest.approx([1.0, 100 / 127, 0.0])  # the kick, not the hat
    assert groove[12].tolist() == pytest.approx([1.0, 120 / 127, 0.25])
    assert groove[1].tolist() == [0.0, 0.0, 0.0]


def test_grooves_of_many_patterns_are_those_of_each():
    patterns = np.stack([a_beat(), a_beat()[::-1]])
    assert np.array_equal(tapped(patterns)[1], tapped(patterns[1]))


def test_the_controls_say_how_dense_a_pattern_is_and_how_busy_each_voice():
    controls = controls_of(a_beat())
    assert controls[1:4].tolist() == pytest.approx([4 / 32, 2 / 32, 16 / 32])
    assert controls[0] == pytest.approx(22 / (32 * 9)) and not controls[4:].any()
