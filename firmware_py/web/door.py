"""The door: who knows the number gets in, once; who guesses is soon kept out; it shuts by itself.

    shut ──number──▶ one is in ──ten minutes──▶ over
      └──ATTEMPTS wrong ones──▶ locked          Times are seconds on the clock handed in.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from threading import Lock

LASTS = 600.0  # seconds
ATTEMPTS = 5  # of a million numbers
SHORT = 6  # the last digits of the number, which open the door

TAKEN = "somebody is in already; the number works once"
LOCKED = "too many wrong numbers: switch the box off and on, and begin again"


class Refused(ValueError):
    """Nobody gets in; the message says why, in one line."""


class Door:
    """Keeps one number, and then one visitor. For several threads."""

    def __init__(
        self, number: str, now: Callable[[], float],
        draw: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> None:  # fmt: skip
        self._code, self._now, self._draw = number[-SHORT:], now, draw
        self._until = now() + LASTS
        self._left, self._lock = ATTEMPTS, Lock()
        self._visitor: str | None = None
        self.form = draw()  # what every form of ours holds, and no other page can know

    @property
    def left(self) -> float:
        """Seconds until it shuts."""
        return max(self._until - self._now(), 0.0)

    @property
    def entered(self) -> bool:
        """Whether somebody is in."""
        return self._visitor is not None

    def enter(self, code: str) -> str:
        """What the visitor is known by from now on; raises Refused."""
        with self._lock:
            if not self.left:
                raise Refused("the ten minutes are over")
            if self._visitor is not None:
                raise Refused(TAKEN)
            if not self._left:
                raise Refused(LOCKED)
            if not _same("".join(code.split()), self._code):
                self._left -= 1
                if not self._left:
                    raise Refused(LOCKED)
                raise Refused(f"that is not the number; {self._left} more attempts")
            self._visitor = self._draw()
            return self._visitor

    def knows(self, visitor: str) -> bool:
        """Whether this is who is in."""
        return bool(self.left) and self._visitor is not None and _same(visitor, self._visitor)

    def is_own(self, form: str) -> bool:
        """Whether a form is one of ours."""
        return _same(form, self.form)


def _same(given: str, wanted: str) -> bool:
    """Whether two texts are the same, in a time that says nothing of where they differ."""
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())
