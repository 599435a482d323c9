"""A rotary encoder, decoded by table at its full resolution: four steps a detent.

    a ──┐     ┌─────          Both contacts are open (1) at rest. Turned one way they close in the
        └─────┘               order a, b and open in the order a, b; turned the other way, b first.
    b ─────┐     ┌──          A contact that bounces goes one step on and one back, which adds up
           └─────┘            to nothing. When both change between two looks, a step was missed:
       1  2  3  4             it is taken to go on as before.
"""

from __future__ import annotations

REST = 0b11
FORWARD = {0b11: 0b01, 0b01: 0b00, 0b00: 0b10, 0b10: 0b11}
STEPS = {
    **{(old, new): 1 for old, new in FORWARD.items()},
    **{(new, old): -1 for old, new in FORWARD.items()},
}
DETENT = 4


class Encoder:
    """One rotary encoder."""

    def __init__(self) -> None:
        self._state = REST
        self._steps = 0
        self._way = 1

    def moved(self, a: bool, b: bool) -> int:
        """How many detents it has gone on (negative: back), now that its contacts stand so.

        True is open, as at rest.
        """
        new = a << 1 | b
        if new == self._state:
            return 0
        step = STEPS.get((self._state, new), 2 * self._way)
        self._way = 1 if step > 0 else -1
        self._state = new
        self._steps += step
        if new != REST:
            return 0
        # At rest: what does not make up a whole detent was lost or bounced.
        detents = int((abs(self._steps) + DETENT // 2) // DETENT) * (1 if self._steps > 0 else -1)
        self._steps = 0
        return detents
