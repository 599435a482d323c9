"""A brain of notes in score time: told events, it keeps the score; asked for one, it foresees it.

It hears every melodic instrument as one hand, and no drums; of these only the time passes. How loud
a note is, it does not foresee: as loud as the last that was heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from notochord.ask import Answer, Ask
from notochord.brain import Brain
from notochord.event import Event
from notochord.sampler import in_range
from notochord.score_heard import heard_whole
from notochord.score_memory import Heard, told
from notochord.score_sampler import ScoreNetwork, answer


class ScoreBrain(Brain):
    """A brain whose network foresees the next note of a score."""

    def __init__(self, module: Any, manifest: dict[str, Any], sha256: str) -> None:
        super().__init__(module, manifest, sha256)
        self._module = self._frozen(module)
        self.network = ScoreNetwork(self._module, self._torch)

    def start(self) -> Heard:
        """The state before any event."""
        with self._torch.inference_mode():
            return Heard(self.network.start())

    def tell(self, state: Heard, event: Event) -> Heard:
        with self._torch.inference_mode():
            return told(self.network, state, in_range(event))

    def ask(self, state: Heard, ask: Ask, uniforms: Sequence[float]) -> Answer:
        with self._torch.inference_mode():
            return answer(self.network, state, ask, uniforms)

    def surprises(self, events: Sequence[Event]) -> np.ndarray:
        score, begins = heard_whole(events)
        found = np.zeros(len(events))  # the end of a note is paid for with its beginning
        found[begins] = self.note_nats(score).sum(1)
        return found

    def note_nats(self, score: np.ndarray) -> np.ndarray:
        """Nats of dT, T and P of each note of a score (notes, 3), from its beginning."""
        if not len(score):
            return np.zeros((0, 3))
        with self._torch.inference_mode():
            rated = self._module.rate(self._torch.from_numpy(score)[None])
        nats: np.ndarray = -rated[0].numpy()
        return nats
