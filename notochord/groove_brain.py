"""A brain that plays drums to a groove: told what is played, it answers with strokes of a pattern.

    bars     │   -2  │   -1  │    0   │    1   │      What was struck in the two bars before is
    groove   ├───────┴───────┤                      taken to go on: it is the groove of bar 0 and 1.
    memory  ─┴───────┴───────┤                      What the drums played in the eight before is
    pattern                  ├────────┼ ─ ─ ─ ─┤    remembered. Of the pattern one bar is played,
                             ▲                      then the next is made.
                             the cut, half a step before the line

A bar's strokes may come up to half a step early, so it ends and the next begins at the cut. A bar
is made of what was told before its cut and of nothing later: a key that is struck within it changes
no stroke of it, so none is lost or doubled where one answer follows another.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from notochord.ask import Answer, Ask, Pattern
from notochord.brain import Brain
from notochord.event import MAX_DT, Event
from notochord.groove import (
    BEAT,
    KEYS,
    MEMORY_BARS,
    MEMORY_STEPS,
    STEPS,
    STEPS_PER_BAR,
    VOICE_OF,
    WIDTH,
    N,
    Stroke,
    memory_of,
    pattern_of,
    tapped,
)
from notochord.sampler import in_range
from notochord.strokes import choose

HEARD_BARS = MEMORY_BARS + 2  # before a bar, that are looked back at
REMEMBERED = 150.0  # seconds: so many bars at the slowest tempo, and more
MOST = 1024  # onsets that are remembered
SAME = 0.02  # seconds: nearer than that, a stroke is the one that was told
LENGTH = 0.1  # seconds that a drum is held, where its end is asked for
KEPT = 64  # patterns
FINE = 64  # parts of a step to which offsets are told: a clock's jitter makes no other pattern


class Onset(NamedTuple):
    """A note that began: when, in seconds since the start, and which."""

    time: float
    instrument: int
    pitch: int
    velocity: int


class Heard(NamedTuple):
    """What was heard: seconds since the start, the onsets (rows of `Onset`), and what is held."""

    time: float
    onsets: np.ndarray  # (onsets, 4)
    held: tuple[Onset, ...]


class Grid(NamedTuple):
    """Sixteenths on a beat: when a bar line is, in seconds, how long a quarter note, and how far
    the off-beats are delayed."""

    line: float
    quarter: float
    swing: float

    def place(self, time: Any, swung: bool) -> Any:
        """Steps from the bar line to times in seconds, the swing taken out where there is one."""
        beats = (time - self.line) / self.quarter
        whole = np.floor(beats)
        part, half = beats - whole, 0.5 + self.swing / 6
        even = np.where(part < half, part / (2 * half), 1 - (1 - part) / (2 - 2 * half))
        return BEAT * (whole + even if swung else beats)

    def time(self, place: float) -> float:
        """When a place in steps from the bar line is heard, in seconds."""
        whole = math.floor(place / BEAT)
        part, half = place / BEAT - whole, 0.5 + self.swing / 6
        late = part * 2 * half if part < 0.5 else 1 - (1 - part) * (2 - 2 * half)
        return self.line + self.quarter * (whole + late)


class GrooveBrain(Brain):
    """A brain whose network makes drum patterns of grooves."""

    def __init__(self, module: Any, manifest: dict[str, Any], sha256: str) -> None:
        super().__init__(module, manifest, sha256)
        self._module = self._frozen(module)
        self._made: OrderedDict[tuple[Any, ...], list[Stroke]] = OrderedDict()

    def start(self) -> Heard:
        """The state before any event."""
        return Heard(0.0, np.zeros((0, 4)), ())

    def tell(self, state: Heard, event: Event) -> Heard:
        event = in_range(event)
        now, onsets = state.time + event.dt, state.onsets
        held = tuple(note for note in state.held if (note.instrument, note.pitch) != event[:2])
        if event.dt >= MAX_DT:  # how long it was is not told, so nothing before has its place
            onsets = onsets[:0]
        if event.velocity > 0:
            onset = Onset(now, event.instrument, event.pitch, event.velocity)
            kept = onsets[-MOST + 1 :]
            kept = kept[np.searchsorted(kept[:, 0], now - REMEMBERED) :]
            onsets, held = np.concatenate([kept, [onset]]), (*held, onset)
        return Heard(now, onsets, held)

    def ask(self, state: Heard, ask: Ask, uniforms: Sequence[float]) -> Answer:
        """The next stroke of the pattern, or the end of one that is held; None where there is
        none within `ask.time`, or nothing was struck to go by."""
        low, high = (state.time + seconds for seconds in ask.time)
        stroke = next(self._coming(state, ask, low, high), None)
        ends = [n for n in state.held if ask.off.get(n.instrument, 0) >> n.pitch & 1]
        first = min(ends, default=None)
        if first is not None:
            end = max(first.time + LENGTH, low)
            if end <= min(high, math.inf if stroke is None else stroke.time):
                return Event(first.instrument, first.pitch, end - state.time, 0)
        if stroke is None:
            return None
        softest, loudest = ask.velocities
        velocity = min(max(stroke.velocity, softest), loudest)
        return Event(stroke.instrument, stroke.pitch, stroke.time - state.time, velocity)

    def _coming(self, state: Heard, ask: Ask, low: float, high: float) -> Iterator[Onset]:
        """The strokes that are due from `low` to `high` and have not been told, in order."""
        kit, grid = frozenset(ask.on) | frozenset(ask.off), _grid(state, ask)
        own = np.isin(state.onsets[:, 1], list(kit))
        places = np.where(
            own, grid.place(state.onsets[:, 0], True), grid.place(state.onsets[:, 0], False)
        )
        first, last = (
            math.floor((float(grid.place(at, True)) + 0.5) / STEPS_PER_BAR) for at in (low, high)
        )
        for bar in range(first, last + 1):
            before = places < bar * STEPS_PER_BAR - 0.5
            for stroke in self._bar(state.onsets[before], places[before] - bar * STEPS_PER_BAR,
                                    own[before], ask.pattern, bar):  # fmt: skip
                time = grid.time(bar * STEPS_PER_BAR + stroke.at)
                key = _key(stroke.voice, ask.on)
                if key is None or not low - 1e-3 <= time <= high:
                    continue
                if not _was_told(state.onsets[own], stroke.voice, time):
                    yield Onset(max(time, low), *key, stroke.velocity)

    def _bar(
        self, onsets: np.ndarray, places: np.ndarray, own: np.ndarray, wish: Pattern, bar: int
    ) -> list[Stroke]:
        """The strokes of a bar, from what was heard before it at places below 0, in steps."""
        groove = groove_of(_strokes(onsets, places, ~own))
        if groove is None:
            return []
        memory = memory_before(_strokes(onsets, places, own))
        key = groove.tobytes(), memory.tobytes(), wish, bar
        if key not in self._made:
            self._made[key] = self.make(groove, memory, wish, bar)
            if len(self._made) > KEPT:
                self._made.popitem(last=False)
        return self._made[key]

    def make(
        self, groove: np.ndarray, memory: np.ndarray, wish: Pattern, bar: int = 0
    ) -> list[Stroke]:
        """The first bar of the pattern for a groove (32, 3) after a memory (32, 109); each bar,
        by its number, has its own random numbers."""
        rng = np.random.default_rng([wish.seed, bar % 2**32])
        with self._torch.inference_mode():
            mean, spread = self._module.encode(self._tensor(groove))
            noise = rng.standard_normal(mean.shape[1]).astype(np.float32)
            z = mean + spread * wish.variation * self._torch.from_numpy(noise)
            remembered = self._tensor(memory)

            def decoded(controls: np.ndarray, given: np.ndarray) -> np.ndarray:
                pattern: np.ndarray = self._module.decode(
                    z, remembered, self._tensor(controls), self._tensor(given)
                )[0, :STEPS_PER_BAR].numpy()
                return pattern.reshape(STEPS_PER_BAR, 3, N)

            return choose(decoded, wish, rng)

    def encode(self, grooves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (B, Z) of what grooves (B, 32, 3) may mean."""
        with self._torch.inference_mode():
            mean, spread = self._module.encode(self._torch.from_numpy(grooves))
        return mean.numpy(), spread.numpy()

    def decode(
        self, z: np.ndarray, memories: np.ndarray, controls: np.ndarray, given: np.ndarray
    ) -> np.ndarray:
        """Logits of hits, velocities and offsets (B, 32, 27)."""
        put = self._torch.from_numpy
        with self._torch.inference_mode():
            patterns: np.ndarray = self._module.decode(
                put(z), put(memories), put(controls), put(given)
            ).numpy()
        return patterns

    def _tensor(self, values: np.ndarray) -> Any:
        return self._torch.from_numpy(values[None])

    def _warm_up(self) -> None:
        state, kit = self.start(), Ask(on={129: (1 << 128) - 1}, time=(0.0, 4.0), beat=(0.5, 0.5))
        for seed in range(3):
            state = self.tell(state, Event(1, 60, 0.5, 64))
            self.ask(state, kit, ())
            self.make(np.ones((STEPS, 3), np.float32), memory_before([]), Pattern(0.5), seed)


def _grid(state: Heard, ask: Ask) -> Grid:
    """The grid that an ask names; without one, 120 beats a minute from the first onset on."""
    if ask.beat is None:
        begins = float(state.onsets[0, 0]) if len(state.onsets) else state.time
        return Grid(begins, 0.5, ask.pattern.swing)
    return Grid(state.time + ask.beat[1], ask.beat[0], ask.pattern.swing)


def _key(voice: int, on: Mapping[int, int]) -> tuple[int, int] | None:
    """The instrument and pitch that a voice is played on: its first key that is allowed."""
    for instrument, allowed in sorted(on.items()):
        for pitch in KEYS[voice]:
            if allowed >> pitch & 1:
                return instrument, pitch
    return None


def _was_told(own: np.ndarray, voice: int, time: float) -> bool:
    """Whether a stroke of the drums is among the onsets of theirs that were told."""
    near = own[np.searchsorted(own[:, 0], time - SAME) :]
    return any(VOICE_OF.get(int(pitch)) == voice and at <= time + SAME for at, _, pitch, _ in near)


def _strokes(onsets: np.ndarray, places: np.ndarray, which: np.ndarray) -> list[Stroke]:
    """Onsets as strokes, at places of no more than ten bars before; voice 0 where it is none."""
    chosen = which & (places >= -HEARD_BARS * STEPS_PER_BAR - 0.5)
    near = np.rint(places[chosen] * FINE) / FINE
    rows = zip(near.tolist(), onsets[chosen].tolist(), strict=True)
    return [
        Stroke(at, VOICE_OF.get(int(pitch), 0), int(velocity))
        for at, (_, _, pitch, velocity) in rows
    ]


def _since(strokes: Sequence[Stroke], steps: int) -> list[Stroke]:
    """Strokes at places below 0, at places from so many steps before on."""
    late = -0.5 - 1 / FINE  # what was rounded to the cut came before it
    return [replace(stroke, at=min(stroke.at, late) + steps) for stroke in strokes]


def groove_of(strokes: Sequence[Stroke]) -> np.ndarray | None:
    """The groove (32, 3) that goes on after strokes at places below 0, whatever was struck: that
    of the last two bars; where these are empty, of the two before. A bar in which nothing was
    struck is taken to be as the one beside it. None where nothing was struck."""
    steps = HEARD_BARS * STEPS_PER_BAR
    onsets = [Stroke(s.at, 0, s.velocity) for s in _since(strokes, steps)]
    heard = tapped(pattern_of(onsets, steps)).reshape(-1, 2, STEPS_PER_BAR, 3)
    for pair in heard[::-1]:
        busy = [n for n, bar in enumerate(pair) if bar[:, 0].any()]
        if busy:
            first, last = busy[0], busy[-1]
            groove: np.ndarray = np.concatenate([pair[first], pair[last]])
            return groove
    return None


def memory_before(strokes: Sequence[Stroke]) -> np.ndarray:
    """The memory (32, 109) of what drums played at places below 0: of the last eight bars as many
    as they played in, without a pause."""
    past = pattern_of(_since(strokes, MEMORY_STEPS), MEMORY_STEPS)
    busy = past[:, :N].reshape(MEMORY_BARS, -1).max(-1)[::-1]  # the last bar first
    bars = MEMORY_BARS if busy.all() else int(busy.argmin())
    memory: np.ndarray = memory_of(past.reshape(1, MEMORY_STEPS, WIDTH), np.array([bars]))[0]
    return memory

