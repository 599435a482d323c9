"""A cable beside the box's, at whose other end what is sent comes back at once: what the machine
that the box is tried on takes by itself, when a disk or a processor keeps everybody waiting.

    player ──cable──▶ box ──cable──▶ ear      how long a key took
    ping ───cable──▶ echo ──cable──▶ ping     and this meanwhile
"""

from __future__ import annotations

import os
import pty
import select
import threading
import time
import tty
from collections import deque
from contextlib import suppress

from tests.appliance.inside.player import now

EVERY = 0.005  # seconds between two pings
LOOKS = 0.05  # seconds between two looks whether it is over


class Wire:
    """Pings from its beginning to its end."""

    def __init__(self) -> None:
        self._near, self._far = pty.openpty()
        for end in (self._near, self._far):
            tty.setraw(end)
        self._sent: float | None = None  # the ping that is under way
        self._trips: deque[tuple[float, float]] = deque(maxlen=2000)
        self._ending = False
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._echo, self._ping)]
        for thread in self._threads:
            thread.start()

    def took(self, since: float, until: float) -> float:
        """The longest trip that was under way between two moments, in seconds; 0 when none was."""
        trips = [*self._trips, *([] if self._sent is None else [(self._sent, now())])]
        return max((b - a for a, b in trips if a <= until and b >= since), default=0.0)

    def close(self) -> None:
        """Ping no more."""
        self._ending = True
        for thread in self._threads:
            thread.join()
        os.close(self._near)
        os.close(self._far)

    def _echo(self) -> None:
        while not self._ending:
            if select.select([self._far], [], [], LOOKS)[0]:
                os.write(self._far, os.read(self._far, 64))

    def _ping(self) -> None:
        while not self._ending:
            self._sent = sent = now()
            os.write(self._near, b".")
            while not select.select([self._near], [], [], LOOKS)[0]:
                if self._ending:
                    return
            with suppress(OSError):
                os.read(self._near, 64)
            self._trips.append((sent, now()))
            self._sent = None
            time.sleep(EVERY)
