"""Velocity curves: what a keyboard sends for a touch, to what the touch means.

    127 ┤            ╭    A curve is a few points with straight lines between. It is measured:
        │        ╭───╯    play soft, medium and hard, and the middle velocity of each becomes
     80 ┤     ╭──╯        that of p, mf and ff.
        │  ╭──╯
      1 ┼──┴──────────
        1  22  51  80 127
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

Point = tuple[int, int]
TOUCHES = (("softly", 49), ("in between", 80), ("hard", 112))  # p, mf and ff, as scores have them
STROKES = 8  # notes of each touch
APART = 6  # velocities that two touches must be apart to be told from one another
SHAPES = {"linear": 1.0, "soft": 0.6, "hard": 1.6}  # exponents: soft makes a light touch louder


class CurveError(ValueError):
    """No curve can be made of this; the message says why, in one line."""


class Curve:
    """A table from velocities 1..127 to velocities 1..127; 0, a note's end, stays 0."""

    def __init__(self, points: Sequence[Point]) -> None:
        """Points with rising inputs and outputs that never fall, 1..127; the ends are added."""
        inner = [(int(x), int(y)) for x, y in points]
        for x, y in inner:
            if not (1 <= x <= 127 and 1 <= y <= 127):
                raise CurveError(f"a point of a curve is two velocities, 1 to 127, not {x}, {y}")
        whole = [(0, 0), *inner] if not inner or inner[0][0] > 0 else inner
        if whole[-1][0] < 127:
            whole.append((127, 127))
        for (x0, y0), (x1, y1) in zip(whole, whole[1:], strict=False):
            if x1 <= x0 or y1 < y0:
                raise CurveError("the points of a curve must rise from one to the next")
        self.points = tuple(inner)
        self._table = tuple(_between(whole, velocity) for velocity in range(128))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Curve) and self.points == other.points

    def __hash__(self) -> int:
        return hash(self.points)

    def __call__(self, velocity: int) -> int:
        return self._table[velocity]


def shaped(shape: str) -> Curve:
    """A curve by name."""
    if shape not in SHAPES:
        raise CurveError(f"no curve is called '{shape}'; there are {', '.join(SHAPES)}")
    exponent = SHAPES[shape]
    inputs = (16, 32, 48, 64, 80, 96, 112, 127)
    return Curve([(x, max(round(127 * (x / 127) ** exponent), 1)) for x in inputs])


def _between(points: Sequence[Point], x: int) -> int:
    if x == 0:
        return 0
    for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
        if x <= x1:
            return min(max(round(y0 + (y1 - y0) * (x - x0) / (x1 - x0)), 1), 127)
    return 127


def fitted(soft: Sequence[int], medium: Sequence[int], hard: Sequence[int]) -> Curve:
    """The curve for a keyboard on which these velocities were played softly, in between and hard.

    Raises CurveError when two of the touches cannot be told apart.
    """
    middles = [round(median(played)) for played in (soft, medium, hard)]
    for n in range(2):
        if middles[n + 1] - middles[n] < APART:
            raise CurveError(
                f"what was played {TOUCHES[n][0]} ({middles[n]}) and {TOUCHES[n + 1][0]} "
                f"({middles[n + 1]}) is too much alike; play again, with more contrast"
            )
    meant = [velocity for _, velocity in TOUCHES]
    return Curve([point for point in zip(middles, meant, strict=True) if point[0] < 127])


class Gauge:
    """Gathers strokes: eight softly, eight in between, eight hard; then there is a curve."""

    def __init__(self) -> None:
        self._played: list[list[int]] = [[] for _ in TOUCHES]

    @property
    def wants(self) -> str | None:
        """How the next stroke should be played; None when there are enough."""
        for (touch, _), played in zip(TOUCHES, self._played, strict=True):
            if len(played) < STROKES:
                return touch
        return None

    def struck(self, velocity: int) -> None:
        """A stroke, 1..127."""
        for played in self._played:
            if len(played) < STROKES:
                played.append(velocity)
                return

    def curve(self) -> Curve:
        """What was measured. Raises CurveError."""
        return fitted(*self._played)
