"""The travel of a knob: which values of a setting lie between its two ends."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_py.settings import FIELDS


@dataclass(frozen=True)
class Travel:
    """A setting that is a number, and its values at the two ends."""

    setting: str
    low: float
    high: float

    def value(self, position: float) -> float:
        """The setting's value at a position 0..1."""
        value = self.low + position * (self.high - self.low)
        return round(value) if isinstance(FIELDS[self.setting].default, int) else value

    def place(self, value: float) -> float:
        """Where on the travel, 0..1, a knob would stand for this value."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def whole_travel(setting: str) -> Travel:
    """From the least value of a setting to its greatest."""
    limits = FIELDS[setting].metadata
    return Travel(setting, limits["low"], limits["high"])
