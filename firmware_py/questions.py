"""The questions to the brain that are under way: who asked, and until when an answer is wanted.

    ask ──▶ link ──▶ brain          An answer past its deadline is none, and so is nonsense. All
    answered ◀──────── answer       randomness is drawn here, so that a seed gives one performance.
"""

from __future__ import annotations

import logging
from itertools import count
from random import Random

from firmware_py.link import BrainLink
from firmware_py.modes import Mode
from firmware_py.modes.mode import Enquire
from notochord.ask import N_UNIFORMS, Answer
from notochord.event import is_sane

log = logging.getLogger(__name__)


class Questions:
    """What the modes of one instrument ask."""

    def __init__(self, link: BrainLink, seed: int) -> None:
        self.asked = self.late = 0  # in all
        self.seed, self._link = seed, link
        self.begin()

    def begin(self) -> None:
        """Nothing was asked, and the random numbers begin anew."""
        self._random, self._numbers = Random(self.seed), count(1)
        self._waiting: dict[int, tuple[Mode, int, float]] = {}

    def ask(self, mode: Mode, enquire: Enquire, after: int, deadline: float) -> None:
        """Ask for a mode, about what follows the event `after`; deadline in seconds."""
        number = next(self._numbers)
        self._waiting[number] = mode, enquire.tag, deadline
        self.asked += 1
        uniforms = [self._random.random() for _ in range(N_UNIFORMS)]
        self._link.ask(number, after, enquire.ask, uniforms, deadline)

    def answered(self, number: int, answer: Answer, now: float) -> tuple[Mode, int, Answer] | None:
        """Who asked, with which tag, and what the answer is worth; None when nobody waits."""
        asked = self._waiting.pop(number, None)
        if asked is None:
            return None
        mode, tag, deadline = asked
        if now > deadline:
            self.late += 1
            answer = None
        if answer is not None and not is_sane(answer):
            log.warning("the brain answered nonsense: %s", answer)
            answer = None
        return mode, tag, answer

    def forget(self) -> None:
        """Nothing that was asked will be answered."""
        self._waiting.clear()
