"""What a process takes of the machine, and whether that grows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from firmware_py.box.claims import resident

SETTLES = 1 / 3  # of the time: in it buffers of a fixed size fill up for the first time


@dataclass(frozen=True)
class Vitals:
    """Bytes of memory, open descriptors and threads of a process."""

    memory: int
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> Vitals:
        """As it is now; OSError when there is no such process."""
        of_process = f"/proc/{pid}"
        descriptors, threads = (len(os.listdir(f"{of_process}/{kind}")) for kind in ("fd", "task"))
        return cls(resident(pid), descriptors, threads)


def children(pid: int) -> list[int]:
    """The processes that a process has started, whichever of its threads did."""
    found: list[str] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread that has just ended
            found += path.read_text(encoding="ascii").split()
    return [int(child) for child in found]


def growth(values: Sequence[float]) -> float:
    """By how much the last third of a row of measurements lies above the second; the first is for
    settling. Medians, since what is in flight when one looks differs. 0 for fewer than six."""
    settled = values[int(len(values) * SETTLES) :]
    half = len(settled) // 2
    return median(settled[half:]) - median(settled[:half]) if len(values) >= 6 else 0.0
