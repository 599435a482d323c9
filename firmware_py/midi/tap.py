"""What each synth is sent, told as it leaves to whoever reads the other end of a named pipe.

    Outputs ──▶ rtmidi ──▶ JACK or ALSA ──▶ the synth
       └─────▶ a named pipe ──▶ a witness: what never left, and what was lost on its way
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from firmware_py.message import Message
from firmware_py.midi.backend import PortError

ROOM = 1 << 20  # bytes that wait in the pipe for a witness who is late


class Tap:
    """The end that is written to; it never waits, and counts what had no room."""

    def __init__(self, path: Path) -> None:
        """Raises PortError where there is no named pipe that somebody reads."""
        self.untold = 0
        try:
            self._pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            raise PortError(f"{path}: {error.strerror}; make it with mkfifo, and read it") from None
        if not stat.S_ISFIFO(os.fstat(self._pipe).st_mode):
            os.close(self._pipe)
            raise PortError(f"{path} is no named pipe; make one with mkfifo, and read it")
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, ROOM)

    def sent(self, name: str, message: Message) -> None:
        """A message has been handed to the port of that name."""
        try:
            os.write(self._pipe, (json.dumps([name, *message]) + "\n").encode())
        except (BlockingIOError, BrokenPipeError):
            self.untold += 1

    def close(self) -> None:
        """Tell no more."""
        os.close(self._pipe)


class Witness:
    """The end that is read from; there before the tap is opened."""

    def __init__(self, path: Path) -> None:
        """Makes the pipe."""
        os.mkfifo(path)
        self._pipe, self._rest = os.open(path, os.O_RDONLY | os.O_NONBLOCK), b""

    def drain(self) -> Iterator[tuple[str, Message]]:
        """What was sent to whom since the last call."""
        while True:
            try:
                data = os.read(self._pipe, ROOM)
            except BlockingIOError:  # somebody may write yet
                return
            if not data:
                return
            *lines, self._rest = (self._rest + data).split(b"\n")
            for line in lines:
                name, *message = json.loads(line)
                yield name, tuple(message)

    def close(self) -> None:
        """Listen no more."""
        os.close(self._pipe)
