"""A potentiometer, read clean: smoothed, with dead ends, at rest when it is, and with pick-up.

    raw 0..1 ─▶ smoothing ─▶ dead ends ─▶ hysteresis ─▶ pick-up ─▶ position 0..1, when it moves

Hysteresis: at rest it stays where it is until it has moved by more than its converter's jitter.
"""

from __future__ import annotations

import math

from firmware_py.panel.pickup import PickUp

SMOOTHING = 0.02  # seconds in which most of a jump is followed
DEAD = 0.01  # share of the travel at each end that is the end
STEP = 1 / 250  # of the travel; a knob that moves less is at rest (10 bits jitter by 1 or 2)
NEAR = 3 * STEP  # so near to the setting's place a knob takes hold


class Knob:
    """One potentiometer."""

    def __init__(self) -> None:
        self._smooth: float | None = None
        self._read_at = 0.0
        self._hold = PickUp(NEAR)  # where it was when it last moved, and whether it has hold
        self._began_at: float | None = None  # where it stood when it began to turn this setting

    def read(self, raw: float, now: float) -> float | None:
        """The new position 0..1 when the knob has moved, else None; raw 0..1 from the ADC."""
        position = self._smoothed(raw, now)
        if self._hold.waits or self._moved(position):
            return position if self._hold.moved(position) else None
        return None

    @property
    def at(self) -> float | None:
        """Where it stands, 0..1; None before it was read."""
        return self._hold.at

    def stands_for(self, place: float) -> None:
        """It turns another setting from now on, which stands at this place, 0..1: nothing changes
        before it is turned, and comes by there."""
        if self._smooth is not None:
            self._hold.at = self._within_ends(self._smooth)
        self._began_at = self._hold.at
        self._hold.wait_at(place)

    @property
    def was_turned(self) -> bool:
        """Whether it was since then, be it that it has no hold yet."""
        if self._began_at is None or self._hold.at is None:
            return False
        return abs(self._hold.at - self._began_at) >= NEAR

    def wait_at(self, place: float) -> None:
        """The setting now stands at this place, 0..1: hold still until the knob comes by."""
        self._hold.wait_at(place)

    def _smoothed(self, raw: float, now: float) -> float:
        if self._smooth is None:
            self._smooth = raw
        share = 1 - math.exp(-max(now - self._read_at, 0.0) / SMOOTHING)
        self._smooth += share * (raw - self._smooth)
        self._read_at = now
        return self._within_ends(self._smooth)

    @staticmethod
    def _within_ends(raw: float) -> float:
        return min(max((raw - DEAD) / (1 - 2 * DEAD), 0.0), 1.0)

    def _moved(self, position: float) -> bool:
        given = self._hold.at
        if given is None:
            return True
        at_end = position in (0.0, 1.0) and position != given
        return at_end or abs(position - given) >= STEP
