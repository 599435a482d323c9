"""The travel of a knob: which values of a setting lie between its two ends.

The one mapping of every control: potentiometers, MIDI controllers, the terminal's and display's
bars, and the bench that measures what each knob does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log as ln
from math import sqrt

from firmware_py.settings import BY_RATIO, BY_SQUARE, FIELDS


@dataclass(frozen=True)
class Travel:
    """A setting that is a number, and its values at the two ends."""

    setting: str
    low: float
    high: float

    @property
    def by_ratio(self) -> bool:
        """Whether equal turns are equal ratios, as of what is heard so, and not equal steps."""
        return self._turns == BY_RATIO

    @property
    def _turns(self) -> str:
        return str(FIELDS[self.setting].metadata["turns"])

    def value(self, position: float) -> float:
        """The setting's value at a position 0..1."""
        low, high = self.low, self.high
        if position in (0.0, 1.0):  # the ends are exact, whatever a power rounds to
            value = high if position else low
        elif self.by_ratio:
            value = low * (high / low) ** position
        elif self._turns == BY_SQUARE:
            value = sqrt(low**2 + position * (high**2 - low**2))
        else:
            value = low + position * (high - low)
        return round(value) if isinstance(FIELDS[self.setting].default, int) else value

    def place(self, value: float) -> float:
        """Where on the travel, 0..1, a knob would stand for this value."""
        low, high = self.low, self.high
        if self.by_ratio:
            place = ln(value / low) / ln(high / low)
        elif self._turns == BY_SQUARE:
            place = (value**2 - low**2) / (high**2 - low**2)
        else:
            place = (value - low) / (high - low)
        return min(max(place, 0.0), 1.0)


def whole_travel(setting: str) -> Travel:
    """From the least value of a setting to its greatest."""
    limits = FIELDS[setting].metadata
    return Travel(setting, limits["low"], limits["high"])
