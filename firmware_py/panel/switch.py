"""A push switch without its bounce: the first edge counts at once, then it is not listened to.

    contact   ──┐┌┐┌────────┐┌┐
                └┘└┘        └┘└────
    switch    ──┐           ┌──────      LOCK after each edge, the contact is looked at again
"""

from __future__ import annotations

LOCK = 0.012  # seconds; switches bounce for up to about 10 ms


class Switch:
    """One push switch."""

    def __init__(self) -> None:
        self.pressed_at: float | None = None
        self._contact = False
        self._locked_until: float | None = None

    @property
    def due(self) -> float | None:
        """When `tick` must be called, in seconds."""
        return self._locked_until

    def changed(self, closed: bool, now: float) -> bool | None:
        """The contact closed or opened: True when that is a press, False a release, else None."""
        self._contact = closed
        if self._locked_until is not None and now < self._locked_until:
            return None
        return self._settle(now)

    def tick(self, now: float) -> bool | None:
        """Look again after the bounce; as `changed`."""
        if self._locked_until is None or now < self._locked_until:
            return None
        return self._settle(now)

    def _settle(self, now: float) -> bool | None:
        self._locked_until = None
        if self._contact == (self.pressed_at is not None):
            return None
        self._locked_until = now + LOCK
        self.pressed_at = now if self._contact else None
        return self._contact
