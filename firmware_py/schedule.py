"""The schedule: things to do at a time, taken out when they are due."""

from __future__ import annotations

import heapq
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Schedule(Generic[T]):
    """Items by time; items of one time come out in the order they were put in."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._order = count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, at: float, item: T) -> None:
        """Have an item come due at a time in seconds."""
        heapq.heappush(self._heap, (at, next(self._order), item))

    @property
    def next(self) -> float | None:
        """When the first item is due; None when there is none."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> list[tuple[float, T]]:
        """Take out every item whose time has come, with its time, in order."""
        items = []
        while self._heap and self._heap[0][0] <= now:
            at, _, item = heapq.heappop(self._heap)
            items.append((at, item))
        return items

    def waiting(self) -> list[tuple[float, T]]:
        """Every item with its time, in order; they stay."""
        return [(at, item) for at, _, item in sorted(self._heap, key=lambda entry: entry[:2])]

    def clear(self) -> list[tuple[float, T]]:
        """Take out everything that is left, and hand it back with its times, in order."""
        return self.due(float("inf"))
