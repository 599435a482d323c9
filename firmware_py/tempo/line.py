"""A steady beat as a straight line: which beat it is at a time, and when a beat is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SLOWEST, FASTEST = 20.0, 300.0  # beats a minute


@dataclass(frozen=True)
class Line:
    """At `at` seconds it is `beat`, and a beat lasts `seconds`."""

    at: float
    beat: float
    seconds: float

    @property
    def bpm(self) -> float:
        """Beats a minute."""
        return 60 / self.seconds

    def beat_at(self, time: float) -> float:
        """The beat, a fraction included, at a time in seconds."""
        return self.beat + (time - self.at) / self.seconds

    def time_of(self, beat: float) -> float:
        """When a beat is, in seconds."""
        return self.at + (beat - self.beat) * self.seconds

    def nearest(self, time: float, step: float) -> float:
        """When the nearest of every `step` beats is, in seconds."""
        return self.time_of(round(self.beat_at(time) / step) * step)


def drawn_through(points: Sequence[tuple[int, float]], seconds: float | None = None) -> Line:
    """The straight line nearest to the points (number, time), by least squares.

    With `seconds` the slope is given, and only the place is averaged. Two points of different
    numbers are needed without it.
    """
    n = len(points)
    middle = sum(number for number, _ in points) / n
    at = sum(time for _, time in points) / n
    if seconds is None:
        spread = sum((number - middle) ** 2 for number, _ in points)
        seconds = sum((number - middle) * (time - at) for number, time in points) / spread
    return Line(at, middle, seconds)
