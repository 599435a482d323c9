"""The web's end of the way to the player: its number, how its knobs stand, what is asked of it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from threading import Condition, Thread

from firmware_py.panel.change import Change
from firmware_py.panel.wire import LARGEST, change_bytes
from firmware_py.settings import Settings

PATIENCE = 3.0  # seconds until something that was asked for must have been done


class Gone(ConnectionError):
    """The player has ended, and with it this access."""


class Player:
    """The player, as the web sees it. For several threads."""

    def __init__(self, connection: socket.socket) -> None:
        """Waits for the number. Raises Gone."""
        self._socket = connection
        self._news = Condition()
        self._settings: Settings | None = None
        self.modes: tuple[str, ...] = ()  # that the brain can play
        self.session: int | None = None  # the number of the one that is being recorded
        self.gone = False
        try:
            first = json.loads(connection.recv(LARGEST))
            self.number = str(first["number"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Gone("the player said nothing") from error

    def listen(self, at_end: Callable[[], object]) -> None:
        """Hear it, in a thread; `at_end` is called when it has ended."""
        Thread(target=self._hear, args=(at_end,), daemon=True, name="player").start()

    def _hear(self, at_end: Callable[[], object]) -> None:
        try:
            while data := self._socket.recv(LARGEST):
                news = json.loads(data)
                with self._news:
                    self._settings = Settings(**news["settings"])
                    self.modes = tuple(news["modes"])
                    self.session = news["session"]
                    self._news.notify_all()
        except OSError:
            pass
        with self._news:
            self.gone = True
            self._news.notify_all()
        at_end()

    @property
    def settings(self) -> Settings:
        """How its knobs stand. Raises Gone."""
        with self._news:
            self._news.wait_for(lambda: self._settings is not None or self.gone, PATIENCE)
            if self._settings is None:
                raise Gone("the player does not say how its knobs stand")
            return self._settings

    def somebody_is_in(self) -> None:
        """The number need not be shown any more. Raises Gone."""
        self._send(b'"in"')

    def ask(self, *changes: Change) -> None:
        """Ask it for something. Raises Gone."""
        for change in changes:
            self._send(change_bytes(change))

    def until(self, is_done: Callable[[], bool], patience: float = PATIENCE) -> bool:
        """Wait until something was done, as far as the player's news or the disk shows it; whether
        it was."""
        with self._news:
            for _ in range(int(patience / 0.05)):
                if is_done():
                    return True
                self._news.wait(0.05)
        return is_done()

    def _send(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except OSError as error:
            raise Gone("the player has ended") from error
