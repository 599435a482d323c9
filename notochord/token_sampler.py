"""The answer of a network over tokens to an ask: tokens drawn one after another, masked.

    time shifts ──▶ a note-off
         └────────▶ a velocity, if it changes ──▶ a note-on

Before each draw every token is masked that would break the ask's constraints, or leave no way to
keep them. So the order is the network's own, whatever order is asked for; the time of the answer is
the sum of its shifts.

Temperatures: with the same one for all, and nothing else that bends the draw, a token is drawn
from softmax(logits / temperature), as Performance RNN's is. Where they differ, that of pitch says
how the kinds of token share the draw, and each kind has its own for what is drawn among its kin.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from operator import or_
from random import Random
from typing import Any

import numpy as np

from notochord.ask import Answer, Ask, pitches_in
from notochord.draw import Places, choose, with_share
from notochord.event import Event, is_drums
from notochord.performance import SHIFTS, STEP, Place, Vocabulary, bins_in, velocity_of

Feed = Callable[[Any, list[int]], Any]  # a network's state and tokens, to the state after them
Logits = Callable[[Any], np.ndarray]  # a state, to the logits of what comes next


@dataclass(frozen=True)
class Allowed:
    """What an answer may be: who may begin and end which keys (as sets of bits), and how loud."""

    on: dict[int, int]
    off: dict[int, int]
    bins: range
    soonest: int  # steps
    latest: int

    @staticmethod
    def by(ask: Ask, vocabulary: Vocabulary, owed: float) -> Allowed:
        """What an ask allows, when so many seconds are owed."""
        fits = sum(1 << pitch for pitch in range(vocabulary.low, vocabulary.high + 1))
        if ask.pitch is not None:
            fits &= 1 << ask.pitch
        mine = [i for i in (*ask.on, *ask.off) if ask.instrument in (None, i)]
        on = {i: ask.on.get(i, 0) & fits for i in sorted(set(mine)) if not is_drums(i)}
        off = {i: ask.off.get(i, 0) & fits for i in sorted(set(mine))}
        softest, loudest = ask.loudness
        bins = bins_in(softest, loudest)
        if not bins or ask.velocity == 0:
            on = {}
        if ask.velocity:
            off = {}
        low, high = ask.seconds
        soonest = max(math.ceil((low + owed) / STEP - 1e-6), 0)
        latest = math.floor((high + owed) / STEP + 1e-6)
        if latest < soonest:  # a time between two steps
            soonest = latest = max(round((low + owed) / STEP), 0)
        return Allowed(on, off, bins, soonest, latest)

    @property
    def anything(self) -> bool:
        """Whether there is an answer at all."""
        return any(self.on.values()) or any(self.off.values())


class TokenSampler:
    """Answers asks with a network over tokens."""

    def __init__(self, vocabulary: Vocabulary, feed: Feed, logits: Logits) -> None:
        self._feed, self._logits, self.vocabulary = feed, logits, vocabulary
        edges = (np.arange(SHIFTS + 2) - 0.5) * STEP
        self.places = Places(edges)  # of "at once" and every shift
        v = vocabulary
        self.ons, self.offs = slice(0, v.first_off), slice(v.first_off, v.first_shift)
        self.shifts = slice(v.first_shift, v.first_velocity)
        self.velocities = slice(v.first_velocity, v.size)

    def answer(self, state: Any, place: Place, ask: Ask, uniforms: Sequence[float]) -> Answer:
        """Draw an event under the ask's constraints; None when they allow none.

        `state` is the network's, `place` where it stands. The same uniform numbers in [0, 1) give
        the same answer.
        """
        low, high = ask.seconds
        if low > high:
            return None
        allowed = Allowed.by(ask, self.vocabulary, place.owed)
        if not allowed.anything:
            return None
        numbers = endless(uniforms)
        drawing = _Drawing(self, allowed, place.velocity)
        while True:
            weights = self.weights(self._logits(state), drawing.mask(), ask)
            token = choose(weights, 1.0, next(numbers))
            if token < self.vocabulary.first_shift:
                break
            drawing.take(token)
            state = self._feed(state, [token])
        return self._event(ask, drawing, token, place, next(numbers))

    def _event(
        self, ask: Ask, drawing: _Drawing, token: int, place: Place, uniform: float
    ) -> Event:
        ends, key = divmod(token, self.vocabulary.pitches)
        pitch = self.vocabulary.low + key
        allowed = drawing.allowed
        instrument = who(ask, allowed.off if ends else allowed.on, pitch, bool(ends), uniform)
        low, high = ask.seconds
        dt = min(max(drawing.steps * STEP - place.owed, low, 0.0), high)
        if ends:
            return Event(instrument, pitch, dt, 0)
        softest, loudest = ask.loudness
        velocity = min(max(velocity_of(drawing.bin), softest), loudest)
        return Event(instrument, pitch, dt, velocity)

    def weights(self, logits: np.ndarray, mask: np.ndarray, ask: Ask) -> np.ndarray:
        """How likely each token is to be drawn, of those that the mask allows."""
        temperature, weights = ask.temperature, np.zeros(len(logits))
        height = logits - logits[mask].max()
        weights[mask] = np.exp(height[mask] / max(temperature.pitch, 1e-6))
        for part in (self.ons, self.offs):
            weights[part] = _likeliest(weights[part], ask.top_p)
        self._within(weights, height, mask, self.velocities, temperature.velocity)
        self._within(weights, height, mask, self.shifts, temperature.rhythm)
        timing = temperature.timing / max(temperature.rhythm, 1e-6)
        if weights[self.shifts].any() and (timing != 1.0 or ask.haste):
            shifts = weights[self.shifts]
            bent = self.places.sharpened(np.append(0.0, shifts), timing, 1.0, ask.haste)[1:]
            weights[self.shifts] = bent * (shifts.sum() / bent.sum())
        return weights

    @staticmethod
    def _within(
        weights: np.ndarray, height: np.ndarray, mask: np.ndarray, part: slice, temperature: float
    ) -> None:
        """Draw a part of the tokens by its own temperature, as often as it is drawn from."""
        whole, mine = weights[part].sum(), mask[part]
        if not whole > 0.0:
            return
        own = np.zeros(len(mine))
        top = height[part][mine].max()
        own[mine] = np.exp((height[part][mine] - top) / max(temperature, 1e-6))
        weights[part] = own * (whole / own.sum())


class _Drawing:
    """One answer while it is drawn: how long it has waited, and how loud it will be."""

    def __init__(self, sampler: TokenSampler, allowed: Allowed, bin: int) -> None:
        self._sampler, self.allowed, self.bin = sampler, allowed, bin
        self.steps, self._may_wait, self._loud = 0, True, False
        low = sampler.vocabulary.low
        self._ons, self._offs = (
            [pitch - low for pitch in pitches_in(reduce(or_, sets.values(), 0))]
            for sets in (allowed.on, allowed.off)
        )

    def mask(self) -> np.ndarray:
        """Which tokens may come next."""
        sampler, allowed = self._sampler, self.allowed
        v = sampler.vocabulary
        mask = np.zeros(v.size, dtype=bool)
        soonest = max(allowed.soonest - self.steps, 0)
        latest = min(allowed.latest - self.steps, SHIFTS)
        if self._may_wait:
            mask[v.first_shift + min(max(soonest, 1), SHIFTS) - 1 : v.first_shift + latest] = True
        if soonest:
            return mask
        if self._ons and not self._loud:
            for bin in allowed.bins:
                mask[v.first_velocity + bin] = bin != self.bin
        if self._ons and self.bin in allowed.bins:
            mask[self._ons] = True
        if not self._loud:
            mask[[v.first_off + key for key in self._offs]] = True
        return mask

    def take(self, token: int) -> None:
        """A time shift or a velocity was drawn."""
        v = self._sampler.vocabulary
        if token >= v.first_velocity:
            self.bin, self._loud, self._may_wait = token - v.first_velocity, True, False
        else:
            moved = token - v.first_shift + 1
            self.steps += moved
            self._may_wait = moved == SHIFTS  # a shorter one is the last


def endless(uniforms: Sequence[float]) -> Iterator[float]:
    """The uniform numbers, and further ones that follow from them."""
    more = Random(repr(list(uniforms)))
    return chain(uniforms, iter(more.random, None))


def _likeliest(weights: np.ndarray, top_p: float) -> np.ndarray:
    """The weights without the unlikeliest beyond a share, the whole as it was."""
    whole = weights.sum()
    if top_p >= 1.0 or not whole > 0.0:
        return weights
    order = (-weights).argsort(kind="stable")
    heap = weights[order].cumsum()
    kept = order[: int(heap.searchsorted(top_p * heap[-1])) + 1]
    left = np.zeros_like(weights)
    left[kept] = weights[kept] * (whole / weights[kept].sum())
    return left


def who(ask: Ask, sets: dict[int, int], pitch: int, ends: bool, uniform: float) -> int:
    """The instrument: the network knows of none, so those that may are equally likely, but for
    the ask's weights and its favour."""
    rows = [i for i, bits in sets.items() if bits >> pitch & 1]
    weights = np.ones(len(rows))
    if not ends:
        weights *= [ask.weights.get(i, 1.0) for i in rows]
        if ask.share > 0.0:
            weights = with_share(weights, np.isin(rows, ask.favoured), ask.share)
    return rows[choose(weights, 1.0, uniform)]

