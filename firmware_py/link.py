"""The way to the brain, as the instrument sees it."""

from __future__ import annotations

from typing import Protocol

from firmware_py.story import Told
from notochord.ask import Ask


class BrainLink(Protocol):
    """Telling and asking never wait."""

    def tell(self, told: Told) -> None:
        """Tell it an event, sounded or planned."""
        ...

    def ask(
        self, number: int, after: int, ask: Ask, uniforms: list[float], deadline: float
    ) -> None:
        """Ask it something, to be answered by a time in seconds."""
        ...

    def forget(self) -> None:
        """Have it forget every event it was told."""
        ...
