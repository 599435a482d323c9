"""The last notes as a scrolling roll of half letters; pure.

         ▄▄▄▄▀▀▀          each letter is two pitches high: its upper half, its lower half
     ▀▀▀     ▄▄▄▄▄▄▄      and a step of time wide; now is at the right
     ▪   ▪   ▪   ▪        drums have a line of their own
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from firmware_py.panel.glance import NoteSeen
from notochord.event import DRUM_CHANNEL

STEP = 0.1  # seconds that a letter is wide
REMEMBERED = 600  # notes
LEAST = 24  # semitones that are shown at least
Cell = tuple[str, str]  # whose the upper half and the lower half are: "player", "network" or ""


@dataclass
class Bar:
    """A note on the roll."""

    owner: str
    channel: int
    pitch: int
    since: float
    until: float | None = None  # None while it sounds


class Roll:
    """Notes as they were seen."""

    def __init__(self) -> None:
        self._bars: deque[Bar] = deque(maxlen=REMEMBERED)
        self._open: dict[tuple[int, int], Bar] = {}

    def take(self, notes: Iterable[NoteSeen]) -> None:
        """Notes began and ended."""
        for note in notes:
            ended = self._open.pop((note.channel, note.pitch), None)
            if ended is not None:
                ended.until = note.at
            if note.velocity > 0:
                bar = Bar(note.owner, note.channel, note.pitch, note.at)
                self._bars.append(bar)
                self._open[note.channel, note.pitch] = bar

    def is_empty(self, now: float, width: int) -> bool:
        """Whether there is nothing to be seen over so many steps."""
        return not self._seen(now, width)

    def lines(self, now: float, width: int, height: int) -> list[list[Cell]]:
        """The letters, from the top: `height` lines of pitches, and below one of drums, which is
        all in the upper halves."""
        last = _step(now)
        first = last - width + 1
        seen = self._seen(now, width)
        low, steps = self._range([b.pitch for b in seen if b.channel != DRUM_CHANNEL], 2 * height)
        halves = [[""] * width for _ in range(2 * height)]
        drums = [""] * width
        for bar in seen:
            start = max(_step(bar.since) - first, 0)
            end = last if bar.until is None else _step(bar.until)
            if bar.channel == DRUM_CHANNEL:
                drums[start] = bar.owner
                continue
            row = 2 * height - 1 - (bar.pitch - low) // steps
            for column in range(start, min(end - first, width - 1) + 1):
                halves[row][column] = bar.owner
        pairs = zip(halves[::2], halves[1::2], strict=True)
        lines = [list(zip(upper, lower, strict=True)) for upper, lower in pairs]
        return [*lines, [(owner, "") for owner in drums]]

    def _seen(self, now: float, width: int) -> list[Bar]:
        last = _step(now)
        return [
            bar for bar in self._bars
            if _step(bar.since) <= last  # a note may be newer than the picture
            and (bar.until is None or _step(bar.until) > last - width)
        ]  # fmt: skip

    @staticmethod
    def _range(pitches: list[int], halves: int) -> tuple[int, int]:
        """The lowest pitch that is shown, and how many semitones share a half letter."""
        low, high = min(pitches, default=54), max(pitches, default=66)
        if high - low < LEAST:
            low, high = (low + high - LEAST) // 2, (low + high + LEAST) // 2
        steps = -(-(high - low + 1) // halves)
        spare = steps * halves - (high - low + 1)
        return low - spare // 2, steps


def _step(at: float) -> int:
    """The step of time in which a moment lies."""
    return math.floor(round(at / STEP, 6))
