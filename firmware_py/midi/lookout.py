"""The lookout: a thread that sees what is plugged in and out, so that the loop need not look.

    every 0.2 s ──look──▶ as it was ──▶ nothing
                             └──▶ other than the loop knows ──▶ news, and the loop is woken

The loop opens and closes ports itself, when the music leaves time for it: rtmidi keeps Python's
lock meanwhile, so that no other thread could spare it the wait.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from firmware_py.midi.backend import Backend, Ports, Sight
from firmware_py.priority import BESIDE, take_priority

log = logging.getLogger(__name__)

EVERY = 0.2  # seconds between two looks
MOST_LOOKS = 32  # between two tries to open what cannot be opened; doubled from 1 on
REJOINS_EVERY = 1.0  # seconds between two tries to join a system that has gone


class Lookout:
    """Looks at a backend; `news` is what the loop has not followed yet."""

    def __init__(
        self, backend: Backend, wake: Callable[[], None], every: float = EVERY,
        note: Callable[[Ports], None] = lambda ports: None,
        overran: Callable[[frozenset[str]], None] = lambda names: None,
    ) -> None:  # fmt: skip
        """`note` is shown the ports, and `wake` called, from the thread, when there is news;
        `overran` is told at every look which inputs' messages were lost, if any were."""
        self._backend, self._wake, self._every, self._note = backend, wake, every, note
        self._overran = overran
        self._known: Sight | None = None  # what the loop was told last
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._looks_until_rejoin = 0
        self._looks_until_again: int | None = None  # None: all is open that should be
        self._pause = 1
        self.news: Sight | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """One look; what the thread does at every turn."""
        if self._backend.left:
            self._try_to_rejoin()
        if self._looks_until_again is not None:
            self._looks_until_again -= 1
            if self._looks_until_again <= 0:
                self._known = self._looks_until_again = None
        sight = self._backend.look()
        if sight is not None and sight.overrun:
            self._overran(sight.overrun)
        if sight is not None and (self._known is None or not _alike(sight, self._known)):
            self._note(sight.ports)
            self._known = self.news = sight
            self._wake()

    def followed(self, sight: Sight, whole: bool) -> None:
        """The loop has done what a sight called for. Where ports were opened or closed for it, what
        is seen next is news again; where it was not the `whole` of it, after a pause."""
        if self.news is sight:
            self.news = None
        if whole:
            self._pause = 1
            if sight.changes != self._backend.changes:
                self._known = None
        else:
            self._looks_until_again = self._pause
            self._pause = min(self._pause * 2, MOST_LOOKS)

    def _try_to_rejoin(self) -> None:
        if self._looks_until_rejoin > 0:
            self._looks_until_rejoin -= 1
            return
        self._looks_until_rejoin = round(REJOINS_EVERY / self._every)
        if self._backend.rejoin():
            log.warning("the MIDI system is back")

    def _run(self) -> None:
        take_priority(BESIDE)
        while not self._ending.wait(self._every):
            try:
                self.look()
            except Exception:  # noqa: BLE001 (without a lookout nothing is plugged in any more)
                log.exception("a look at the MIDI system failed")


def _alike(one: Sight, other: Sight) -> bool:
    """Whether the same is there, whatever was lost on its way."""
    one, other = (sight._replace(changes=0, overrun=frozenset()) for sight in (one, other))
    return one == other
