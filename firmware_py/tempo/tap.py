"""Tap tempo: a line through the taps.

    tap   |   |   |    ||  |              A tap that does not fit is left out, unless the next one
    used  ×   ×   ×    ×   ×              comes as long after it: then that is the new tempo.
"""

from __future__ import annotations

from firmware_py.tempo.line import FASTEST, SLOWEST, Line, drawn_through

KEPT = 8  # taps
PAUSE = 3.2  # seconds: longer than a beat at the slowest tempo; the next tap is a first one
MISSED = 2.6  # beats without a tap, after which the next tap is a first one
BOUNCE = 0.12  # seconds: nobody taps so fast
FITS = 0.2  # of a beat that a tap may be early or late
AGREES = 0.15  # by which two intervals of a new tempo may differ


class Taps:
    """The taps so far, each numbered by its beat."""

    def __init__(self) -> None:
        self._taps: list[tuple[int, float]] = []
        self._odd: float | None = None  # a tap that did not fit

    def tap(self, now: float) -> Line | None:
        """A tap, at a time in seconds; the beat as tapped so far, its tempo within the range.

        After a single tap there is no tempo: None.
        """
        if not self._taps or now - self._latest > self._pause:
            self._taps, self._odd = [(0, now)], None
        elif now - self._latest >= BOUNCE:
            self._take(now)
        return self._line()

    @property
    def count(self) -> int:
        """How many taps make up the tempo."""
        return len(self._taps)

    @property
    def _latest(self) -> float:
        return self._taps[-1][1] if self._odd is None else self._odd

    @property
    def _pause(self) -> float:
        line = self._line()
        return PAUSE if line is None else min(PAUSE, MISSED * line.seconds)

    def _take(self, now: float) -> None:
        number, at = self._taps[-1]
        line = self._line()
        beats = 1.0 if line is None else (now - at) / line.seconds
        whole = round(beats)
        if self._odd is not None and self._agree(self._odd - at, now - self._odd):
            self._taps, self._odd = [(0, at), (1, self._odd), (2, now)], None
        elif (whole == 1 or self._odd is not None) and whole >= 1 and abs(beats - whole) <= FITS:
            self._taps, self._odd = [*self._taps, (number + whole, now)][-KEPT:], None
        elif self._odd is None:
            self._odd = now
        else:  # two that fit neither the tempo nor each other: the last of them begins anew
            self._taps, self._odd = [(0, self._odd), (1, now)], None

    @staticmethod
    def _agree(one: float, other: float) -> bool:
        return abs(one - other) <= AGREES * max(one, other)

    def _line(self) -> Line | None:
        if len(self._taps) < 2:
            return None
        line = drawn_through(self._taps)
        seconds = min(max(line.seconds, 60 / FASTEST), 60 / SLOWEST)
        return Line(line.at, line.beat, seconds)
