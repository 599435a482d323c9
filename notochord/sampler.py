"""The answer to an ask: sub-events drawn one after another, under exact constraints.

    known = sum of the embeddings of what is given or drawn already            (D)
    z     = tanh(what the heads see + known)                                   (D)
    head(z)  ->  draw  ->  the next one knows it

Before each draw the allowed (instrument, pitch) pairs are cut down to those that fit what is drawn
already, so a draw can neither leave the allowed set nor run into a dead end. The heads are torch's;
all else is small arrays, for which numpy's operations cost a fraction of torch's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import numpy as np

from notochord.ask import SUB_EVENT_LETTERS, Answer, Ask, pitches_in
from notochord.draw import TINY, Places, choose, draw_within, mixed, tempered, with_share
from notochord.event import MAX_DT, MAX_VELOCITY, N_INSTRUMENTS, N_PITCHES, Event
from notochord.rhythm import Rhythm

if TYPE_CHECKING:
    from notochord.recall import State

FAR = 1e9  # beyond every bound
ONE = 1.0 - 1e-7  # the greatest uniform number


def time_edges(resolution: float = 0.01) -> np.ndarray:
    """Where the bins of time end: as fine as times are told apart up to 1 s, then a twentieth of a
    second. The first bin is "at once"; the last is 10 s, which stands for everything beyond."""
    half = resolution / 2
    fine, coarse = np.arange(half, 1.0, resolution), np.arange(1.025, 9.98, 0.05)
    return np.concatenate([[-half], fine, coarse, [MAX_DT - half, MAX_DT + half]])


def in_range(event: Event) -> Event:
    """The event as numbers that the network knows; NaN and the like become 0."""
    i, p, dt, v = (float(x) if math.isfinite(x) else 0.0 for x in event)
    return Event(
        int(min(max(i, 0), N_INSTRUMENTS - 1)),
        int(min(max(p, 0), N_PITCHES - 1)),
        min(max(dt, 0.0), MAX_DT),
        int(min(max(v, 0), MAX_VELOCITY)),
    )


@lru_cache(maxsize=4096)
def pitch_array(bits: int) -> np.ndarray:
    """The pitches of a set, ascending."""
    return np.array(pitches_in(bits))


class Embeddings:
    """The embeddings of single sub-events, (D,) each, as the network has them."""

    def __init__(self, module: Any) -> None:
        def array(tensor: Any) -> np.ndarray:
            values: np.ndarray = tensor.detach().numpy().copy()
            return values

        self.instrument, self.pitch = array(module.instrument.weight), array(module.pitch.weight)
        self.velocity = array(module.velocity_table)
        self._turns = array(module.time.turns)
        linear = module.time.linear
        self._weight, self._bias = array(linear.weight), array(linear.bias)

    def of(self, letter: str, value: float) -> np.ndarray:
        """The embedding of one value of the sub-event with this letter."""
        if letter == "t":
            phase = np.float32(value) * self._turns
            waves = np.concatenate([np.sin(phase), np.cos(phase)])
            embedded: np.ndarray = self._weight @ waves + self._bias
            return embedded
        table = {"i": self.instrument, "p": self.pitch, "v": self.velocity}[letter]
        row: np.ndarray = table[int(value)]
        return row


    def sum(self, event: Event) -> np.ndarray:
        """Of all four."""
        i, p, dt, v = event
        summed: np.ndarray = self.instrument[i] + self.pitch[p] + self.of("t", dt)
        return summed + self.velocity[v]


class Sampler:
    """Answers asks with the heads of a loaded network."""

    def __init__(self, module: Any, embeddings: Embeddings) -> None:
        import torch

        self.heads, self.embeddings = module, embeddings
        self.tensor = torch.from_numpy
        edges = time_edges()
        self.places, self.velocities = Places(edges), np.arange(MAX_VELOCITY + 1)
        self.rhythm = Rhythm(edges)
        edges[0], edges[-1] = -FAR, FAR  # so that what lies beyond the bounds counts there
        self.time_edges = edges.astype(np.float32)
        edges = np.arange(-0.5, 128.0, dtype=np.float32)
        edges[0], edges[-1] = -FAR, FAR
        self.velocity_edges = self.tensor(edges)

    def pitches(self, state: State, given: Event, letters: str) -> np.ndarray:
        """Probabilities of all pitches (128,), knowing those sub-events of an event."""
        known = sum(self.embeddings.of(m, given[SUB_EVENT_LETTERS.index(m)]) for m in letters)
        z = self.tensor(np.tanh(state[0].numpy() + known)).unsqueeze(0)
        logits, weights = self.heads.pitches(z, state[8])
        return mixed(logits.numpy(), weights.numpy(), state[9].numpy()[0, 1:, 1].astype(np.int64))

    def answer(self, state: State, ask: Ask, uniforms: Sequence[float]) -> Answer:
        """Draw the sub-events that are not given, in the ask's order; None when nothing is
        allowed. The same 8 uniform numbers in [0, 1) give the same answer."""
        if not (ask.on or ask.off) or ask.time[0] > ask.time[1]:
            return None
        drawing = Drawing(self, state, ask, uniforms)
        if not drawing.possible():
            return None
        for left, letter in enumerate(ask.order, 1 - len(ask.order)):
            value = drawing.draw(letter)
            if left:  # the last need not be known to anybody
                drawing.know(letter, value)
        return Event(*drawing.event)


class Drawing:
    """One answer while it is drawn."""

    def __init__(
        self, sampler: Sampler, state: State, ask: Ask, uniforms: Sequence[float]
    ) -> None:
        self._sampler, self._ask, self._u = sampler, ask, uniforms
        self._keys = state[8]
        self._seen = state[0].numpy()  # (1, D)
        self._heard = state[9].numpy()[0, 1:].T  # (4, E): instruments, pitches, times, velocities
        self._on, self._off = dict(ask.on), dict(ask.off)  # instrument -> set of pitches
        given = ask.instrument or 0, ask.pitch or 0, ask.dt or 0.0, ask.velocity or 0
        self.event: list[Any] = [*in_range(Event(*given))]
        for place, letter in enumerate(SUB_EVENT_LETTERS):
            if letter not in ask.order:
                self.know(letter, self.event[place])
        if ask.velocities[0] > ask.velocities[1] and "v" in ask.order:
            self._on = {}

    def possible(self) -> bool:
        """Whether anything is allowed that fits what is known."""
        return any(self._on.values()) or any(self._off.values())

    def draw(self, letter: str) -> float:
        """Draw this sub-event."""
        place = SUB_EVENT_LETTERS.index(letter)
        value = (self._instrument, self._pitch, self._time, self._velocity)[place]()
        self.event[place] = value
        return value

    def know(self, letter: str, value: float) -> None:
        """Condition what is drawn after this on it, and keep the allowed pairs that fit it."""
        self._seen = self._seen + self._sampler.embeddings.of(letter, value)
        if letter == "i":
            self._on = {int(value): self._on.get(int(value), 0)}
            self._off = {int(value): self._off.get(int(value), 0)}
        elif letter == "p":
            bit = 1 << int(value)
            self._on = {i: pitches & bit for i, pitches in self._on.items()}
            self._off = {i: pitches & bit for i, pitches in self._off.items()}
        elif letter == "v" and value > 0:
            self._off = {}
        elif letter == "v":
            self._on = {}

    def _allowed(self) -> dict[int, int]:
        """The pitches allowed to each instrument that may begin or end any, in order."""
        both = {i: self._on.get(i, 0) | self._off.get(i, 0) for i in {**self._on, **self._off}}
        return {i: both[i] for i in sorted(both) if both[i]}

    def _z(self) -> Any:
        return self._sampler.tensor(np.tanh(self._seen)).unsqueeze(0)  # (1, 1, D)

    def _instrument(self) -> int:
        ask = self._ask
        raw = self._sampler.heads.instruments(self._z(), self._keys)
        chances = mixed(raw[0].numpy(), raw[1].numpy(), self._heard[0].astype(np.int64))
        rows = list(self._allowed())
        weights = tempered(chances[rows], ask.temperature.pitch)
        if ask.weights and any(self._on.values()):
            weights = weights * [ask.weights.get(i, 1.0) for i in rows]
        if ask.share > 0.0:
            weights = with_share(weights, np.isin(rows, ask.favoured), ask.share)
        return rows[choose(weights, ask.top_p, self._u[0])]

    def _pitch(self) -> int:
        raw = self._sampler.heads.pitches(self._z(), self._keys)
        chances = mixed(raw[0].numpy(), raw[1].numpy(), self._heard[1].astype(np.int64))
        pitches = pitch_array(reduce(or_, self._allowed().values()))
        weights = tempered(chances[pitches], self._ask.temperature.pitch)
        return int(pitches[choose(weights, self._ask.top_p, self._u[2])])

    def _time(self) -> float:
        """Seconds. Whether it is at once is drawn first, as likely as the network has it: were the
        temperatures to act on it, music would run away into ever denser chords."""
        (low, high), u, sampler = self._ask.time, self._u[3:6], self._sampler
        edges = sampler.time_edges
        if low > 0 or high < MAX_DT:
            edges = edges.clip(-FAR if low <= 0 else low, FAR if high >= MAX_DT else high)
        raw = sampler.heads.times(self._z(), self._keys, sampler.tensor(edges))
        mass, weight, location, sharpness, copied = (x.numpy() for x in raw)
        heard, copied = self._heard[2], copied[1:]
        allowed = copied * ((heard >= max(low, 0.0)) & (heard <= high))
        where = sampler.time_edges.searchsorted(heard) - 1  # the bin of each heard time
        copies = np.bincount(where, allowed, minlength=len(mass))
        # Sigmoids of equal numbers need not be equal to the last digit, so a bin that is cut off
        # by the bounds may seem to hold a trace.
        whole = np.maximum(mass.sum(1), 0.0) * (edges[1:] > edges[:-1]) + copies
        total = float(whole.sum())
        if not total > TINY:  # nothing reaches there: the nearest bound
            return min(max(float((weight * location).sum() / weight.sum()), low), high)
        at_once = float(whole[0]) / total
        if u[1] < at_once or at_once > 1.0 - 1e-6:
            return max(low, 0.0)
        whole[0] = 0.0
        whole, copies = self._in_rhythm(whole, copies)
        temperature = self._ask.temperature
        bins = sampler.places.sharpened(
            whole, temperature.timing, temperature.rhythm, self._ask.haste
        )
        bin = choose(bins, 1.0, min((u[1] - at_once) / (1.0 - at_once), ONE))
        copy_share = float(copies[bin] / whole[bin])
        if u[0] < copy_share:
            return float(heard[choose(allowed * (where == bin), 1.0, u[0] / copy_share)])
        if bin == len(bins) - 1:
            return min(max(MAX_DT, low), high)
        ends = max(float(sampler.time_edges[bin]), low), min(float(edges[bin + 1]), high)
        rest = min((u[0] - copy_share) / max(1.0 - copy_share, 1e-9), ONE)
        sharper = sharpness / max(temperature.timing, 1e-3)
        return draw_within(ends[0], max(ends), mass[bin].clip(0), location, sharper, rest, u[2])

    def _in_rhythm(self, whole: np.ndarray, copies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The bins of time, each as much likelier as an onset is due there, and what of each is
        copied. Note-offs, which cannot be told from onsets before the time is drawn, go along."""
        if self._ask.groove <= 0.0 or not any(self._on.values()):
            return whole, copies
        clearness, due = self._rhythm()
        usual = float(whole @ due) / max(float(whole.sum()), TINY)
        if not usual > 0.0:
            return whole, copies
        likelier = 1.0 + self._ask.groove * clearness / usual * due
        return whole * likelier, copies * likelier

    def _rhythm(self) -> tuple[float, np.ndarray]:
        """How clear the rhythm is, and what is due in each bin, by who leads or by everybody."""
        instrument, _, dt, velocity = self._heard
        ago, begins = np.append(dt[:0:-1].cumsum()[::-1], 0.0), (velocity > 0) & (instrument > 0)
        rhythm = self._sampler.rhythm
        if self._ask.leaders:
            led = rhythm.due(ago[begins & np.isin(instrument, self._ask.leaders)])
            if led[0] > 0.0:
                return led
        return rhythm.due(ago[begins])

    def _velocity(self) -> int:
        """0 or a velocity in range; which of the two is as likely as the network has it."""
        if not any(self._on.values()):
            return 0
        sampler, u, (low, high) = self._sampler, self._u[6], self._ask.velocities
        raw = sampler.heads.velocities(self._z(), self._keys, sampler.velocity_edges)
        own, copied = (x.numpy() for x in raw)
        heard = np.maximum(self._heard[3], 1).astype(np.int64)
        mass = own + np.bincount(heard, copied[1:], minlength=len(own))
        middle = float(mass @ sampler.velocities)
        off = float(mass[0]) if any(self._off.values()) else 0.0
        mass = mass * ((sampler.velocities >= max(low, 1)) & (sampler.velocities <= high))
        on = float(mass.sum())
        share = off / max(off + on, TINY)
        if u < share:
            return 0
        if not on > TINY:  # nothing reaches there: the nearest bound
            return min(max(round(middle), low, 1), high, MAX_VELOCITY)
        bins = (mass / mass.max()) ** (1.0 / max(self._ask.temperature.velocity, 1e-3))
        return choose(bins, 1.0, min((u - share) / max(1.0 - share, 1e-9), ONE))
