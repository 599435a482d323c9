"""The player's keys, with the sustain pedal folded in as a synth folds it.

             ┌── key down ──┐
    key  ────┘              └───────────────
    pedal ────────┌──────────────────┐──────
                  └──────────────────┘
    sounds ──┌───────────────────────┐──────   ends when the pedal comes up
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """One key of one keyboard: port name, MIDI channel 0..15, pitch 0..127."""

    port: str
    channel: int
    pitch: int


class Keys:
    """Which keys are pressed, and which only the pedal still holds."""

    def __init__(self) -> None:
        self.pressed: set[Key] = set()
        self.sustained: set[Key] = set()
        self._pedals: set[tuple[str, int]] = set()

    def down(self, key: Key) -> list[Key]:
        """A key was pressed; returns the keys whose sound ends by it (itself, struck again)."""
        again = key in self.pressed or key in self.sustained
        self.sustained.discard(key)
        self.pressed.add(key)
        return [key] if again else []

    def up(self, key: Key) -> list[Key]:
        """A key was let go; returns the keys whose sound ends by it."""
        if key not in self.pressed:
            return []
        self.pressed.discard(key)
        if (key.port, key.channel) in self._pedals:
            self.sustained.add(key)
            return []
        return [key]

    def pedal(self, port: str, channel: int, is_down: bool) -> list[Key]:
        """The sustain pedal moved; returns the keys whose sound ends by it."""
        if is_down:
            self._pedals.add((port, channel))
            return []
        self._pedals.discard((port, channel))
        return self._let_go({k for k in self.sustained if (k.port, k.channel) == (port, channel)})

    def unplugged(self, port: str) -> list[Key]:
        """A keyboard is gone; returns the keys whose sound ends by it."""
        self._pedals = {pedal for pedal in self._pedals if pedal[0] != port}
        self.pressed, gone = (
            {k for k in self.pressed if k.port != port},
            {k for k in self.pressed | self.sustained if k.port == port},
        )
        return self._let_go(gone)

    def _let_go(self, keys: set[Key]) -> list[Key]:
        self.sustained -= keys
        return sorted(keys, key=lambda k: (k.port, k.channel, k.pitch))
