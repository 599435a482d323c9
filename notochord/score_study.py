"""What BachProp learns from: normalised scores, in any key, their rhythms dilated.

    piece ──normalised──▶ an excerpt ──▶ another key ──▶ slower or faster on paper ──▶ notes
                                                                                        │
    lane 0   | excerpt 17, 128 notes | 128 notes | excerpt 40 ...                       │
    lane 1   | excerpt 18, 128 notes | excerpt 39 ...                                ◀──┘

The memory of the network goes on from one 128 notes to the next, the gradient does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from notochord.batches import Reading
from notochord.corpus import Corpus, CorpusError, of_sources
from notochord.kinds import BACHPROP
from notochord.models.bachprop import Memory
from notochord.score import DILATIONS, normalised
from notochord.study import Reads

EXCERPT = 512  # notes, at most
AS_WRITTEN = 0.5  # share of the visits whose rhythm is not dilated
IGNORED = -1  # where a lane has run out
PART_WEIGHTS = (0.1, 0.3, 0.6)  # of the losses of dT, T and P
# How much one note of a source counts against one of another. The quartets hold five notes of
# every six, and would drown the chorales.
SOURCE_WEIGHTS = {"openscore_quartets": 0.2}


@dataclass
class ScoreBatch:
    """One chunk of every lane, (lanes, length, 3): each note, and the one before it, -1 at the
    beginning; a flag a lane that begins an excerpt here."""

    notes: np.ndarray
    before: np.ndarray
    fresh: np.ndarray


class Scores(Reading[np.ndarray]):
    """An endless supply of excerpts of normalised scores."""

    def __init__(
        self, corpus: Corpus, split: str, lanes: int, length: int, varied: bool = True,
        seed: int = 0,
    ) -> None:  # fmt: skip
        """`length` is of a chunk, in notes. Raises CorpusError when there is nothing to read."""
        super().__init__(lanes)
        self._corpus, self._length, self._varied, self._seed = corpus, length, varied, seed
        self._pieces = scores_in(corpus, split)
        self._known: dict[int, np.ndarray] = {}
        weight = np.array([
            SOURCE_WEIGHTS.get(str(corpus.sources[i]), 1.0) * corpus.notes(i) for i in self._pieces
        ])  # fmt: skip
        self._chance = weight / weight.sum()

    def visit(self, number: int) -> np.ndarray:
        """The notes of one excerpt, (notes, 3)."""
        rng = np.random.default_rng([self._seed, number])
        index = self._pieces[rng.choice(len(self._pieces), p=self._chance)]
        if index not in self._known:
            self._known[index] = score_of(self._corpus, index)
        excerpt = cut(self._known[index], rng.uniform())
        return varied(excerpt, rng) if self._varied else excerpt

    def next(self) -> ScoreBatch:
        """The next chunk of every lane."""
        shape = len(self._lanes), self._length, 3
        notes, before = np.full(shape, IGNORED), np.full(shape, -1)
        fresh = np.zeros(shape[0], dtype=bool)
        for lane in range(shape[0]):
            score, at = self._read(lane, self._length)
            part = score[at : at + self._length]
            notes[lane, : len(part)] = part
            before[lane, 1 : len(part)] = part[:-1]
            before[lane, 0] = score[at - 1] if at else -1
            fresh[lane] = at == 0
        return ScoreBatch(notes, before, fresh)


def scores_in(corpus: Corpus, split: str) -> list[int]:
    """The pieces of a split that are scores and known in score time. Raises CorpusError."""
    mine = [
        i for i in of_sources(corpus, split, BACHPROP.sources)
        if len(corpus.tempi(i)) and not corpus.piece(i).drums.all()
    ]  # fmt: skip
    if not mine:
        known = ", ".join(BACHPROP.sources or ())
        raise CorpusError(f"the corpus has no score in '{split}' of {known}")
    return mine


def score_of(corpus: Corpus, index: int) -> np.ndarray:
    """A piece of the corpus as a score, (notes, 3)."""
    return normalised(corpus.piece(index), corpus.tempi(index))


def cut(score: np.ndarray, where: float) -> np.ndarray:
    """At most so many notes of a score, from `where` (0..1) along it, where a chord begins."""
    if len(score) <= EXCERPT:
        return score
    begin = round(where * (len(score) - EXCERPT))
    while begin and not score[begin, 0]:
        begin -= 1
    excerpt = score[begin : begin + EXCERPT].copy()
    excerpt[0, 0] = 0
    return excerpt


def varied(score: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A score in any of the twelve keys, its rhythm dilated by any factor that fits."""
    low, high = score[:, 2].min(), score[:, 2].max()
    shift = int(rng.integers(max(-6, -low), min(5, 127 - high) + 1))
    score = score + np.array([0, 0, shift])
    if rng.random() < AS_WRITTEN:
        return score
    fitting = [dilated for each in DILATIONS if (dilated := each.of(score)) is not None]
    return fitting[rng.integers(len(fitting))]


class ScoreStudy:
    """Each note foreseen from the true ones before it, and each of its features from those before;
    truncated backpropagation through time with the memory carried on."""

    parts: tuple[str, ...] = ("dT", "T", "P")
    undecayed: tuple[str, ...] = ()

    def __init__(self, net: Any, corpus: Corpus, reads: Reads, autocast: Any) -> None:
        self.net, self._corpus, self._reads, self._autocast = net, corpus, reads, autocast
        self.scores = Scores(corpus, "train", reads.lanes, reads.length, seed=reads.seed)
        self.memory: Memory | None = None

    def next_loss(self) -> Tensor:
        """The loss of the next batch, the weighted nats of its features, to be differentiated."""
        losses, _, self.memory = self._losses(self.scores.next(), self.memory)
        weights = torch.tensor(PART_WEIGHTS, device=losses.device)
        return (losses * weights).sum()

    def _losses(self, batch: ScoreBatch, memory: Memory | None) -> tuple[Tensor, int, Memory]:
        """(mean nats of each feature (3,), how many notes, memory to carry)."""
        device = next(self.net.parameters()).device
        put = lambda a: torch.from_numpy(a).to(device)  # noqa: E731
        notes, before, fresh = put(batch.notes), put(batch.before), put(batch.fresh)
        if memory is None:
            memory = self.net.initial(len(notes))
        kept = (~fresh).float()[:, None]  # (B, 1), for memories (layers, B, H)
        w, t, p = (m.to(device) * kept for m in memory)
        with self._autocast():
            logits, after = self.net(before, notes, (w, t, p))
        nats = [
            cross_entropy(part.float().flatten(0, 1), notes[..., n].flatten(), ignore_index=IGNORED)
            for n, part in enumerate(logits)
        ]
        w, t, p = (m.detach().float() for m in after)
        return torch.stack(nats), int((batch.notes[..., 0] >= 0).sum()), (w, t, p)

    @torch.no_grad()
    def validate(self, batches: int) -> list[float]:
        """Mean nats of each feature over the same unvaried batches of `valid` every time."""
        self.net.eval()
        r = self._reads
        scores = Scores(self._corpus, "valid", r.lanes, r.length, varied=False, seed=1)
        memory, total, notes = None, torch.zeros(3), 0
        for _ in range(batches):
            losses, count, memory = self._losses(scores.next(), memory)
            total, notes = total + losses.cpu() * count, notes + count
        return (total / notes).tolist()

    def place(self) -> dict[str, Any]:
        """The lanes' places, and the memory of the network."""
        return {"lanes": self.scores.position, "memory": self.memory}

    def go_on(self, saved: dict[str, Any]) -> None:
        """Be where a checkpoint was written."""
        self.scores.position, self.memory = saved["lanes"], saved["memory"]
