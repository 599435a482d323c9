"""The harmony that the player has just played: its scale and its chord, as sets of pitch classes.

What was heard fades with a half-life; what is held counts in full. The scale is the one of the 24
major and minor keys whose profile fits best (Krumhansl 1990), the chord the triad of that scale
that explains most of what is heard, the lowest note being its likely root, and whatever else is
loud enough to belong to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

HALF_LIFE = 2.0  # seconds in which a chord fades to half
SCALE_HALF_LIFE = 12.0  # seconds; a key changes seldom
PRESENT = 0.25  # share of the strongest pitch class from which on another belongs to the chord
ROOT = 0.5  # what being the lowest note counts for a root, against a note held

_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_SCALES = {_MAJOR: (0, 2, 4, 5, 7, 9, 11), _MINOR: (0, 2, 3, 5, 7, 8, 10, 11)}
_TRIADS = ((0, 4, 7), (0, 3, 7), (0, 3, 6))

Classes = frozenset[int]  # pitch classes 0..11, 0 is C
EVERY: Classes = frozenset(range(12))


class Harmony:
    """Listens to the player's notes; pure."""

    def __init__(self) -> None:
        self._heard: list[tuple[float, int]] = []  # when each of the last notes began, its pitch
        self._held: set[int] = set()
        self._chord: tuple[float, Classes] | None = None  # the last answer, and at what time

    def began(self, pitch: int, now: float) -> None:
        """The player's note began."""
        self._held.add(pitch)
        self._chord = None
        self._heard = [(at, p) for at, p in self._heard if now - at < 5 * SCALE_HALF_LIFE]
        self._heard.append((now, pitch))

    def ended(self, pitch: int) -> None:
        """The player's note ended."""
        self._held.discard(pitch)
        self._chord = None

    def scale(self, now: float) -> Classes:
        """The scale; every pitch class while nothing was heard."""
        weights = self._weights(now, SCALE_HALF_LIFE)
        if not any(weights):
            return EVERY
        fits = [
            (_correlation(weights, profile[-root:] + profile[:-root]), root, steps)
            for profile, steps in _SCALES.items()
            for root in range(12)
        ]
        _, root, steps = max(fits)
        return frozenset((root + step) % 12 for step in steps)

    def chord(self, now: float) -> Classes:
        """The chord; every pitch class while nothing was heard. Asked again at the same time, as
        for every instrument of a palette, it is no work: to find it takes a millisecond."""
        if self._chord is None or self._chord[0] != now:
            self._chord = now, self._find_chord(now)
        return self._chord[1]

    def _find_chord(self, now: float) -> Classes:
        weights = self._weights(now, HALF_LIFE)
        if not any(weights):
            return EVERY
        lowest = min(self._held or (pitch for _, pitch in self._heard[-4:])) % 12
        scale = self.scale(now)
        fits = [
            (_explained(triad, weights) + ROOT * (root == lowest) - (not triad <= scale), triad)
            for root in range(12)
            for triad in (frozenset((root + step) % 12 for step in steps) for steps in _TRIADS)
        ]
        best = max(fits, key=lambda fit: fit[0])[1]
        return best | {c for c in range(12) if weights[c] >= PRESENT * max(weights)}

    def _weights(self, now: float, half_life: float) -> list[float]:
        """How strongly each pitch class is in the air."""
        weights = [0.0] * 12
        for at, pitch in self._heard:
            weights[pitch % 12] += 0.5 ** (max(now - at, 0.0) / half_life)
        for pitch in self._held:
            weights[pitch % 12] += 1.0
        return weights


def _explained(triad: Classes, weights: list[float]) -> float:
    """How much of what is in the air belongs to a triad, the rest counting half against it."""
    return sum(weights[c] if c in triad else -0.5 * weights[c] for c in range(12))


def in_classes(classes: Iterable[int]) -> int:
    """All pitches of these pitch classes, as a set of bits."""
    bits = 0
    for pitch_class in classes:
        for pitch in range(pitch_class, 128, 12):
            bits |= 1 << pitch
    return bits


def _correlation(a: Iterable[float], b: Iterable[float]) -> float:
    x, y = list(a), list(b)
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    dx, dy = [v - mean_x for v in x], [v - mean_y for v in y]
    norm = math.sqrt(sum(v * v for v in dx) * sum(v * v for v in dy))
    return sum(p * q for p, q in zip(dx, dy, strict=True)) / norm if norm > 0 else 0.0
