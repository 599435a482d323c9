"""What the loop knows of a panel, be it of wood or of letters on a screen."""

from __future__ import annotations

from typing import Protocol

from firmware_py.panel.change import Change
from firmware_py.panel.glance import Glance
from firmware_py.settings import Settings


class Panel(Protocol):
    """Controls to be asked, and lamps to be shown what the box does. Nothing here ever waits."""

    def fileno(self) -> int:
        """The descriptor that becomes readable when `poll` has something; -1 for none."""
        ...

    @property
    def next_due(self) -> float | None:
        """When `poll` must be called next, in seconds."""
        ...

    def poll(self) -> list[Change]:
        """What was turned and pressed since the last call."""
        ...

    def show(self, glance: Glance) -> None:
        """Show what the box does."""
        ...

    def midi_came(self) -> None:
        """Show that MIDI comes in."""
        ...

    def now_set(self, settings: Settings) -> None:
        """The settings have been changed, here or elsewhere."""
        ...

    def learnt(self) -> None:
        """A MIDI control was bound while the panel had the box listen."""
        ...

    def close(self) -> object:
        """Lamps out."""
        ...
