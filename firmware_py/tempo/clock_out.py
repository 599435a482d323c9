"""A MIDI clock for others to follow: which byte is due when.

    beat     0                       1          24 ticks a beat, at the beat's own times
    out    ▲ | | | | | | | | | | ... |          start (▲) comes half a tick before the first one

The ticks are counted: whoever follows must hear each of them once. When the beat moves (a tap, a
new leader) the ticks are therefore sent faster or slower until they are on it again; a whole beat
more or less makes no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from firmware_py.message import CLOCK, CONTINUE, SONG, START, STOP, Message
from firmware_py.tempo.beat import Beat
from firmware_py.tempo.clock_in import SIXTEENTH, TICKS
from firmware_py.tempo.line import Line

FAST, SLOW = 0.5, 2.0  # of a tick's length; how fast ticks are made up for
MOST = 1 << 14  # song positions

Due = tuple[float, Message]  # seconds, and what is due then


class ClockOut:
    """The clock that we send."""

    def __init__(self) -> None:
        self.next: float | None = None  # when something is due, in seconds, as last looked at
        self._on = self._waits = False
        self._tick = 0  # the next one, counted along the beat
        self._last: float | None = None  # when the last one was sent
        self._opening: list[Message] = []  # what goes before the first tick

    @property
    def on(self) -> bool:
        """Whether a clock is being sent."""
        return self._on

    @property
    def waits(self) -> bool:
        """Whether it waits for the first tick of the clock that leads."""
        return self._on and self._waits

    def wanted(
        self, beat: Beat, on: bool, now: float
    ) -> Iterator[tuple[float | None, Message]]:
        """What is to be sent now, started or stopped as `on` has it, and when it was due if that
        was planned."""
        if not on:
            yield from ((None, message) for message in self.end())
            return
        line = beat.line(now)
        if not self.on:
            self.begin(line, now, counted=beat.lead() == "clock")
        yield from self.due(line, now, waits=beat.starting(now))

    def next_due(self, beat: Beat, on: bool) -> float | None:
        """When something is to be sent next, in seconds."""
        if on != self.on:  # it starts or stops at the next look
            return 0.0
        starts_by = (beat.starts_by or 0.0) if self.waits else None
        return min((t for t in (self.next, starts_by) if t is not None), default=None)

    def begin(self, line: Line, now: float, counted: bool) -> None:
        """Start at the next whole beat; `counted`: at the song position that the beat has."""
        beat = ceil(line.beat_at(now + line.seconds / TICKS))
        self._on, self._waits, self._tick, self._last = True, False, beat * TICKS, None
        self._opening = [(START,)]
        if counted and 0 <= beat * TICKS // SIXTEENTH < MOST:
            position = beat * TICKS // SIXTEENTH
            self._opening = [(SONG, position & 0x7F, position >> 7), (CONTINUE,)]
        self._look(line)

    def end(self) -> list[Message]:
        """Stop sending; what is to be sent at once."""
        was_on, self._on, self.next = self._on, False, None
        return [(STOP,)] if was_on else []

    def follow(self, message: Message, position: float | None) -> list[Message]:
        """The clock that leads was started, stopped or moved: pass it on, and wait for its tick.

        `position`: the beat that its next tick will be, where it does not just go on.
        """
        if not self._on or message[0] == CLOCK:
            return []
        self._opening = []
        if message[0] in (START, CONTINUE) and position is not None:
            self._waits, self._tick = True, round(position * TICKS)
            self._last = self.next = None
        return [message]

    def due(self, line: Line, now: float, waits: bool) -> list[Due]:
        """Everything whose time has come, with its time; `waits`: the leader's tick is to come."""
        if not self._on:
            return []
        if self._waits:
            if waits:
                return []
            self._waits, tick = False, round(line.beat_at(now) * TICKS)
            if abs(tick - self._tick) > TICKS:  # it never came; the beat goes on as it is
                self._tick = tick
        out: list[Due] = []
        self._look(line)
        while self.next is not None and self.next <= now:
            out += self._take(line, now)
            self._look(line)
        return out

    def _take(self, line: Line, now: float) -> list[Due]:
        assert self.next is not None
        at = self.next
        if self._opening:
            opening, self._opening = self._opening, []
            return [(at, message) for message in opening]
        # Ticks that this machine could not send in time are made up for one by one, not at once.
        self._last = at if now - at < line.seconds / TICKS else now
        self._tick += 1
        return [(at, (CLOCK,))]

    def _look(self, line: Line) -> None:
        """When the next thing is due."""
        tick = line.seconds / TICKS
        at = line.time_of(self._tick / TICKS)
        if self._opening:
            self.next = at - tick / 2
        elif self._last is None:
            self.next = at
        else:
            beats = round((self._last + tick - at) / line.seconds)
            self._tick += beats * TICKS
            at = line.time_of(self._tick / TICKS)
            self.next = min(max(at, self._last + FAST * tick), self._last + SLOW * tick)
