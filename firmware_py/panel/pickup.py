"""Pick-up: a control that stands elsewhere than its setting waits until it comes by.

    control  0.8 ──▶ 0.6 ──▶ 0.4
    setting      0.5 ─ ─ ─ ─ ┴▶ 0.4        waits, then follows: nothing jumps
"""

from __future__ import annotations


class PickUp:
    """Whether a control has hold of its setting. Positions and places are 0..1."""

    def __init__(self, near: float) -> None:
        """`near`: so close to the setting's place the control takes hold."""
        self._near = near
        self.at: float | None = None  # where the control stood last
        self._wanted: float | None = None  # the place that it must come by first
        self._below = False  # it stands below that place

    @property
    def waits(self) -> bool:
        """Whether it has no hold."""
        return self._wanted is not None

    def wait_at(self, place: float) -> None:
        """The setting now stands at this place: hold still until the control comes by."""
        if self.at is None or abs(self.at - place) > self._near:
            self._wanted = place
            self._below = self.at is not None and self.at < place
        else:
            self._wanted = None

    def moved(self, position: float) -> bool:
        """The control stands here now; whether it has hold."""
        first, self.at = self.at is None, position
        if self._wanted is None:
            return True
        if first:
            self._below = position < self._wanted
        passed = position >= self._wanted if self._below else position <= self._wanted
        if passed or abs(position - self._wanted) <= self._near:
            self._wanted = None
            return True
        return False
