"""Web access as the player knows it: shut until it is opened, and a panel while it is open.

    the player ──connects──▶ a socket of systemd's, which thereby starts the web's own process
               ──number, settings──▶
               ◀──changes, "in"──      and when either ends, the other knows

The player listens nowhere, and imports nothing of the web. The number is drawn here, since it is
shown here; nothing of it is ever on the disk.
"""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any

from firmware_py.packets import packets
from firmware_py.panel.change import Change, DropPreset, PutPreset, TakeBrain, Turn
from firmware_py.panel.glance import Glance
from firmware_py.panel.wire import LARGEST, change_in
from firmware_py.settings import Settings

log = logging.getLogger(__name__)

ADDRESS = "/run/notochord-box-web.sock"
DIGITS = 12  # of the number: all of them join the box's own network, the last six open the page
MAY = (Turn, PutPreset, DropPreset, TakeBrain)  # what the web may ask for
OF = {  # what such changes are made of: whoever has taken that process over sends anything
    "setting": str, "value": str | int | float, "number": int, "text": str, "sha256": str | None
}  # fmt: skip


def draw_number() -> str:
    """A number that nobody can foresee."""
    from secrets import randbelow

    return f"{randbelow(10**DIGITS):0{DIGITS}}"


class Access:
    """The player's end of it."""

    def __init__(self, address: str = ADDRESS, draw: Callable[[], str] = draw_number) -> None:
        self._address, self._draw = address, draw
        self._socket: socket.socket | None = None
        self._said: dict[str, Any] | None = None  # what it was shown last
        self.code = ""  # to be shown; nothing when it is shut, or when somebody is in

    def open(self) -> str:
        """Open it, and say so."""
        if self._socket is not None:
            return "web access is open already"
        end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        end.setblocking(False)
        number = self._draw()
        try:
            end.connect(self._address)
            end.send(json.dumps({"number": number}).encode())
        except OSError as error:
            end.close()
            return f"no web access: {(error.strerror or str(error)).lower()} ({self._address})"
        self._socket, self._said, self.code = end, None, number
        return "web access is open for ten minutes"

    def fileno(self) -> int:
        """The descriptor that becomes readable when something is asked for; -1 while it is shut."""
        return -1 if self._socket is None else self._socket.fileno()

    @property
    def next_due(self) -> float | None:
        """Never: what comes is heard."""
        return None

    def poll(self) -> list[Change]:
        """What was asked for."""
        changes: list[Change] = []
        for data in packets(self._socket, LARGEST):
            if not data:
                self.close()
            elif data == b'"in"':
                self.code = ""
            elif isinstance(change := change_in(data), MAY) and _is_whole(change):
                changes.append(change)
            else:
                log.warning("web access: %.80r is nothing that it may ask for", data)
        return changes

    def show(self, glance: Glance) -> None:
        """Have it know how the knobs stand, which modes there are, and which session is being
        recorded."""
        news = {
            "settings": vars(glance.settings), "modes": glance.modes, "session": glance.session,
        }  # fmt: skip
        if self._socket is None or news == self._said:
            return
        try:
            self._socket.send(json.dumps(news).encode())
        except OSError:  # it is slow: later; or it is gone: poll will find out
            return
        self._said = news

    def midi_came(self) -> None:
        """Nothing to it."""

    def now_set(self, settings: Settings) -> None:
        """Settings are in the glances."""

    def learnt(self) -> None:
        """Nothing to it."""

    def close(self) -> None:
        """Shut it: its process ends with that."""
        self.code = ""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            log.info("web access is shut")


def _is_whole(change: Change) -> bool:
    return all(isinstance(value, OF[name]) for name, value in vars(change).items())


def opened_in(panels: Iterable[object]) -> Callable[[], str]:
    """What opens web access, where there is any among the panels."""
    found = [panel for panel in panels if isinstance(panel, Access)]
    return found[0].open if found else lambda: "there is no web access here"
