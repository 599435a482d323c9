"""The normalised score of BachProp: notes of three features, told in score time.

    dT   how long after the note before it begins   one of WAITS, 0 within a chord
    T    how long it lasts                          one of LENGTHS
    P    its pitch                                  0..127

    onset  0           24                48        ticks, 24 a quarter note
    dT     0  0  0     24  0     12      12  0     notes of one moment in order of pitch

A MIDI file's times are rounded to the two dictionaries. Onsets are rounded where they stand, so
that no error adds up; lengths by their ratio, and a little up, as scores sound shorter than they
are written (Colombo, Brea and Gerstner, "Learning to Generate Music with BachProp", 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from notochord.corpus import Piece
from notochord.event import N_PITCHES
from notochord.midifile import resolve_overlaps

QUARTER = 24  # ticks
# In ticks: from a demisemiquaver to a breve, with triplets, dotted and tied values.
LENGTHS = (
    3, 4, 6, 8, 9, 12, 16, 18, 24, 30, 32, 36, 42, 48, 60, 72, 84, 96, 120, 144, 192
)  # fmt: skip
WAITS = (0, *LENGTHS)
SIZES = (len(WAITS), len(LENGTHS), N_PITCHES)  # of the three dictionaries
ARTICULATED = 1.03  # what is written, against what is heard of it
# By which rhythms are dilated: all that stay within the dictionaries.
FACTORS = tuple(map(Fraction, "1/8 1/4 1/3 1/2 2/3 1 3/2 2 5/2 3 4".split()))

_WAITS, _LENGTHS = np.array(WAITS), np.array(LENGTHS)
_BETWEEN_WAITS = (_WAITS[1:] + _WAITS[:-1]) / 2
_BETWEEN_LENGTHS = np.sqrt(_LENGTHS[1:] * _LENGTHS[:-1])


class ScoreNote(NamedTuple):
    """A note by the numbers of its features in the dictionaries."""

    wait: int
    length: int
    pitch: int


def wait_of(ticks: float) -> int:
    """The number of the wait that is nearest."""
    return int(_BETWEEN_WAITS.searchsorted(ticks))


def length_of(ticks: float) -> int:
    """The number of the length that is nearest by its ratio to what was heard."""
    return int(_BETWEEN_LENGTHS.searchsorted(ticks * ARTICULATED))


def ticks_at(tempi: np.ndarray, ms: np.ndarray) -> np.ndarray:
    """Score times (ticks) of times in ms, under tempi (from when on, ms a quarter note)."""
    at, quarter = tempi[:, 0], tempi[:, 1]
    passed = np.concatenate([[0.0], np.cumsum(np.diff(at) / quarter[:-1])]) * QUARTER
    which = np.maximum(np.searchsorted(at, ms, side="right") - 1, 0)
    ticks: np.ndarray = passed[which] + (ms - at[which]) / quarter[which] * QUARTER
    return ticks


def normalised(piece: Piece, tempi: np.ndarray) -> np.ndarray:
    """A piece as a score, (notes, 3): numbers of wait, length and pitch; its drums left out.

    A rest longer than the longest wait becomes that.
    """
    melodic = ~piece.drums[piece.part]
    start, end, pitch = piece.start[melodic], piece.end[melodic], piece.pitch[melodic]
    keep, end = resolve_overlaps(np.zeros(len(pitch)), pitch, start, end)
    onset, ended = ticks_at(tempi, start[keep]), ticks_at(tempi, end)
    length = _BETWEEN_LENGTHS.searchsorted((ended - onset) * ARTICULATED)
    onset, pitch = on_lines(onset), pitch[keep]
    at = np.lexsort((pitch, onset))
    waits = rounded_waits(np.diff(onset[at], prepend=onset[at][:1]))
    once = (waits > 0) | (np.diff(pitch[at], prepend=-1) != 0)
    return np.stack([waits, length[at], pitch[at]], axis=1)[once].astype(np.int64)


def on_lines(ticks: np.ndarray) -> np.ndarray:
    """Times (ticks) put on the nearest demisemiquaver or third of a quaver."""
    straight, third = np.rint(ticks / 3) * 3, np.rint(ticks / 4) * 4
    return np.where(abs(straight - ticks) <= abs(third - ticks), straight, third)


def rounded_waits(ticks: np.ndarray) -> np.ndarray:
    """Waits (ticks) by their numbers; what rounding leaves is owed to the next of them that is not
    at once, but for what the longest leaves of a rest."""
    numbers, owed = np.zeros(len(ticks), dtype=np.int64), 0.0
    for at in np.flatnonzero(ticks):
        whole = ticks[at] + owed
        number = max(int(_BETWEEN_WAITS.searchsorted(whole)), 1)
        numbers[at], owed = number, whole - WAITS[number]
        if number == len(WAITS) - 1:
            owed = 0.0
    return numbers


@dataclass(frozen=True)
class Dilation:
    """A factor, and what it makes of each wait and length; -1 where it is in no dictionary."""

    factor: Fraction
    waits: np.ndarray
    lengths: np.ndarray

    @staticmethod
    def by(factor: Fraction) -> Dilation:
        """What a factor does."""

        def table(values: tuple[int, ...]) -> np.ndarray:
            dilated = [value * factor for value in values]
            return np.array([values.index(int(d)) if d in values else -1 for d in dilated])

        return Dilation(factor, table(WAITS), table(LENGTHS))

    def of(self, score: np.ndarray) -> np.ndarray | None:
        """A score dilated; None where that would leave the dictionaries."""
        waits, lengths = self.waits[score[:, 0]], self.lengths[score[:, 1]]
        if waits.min() < 0 or lengths.min() < 0:
            return None
        return np.stack([waits, lengths, score[:, 2]], axis=1)


DILATIONS = tuple(map(Dilation.by, FACTORS))


def in_ticks(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and lengths of a score's notes, in ticks."""
    return np.cumsum(_WAITS[score[:, 0]]), _LENGTHS[score[:, 1]]
