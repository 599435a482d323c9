"""Segments for training a network over tokens: half a minute of a piano each, varied anew.

    piece ──a random half minute──▶ faster or slower, higher or lower ──▶ tokens
                                                                            │
    lane 0   | segment 17, chunk 0 | chunk 1 | chunk 2 | segment 40, ...    │
    lane 1   | segment 18, chunk 0 | chunk 1 | segment 39, chunk 0 | ...  ◀─┘

A network starts afresh with each segment, and carries its memory from chunk to chunk within it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from notochord.batches import PLAIN, Augmentation, Reading, augmented_events
from notochord.corpus import Corpus, CorpusError, Piece, expressive
from notochord.event import MAX_VELOCITY, Event
from notochord.kinds import PERFORMANCE_RNN
from notochord.performance import Vocabulary
from notochord.study import Reads

SECONDS = 30.0  # of a segment
# Up to 5 % faster or slower, up to a major third higher or lower; the rest as it was played.
VARIED = replace(PLAIN, transpose=4, speed=math.log(1.05))
IGNORED = -1  # where a lane has run out
ELSEWHERE = 1 << 40  # visits on, where a segment has no note that can be spelt


@dataclass
class TokenBatch:
    """One chunk of every lane, (lanes, length): each token, and the one before it, -1 at the
    beginning; a flag a lane that begins a segment here."""

    token: np.ndarray
    before: np.ndarray
    fresh: np.ndarray


class Segments(Reading[list[int]]):
    """An endless supply of segments, as tokens, of the pieces of some sources with dynamics."""

    def __init__(
        self, corpus: Corpus, split: str, lanes: int, length: int, vocabulary: Vocabulary,
        sources: tuple[str, ...] | None, augmentation: Augmentation = VARIED, seed: int = 0,
    ) -> None:  # fmt: skip
        """`length` is of a chunk, in tokens. Raises CorpusError when there is nothing to read."""
        super().__init__(lanes)
        self._corpus, self._length, self._seed = corpus, length, seed
        self._how, self._vocabulary = augmentation, vocabulary
        self._pieces = expressive(corpus, split, sources)
        if not self._pieces:
            raise CorpusError(
                f"the corpus has no piece with dynamics in '{split}' of {', '.join(sources or ())}"
            )
        notes = np.array([corpus.notes(index) for index in self._pieces])
        self._chance = notes / notes.sum()

    def visit(self, number: int) -> list[int]:
        """The tokens of one segment."""
        rng = np.random.default_rng([self._seed, number])
        piece = self._corpus.piece(self._pieces[rng.choice(len(self._pieces), p=self._chance)])
        segment = cut_seconds(piece, rng.uniform(), SECONDS)
        goes_on = segment.start.max() < piece.start.max()
        tokens = self._vocabulary.spelt(piano_events(segment, rng, self._how, goes_on))
        return tokens or self.visit(number + ELSEWHERE)

    def next(self) -> TokenBatch:
        """The next chunk of every lane."""
        shape = len(self._lanes), self._length
        token, before = np.full(shape, IGNORED), np.full(shape, -1)
        fresh = np.zeros(shape[0], dtype=bool)
        for lane in range(shape[0]):
            tokens, at = self._read(lane, self._length)
            part = tokens[at : at + self._length]
            token[lane, : len(part)] = part
            before[lane, 1 : len(part)] = part[:-1]
            before[lane, 0] = tokens[at - 1] if at else -1
            fresh[lane] = at == 0
        return TokenBatch(token, before, fresh)


def cut_seconds(piece: Piece, where: float, seconds: float) -> Piece:
    """The notes that begin within so many seconds of a piece, `where` (0..1) along it; those that
    sound from before are left out, as when a player starts."""
    first, last = piece.start.min(), piece.start.max()
    length = round(seconds * 1000)
    begin = first + round(where * max(last - first - length, 0))
    here = (piece.start >= begin) & (piece.start < begin + length)
    if not here.any():  # a rest: from the next note on
        begin = piece.start[piece.start >= begin].min()
        here = (piece.start >= begin) & (piece.start < begin + length)
    return replace(
        piece, part=piece.part[here], start=piece.start[here], pitch=piece.pitch[here],
        end=piece.end[here], velocity=piece.velocity[here],
    )  # fmt: skip


def piano_events(
    piece: Piece, rng: np.random.Generator, how: Augmentation, goes_on: bool
) -> list[Event]:
    """A piece as the events of one piano, whatever its parts are: two hands on one keyboard. Where
    it goes on after that, what still sounds is left sounding."""
    melodic = ~piece.drums[piece.part]
    one = replace(
        piece, program=np.zeros(1, dtype=np.int64), drums=np.zeros(1, dtype=bool),
        part=np.zeros(int(melodic.sum()), dtype=np.int64), start=piece.start[melodic],
        end=piece.end[melodic], pitch=piece.pitch[melodic],
        velocity=np.minimum(piece.velocity[melodic], MAX_VELOCITY),
    )  # fmt: skip
    if not len(one.pitch):
        return []
    events = augmented_events(one, rng, how)
    if goes_on:  # leave out the tail in which only notes end
        events = events.slice(0, int(np.flatnonzero(events.velocity)[-1]) + 1)
    columns = events.instrument, events.pitch, events.dt, events.velocity
    return [Event(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


class TokenStudy:
    """Teacher forcing: each token foreseen from the true ones before it."""

    parts: tuple[str, ...] = ("token",)
    undecayed: tuple[str, ...] = ()

    def __init__(self, net: Any, corpus: Corpus, reads: Reads, autocast: Any) -> None:
        self.net, self._corpus, self._reads, self._autocast = net, corpus, reads, autocast
        self.segments = self._segments("train", VARIED, reads.seed)
        self.memory: Tensor | None = None

    def _segments(self, split: str, how: Augmentation, seed: int) -> Segments:
        r, vocabulary = self._reads, self.net.config.vocabulary
        sources = PERFORMANCE_RNN.sources
        return Segments(self._corpus, split, r.lanes, r.length, vocabulary, sources, how, seed)

    def next_loss(self) -> Tensor:
        """The loss of the next batch in nats a token, to be differentiated."""
        loss, self.memory = self._loss(self.segments.next(), self.memory)
        return loss

    def _loss(self, batch: TokenBatch, memory: Tensor | None) -> tuple[Tensor, Tensor]:
        device = next(self.net.parameters()).device
        put = lambda a: torch.from_numpy(a).to(device)  # noqa: E731
        token, before, fresh = put(batch.token), put(batch.before), put(batch.fresh)
        memory = self.net.initial(len(token)).to(device) if memory is None else memory
        kept = (~fresh).to(memory.dtype)[:, None]  # (B, 1), for memory (parts, layers, B, H)
        with self._autocast():
            logits, memory = self.net(before, memory * kept)
        loss = cross_entropy(logits.float().flatten(0, 1), token.flatten(), ignore_index=IGNORED)
        return loss, memory.detach().float()

    @torch.no_grad()
    def validate(self, batches: int) -> list[float]:
        """Mean nats a token over the same unvaried batches of `valid` every time."""
        self.net.eval()
        segments, memory, total = self._segments("valid", PLAIN, 1), None, 0.0
        for _ in range(batches):
            loss, memory = self._loss(segments.next(), memory)
            total += loss.item()
        return [total / batches]

    def place(self) -> dict[str, Any]:
        """The lanes' places, and the memory of the network."""
        return {"lanes": self.segments.position, "memory": self.memory}

    def go_on(self, saved: dict[str, Any]) -> None:
        """Be where a checkpoint was written."""
        self.segments.position, self.memory = saved["lanes"], saved["memory"]
