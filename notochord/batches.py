"""Batches for training: many pieces read side by side, each augmented anew at every visit.

A lane reads one window of one piece, chunk after chunk, so that the network's state can be
carried from chunk to chunk; then it goes on to another piece.

    lane 0   | piece 17, chunk 0 | chunk 1 | chunk 2 | piece 4, chunk 0 | ...
    lane 1   | piece 92, chunk 0 | piece 8, chunk 0  | chunk 1          | ...
                                   ^ fresh: starts from the learnt start state

Every visit is drawn from its own seed (seed, visit number), so a run can go on after a kill bit
for bit from two small numbers a lane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np

from notochord.corpus import SOURCE_WEIGHTS, Corpus, Events, Piece, piece_events
from notochord.event import (
    FIRST_ANONYMOUS,
    FIRST_ANONYMOUS_DRUM,
    N_ANONYMOUS,
    instrument_of,
)

KEYBOARDS = range(8)  # programs whose parts are the hands of one instrument
MELODIC_PROGRAMS = 104  # programs below this play melodies; above are percussion and effects


@dataclass(frozen=True)
class Augmentation:
    """How far a piece is varied at every visit; all zero leaves it as it is."""

    transpose: int = 6  # semitones up or down, melodic parts alone
    speed: float = 0.2  # largest log ratio of tempo, up or down
    velocity: float = 1 / 3  # spread of log2 of the velocity curve's power
    jitter: float = 0.0005  # seconds that an onset may move, so that times are not all whole ms
    shuffle_chords: float = 0.5  # chance that notes of one moment come in any order
    anonymous: float = 0.1  # chance that a part's instrument is not told
    family: float = 0.15  # chance that a program is swapped for another of its family
    split_keyboards: float = 0.4  # chance that several keyboard parts are told apart


PLAIN = Augmentation(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class _Ids:
    """Hands out instrument ids so that parts meant to be apart never share one."""

    def __init__(self, rng: np.random.Generator | None) -> None:
        self._rng = rng
        self.used: set[int] = set()

    def anonymous(self, drums: bool) -> int:
        first = FIRST_ANONYMOUS_DRUM if drums else FIRST_ANONYMOUS
        free = [i for i in range(first, first + N_ANONYMOUS) if i not in self.used] or [first]
        return self.take(free[0] if self._rng is None else int(self._rng.choice(free)))

    def other(self, programs: range) -> int:
        """Another program of this range, or an anonymous part when all are taken."""
        free = [p for p in programs if instrument_of(p) not in self.used]
        if not free or self._rng is None:
            return self.anonymous(drums=False)
        return self.take(instrument_of(int(self._rng.choice(free))))

    def take(self, instrument: int) -> int:
        self.used.add(instrument)
        return instrument


def plain_instruments(piece: Piece) -> np.ndarray:
    """Each part's id without augmentation: keyboard and drum parts of one program are merged,
    further parts of any other program, and parts with none, are anonymous."""
    ids, out = _Ids(None), []
    for program, drums in zip(piece.program, piece.drums, strict=True):
        named = instrument_of(int(program), bool(drums))
        if program < 0 or (named in ids.used and not drums and program not in KEYBOARDS):
            out.append(ids.anonymous(bool(drums)))
        else:
            out.append(ids.take(named))
    return np.array(out, dtype=np.int64)


def augmented_instruments(piece: Piece, rng: np.random.Generator, how: Augmentation) -> np.ndarray:
    """Each part's id, with programs swapped within their family, split and made anonymous."""
    swapped: dict[int, int] = {}
    for program in dict.fromkeys(int(p) for p in piece.program if p >= 0):
        family = program - program % 8
        swap = rng.random() < how.family
        swapped[program] = family + int(rng.integers(8)) if swap else program
    split = rng.random() < how.split_keyboards
    ids = _Ids(rng)
    return np.array(
        [
            _drum_part(ids, int(program), rng, how)
            if drums
            else _melodic_part(ids, swapped.get(int(program), -1), split, rng, how)
            for program, drums in zip(piece.program, piece.drums, strict=True)
        ],
        dtype=np.int64,
    )


def _drum_part(ids: _Ids, program: int, rng: np.random.Generator, how: Augmentation) -> int:
    if rng.random() < how.anonymous:
        return ids.anonymous(drums=True)
    return ids.take(instrument_of(max(program, 0), drums=True))


def _melodic_part(
    ids: _Ids, program: int, split: bool, rng: np.random.Generator, how: Augmentation
) -> int:
    if program < 0:
        return ids.anonymous(False) if rng.random() < 0.7 else ids.take(instrument_of(0))
    if rng.random() < how.anonymous:
        return ids.anonymous(False)
    if instrument_of(program) not in ids.used:
        return ids.take(instrument_of(program))
    if program in KEYBOARDS and not split:
        return instrument_of(program)
    if rng.random() < 0.5:
        return ids.anonymous(False)
    family = program - program % 8
    near = range(family, family + 8)
    return ids.other(range(MELODIC_PROGRAMS) if program in KEYBOARDS else near)


def cut_window(piece: Piece, first: int, notes: int) -> Piece:
    """The piece from its note number `first` (by onset) on, at most `notes` notes long.

    Notes that sound from before are left out, as they are when a player starts.
    """
    by_onset = np.lexsort((piece.pitch, piece.start))[first : first + notes]
    return replace(
        piece,
        part=piece.part[by_onset], start=piece.start[by_onset], end=piece.end[by_onset],
        pitch=piece.pitch[by_onset], velocity=piece.velocity[by_onset],
    )  # fmt: skip


def augmented_events(piece: Piece, rng: np.random.Generator, how: Augmentation) -> Events:
    """One piece as events, varied: key, speed, dynamics, instruments, order within chords."""
    instruments = augmented_instruments(piece, rng, how)
    melodic = ~piece.drums[piece.part]
    pitch = piece.pitch
    if melodic.any():
        low, high = pitch[melodic].min(), pitch[melodic].max()
        shift = int(rng.integers(max(-how.transpose, -low), min(how.transpose, 127 - high) + 1))
        pitch = np.where(melodic, pitch + shift, pitch)
    speed = np.exp(rng.uniform(-how.speed, how.speed))
    power = 2.0 ** (rng.normal() * how.velocity)
    velocity = np.clip(np.rint(127 * (piece.velocity / 127) ** power), 1, 127).astype(np.int64)
    start = np.rint(piece.start * speed).astype(np.int64)
    end = np.maximum(np.rint(piece.end * speed).astype(np.int64), start + 1)
    order = rng.random(len(pitch)) if rng.random() < how.shuffle_chords else None
    varied = replace(piece, pitch=pitch, velocity=velocity, start=start, end=end)
    events = piece_events(varied, instruments, order)
    nudge = rng.uniform(-how.jitter, how.jitter, len(events)).astype(np.float32)
    events.dt = np.where(events.dt > 0, np.maximum(events.dt + nudge, 0), events.dt)
    return events


@dataclass
class Batch:
    """One chunk of every lane, arrays of shape (lanes, length), and a flag a lane.

    `mask` is 0 where a lane has run out; `velocity_weight` is small for pieces with flat
    dynamics; `fresh` marks lanes that begin a piece here.
    """

    instrument: np.ndarray
    pitch: np.ndarray
    dt: np.ndarray
    velocity: np.ndarray
    mask: np.ndarray
    velocity_weight: np.ndarray
    fresh: np.ndarray


FLAT_VELOCITY_WEIGHT = 0.2


class _Sized(Protocol):
    def __len__(self) -> int: ...


Visit = TypeVar("Visit", bound=_Sized)


class Reading(Generic[Visit]):
    """Lanes that read one visit after another, a chunk at a time, for ever.

    `position` is all there is to remember: (next visit, [(visit, offset) a lane]); setting it
    makes the reading go on exactly where it was. What a visit is, `visit` says: something with a
    length, made from its number and a seed.
    """

    def __init__(self, lanes: int) -> None:
        self._next_visit = 0
        self._lanes = [(-1, 0)] * lanes
        self._open: dict[int, Visit] = {}

    @property
    def position(self) -> tuple[int, list[tuple[int, int]]]:
        return self._next_visit, list(self._lanes)

    @position.setter
    def position(self, value: tuple[int, list[tuple[int, int]]]) -> None:
        self._next_visit, self._lanes = value[0], [(visit, at) for visit, at in value[1]]
        self._open = {}

    def visit(self, number: int) -> Visit:
        """What is read at one visit."""
        raise NotImplementedError

    def _read(self, lane: int, length: int) -> tuple[Visit, int]:
        """What a lane reads now, and from where; it goes on by so much at most."""
        visit, offset = self._lanes[lane]
        if visit >= 0 and visit not in self._open:
            self._open[visit] = self.visit(visit)
        if visit < 0 or offset >= len(self._open[visit]):
            self._open.pop(visit, None)
            visit, offset = self._next_visit, 0
            self._next_visit += 1
            self._open[visit] = self.visit(visit)
        read = self._open[visit]
        self._lanes[lane] = visit, min(offset + length, len(read))
        return read, offset


@dataclass
class Excerpt:
    """The events of one visit to a piece, and whether its dynamics are flat."""

    events: Events
    flat: bool

    def __len__(self) -> int:
        return len(self.events)


class Lanes(Reading[Excerpt]):
    """An endless supply of batches from one split of a corpus."""

    def __init__(
        self, corpus: Corpus, split: str, lanes: int, length: int, window: int = 2048,
        augmentation: Augmentation | None = None, seed: int = 0,
    ) -> None:  # fmt: skip
        """`length` and `window` are in events: one chunk, and one visit to a piece."""
        super().__init__(lanes)
        self._corpus, self._length, self._window, self._seed = corpus, length, window, seed
        self._how = augmentation or Augmentation()
        self._pieces = corpus.indices(split)
        weight = np.array([
            SOURCE_WEIGHTS.get(str(corpus.sources[i]), 0.3) * corpus.notes(i) for i in self._pieces
        ])  # fmt: skip
        self._chance = weight / weight.sum()

    def visit(self, number: int) -> Excerpt:
        """The events of one visit, and whether the piece's dynamics are flat."""
        rng = np.random.default_rng([self._seed, number])
        piece = self._corpus.piece(self._pieces[rng.choice(len(self._pieces), p=self._chance)])
        notes, n = self._window // 2, len(piece.pitch)
        first = int(np.clip(rng.integers(-notes // 2, max(n - notes // 2, 1)), 0, n - 1))
        cut = cut_window(piece, first, notes)
        events = augmented_events(cut, rng, self._how)
        if first + notes < n:  # the piece goes on: leave out the tail in which only notes end
            events = events.slice(0, int(np.flatnonzero(events.velocity)[-1]) + 1)
        return Excerpt(events.slice(0, self._window), piece.flat)

    def next(self) -> Batch:
        """The next chunk of every lane."""
        shape = len(self._lanes), self._length
        batch = Batch(
            instrument=np.zeros(shape, dtype=np.int64), pitch=np.zeros(shape, dtype=np.int64),
            dt=np.zeros(shape, dtype=np.float32), velocity=np.zeros(shape, dtype=np.int64),
            mask=np.zeros(shape, dtype=np.float32), velocity_weight=np.ones(shape[0], np.float32),
            fresh=np.zeros(shape[0], dtype=bool),
        )  # fmt: skip
        for lane in range(shape[0]):
            read, offset = self._read(lane, self._length)
            part = read.events.slice(offset, offset + self._length)
            n = len(part)
            batch.instrument[lane, :n], batch.pitch[lane, :n] = part.instrument, part.pitch
            batch.dt[lane, :n], batch.velocity[lane, :n] = part.dt, part.velocity
            batch.mask[lane, :n] = 1
            batch.velocity_weight[lane] = FLAT_VELOCITY_WEIGHT if read.flat else 1.0
            batch.fresh[lane] = offset == 0
        return batch
