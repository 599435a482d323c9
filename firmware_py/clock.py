"""The only place that reads the time; everything else is told it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Something that knows the time in seconds; only differences mean anything."""

    def now(self) -> float:
        """Seconds."""
        ...


class MonotonicClock:
    """Real time, which no clock setting moves. One origin for every process on the machine."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()


class CrankedClock:
    """Time that moves only when it is moved: for tests, and for performing file to file."""

    def __init__(self, at: float = 0.0) -> None:
        self._now = at

    def now(self) -> float:
        """Where the clock was last set."""
        return self._now

    def set(self, at: float) -> None:
        """Move to a time; never back."""
        self._now = max(self._now, at)
