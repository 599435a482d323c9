"""A potentiometer, read clean: smoothed, with dead ends, at rest when it is, and with pick-up.

    raw 0..1 ─▶ smoothing ─▶ dead ends ─▶ hysteresis ─▶ pick-up ─▶ position 0..1, when it moves

Pick-up: when a setting was changed elsewhere, the knob stands where the setting does not. It takes
hold again when it comes by the setting's place, so that nothing jumps:

    knob     0.8 ──▶ 0.6 ──▶ 0.4
    setting      0.5 ─ ─ ─ ─ ┴▶ 0.4        waits, then follows
"""

from __future__ import annotations

import math

SMOOTHING = 0.02  # seconds in which most of a jump is followed
DEAD = 0.01  # share of the travel at each end that is the end
STEP = 1 / 250  # of the travel; a knob that moves less is at rest (10 bits jitter by 1 or 2)
NEAR = 3 * STEP  # so near to the setting's place a knob takes hold


class Knob:
    """One potentiometer."""

    def __init__(self) -> None:
        self._smooth: float | None = None
        self._read_at = 0.0
        self._given: float | None = None  # the last position that was handed out
        self._wanted: float | None = None  # the place that the knob must come by first
        self._below = False  # it stands below that place

    def read(self, raw: float, now: float) -> float | None:
        """The new position 0..1 when the knob has moved, else None; raw 0..1 from the ADC."""
        position = self._smoothed(raw, now)
        if self._wanted is not None:
            return self._picked_up(position)
        if self._given is None or self._moved(position):
            self._given = position
            return position
        return None

    def wait_at(self, place: float) -> None:
        """The setting now stands at this place, 0..1: hold still until the knob comes by."""
        if self._given is None or abs(self._given - place) > NEAR:
            self._wanted = place
            self._below = self._given is not None and self._given < place

    def _smoothed(self, raw: float, now: float) -> float:
        if self._smooth is None:
            self._smooth = raw
        share = 1 - math.exp(-max(now - self._read_at, 0.0) / SMOOTHING)
        self._smooth += share * (raw - self._smooth)
        self._read_at = now
        return min(max((self._smooth - DEAD) / (1 - 2 * DEAD), 0.0), 1.0)

    def _moved(self, position: float) -> bool:
        assert self._given is not None
        at_end = position in (0.0, 1.0) and position != self._given
        return at_end or abs(position - self._given) >= STEP

    def _picked_up(self, position: float) -> float | None:
        assert self._wanted is not None
        first, self._given = self._given is None, position
        if first:
            self._below = position < self._wanted
        passed = (position >= self._wanted) if self._below else (position <= self._wanted)
        if passed or abs(position - self._wanted) <= NEAR:
            self._wanted = None
            return position
        return None
