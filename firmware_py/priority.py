"""Real-time priority, for the few threads that are to be on time."""

from __future__ import annotations

import logging
import os

log = logging.getLogger(__name__)

PRIORITY = 10  # real-time, of 1 to 99: after JACK, before everything else


def take_priority() -> bool:
    """Have this thread run before everything else, where that is permitted.

    A note or a tick is sent when the machine lets us, and a busy one keeps others waiting for
    milliseconds. What this thread starts, the brain above all, runs as everything else does.
    """
    try:
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(PRIORITY))
    except OSError:
        log.info("no real-time priority is permitted; on a busy machine notes may be late")
        return False
    return True
