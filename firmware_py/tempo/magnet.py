"""The magnet: pulls the network's onsets, as they are heard, toward the beat.

    the network's own time   ×        ×    ×        what the brain and the modes know
    grid                     |     |     |     |
    heard                    ×      ×    ×          a strength of 0.5: half way to the grid

Only sound is moved, and a note's end with its beginning, so it keeps its length. A note that is
known in time may be heard before its own time. What comes too late to be pulled back is heard at
once if that is near enough to the grid for this strength, else at the next line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_py.story import Told, Voice
from firmware_py.tempo.line import Line

ON_THE_BEAT = 0.01  # seconds after a line in which a note that could not come sooner is on it

SHORTEST = 0.02  # seconds: a note that is struck again sooner is struck once

Plan = Sequence[tuple[float, Told]]


def pulled(line: Line, at: float, now: float, strength: float, grid: float) -> float:
    """When a note is heard whose own time is `at`, in seconds, at the earliest now.

    `strength` 0..1; `grid` in beats.
    """
    heard = at + strength * (line.nearest(at, grid) - at)
    if heard >= now:
        return heard
    loose = (1 - strength) * grid * line.seconds / 2
    nearest = line.nearest(now, grid)
    if nearest >= now:
        return max(now, nearest - loose)
    if now - nearest <= max(loose, ON_THE_BEAT):
        return now
    return nearest + grid * line.seconds - loose


@dataclass
class Pulled:
    """A note that is heard at another time than its own."""

    voice: Voice
    velocity: int
    at: float  # its own time, in seconds
    heard: float
    begun: bool = False  # it can be heard
    happened: bool = False  # its own time has come
    ends: float | None = None  # the end of its own time, foreseen or come
    ended: bool = False  # that end has come

    @property
    def next(self) -> float | None:
        """When it begins or ends to be heard."""
        if not self.begun:
            return self.heard
        return None if self.ends is None else max(self.ends + self.heard - self.at, self.heard)


@dataclass(frozen=True)
class Cue:
    """Begin (velocity 1..127) or end (velocity 0) what is heard of a voice, due at a time."""

    voice: Voice
    velocity: int
    at: float


class Magnet:
    """The notes that are heard at another time than their own."""

    def __init__(self) -> None:
        self._notes: list[Pulled] = []

    @property
    def next(self) -> float | None:
        """When `due` must be called, in seconds."""
        return min((t for note in self._notes if (t := note.next) is not None), default=None)

    @property
    def holds(self) -> bool:
        """Whether there is any such note."""
        return bool(self._notes)

    @property
    def ahead(self) -> frozenset[Voice]:
        """Voices that are heard before their own time."""
        return frozenset(n.voice for n in self._notes if n.begun and not n.happened)

    def foresee(
        self, plan: Plan | None, now: float, line: Line, strength: float, grid: float
    ) -> list[Cue]:
        """Take the network's plan (its own times, in order) into account; what must end now.

        None: nothing plays by itself any more, so all that is left of it ends.
        """
        if plan is None:
            left, self._notes = self._notes, []
            return [Cue(n.voice, 0, now) for n in left if n.begun]
        cues = self._forget_what_is_not_planned(plan, now)
        self._foresee_ends(plan)
        known = {(n.voice, n.at) for n in self._notes}
        for at, told in plan if strength > 0 else ():
            event = told.event
            voice = event.instrument, event.pitch
            if event.velocity > 0 and (voice, at) not in known:
                heard = pulled(line, at, now, strength, grid)
                again = any(n.voice == voice and heard - n.heard < SHORTEST for n in self._notes)
                if heard < at and not again:
                    self._notes.append(Pulled(voice, event.velocity, at, heard))
        return cues

    def strike(
        self, voice: Voice, velocity: int, at: float, now: float, line: Line, strength: float,
        grid: float,
    ) -> bool:  # fmt: skip
        """A note's own time has come; False when it is to be heard as it is, and is not held."""
        for note in self._notes:
            if note.voice == voice and note.at == at:
                note.happened = True
                return True
        if strength == 0:
            self.drop(voice)
            return False
        heard = pulled(line, at, now, strength, grid)
        for note in self._notes:
            if note.voice == voice and note.begun and heard - note.heard < SHORTEST:
                note.at, note.happened, note.ends, note.ended = at, True, None, False
                return True
        self._notes = [n for n in self._notes if n.voice != voice or n.begun]
        self._notes.append(Pulled(voice, velocity, at, heard, happened=True))
        return True

    def damp(self, voice: Voice, at: float) -> bool:
        """The end of a note's own time has come; False when it is to end now, and is not held."""
        held = [note for note in self._notes if note.voice == voice]
        for note in held:
            if note.happened and not note.ended:
                note.ends, note.ended = at, True
                return True
        return any(note.begun for note in held)  # a newer note has taken its place already

    def drop(self, voice: Voice) -> None:
        """Forget a voice: something else ends it."""
        self._notes = [note for note in self._notes if note.voice != voice]

    def clear(self) -> list[Voice]:
        """Forget everything; the voices that are heard."""
        notes, self._notes = self._notes, []
        return [note.voice for note in notes if note.begun]

    def due(self, now: float) -> list[Cue]:
        """What begins and ends now, in order; at one time, ends come first."""
        cues: list[Cue] = []
        while (first := self._first(now)) is not None:
            when, note = first
            if note.begun:
                self._notes.remove(note)
                cues.append(Cue(note.voice, 0, when))
            else:
                self._notes = [n for n in self._notes if n.voice != note.voice or not n.begun]
                note.begun = True
                cues.append(Cue(note.voice, note.velocity, when))
        return cues

    def _first(self, now: float) -> tuple[float, Pulled] | None:
        notes = enumerate(self._notes)
        waiting = [(t, not n.begun, k) for k, n in notes if (t := n.next) is not None]
        if not waiting or min(waiting)[0] > now:
            return None
        when, _, k = min(waiting)
        return when, self._notes[k]

    def _forget_what_is_not_planned(self, plan: Plan, now: float) -> list[Cue]:
        planned = {
            ((told.event.instrument, told.event.pitch), at)
            for at, told in plan
            if told.event.velocity > 0
        }
        gone = [n for n in self._notes if not n.happened and (n.voice, n.at) not in planned]
        self._notes = [n for n in self._notes if n not in gone]
        return [Cue(n.voice, 0, now) for n in gone if n.begun]

    def _foresee_ends(self, plan: Plan) -> None:
        for note in self._notes:
            if not note.ended:
                note.ends = next((at for at, told in plan if self._ends(note, at, told)), None)

    @staticmethod
    def _ends(note: Pulled, at: float, told: Told) -> bool:
        event = told.event
        voice = event.instrument, event.pitch
        return event.velocity == 0 and voice == note.voice and at > note.at
