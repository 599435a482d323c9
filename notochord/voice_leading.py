"""Four voices, bass to soprano: which of them sings a note, without crossing another.

A voice sings one note at a time, within its range, between the voices below and above it that
sound. Of those that could, the nearest takes the note; that a voice below it stays without a note
counts as a step of a major third, for a chord is written from the bass up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

VOICES = ("bass", "tenor", "alto", "soprano")
RANGES = ((34, 62), (43, 69), (50, 77), (57, 86))  # lowest and highest pitch
MIDDLES = (48, 57, 63, 70)  # where each begins
SKIPPED = 4  # semitones

Pitches = Sequence[int | None]  # what each voice sings, None where it is silent


def voice_for(pitch: int, last: Sequence[int], sounding: Pitches) -> int | None:
    """The voice that takes a note, with the last pitch of each; None where none could."""
    free = [v for v, sung in enumerate(sounding) if sung is None]
    could = [v for v in free if _fits(pitch, v, sounding)]
    return min(could, key=lambda v: _cost(pitch, v, last, free), default=None)


def _fits(pitch: int, voice: int, sounding: Pitches) -> bool:
    low, high = RANGES[voice]
    below = max((sung for sung in sounding[:voice] if sung is not None), default=low)
    above = min((sung for sung in sounding[voice + 1 :] if sung is not None), default=high)
    return max(low, below) <= pitch <= min(high, above)


def _cost(pitch: int, voice: int, last: Sequence[int], free: Sequence[int]) -> int:
    return abs(pitch - last[voice]) + SKIPPED * sum(other < voice for other in free)


def sung_by(voices: Sequence[int], pitches: Sequence[int], last: Sequence[int]) -> list[int]:
    """Which of some voices sing some pitches, both ascending: the nearest, in their order.

    Where there are more pitches than voices, the highest are nobody's.
    """
    few = list(pitches)[: len(voices)]
    ways = combinations(voices, len(few))
    return list(min(ways, key=lambda way: sum(
        abs(last[v] - pitch) for v, pitch in zip(way, few, strict=True)
    )))  # fmt: skip
