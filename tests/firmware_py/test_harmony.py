"""The harmony that was just played."""

from __future__ import annotations

import pytest

from firmware_py.harmony import EVERY, Harmony, in_classes
from notochord.ask import pitches_in

C_MAJOR = frozenset({0, 2, 4, 5, 7, 9, 11})


def after(*chords: tuple[int, ...], each: float = 0.5) -> tuple[Harmony, float]:
    """A harmony that has heard these chords, each held for so long, the last one still held."""
    harmony, now = Harmony(), 0.0
    for n, chord in enumerate(chords):
        for pitch in chord:
            harmony.began(pitch, now)
        now += each
        if n < len(chords) - 1:
            for pitch in chord:
                harmony.ended(pitch)
    return harmony, now


def test_before_anything_is_heard_all_is_allowed() -> None:
    assert Harmony().chord(3.0) == Harmony().scale(3.0) == EVERY


def test_a_cadence_tells_its_scale() -> None:
    harmony, now = after((48, 64, 67, 72), (53, 65, 69, 72), (55, 62, 67, 71), (48, 64, 67, 72))
    assert harmony.scale(now) == C_MAJOR


def test_a_transposed_cadence_tells_the_transposed_scale() -> None:
    chords = ((48, 64, 67, 72), (53, 65, 69, 72), (55, 62, 67, 71), (48, 64, 67, 72))
    harmony, now = after(*(tuple(p + 3 for p in chord) for chord in chords))
    assert harmony.scale(now) == frozenset((c + 3) % 12 for c in C_MAJOR)


@pytest.mark.parametrize(
    ("held", "chord"),
    [((60, 64, 67), {0, 4, 7}), ((57, 60, 64), {9, 0, 4}), ((43, 59, 62, 65), {7, 11, 2, 5})],
)
def test_a_held_chord_is_the_chord(held: tuple[int, ...], chord: set[int]) -> None:
    harmony, now = after(held)
    assert harmony.chord(now) == chord


def test_a_bare_bass_note_is_taken_for_a_root() -> None:
    harmony, now = after((48, 64, 67, 72), (53, 65, 69, 72), (55, 62, 67, 71), (36,), each=3.0)
    assert harmony.chord(now + 6.0) >= {0, 4, 7}


def test_the_chord_before_fades() -> None:
    harmony, now = after((60, 64, 67), (62, 65, 69), each=6.0)
    assert harmony.chord(now) == {2, 5, 9}


def test_pitch_classes_are_pitches_in_every_octave() -> None:
    assert [p % 12 for p in pitches_in(in_classes({0, 7}))] == [0, 7] * 11
