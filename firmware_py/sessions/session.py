"""A session, read back from its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.sessions import record
from firmware_py.sessions.record import Brain, Excerpt, Out, Record, Start


class SessionError(ValueError):
    """There is no such session, or it cannot be used; the message says why, in one line."""


@dataclass(frozen=True)
class Session:
    """What was recorded, in order. Times are seconds on the clock of the performance."""

    about: dict[str, Any]  # at, date, seed, settings, version
    records: tuple[Record, ...]

    @property
    def since(self) -> float:
        """Where what it is kept for begins."""
        return max([float(self.about["at"]), *(r.since for r in self._excerpts)])

    @property
    def until(self) -> float:
        """Where what it is kept for ends."""
        last = max((r.at for r in self.records if isinstance(r, Out)), default=self.since)
        return max((r.until for r in self._excerpts), default=last)

    @property
    def brains(self) -> list[dict[str, Any]]:
        """The brains that woke, one after another."""
        return [r.about for r in self.records if isinstance(r, Brain)]

    @property
    def _excerpts(self) -> list[Excerpt]:
        return [r for r in self.records if isinstance(r, Excerpt)]


def read(path: Path) -> Session:
    """The session in a file, as far as it is whole. Raises SessionError, or OSError."""
    data = path.read_bytes()
    if not data.startswith(record.MAGIC):
        raise SessionError(f"{path}: not a session of this version")
    every = record.records(data)
    first = next(every, None)
    if not isinstance(first, Start):
        raise SessionError(f"{path}: nothing was recorded before the power went")
    try:
        float(first.about["at"]), int(first.about["seed"]), dict(first.about["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise SessionError(f"{path}: its beginning makes no sense ({error})") from error
    return Session(first.about, tuple(every))
