"""The beat that the instrument keeps: a MIDI clock's, else the tapped one, else its own.

A clock whose cable was pulled still leads, at its last tempo, until it is back, says stop, or you
tap or set a tempo yourself.
"""

from __future__ import annotations

from firmware_py.message import CLOCK, STOP, Message
from firmware_py.tempo.clock_in import ClockIn, State
from firmware_py.tempo.line import Line
from firmware_py.tempo.tap import Taps


class Beat:
    """Who leads, and where the beat is."""

    def __init__(self, bpm: float, at: float = 0.0) -> None:
        """The internal beat begins at `at` seconds with `bpm` beats a minute."""
        self._own = Line(at, 0.0, 60 / bpm)
        self._tapped = False
        self._taps = Taps()
        self._clock, self._port = ClockIn(), ""

    def lead(self) -> str:
        """Who leads: "clock", "tap", or "internal"."""
        if self._clock.runs():
            return "clock"
        return "tap" if self._tapped else "internal"

    def hears_clock(self, now: float) -> bool:
        """Whether a clock comes in, leading or stopped."""
        return self._clock.present(now)

    def starting(self, now: float) -> bool:
        """Whether a clock was started a moment ago, and is about to lead."""
        by = self.starts_by
        return by is not None and now < by

    @property
    def starts_by(self) -> float | None:
        """Until when a clock that was started may be about to lead, in seconds; None: none is."""
        return self._clock.starts_by

    @property
    def position(self) -> float | None:
        """The beat at which a clock that stands still will go on; None where it runs."""
        return self._clock.position

    def line(self, now: float) -> Line:
        """The beat, as it goes on from now."""
        line = self._clock.line(now) if self._clock.runs() else None
        return self._own if line is None else line

    def heard(self, port: str, message: Message, now: float, sending: bool = False) -> bool:
        """A clock message from a port; whether it is the clock that is followed.

        The first clock is followed, and another only once that is gone. While we send a clock
        ourselves (`sending`), ticks alone may be our own, echoed by a synth: then only a clock
        that starts or continues is followed.
        """
        if self._clock.present(now):
            if port != self._port:
                return False
        elif sending and message[0] in (CLOCK, STOP) and not self._is_followed(port):
            return False
        if port != self._port:
            self._clock, self._port = ClockIn(), port
        self._clock.heard(message, now)
        return True

    def _is_followed(self, port: str) -> bool:
        going = self._clock.runs() or self._clock.state is State.PLAYING
        return port == self._port and going

    def tap(self, now: float) -> float | None:
        """A tap: the beat is now. The tempo in beats a minute once it is known, else None.

        While a clock is heard, that leads, and a tap does nothing.
        """
        if self._clock.runs() and self._clock.present(now):
            return None
        count = self.line(now)
        self._leave_clock()
        tapped = self._taps.tap(now)
        if tapped is None:
            self._own = Line(now, round(count.beat_at(now)), count.seconds)
            return None
        # The taps have their own numbers; the beats are counted on.
        beats = round(count.beat_at(now)) - round(tapped.beat_at(now))
        self._own = Line(tapped.at, tapped.beat + beats, tapped.seconds)
        self._tapped = True
        return tapped.bpm

    def set_tempo(self, bpm: float, now: float) -> None:
        """The internal tempo is set, in beats a minute; the beat goes on from where it is."""
        line = self._own
        if not self._clock.present(now):
            line = self.line(now)
            self._leave_clock()
        self._own = Line(now, line.beat_at(now), 60 / bpm)
        self._tapped, self._taps = False, Taps()

    def _leave_clock(self) -> None:
        """A clock that has gone leads no longer; one that was stopped stays so."""
        if self._clock.runs():
            self._clock, self._port = ClockIn(), ""
