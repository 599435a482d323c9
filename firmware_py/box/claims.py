"""What the box claims of the machine: a core for the player alone, memory that stays in place, and
a brain that goes first when memory runs short, and with the player whenever that goes."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

CURRENT, FUTURE, ON_FAULT = 1, 2, 4  # mlockall(2); the same on every Linux we run on
PARENT_GOES = 1  # prctl(2), PR_SET_PDEATHSIG: the same everywhere too
GOES_FIRST = 800  # of 1,000: whom the kernel ends when memory runs short (proc(5), oom_score_adj)


def split(cores: Set[int]) -> tuple[Set[int], Set[int]]:
    """The cores of the player and those of the brain: the last one is the player's alone, since
    the first serves most interrupts. One core is shared."""
    if len(cores) < 2:
        return cores, cores
    last = {max(cores)}
    return last, cores - last


def own_core() -> Set[int]:
    """Move this thread, and those that it will start, to the player's core; the brain's cores."""
    ours, theirs = split(os.sched_getaffinity(0))
    with suppress(OSError):
        os.sched_setaffinity(0, ours)
    return theirs


def lock_memory() -> bool:
    """Keep what this process touches in memory, where it may: no note waits for a page.

    Pages are locked as they are touched, so that the stacks of threads take no more than they use.
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(CURRENT | FUTURE | ON_FAULT) == 0:
        return True
    log.info("memory may not be locked (%s)", os.strerror(ctypes.get_errno()))
    return False


def place_brain(pid: int, cores: Set[int]) -> None:
    """Put the brain's process on its cores, and first in line when memory runs short."""
    with suppress(OSError):  # it has died meanwhile, or may not be moved: it plays anyway
        os.sched_setaffinity(pid, cores)
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(GOES_FIRST), encoding="ascii")


def end_with_parent() -> None:
    """Have the kernel end this process as soon as the thread that began it has ended, whatever it
    is doing: importing torch it would hear of nothing for seconds. Of a parent that has gone
    before this call nothing is heard."""
    import ctypes

    ctypes.CDLL(None).prctl(PARENT_GOES, signal.SIGKILL, 0, 0, 0)


def resident(pid: int) -> int:
    """The bytes of memory that a process takes; 0 when there is no telling."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
