"""What a service tells systemd: that it plays, what it is doing, and that its loop still turns.

Each word is a datagram to the socket that $NOTIFY_SOCKET names (sd_notify(3)). Where nobody listens
nothing is said, and a word that cannot be delivered is lost: no note ever waits for it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from math import inf
from pathlib import Path

from firmware_py.box.folder import runtime


class Notifier:
    """Speaks to systemd, or to nobody."""

    def __init__(self, address: str = "", every: float = inf, failed: Path | None = None) -> None:
        """`address`: the socket's path, or a name that begins with @ (abstract). `every`: seconds
        between two signs of life, half of what systemd waits for one. `failed`: the file that
        counts the starts that failed (again.py)."""
        self._failed = failed
        self._every, self._alive_at = every, -inf
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    @staticmethod
    def from_environment(environment: MutableMapping[str, str] = os.environ) -> Notifier:
        """The notifier that systemd asked for, whose variables go no further: the brain is no
        part of the service that systemd hears from."""
        address = environment.pop("NOTIFY_SOCKET", "")
        folder = runtime(environment) if address else None
        return Notifier(address, _every(environment), folder and folder / "failed")

    @property
    def is_heard(self) -> bool:
        """Whether systemd listens: then it also starts again whoever ends."""
        return self._socket is not None

    def ready(self) -> None:
        """Your keys sound; what failed before is forgotten. Not by systemd, which comes to it when
        it can: whoever is killed before that, again and again, would be paused."""
        if self._failed is not None:
            with suppress(OSError):
                self._failed.unlink()
        self._say("READY=1")

    def stopping(self) -> None:
        """The player is ending, as it was told to."""
        self._say("STOPPING=1")

    def status(self, text: str) -> None:
        """One line on what is being done, for `systemctl status`."""
        self._say("STATUS=" + " ".join(text.split()))

    def alive(self, now: float) -> None:
        """The loop has turned; said as often as the watchdog wants to hear it."""
        if self._socket is not None and now - self._alive_at >= self._every:
            self._alive_at = now
            self._say("WATCHDOG=1")

    @property
    def next_due(self) -> float | None:
        """When `alive` must be called at the latest, in seconds; None while nobody waits for it."""
        if self._socket is None or self._every == inf:
            return None
        return self._alive_at + self._every

    def _say(self, words: str) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto(words.encode(), self._address)


def _every(environment: Mapping[str, str]) -> float:
    """Half of $WATCHDOG_USEC in seconds, if it is meant for this process."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return inf
    microseconds = environment.get("WATCHDOG_USEC", "")
    return int(microseconds) / 2e6 if microseconds.isdecimal() and int(microseconds) else inf
