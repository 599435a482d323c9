"""A whole piece as the score in which a network of notes hears it: what was played and is over, so
each note with the length that it had, where a player's own is foreseen until it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from notochord.event import Event, is_drums
from notochord.sampler import in_range
from notochord.score import QUARTER, ScoreNote, length_of
from notochord.score_memory import Heard, Voice, told, wait_at

Place = tuple[float, int]  # when the chord began (seconds), pitch


class Deaf:
    """A network that knows nothing, for those who want the beat and the moments alone."""

    def start(self) -> Any:
        """No memory."""

    def fed(self, memory: Any, note: ScoreNote) -> Any:
        """No memory."""

    def length(self, memory: Any, wait: int, uniform: float, least: int = 0) -> int:
        """The shortest that may be."""
        return least


def heard_whole(events: Sequence[Event]) -> tuple[np.ndarray, list[int]]:
    """The score of a piece, (notes, 3) numbers of wait, length and pitch, and which event began
    each note. Of a chord the lowest is first; drums, and a pitch begun twice at once, are not on
    paper."""
    state, sounding = Heard(None), dict[Voice, Place]()
    waits, lengths, begins = dict[float, int](), dict[Place, int](), dict[Place, int]()
    for n, event in enumerate(map(in_range, events)):
        before, voice = state, (event.instrument, event.pitch)
        state = told(Deaf(), state, event)
        if voice in sounding:
            place = sounding.pop(voice)
            lengths[place] = _lasted(place, state)
        if event.velocity == 0 or is_drums(event.instrument):
            continue
        place = state.held[voice].moment, event.pitch
        waits.setdefault(place[0], wait_at(before, state.now))
        if place not in begins:
            begins[place] = n
            sounding[voice] = place
    lengths |= {place: _lasted(place, state) for place in sounding.values()}
    rows, last = [], None
    for place in sorted(begins):
        moment, pitch = place
        rows.append((0 if moment == last else waits[moment], lengths[place], pitch))
        last = moment
    score = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return score, [begins[place] for place in sorted(begins)]


def _lasted(place: Place, state: Heard) -> int:
    """The length of a note that has lasted until now."""
    return length_of((state.now - place[0]) / state.quarter * QUARTER)
