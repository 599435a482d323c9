"""Real-time priority, for the few threads that are to be on time, and those that they wait for.

    99 ── JACK ── 10: the loop, MIDI ── 5: beside the loop ── everything else: the brain, panels
"""

from __future__ import annotations

import os
import sys

PRIORITY = 10  # real-time, of 1 to 99: after JACK, before everything else
# Of a thread beside the loop. Python lets one thread run at a time: were this one kept waiting by
# the brain in the middle of its work, so would be the loop.
BESIDE = 5
SWITCHES = 0.0005  # seconds after which Python takes its lock from a thread; 5 ms, if left alone


def take_priority(priority: int = PRIORITY) -> bool:
    """Have this thread run before everything else, where that is permitted; else returns False.

    A note or a tick is sent when the machine lets us, and a busy one keeps others waiting for
    milliseconds. What this thread starts, the brain above all, runs as everything else does.
    """
    try:
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except OSError:
        return False
    return True


def share_promptly() -> None:
    """Have Python's lock change hands soon after another thread wants it."""
    sys.setswitchinterval(SWITCHES)
