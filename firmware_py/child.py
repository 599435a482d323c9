"""A process of ours for which the loop never waits: neither until it runs nor until it has gone.

    the loop ──start──▶ the starter ──fork──▶ a copy of us ──exec──▶ the process
       plays on              └── waits until it runs

To begin a process takes a millisecond, where nobody else wants the core. On a busy one the child,
which comes after everything real-time, takes as long as the others let it; and by vfork, Python's
way, its parent stands still meanwhile, Python's lock in hand. So it is by fork, in a thread that is
real-time too.
"""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from firmware_py.priority import BESIDE, take_priority

subprocess._USE_VFORK = False  # type: ignore[misc]  # as Python's manual has it
NEVER_RAN = 127  # how it ended that could not be started, as shells say it

# It lives as long as we do: a process that ends with its parent ends with this thread (prctl(2)).
_starter = ThreadPoolExecutor(1, "starter", take_priority, (BESIDE,))


class Child:
    """One process."""

    def __init__(
        self, command: Sequence[str], handed: socket.socket, place: Callable[[int], object]
    ) -> None:
        """Have it started soon. It inherits `handed`, which is closed here as soon as it runs, and
        whose number is put after `command`; `place` is given the process's own."""
        self._start: Future[subprocess.Popen[bytes]] = _starter.submit(
            _begun, [*command, str(handed.fileno())], handed, place
        )

    @property
    def _process(self) -> subprocess.Popen[bytes] | None:
        if not self._start.done() or self._start.exception() is not None:
            return None
        return self._start.result()

    @property
    def pid(self) -> int | None:
        """Its number; None before it runs."""
        return None if self._process is None else self._process.pid

    @property
    def ended(self) -> int | None:
        """How it ended: its exit code, or a signal's number below zero; None while it has not."""
        if self._process is not None:
            return self._process.poll()
        return NEVER_RAN if self._start.done() else None

    @property
    def end(self) -> str:
        """The same in words."""
        if self._start.done() and (error := self._start.exception()) is not None:
            return f"it cannot be started: {error}"
        ended = self.ended
        if ended is None:
            return "it lives"
        if ended == -signal.SIGILL:
            return "illegal instruction: this torch is not for this processor"
        return signal.Signals(-ended).name if ended < 0 else f"exit code {ended}"

    def kill(self) -> None:
        """Have it end, now, or as soon as it runs."""
        self._start.add_done_callback(_killed)

    def wait(self) -> None:
        """Wait until it has ended: for whoever has the time."""
        if self._start.exception() is None:
            self._start.result().wait()


def _begun(
    command: list[str], handed: socket.socket, place: Callable[[int], object]
) -> subprocess.Popen[bytes]:
    with handed:
        process = subprocess.Popen(command, pass_fds=[handed.fileno()])
    place(process.pid)
    return process


def _killed(start: Future[subprocess.Popen[bytes]]) -> None:
    if start.exception() is None:
        start.result().kill()
