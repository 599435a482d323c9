"""The way to a brain that can be changed for another while both are awake.

    this one    ready ─────────────────────────────────── (hushed) ──▶ closed
    the next            waking ──▶ catching up ──▶ it waits ─ taken ──▶ this one
                          └───────────┴── refused, dead: reported as "kept"; this one plays on

The next has a process of its own, so the one that plays answers until the very moment it is
relieved. Meanwhile the next is told all that the other was, a little at a time, under the same
numbers: it can answer as soon as it is taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware_py.brain_link import ProcessLink, Report
from firmware_py.story import REMEMBERED, Told
from notochord.ask import N_UNIFORMS, Ask

LOOK = 0.05  # seconds between two looks at a brain that is waking
SPOONFUL = 16  # events that it is told at a time, to catch up
CAUGHT_UP = -2  # the number of a question that shows that it has taken these
PATIENT = 60.0  # seconds in which that is to be answered


class ChangingLink:
    """One brain, and for a while the next beside it."""

    def __init__(
        self, first: ProcessLink, make: Callable[[Path], ProcessLink], now: Callable[[], float]
    ) -> None:
        """`make` has a link to another brain file, not started yet."""
        self._link, self._make, self._now = first, make, now
        self._next: ProcessLink | None = None
        self._parting: list[ProcessLink] = []  # those before, until their processes have ended
        self._look_at = 0.0
        self._hushed = False
        self._unasked: list[int] = []  # questions that were not passed on
        self._past: deque[Told] = deque(maxlen=REMEMBERED)  # what was told, planned or sounded
        self._untold: deque[Told] = deque()  # of that, what the next has yet to hear
        self._swallows = self._knows_all = False  # the next: a spoonful; all there is

    # ── changing ────────────────────────────────────────────────────────────────────────────

    def change(self, path: Path) -> None:
        """Wake another brain beside this one; one that was still waking is sent away."""
        self.keep()
        self._next = self._make(path)
        self._next.start()
        self._untold.clear()
        self._swallows = self._knows_all = False
        self._look_at = self._now() + LOOK

    def keep(self) -> None:
        """Play on with this one."""
        self._hushed = False
        if self._next is not None:
            self._leave(self._next)
            self._next = None

    @property
    def waiting(self) -> dict[str, Any] | None:
        """The manifest of a brain that is awake, knows all that was told, and waits to be taken."""
        if self._next is None or self._next.state != "ready" or not self._knows_all:
            return None
        return self._next.manifest

    @property
    def changing(self) -> bool:
        """Whether there is a next one, awake or not."""
        return self._next is not None

    def hush(self) -> None:
        """Ask this one nothing more, so that what it has begun comes to its end."""
        self._hushed = True

    def take(self) -> None:
        """Play with the one that waits."""
        assert self._next is not None
        self._leave(self._link)
        self._link, self._next, self._hushed = self._next, None, False
        self._unasked.clear()

    def _leave(self, link: ProcessLink) -> None:
        link.part()
        self._parting.append(link)

    def _look(self) -> list[Report]:
        """See whether the next one is awake, or cannot be."""
        self._look_at = self._now() + LOOK
        for report in self._next.poll() if self._next is not None else []:
            if report.kind in ("refused", "lost", "failing"):
                why = report.text or "its process ended; see 'notochord-box doctor'"
                self.keep()
                return [Report("kept", text=why)]
            if report.kind == "ready":
                self._untold = deque(self._past)
                self._feed()
            elif report.kind == "answer":
                self._swallows = False
                self._feed()
        return []

    def _feed(self) -> None:
        """Tell the next a little more of what it missed; when there is no more, it knows all."""
        if self._next is None or self._swallows or self._knows_all:
            return
        if not self._untold:
            self._knows_all = True
            return
        for _ in range(min(SPOONFUL, len(self._untold))):
            self._next.tell(self._untold.popleft())
        nothing = [0.5] * N_UNIFORMS
        self._next.ask(CAUGHT_UP, 0, Ask(), nothing, self._now() + PATIENT)
        self._swallows = True

    # ── as every link ───────────────────────────────────────────────────────────────────────

    @property
    def manifest(self) -> dict[str, Any]:
        """Of the brain that plays; empty before it is awake."""
        return self._link.manifest

    @property
    def sha256(self) -> str:
        """Of the file of the brain that plays."""
        return self._link.sha256

    @property
    def state(self) -> str:
        """Of the brain that plays."""
        return self._link.state

    @property
    def pid(self) -> int | None:
        """The process of the brain that plays."""
        return self._link.pid

    @property
    def lost_events(self) -> int:
        """How many events the brain that plays could not take."""
        return self._link.lost_events

    def start(self) -> None:
        """Start the brain."""
        self._link.start()

    def fileno(self) -> int:
        """The descriptor of the one that plays."""
        return self._link.fileno()

    @property
    def next_due(self) -> float | None:
        """When `poll` should be called at the latest."""
        times = [self._link.next_due, None if self._next is None else self._look_at]
        if self._unasked:
            times.append(self._now())
        return min((at for at in times if at is not None), default=None)

    def poll(self) -> list[Report]:
        """What came of either; questions that were not passed on are answered with nothing."""
        reports = self._link.poll()
        reports += [Report("answer", number) for number in self._unasked]
        self._unasked.clear()
        if self._next is not None and self._now() >= self._look_at:
            reports += self._look()
        if self._parting:
            self._parting = [link for link in self._parting if not link.has_ended]
        return reports

    def wait(self, seconds: float) -> list[Report]:
        """Poll, waiting until something came or the time is up: for use without a player."""
        if self._unasked:
            return self.poll()
        if self._next is not None:
            seconds = min(seconds, LOOK)
        return [*self._link.wait(seconds), *self.poll()]

    def tell(self, told: Told) -> None:
        """Tell the one that plays an event, and the next, when its turn comes."""
        self._link.tell(told)
        self._past.append(told)
        if self._next is not None and self._knows_all:
            self._next.tell(told)
        elif self._next is not None and self._next.state == "ready":
            self._untold.append(told)

    def ask(
        self, number: int, after: int, ask: Ask, uniforms: list[float], deadline: float
    ) -> None:
        """Ask the one that plays."""
        if self._hushed:
            self._unasked.append(number)
        else:
            self._link.ask(number, after, ask, uniforms, deadline)

    def forget(self) -> None:
        """Have both go back to the start."""
        self._link.forget()
        self._past.clear()
        self._untold.clear()
        if self._next is not None and self._next.state == "ready":
            self._next.forget()

    def close(self) -> None:
        """End them all, for good."""
        self.keep()
        for link in (*self._parting, self._link):
            link.close()
