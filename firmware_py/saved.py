"""The settings on the disk follow those of the instrument: what a knob was turned to outlives a
power cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from firmware_py import settings as knobs
from firmware_py.settings import Settings


class Saved:
    """One file of settings. `turn` is for the scribe, who may wait for the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._source: Callable[[], Settings] | None = None
        self._written: Settings | None = None

    def load(self) -> Settings:
        """The settings as they were left; whatever is missing or wrong is as by default."""
        self._written = knobs.load(self._path)
        return self._written

    def follow(self, source: Callable[[], Settings]) -> None:
        """Say where the settings are from now on."""
        self._source = source

    def turn(self) -> None:
        """Write them if they have changed. Raises OSError, and tries again at the next turn."""
        settings = self._source() if self._source is not None else self._written
        if settings is not None and settings != self._written:
            knobs.save(settings, self._path)
            self._written = settings
