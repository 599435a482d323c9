"""The shelf: the folder where sessions are kept, by number: 0007.session, 0008.kept.session."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from firmware_py.sessions.session import SessionError

_NAME = re.compile(r"(\d{4,})(\.kept)?\.session")


@dataclass(frozen=True)
class Volume:
    """A session on the shelf; its size in bytes."""

    number: int
    kept: bool
    path: Path
    size: int

    def is_being_played(self) -> bool:
        """Whether a box is recording it right now."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:  # it was deleted just now
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


class Shelf:
    """The sessions in a folder; other files in it are left alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def volumes(self) -> list[Volume]:
        """What is there, oldest first."""
        return sorted(self._volumes(), key=lambda volume: volume.number)

    def _volumes(self) -> Iterator[Volume]:
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            named = _NAME.fullmatch(path.name)
            if named is not None:
                with suppress(FileNotFoundError):  # it was deleted just now
                    yield Volume(int(named[1]), named[2] is not None, path, path.stat().st_size)

    def find(self, number: int) -> Volume:
        """The session of this number; raises SessionError with those there are."""
        volumes = self.volumes()
        for volume in volumes:
            if volume.number == number:
                return volume
        there = f"there are {volumes[0].number} to {volumes[-1].number}" if volumes else "none yet"
        raise SessionError(f"there is no session {number}; {there} (see 'sessions list')")

    def keep(self, number: int) -> None:
        """Have the budget spare a session as long as it can."""
        volume = self.find(number)
        if not volume.kept:
            volume.path.rename(self._path(number, kept=True))

    def delete(self, number: int) -> None:
        """Take a session off the shelf, for good."""
        volume = self.find(number)
        if volume.is_being_played():
            raise SessionError(f"session {number} is being played; it can be deleted afterwards")
        volume.path.unlink()

    def begin(self, kept: bool = False) -> tuple[int, Path]:
        """A new file: its descriptor, locked for us while it is open. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        number = max((volume.number for volume in self.volumes()), default=0) + 1
        while True:
            path = self._path(number, kept)
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
            try:
                descriptor = os.open(path, flags, 0o644)
            except FileExistsError:  # another box was quicker
                number += 1
                continue
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor, path

    def _path(self, number: int, kept: bool) -> Path:
        return self.folder / f"{number:04}{'.kept' if kept else ''}.session"
