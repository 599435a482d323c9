"""The answer of a network of notes to an ask: a note that begins, or the end of one.

    what sounds and may end ──▶ the first to end ──┐
                                                   ├─▶ whichever comes first
    dT, masked to the ask's time ──▶ when it begins ┘       └─▶ T ──▶ P, masked to its pitches

A wait that is cut short by the end of a note is drawn again after it, among those not over yet, so
that it is as likely as it was. A note-on is drawn with its length, which is not answered: whoever
tells the note to the brain has it drawn again by the same number (notochord.score_memory).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

import numpy as np

from notochord.ask import Answer, Ask, pitches_in
from notochord.draw import choose
from notochord.event import N_PITCHES, Event, is_drums
from notochord.score import LENGTHS, WAITS, ScoreNote
from notochord.score_memory import Heard, Voice, lasting, wait_ends
from notochord.tempo_heard import led
from notochord.token_sampler import endless, who

LATE = 0.03  # seconds: a note whose time has passed by no more begins now
LENGTH_TEMPERATURE = 0.8  # a length is drawn before anybody can say how freely
SURE = 1e-6


class ScoreNetwork:
    """A network of notes as it plays: what it foresees of the next one, as logits."""

    def __init__(self, module: Any, torch: Any) -> None:
        self._module, self._torch = module, torch

    def start(self) -> Any:
        """The memory before any note."""
        return self._module.start(1)

    def fed(self, memory: Any, note: ScoreNote) -> Any:
        """The memory after a note."""
        return self._module.feed(memory, self._torch.tensor([[note]]))

    def waits(self, memory: Any) -> np.ndarray:
        """Logits of the next note's dT."""
        return _plain(self._module.wait_logits(memory))

    def lengths(self, memory: Any, wait: int) -> np.ndarray:
        """Logits of its T."""
        note = self._torch.tensor([[wait, 0, 0]])
        return _plain(self._module.length_logits(memory, note))

    def pitches(self, memory: Any, wait: int, length: int) -> np.ndarray:
        """Logits of its P."""
        note = self._torch.tensor([[wait, length, 0]])
        return _plain(self._module.pitch_logits(memory, note))

    def length(self, memory: Any, wait: int, uniform: float, least: int = 0) -> int:
        """A length for a note after this wait, drawn by a number in [0, 1)."""
        longer = np.arange(len(LENGTHS)) >= least
        weights = softened(self.lengths(memory, wait), LENGTH_TEMPERATURE, longer)
        return choose(weights, 1.0, uniform)


def _plain(logits: Any) -> np.ndarray:
    plain: np.ndarray = logits[0].numpy().astype(np.float64)
    return plain


def softened(logits: np.ndarray, temperature: float, mask: np.ndarray) -> np.ndarray:
    """Weights of what a mask allows, of which there must be something."""
    weights = np.zeros(len(logits))
    weights[mask] = np.exp((logits[mask] - logits[mask].max()) / max(temperature, 1e-6))
    return weights


def answer(
    network: ScoreNetwork, state: Heard, ask: Ask, uniforms: Sequence[float]
) -> Answer:
    """Draw an event under the ask's constraints; None when they allow none."""
    low, high = ask.seconds
    softest, loudest = ask.loudness
    if low > high:
        return None
    off = _rows(ask, ask.off) if not ask.velocity else {}
    on = {i: bits for i, bits in _rows(ask, ask.on).items() if bits and not is_drums(i)}
    if softest > loudest or ask.velocity == 0:
        on = {}
    ending = frozenset((i, pitch) for i, bits in off.items() for pitch in pitches_in(bits))
    state = lasting(network, state, state.now + low, ending)
    quarter = led(state.quarter, ask.quarter)
    end = _first_end(state, ending, quarter, low, high)
    if not on:
        return end or _unheard_end(ending, low)
    numbers = endless(uniforms)
    wait = _wait(network, state, ask, quarter, next(numbers))
    dt = min(max(wait_ends(state, wait, quarter) - state.now, low, 0.0), high)
    if end is not None and end.dt <= dt + SURE:
        return end
    length = network.length(state.memory, wait, state.uniform)
    allowed = reduce(or_, on.values())
    mask = np.array([bool(allowed >> pitch & 1) for pitch in range(N_PITCHES)])
    logits = network.pitches(state.memory, wait, length)
    weights = softened(logits, ask.temperature.pitch, mask)
    pitch = choose(weights, ask.top_p, next(numbers))
    instrument = who(ask, on, pitch, False, next(numbers))
    return Event(instrument, pitch, dt, min(max(state.velocity, softest), loudest))


def _rows(ask: Ask, sets: Any) -> dict[int, int]:
    """The pitches that an ask allows, by instrument, with what it gives taken into account."""
    fits = (1 << N_PITCHES) - 1 if ask.pitch is None else 1 << ask.pitch
    return {i: sets[i] & fits for i in sorted(sets) if ask.instrument in (None, i)}


def _first_end(
    state: Heard, ending: frozenset[Voice], quarter: float, low: float, high: float
) -> Event | None:
    """The first note to end of those that may, in time for the ask."""
    ends = [(state.held[v].ends(quarter), v) for v in ending if v in state.held]
    if not ends:
        return None
    at, voice = min(ends)
    return Event(*voice, min(max(at - state.now, low, 0.0), high), 0)


def _unheard_end(ending: frozenset[Voice], low: float) -> Event | None:
    """The end of a note that the brain has not heard begin, where it can answer nothing else."""
    return Event(*min(ending), low, 0) if ending else None


def _wait(
    network: ScoreNetwork, state: Heard, ask: Ask, quarter: float, uniform: float
) -> int:
    """A wait that is over in time for the ask; where none is, the one that is nearest."""
    low, high = ask.seconds
    after = np.array([wait_ends(state, n, quarter) for n in range(len(WAITS))]) - state.now
    mask = (after >= low - LATE) & (after <= high + SURE)
    if not mask.any():
        return int(abs(after - np.clip(after, low, high)).argmin())
    weights = softened(network.waits(state.memory), ask.temperature.rhythm, mask)
    if ask.haste:
        octaves = np.log2(np.maximum(WAITS, 1) / WAITS[1]).clip(0.0)
        later = np.arange(len(WAITS)) > 0  # whether two come at once it leaves alone
        whole = weights[later].sum()
        weights[later] *= np.exp2(-ask.haste * octaves[later])
        weights[later] *= whole / max(weights[later].sum(), 1e-300)
    return choose(weights, 1.0, uniform)
