"""The scribe: the one thread that writes to the disk, so that the loop never does.

    the loop ──job──▶ queue ──▶ the scribe      A disk may take a second over a write, fill up or
    the tape ◀── every 2 s ──── the scribe      vanish: that costs a line in the log, no more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from firmware_py.priority import BESIDE, take_priority

log = logging.getLogger(__name__)

EVERY = 2.0  # seconds between two turns: what a power cut may cost
Job = Callable[[], object]


class Scribe:
    """Carries out jobs, one after another, apart from whoever hands them in."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._regular: list[Job] = []
        self._thread: threading.Thread | None = None
        self._said: str | None = None

    def soon(self, job: Job) -> None:
        """Have something done as soon as may be; returns at once."""
        self._jobs.put(job)

    def regularly(self, job: Job) -> None:
        """Have something done every turn, and once more at the end; said before `start`."""
        self._regular.append(job)

    def start(self) -> None:
        """Begin to work."""
        self._thread = threading.Thread(target=self._work, name="scribe", daemon=True)
        self._thread.start()

    def turn(self) -> None:
        """Do everything that waits now; for whoever has not started the thread."""
        while not self._jobs.empty():
            self._do(self._jobs.get())
        self._do_regular()

    def close(self, patience: float = 5.0) -> None:
        """Do what is left, then end; waits at most `patience` seconds for a disk that hangs."""
        if self._thread is None:
            self.turn()
            return
        self._jobs.put(None)
        self._thread.join(patience)

    def _work(self) -> None:
        take_priority(BESIDE)
        going = True
        while going:
            with suppress(Empty):
                job = self._jobs.get(timeout=EVERY)
                going = job is not None
                self._do(job)
            self._do_regular()

    def _do_regular(self) -> None:
        for job in self._regular:
            self._do(job)

    def _do(self, job: Job | None) -> None:
        """A fault is one line; the same fault again at the next turn is none."""
        try:
            if job is not None:
                job()
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            self._say(f"{where}{(error.strerror or str(error)).lower()}")
        except Exception as error:  # noqa: BLE001 (the scribe must live on for the next job)
            self._say(f"{type(error).__name__}: {error}")

    def _say(self, fault: str) -> None:
        if fault != self._said:
            log.warning("not written: %s; the box plays on", fault)
        self._said = fault
