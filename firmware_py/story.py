"""The story so far: every event that sounded, as the brain is told it.

Every event has a number, and names the number of the event it follows. What is only planned is
told the same way, as a branch that may be left:

    0 ── 1 ── 2 ── 3          sounded; 3 is the head
                    └─ 4 ─ 5   planned
                    └─ 6       the player came first: 6 follows 3, and 4, 5 are forgotten
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import count

from notochord.event import MAX_DT, Event

Voice = tuple[int, int]  # instrument, pitch

REMEMBERED = 256  # events that a restarted brain is told again


@dataclass(frozen=True)
class Told:
    """An event for the brain: its number, the number of the event it follows, and the event."""

    number: int
    after: int
    event: Event


class Story:
    """What sounded and what sounds, as events; pure, and the same for every mode."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._past: deque[Event] = deque(maxlen=REMEMBERED)
        self.head = 0  # number of the last event that sounded; 0 is the start
        self.time: float | None = None  # when it sounded, in seconds
        self.sounding: dict[Voice, float] = {}  # since when

    def since(self, now: float) -> float:
        """Seconds since the last event; 0 before the first."""
        return 0.0 if self.time is None else min(max(now - self.time, 0.0), MAX_DT)

    def imagine(self, after: int, event: Event) -> Told:
        """An event that is planned to follow another; it has not sounded yet."""
        return Told(next(self._numbers), after, event)

    def sound(self, instrument: int, pitch: int, velocity: int, now: float) -> Told:
        """An event that sounds now (velocity 0: a note ends)."""
        event = Event(instrument, pitch, self.since(now), velocity)
        told = Told(next(self._numbers), self.head, event)
        self.happened(told, now)
        return told

    def happened(self, told: Told, now: float) -> None:
        """An event, planned or not, sounded at this time: it is the head from here on."""
        self.head, self.time = told.number, max(now, self.time or now)
        self._past.append(told.event)
        voice = told.event.instrument, told.event.pitch
        if told.event.velocity > 0:
            self.sounding[voice] = now
        else:
            self.sounding.pop(voice, None)

    def retell(self) -> list[Told]:
        """The remembered past, numbered anew from the start, for a brain that knows nothing."""
        told, after = [], 0
        for event in self._past:
            told.append(Told(next(self._numbers), after, event))
            after = told[-1].number
        self.head = after
        return told

    def recent_instruments(self, events: int = 64) -> list[int]:
        """The instruments of the last note-ons, the most recent first."""
        recent = [event.instrument for event in self._past if event.velocity > 0][-events:]
        return list(dict.fromkeys(reversed(recent)))
