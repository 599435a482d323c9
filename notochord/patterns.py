"""Patterns for training the Groove Transformer: every two bars of human drumming, tapped.

The Groove MIDI Dataset was played to a click, so its tempo, which its files' names tell, gives the
grid; its own split is that of the corpus. The network sees a pattern's groove and some of its
controls, and is to give back the pattern; and it remembers none to eight of the bars before, as
many as there are or fewer by chance, so that it also plays when there is little to remember.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from notochord.corpus import Corpus, CorpusError
from notochord.groove import (
    CONTROLS,
    MEMORY_BARS,
    MEMORY_STEPS,
    STEPS,
    STEPS_PER_BAR,
    WIDTH,
    N,
    Stroke,
    controls_of,
    memory_of,
    pattern_of,
    strokes_of,
    tapped,
)
from notochord.study import Reads

SOURCE = "groove_gmd"
NAME = re.compile(r"_(\d+)_(?:beat|fill)_4-4\.mid$")  # beats a minute, in four-four
GENRE = re.compile(r"__\d+_([a-z]+)[^/]*$")  # "soul" of "soul-groove10"
FEWEST = 4  # strokes in two bars; fewer are a rest or a count-in
GIVEN = 0.5  # chance that a control is given
WHOLE, SPARSEST = 0.5, 0.1  # chance of a whole groove; else, the least share of it that is left
# How sharply strokes are to be met: the spread of a velocity (of 1), and of an offset (of a step).
SPREAD_OF_VELOCITY, SPREAD_OF_OFFSET = 0.15, 0.1
KL_WEIGHT = 0.2  # below 1, so that the bottleneck is used


@dataclass(frozen=True)
class Drumming:
    """Recordings one after the other, each after eight empty bars, and where patterns begin."""

    steps: np.ndarray  # (T, 27)
    begins: np.ndarray  # (patterns), rows of `steps`
    bars_before: np.ndarray  # (patterns), at most 8
    of: np.ndarray  # (patterns), the number of the recording
    rows: np.ndarray  # (recordings, 2), where each begins and ends in `steps`
    genres: tuple[str, ...]  # of the recordings

    def patterns(self, chosen: np.ndarray) -> np.ndarray:
        """The patterns (B, 32, 27) of these numbers."""
        rows: np.ndarray = self.steps[self.begins[chosen, None] + np.arange(STEPS)]
        return rows

    def memories(self, chosen: np.ndarray, most: np.ndarray) -> np.ndarray:
        """The memories (B, 32, 109) before them, of at most so many bars (B)."""
        rows = self.begins[chosen, None] + np.arange(-MEMORY_STEPS, 0)
        return memory_of(self.steps[rows], np.minimum(self.bars_before[chosen], most))


def drumming_in(corpus: Corpus, split: str) -> Drumming:
    """All of a split that is in four-four; a pattern begins on every bar. Raises CorpusError."""
    recordings, begins, before, length = [], [], [], 0
    of: list[int] = []
    rows: list[tuple[int, int]] = []
    genres: list[str] = []
    for index in corpus.indices(split):
        name = NAME.search(str(corpus.paths[index]))
        if corpus.sources[index] != SOURCE or name is None:
            continue
        steps = _steps(strokes_of(corpus.piece(index), float(name[1])))
        first = length + MEMORY_STEPS
        for bar in range(len(steps) // STEPS_PER_BAR - 1):
            if steps[bar * STEPS_PER_BAR :][:STEPS, :N].sum() >= FEWEST:
                begins.append(first + bar * STEPS_PER_BAR)
                before.append(min(bar, MEMORY_BARS))
                of.append(len(rows))
        recordings += [np.zeros((MEMORY_STEPS, WIDTH), dtype=np.float32), steps]
        length = first + len(steps)
        rows.append((first, length))
        genre = GENRE.search(str(corpus.paths[index]))
        genres.append(genre[1] if genre else "other")
    if not begins:
        raise CorpusError(f"the corpus has no drums of {SOURCE} in '{split}'; prepare it with them")
    return Drumming(
        np.concatenate(recordings), np.array(begins), np.array(before), np.array(of),
        np.array(rows), tuple(genres),
    )  # fmt: skip


def _steps(strokes: list[Stroke]) -> np.ndarray:
    """A whole recording as one pattern, however long, in whole bars."""
    last = max((stroke.at for stroke in strokes), default=0.0)
    return pattern_of(strokes, STEPS_PER_BAR * math.ceil((last + 0.5) / STEPS_PER_BAR))


def thinned(grooves: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grooves (B, 32, 3) of which half have lost some of their strokes by chance: a player seldom
    strikes wherever a drummer would, and a network that has only met whole grooves plays nothing
    where nothing was struck."""
    shares = rng.uniform(SPARSEST, 1.0, size=len(grooves))
    shares[rng.random(len(grooves)) < WHOLE] = 1.0
    kept = rng.random(grooves.shape[:2]) < shares[:, None]
    return (grooves * kept[..., None]).astype(np.float32)


class GrooveStudy:
    """A variational autoencoder from groove to pattern. A lane of `length` steps holds as many
    patterns as fit in it."""

    parts: tuple[str, ...] = ("hits", "velocity", "offset", "bottleneck")
    undecayed: tuple[str, ...] = ("places",)

    def __init__(self, net: Any, corpus: Corpus, reads: Reads, autocast: Any) -> None:
        if reads.length % STEPS:
            raise CorpusError(f"--length {reads.length}: patterns have {STEPS} steps; name {STEPS}")
        self.net, self._corpus, self._reads, self._autocast = net, corpus, reads, autocast
        self._drumming = drumming_in(corpus, "train")
        self._valid: Drumming | None = None
        self.drawn = 0  # batches; each is drawn from its own seed

    @property
    def _batch(self) -> int:
        return self._reads.lanes * self._reads.length // STEPS

    def next_loss(self) -> Tensor:
        """The loss of the next batch in nats a step, to be differentiated."""
        rng = np.random.default_rng([self._reads.seed, self.drawn])
        self.drawn += 1
        drumming, batch = self._drumming, self._batch
        chosen = rng.integers(len(drumming.begins), size=batch)
        given = (rng.random((batch, CONTROLS)) < GIVEN).astype(np.float32)
        noise = rng.standard_normal((batch, self.net.config.latent)).astype(np.float32)
        memories = drumming.memories(chosen, rng.integers(MEMORY_BARS + 1, size=batch))
        patterns = drumming.patterns(chosen)
        grooves = thinned(tapped(patterns), rng)
        parts = self._parts(patterns, grooves, memories, given, noise)
        return parts[:3].sum() + KL_WEIGHT * parts[3]

    def _parts(
        self, patterns: np.ndarray, grooves: np.ndarray, memories: np.ndarray, given: np.ndarray,
        noise: np.ndarray,
    ) -> Tensor:  # fmt: skip
        """Each part of the loss, in nats a step."""
        device = next(self.net.parameters()).device
        put = lambda a: torch.from_numpy(np.ascontiguousarray(a)).to(device)  # noqa: E731
        groove, controls = put(grooves), put(controls_of(patterns))
        with self._autocast():
            outputs = self.net(groove, put(memories), controls, put(given), put(noise))
        hits, velocities, offsets, mean, log_variance = (x.float() for x in outputs)
        true = put(patterns).split(N, dim=-1)
        steps = len(patterns) * STEPS
        per_hit = binary_cross_entropy_with_logits(hits, true[0], reduction="sum") / steps
        spread = (mean**2 + log_variance.exp() - 1.0 - log_variance).sum() / 2
        return torch.stack([
            per_hit,
            _normal(velocities - true[1], true[0], SPREAD_OF_VELOCITY) / steps,
            _normal(offsets - true[2], true[0], SPREAD_OF_OFFSET) / steps,
            spread / steps,
        ])  # fmt: skip

    @torch.no_grad()
    def validate(self, batches: int) -> list[float]:
        """The mean of each part over the first patterns of `valid`, no control given, no noise,
        all remembered."""
        self.net.eval()
        if self._valid is None:
            self._valid = drumming_in(self._corpus, "valid")
        chosen = np.arange(min(len(self._valid.begins), batches * self._batch))
        nothing = np.zeros((len(chosen), CONTROLS), dtype=np.float32)
        noise = np.zeros((len(chosen), self.net.config.latent), dtype=np.float32)
        memories = self._valid.memories(chosen, np.full(len(chosen), MEMORY_BARS))
        patterns = self._valid.patterns(chosen)
        found: list[float] = self._parts(
            patterns, tapped(patterns), memories, nothing, noise
        ).tolist()
        return found

    def place(self) -> dict[str, Any]:
        """How many batches were drawn."""
        return {"drawn": self.drawn}

    def go_on(self, saved: dict[str, Any]) -> None:
        """Be where a checkpoint was written."""
        self.drawn = saved["drawn"]


def _normal(errors: Tensor, counts: Tensor, spread: float) -> Tensor:
    """Nats of errors under a normal density, where they count."""
    constant = math.log(spread * math.sqrt(2 * math.pi))
    return (((errors / spread) ** 2 / 2 + constant) * counts).sum()
