"""Brain files and updates that somebody uploads: limited as they come, checked, and handed on.

    browser ──▶ brain.part ──loads, answers (a process of its own)──▶ brain ──▶ player
    browser ──▶ update.part ──signed, whole, newer──▶ update ──▶ a unit of systemd's
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from typing import Protocol

from firmware_py.box import brains
from firmware_py.box.releases import ReleaseError, Releases
from firmware_py.panel.change import TakeBrain
from firmware_py.web.player import Player

SPARE = 50 << 20  # bytes that stay free on the disk: for sessions
BRAIN, UPDATE = brains.LARGEST, 128 << 20  # bytes, at most
UNPACKED_IN = 60.0  # seconds


class UploadError(ValueError):
    """What was uploaded is not taken; the message says why, in one line."""


class Kind(Protocol):
    """A kind of upload."""

    largest: int

    def take(self, part: Path, sha256: str) -> str:
        """Check a whole file and hand it on; what comes of it. Raises UploadError."""
        ...


class BrainFile:
    """A brain file, tried by the loader that would load it, in a process of its own."""

    largest = BRAIN

    def __init__(
        self, state: Path, player: Player, answers: Callable[[Path], tuple[bool, str]]
    ) -> None:
        """`answers`: starts a brain and asks it something; whether it answered, in one line."""
        self._state, self._player, self._answers = state, player, answers

    def take(self, part: Path, sha256: str) -> str:
        """Have the player play with it."""
        good, said = self._answers(part)
        if not good:
            raise UploadError(f"not taken: {said.replace(str(part), 'the file')}")
        os.replace(part, self._state / brains.UPLOADED)
        self._player.ask(TakeBrain(sha256))
        if not self._player.until(lambda: _sum(self._state / brains.OWN) == sha256):
            raise UploadError("the player has not taken it; is the disk full?")
        return f"{said.partition(' ')[2]}; the box plays with it once nobody has played for 10 s"


class Update:
    """An update, handed to a unit of systemd's that may unpack it."""

    largest = UPDATE

    def __init__(self, folder: Path, player: Player, releases: Releases) -> None:
        self._folder, self._player, self._releases = folder, player, releases

    def take(self, part: Path, sha256: str) -> str:
        """Have it unpacked beside what plays, and put on trial."""
        try:
            name = self._releases.check(part, self._folder / "unpacked")
        except ReleaseError as error:
            raise UploadError(f"not taken: {str(error).removeprefix(f'{part.name}: ')}") from error
        waiting = self._folder / "update"
        os.replace(part, waiting)
        self._player.until(lambda: not waiting.exists(), UNPACKED_IN)
        if self._releases.current != name:
            waiting.unlink(missing_ok=True)
            raise UploadError("it could not be unpacked; is the disk full?")
        return f"release {name} plays once nobody has played for 10 s; this page ends with that"


class Uploads:
    """Receives one upload at a time."""

    def __init__(self, folder: Path, kinds: dict[str, Kind]) -> None:
        self._folder, self.kinds = folder, kinds
        self._lock = Lock()

    def check_size(self, kind: str, size: int) -> None:
        """Raises UploadError when so many bytes are too many."""
        largest = self.kinds[kind].largest
        if size > largest:
            raise UploadError(f"far too large: at most {largest >> 20} MB are taken")
        if shutil.disk_usage(self._folder).free < size + SPARE:
            raise UploadError("the disk is full: delete sessions first")

    def receive(self, kind: str, blocks: Iterator[bytes]) -> str:
        """Take an upload as it comes, check it, hand it on; what came of it, in one line.

        Raises UploadError, FormError; nothing is left of it then.
        """
        if not self._lock.acquire(blocking=False):
            raise UploadError("another upload is under way; try again afterwards")
        part = self._folder / f"{kind}.part"
        try:
            return self.kinds[kind].take(part, self._write(part, blocks, self.kinds[kind].largest))
        except OSError as error:
            raise UploadError(f"not taken: {(error.strerror or str(error)).lower()}") from error
        finally:
            part.unlink(missing_ok=True)
            self._lock.release()

    def _write(self, part: Path, blocks: Iterator[bytes], largest: int) -> str:
        """Its SHA-256."""
        part.unlink(missing_ok=True)
        found, size = hashlib.sha256(), 0
        with open(part, "xb") as file:
            for block in blocks:
                size += len(block)
                if size > largest:
                    raise UploadError(f"far too large: at most {largest >> 20} MB are taken")
                found.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if not size:
            raise UploadError("choose a file first")
        return found.hexdigest()


def _sum(path: Path) -> str:
    """The SHA-256 of a file; nothing where there is none."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
