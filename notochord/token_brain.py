"""A brain over tokens: told events, it spells them; asked for one, it draws its tokens.

It hears every melodic instrument as one keyboard, and no drums; the time in which only these
sound is not lost, it passes with the next note.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from notochord.ask import Answer, Ask
from notochord.brain import Brain
from notochord.event import Event
from notochord.kinds import KINDS
from notochord.performance import Place
from notochord.sampler import in_range
from notochord.token_sampler import TokenSampler


class Heard(NamedTuple):
    """What was heard: the network's state, and the place in the performance."""

    network: Any
    place: Place


class TokenBrain(Brain):
    """A brain whose network foresees the next token of a performance."""

    def __init__(self, module: Any, manifest: dict[str, Any], sha256: str) -> None:
        super().__init__(module, manifest, sha256)
        self._module = self._frozen(module)
        self.vocabulary = KINDS[manifest["network"]].config(manifest["config"]).vocabulary
        self._sampler = TokenSampler(self.vocabulary, self._fed, self._logits)

    def start(self) -> Heard:
        """The state before any event."""
        with self._torch.inference_mode():
            return Heard(self._module.start(1), Place())

    def tell(self, state: Heard, event: Event) -> Heard:
        tokens, place = self.vocabulary.spell(in_range(event), state.place)
        with self._torch.inference_mode():
            return Heard(self._fed(state.network, tokens) if tokens else state.network, place)

    def ask(self, state: Heard, ask: Ask, uniforms: Sequence[float]) -> Answer:
        with self._torch.inference_mode():
            return self._sampler.answer(state.network, state.place, ask, uniforms)

    def token_nats(self, events: Sequence[Event]) -> tuple[np.ndarray, list[int]]:
        """Nats of each token that a performance is spelt with, from its beginning, and the
        tokens."""
        tokens = self.vocabulary.spelt(map(in_range, events))
        if not tokens:
            return np.zeros(0), tokens
        with self._torch.inference_mode():
            nats: np.ndarray = -self._module.rate(self._torch.tensor([tokens]))[0].numpy()
        return nats, tokens

    def surprises(self, events: Sequence[Event]) -> np.ndarray:
        """What all tokens of an event cost; nothing, where it is not heard."""
        place, counts = Place(), []
        for event in map(in_range, events):
            tokens, place = self.vocabulary.spell(event, place)
            counts.append(len(tokens))
        nats = np.concatenate([[0.0], self.token_nats(events)[0].cumsum()])
        found: np.ndarray = np.diff(nats[np.cumsum([0, *counts])])
        return found

    def _fed(self, network: Any, tokens: list[int]) -> Any:
        return self._module.feed(network, self._torch.tensor([tokens]))

    def _logits(self, network: Any) -> np.ndarray:
        logits: np.ndarray = network[0][0].numpy().astype(np.float64)
        return logits
