"""The story so far: every event that sounded, as the brain is told it.

Every event has a number, and names the number of the event it follows. What is only planned is
told the same way, as a branch that may be left:

    0 ── 1 ── 2 ── 3          sounded; 3 is the head
                    └─ 4 ─ 5   planned
                    └─ 6       the player came first: 6 follows 3, and 4, 5 are forgotten

The same way what has sounded can be unsaid: what came after it is told anew, without it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import count

from notochord.event import MAX_DT, MOMENT, Event

Voice = tuple[int, int]  # instrument, pitch

REMEMBERED = 256  # events that a restarted brain is told again
REACH = 240  # events told since, after which the brain may have dropped the state after one


@dataclass(frozen=True)
class Told:
    """An event for the brain: its number, the number of the event it follows, and the event."""

    number: int
    after: int
    event: Event

    def at_step(self, dt: float) -> Told:
        """The same event after another step in time, in seconds."""
        return replace(self, event=self.event._replace(dt=dt))


@dataclass(frozen=True)
class Sounded:
    """An event that sounded: as it was told, when (seconds), and whether it was the network's."""

    told: Told
    at: float
    own: bool

    @property
    def voice(self) -> Voice:
        """Its instrument and pitch."""
        return self.told.event.instrument, self.told.event.pitch

    @property
    def starts(self) -> bool:
        """Whether it is a note-on."""
        return self.told.event.velocity > 0


class Story:
    """What sounded and what sounds, as events; pure, and the same for every mode."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.past: deque[Sounded] = deque(maxlen=REMEMBERED)
        self._newest = 0
        self.head = 0  # number of the last event that sounded; 0 is the start
        self.time: float | None = None  # when it sounded, in seconds
        self.sounding: dict[Voice, float] = {}  # since when

    def since(self, now: float) -> float:
        """Seconds since the last event; 0 before the first, and within the same moment."""
        wait = 0.0 if self.time is None else min(max(now - self.time, 0.0), MAX_DT)
        return wait if wait >= MOMENT else 0.0

    def imagine(self, after: int, event: Event) -> Told:
        """An event that is planned to follow another; it has not sounded yet."""
        self._newest = next(self._numbers)
        return Told(self._newest, after, event)

    def sound(
        self, instrument: int, pitch: int, velocity: int, now: float, own: bool = False
    ) -> Told:
        """An event that sounds now (velocity 0: a note ends). `own`: it is the network's.

        What follows within a few milliseconds is told as at once, as the network has learnt it,
        and the next wait is counted from where the moment began, so that no time is lost.
        """
        dt = self.since(now)
        if dt == 0.0 and self.time is not None:
            now = self.time
        event = Event(instrument, pitch, dt, velocity)
        told = self.imagine(self.head, event)
        self.happened(told, now, own)
        return told

    def happened(self, told: Told, now: float, own: bool = False) -> None:
        """An event, planned or not, sounded at this time: it is the head from here on."""
        self.head, self.time = told.number, max(now, self.time or now)
        self.past.append(Sounded(told, self.time, own))
        voice = told.event.instrument, told.event.pitch
        if told.event.velocity > 0:
            self.sounding[voice] = now
        else:
            self.sounding.pop(voice, None)

    def retell(self) -> list[Told]:
        """The remembered past, numbered anew from the start, for a brain that knows nothing."""
        past = list(self.past)
        self.past.clear()
        return self._branch(0, past)

    def unsay(self, gone: Collection[int]) -> tuple[bool, list[Told]]:
        """Forget note-ons, by number, and their ends, as though they had never sounded.

        What came after the first of them is told anew; returns it, and whether the brain must
        forget everything first, because it has dropped the state from which that branches off.
        """
        past = list(self.past)
        at = next((n for n, each in enumerate(past) if each.told.number in gone), len(past))
        if at == len(past):
            return False, []
        first, left = past[at].told, _without(past[at:], gone)
        for voice in left.silent:
            self.sounding.pop(voice, None)
        began = past[at].at - first.event.dt if at == 0 else past[at - 1].at
        self.past = deque(past[:at], maxlen=REMEMBERED)
        rest = _in_time(left.sounded, began)
        self.time = rest[-1].at if rest else began if past[:at] else None
        if first.after and self._newest - first.after >= REACH:
            self.past.extend(rest)
            return True, self.retell()
        return False, self._branch(first.after, rest)

    def _branch(self, after: int, sounded: Iterable[Sounded]) -> list[Told]:
        """Tell events anew, one after another, from a number on; the last is the head."""
        self.head = after
        told = []
        for each in sounded:
            told.append(self.imagine(self.head, each.told.event))
            self.past.append(Sounded(told[-1], each.at, each.own))
            self.head = told[-1].number
        return told

    @property
    def players_instruments(self) -> tuple[int, ...]:
        """The instruments that the player has played of late, ascending."""
        return tuple(sorted({each.voice[0] for each in self.past if each.starts and not each.own}))

    def recent_instruments(self, events: int = 64) -> list[int]:
        """The instruments of the last note-ons, the most recent first."""
        recent = [each.voice[0] for each in self.past if each.starts][-events:]
        return list(dict.fromkeys(reversed(recent)))


@dataclass(frozen=True)
class _Left:
    """What is left of the past without some notes, and the voices that fall silent with them."""

    sounded: list[Sounded]
    silent: frozenset[Voice]


def _without(past: Iterable[Sounded], gone: Collection[int]) -> _Left:
    left: list[Sounded] = []
    silent: set[Voice] = set()  # note-ons that are gone, whose ends go with them
    for each in past:
        if each.told.number in gone:
            silent.add(each.voice)
        elif each.voice in silent:
            silent.discard(each.voice)
            if each.starts:  # struck again: that one sounds
                left.append(each)
        else:
            left.append(each)
    return _Left(left, frozenset(silent))


def _in_time(sounded: Iterable[Sounded], since: float) -> list[Sounded]:
    """The events with their steps in time anew, the first after `since`."""
    out = []
    for each in sounded:
        dt = min(max(each.at - since, 0.0), MAX_DT)
        out.append(Sounded(each.told.at_step(dt), each.at, each.own))
        since = each.at
    return out
