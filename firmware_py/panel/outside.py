"""A panel in a process of its own, so that what it draws never keeps the loop waiting.

    the loop ──glances──▶ socket ──▶ a display, a terminal
             ◀──changes──

Python lets one thread of a process run at a time: drawing beside the loop would cost it up to 5 ms
whenever a note comes. A panel that is slow misses glances, never notes: those wait, the oldest
going first when they are too many. One that ends is no fault: the box plays on.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from firmware_py.packets import packets
from firmware_py.panel.change import Change, Quit
from firmware_py.panel.glance import Glance, NoteSeen
from firmware_py.panel.wire import LARGEST, change_in, glance_bytes
from firmware_py.settings import Settings

log = logging.getLogger(__name__)

ENDS_WITHIN = 3.0  # seconds
NOTES, LINES = 500, 50  # that wait for a panel that is slow
NICE = 5  # beyond our own: the brain goes before what is only looked at


class Outside:
    """The loop's end of such a panel."""

    def __init__(
        self, name: str, command: Sequence[str], now: Callable[[], float], every: float = 0.04,
        quits: bool = False,
    ) -> None:  # fmt: skip
        """`command` follows the interpreter; it is given the socket as --fd. Glances leave at most
        once in `every` seconds. `quits`: when the panel ends, the instrument is to end."""
        self.name, self._now, self._every, self._quits = name, now, every, quits
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LARGEST)
        self._process = subprocess.Popen(
            [sys.executable, *command, "--fd", str(theirs.fileno())], pass_fds=[theirs.fileno()]
        )
        with suppress(OSError):  # it has ended already
            nice = os.getpriority(os.PRIO_PROCESS, 0) + NICE
            os.setpriority(os.PRIO_PROCESS, self._process.pid, nice)
        theirs.close()
        ours.setblocking(False)
        self._socket: socket.socket | None = ours
        self._sent: Glance | None = None
        self._latest: Glance | None = None  # not sent yet
        self._send_at = float("-inf")
        self._notes: deque[NoteSeen] = deque(maxlen=NOTES)
        self._lines: deque[str] = deque(maxlen=LINES)

    def fileno(self) -> int:
        """The descriptor that becomes readable when something was turned; -1 when it is gone."""
        return -1 if self._socket is None else self._socket.fileno()

    @property
    def next_due(self) -> float | None:
        """When a glance that waits may leave."""
        return self._send_at if self._latest is not None and self._socket is not None else None

    def poll(self) -> list[Change]:
        """What was turned and pressed."""
        changes: list[Change] = []
        for data in packets(self._socket, LARGEST):
            if not data:
                return changes + self._gone()
            change = change_in(data)
            changes += [] if change is None else [change]
        if self._latest is not None and self._now() >= self._send_at:
            self._send(self._latest)
        return changes

    def show(self, glance: Glance) -> None:
        """Have it shown, now or soon."""
        self._notes += glance.notes
        self._lines += glance.lines
        self._latest = glance
        if self._now() >= self._send_at:
            self._send(glance)

    def midi_came(self) -> None:
        """Notes are in the glances."""

    def now_set(self, settings: Settings) -> None:
        """Settings are in the glances."""

    def learnt(self) -> None:
        """So are the bindings."""

    def close(self) -> bool:
        """Have the process end, and wait until it has; False when it did not end by itself."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        try:
            self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        return self._process.returncode == 0

    def _send(self, glance: Glance) -> None:
        if self._socket is None:
            return
        self._send_at = self._now() + self._every
        whole = replace(glance, notes=tuple(self._notes), lines=tuple(self._lines))
        try:
            self._socket.send(glance_bytes(whole, self._sent))
        except OSError:  # it is slow: later; or it is gone: poll will find out
            return
        self._sent, self._latest = glance, None
        self._notes.clear()
        self._lines.clear()

    def _gone(self) -> list[Change]:
        assert self._socket is not None
        self._socket.close()
        self._socket = None
        if self._quits:
            return [Quit()]
        log.warning("panel: the %s is gone; the box plays on", self.name)
        return []
