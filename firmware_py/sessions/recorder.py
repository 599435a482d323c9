"""The recorder: takes the tape to the disk, in the scribe's thread.

    tape ──▶ 0012.session       written and synced at every turn; a power cut costs that much
                 └──copy──▶ 0013.kept.session      when the last minutes are kept
"""

from __future__ import annotations

import os

from firmware_py.sessions import budget, record
from firmware_py.sessions.shelf import Shelf
from firmware_py.sessions.tape import Tape

MINUTES = 5  # that are kept after the fact
TRIM_EVERY = 1 << 20  # bytes written between two looks at the budget
CHUNK = 1 << 20  # bytes copied at once


class Recorder:
    """The sessions' files. Every method may raise OSError; when a session cannot be written on, it
    ends there, and nothing is written until another begins."""

    def __init__(self, tape: Tape, shelf: Shelf, room: int = budget.BUDGET) -> None:
        """`room`: bytes that all sessions together may take."""
        self._tape, self._shelf, self._room = tape, shelf, room
        self._file: int | None = None
        self._size = self._trimmed_at = 0
        self._over = False
        self.number: int | None = None  # of the session that is being written

    def write(self) -> None:
        """Bring what waits on the tape to the disk."""
        fault: OSError | None = None
        for n, data in enumerate(self._tape.take()):
            if n > 0:
                self.close()
                self._over = False
            if data and not self._over:
                fault = self._write(data) or fault
        if self._file is not None and self._size >= self._trimmed_at + TRIM_EVERY:
            self._trim()
        if fault is not None:
            raise fault

    def _write(self, data: bytes) -> OSError | None:
        try:
            if self._file is None:
                self._begin()
            self._append(data)
        except OSError as error:
            self._over = True
            self.close()
            return error
        return None

    def keep(self, now: float) -> None:
        """Keep the last minutes: a copy from the beginning, so that it can be replayed, in which
        those minutes are marked."""
        self.write()
        if self._file is None:
            raise OSError("no session is being written, so nothing can be kept")
        copy, path = self._shelf.begin(kept=True)
        try:
            for at in range(0, self._size, CHUNK):
                _write_all(copy, os.pread(self._file, min(CHUNK, self._size - at), at))
            _write_all(copy, record.excerpt(now - 60 * MINUTES, now) + self._tape.mark())
            os.fsync(copy)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(copy)
        self._trim()

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            os.close(self._file)
            self._file = self.number = None

    def _begin(self) -> None:
        self._file, path = self._shelf.begin()
        try:
            _write_all(self._file, record.MAGIC)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        self._size, self.number = len(record.MAGIC), int(path.name.partition(".")[0])
        self._trimmed_at = -TRIM_EVERY  # look at once what there is

    def _append(self, data: bytes) -> None:
        assert self._file is not None
        if self._size + len(data) > self._room:
            raise OSError(f"this session has taken all the room there is ({self._room} bytes)")
        _write_all(self._file, data)
        self._size += len(data)
        os.fsync(self._file)

    def _trim(self) -> None:
        self._trimmed_at = self._size
        budget.trim(self._shelf, self._room)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
