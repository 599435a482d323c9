"""Patterns for training the Groove Transformer: every two bars of human drumming, tapped.

The Groove MIDI Dataset was played to a click, so its tempo, which its files' names tell, gives the
grid; its own split is that of the corpus. The network sees a pattern's groove and some of its
controls, and is to give back the pattern.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from notochord.corpus import Corpus, CorpusError
from notochord.groove import (
    CONTROLS,
    STEPS,
    STEPS_PER_BAR,
    N,
    Stroke,
    controls_of,
    pattern_of,
    strokes_of,
    tapped,
)
from notochord.study import Reads

SOURCE = "groove_gmd"
NAME = re.compile(r"_(\d+)_(?:beat|fill)_4-4\.mid$")  # beats a minute, in four-four
FEWEST = 4  # strokes in two bars; fewer are a rest or a count-in
GIVEN = 0.5  # chance that a control is given
# How sharply strokes are to be met: the spread of a velocity (of 1), and of an offset (of a step).
SPREAD_OF_VELOCITY, SPREAD_OF_OFFSET = 0.15, 0.1
KL_WEIGHT = 0.2  # below 1, so that the bottleneck is used


def patterns_in(corpus: Corpus, split: str) -> np.ndarray:
    """Every two bars of a split, from each bar on: (patterns, 32, 27). Raises CorpusError."""
    found: list[np.ndarray] = []
    for index in corpus.indices(split):
        name = NAME.search(str(corpus.paths[index]))
        if corpus.sources[index] == SOURCE and name is not None:
            found += _two_bars(strokes_of(corpus.piece(index), float(name[1])))
    if not found:
        raise CorpusError(f"the corpus has no drums of {SOURCE} in '{split}'; prepare it with them")
    return np.stack(found)


def _two_bars(strokes: list[Stroke]) -> list[np.ndarray]:
    last = max((stroke.at for stroke in strokes), default=0.0)
    patterns = []
    for bar in range(max(math.ceil((last + 0.5) / STEPS_PER_BAR) - 1, 0)):
        begin = bar * STEPS_PER_BAR
        # From half a step before the bar: what is struck a little early belongs to it.
        here = [
            Stroke(stroke.at - begin, stroke.voice, stroke.velocity)
            for stroke in strokes
            if begin - 0.5 <= stroke.at < begin + STEPS - 0.5
        ]
        pattern = pattern_of(here)
        if pattern[:, :N].sum() >= FEWEST:
            patterns.append(pattern)
    return patterns


class GrooveStudy:
    """A variational autoencoder from groove to pattern. A lane of `length` steps holds as many
    patterns as fit in it."""

    parts: tuple[str, ...] = ("hits", "velocity", "offset", "bottleneck")
    undecayed: tuple[str, ...] = ("places",)

    def __init__(self, net: Any, corpus: Corpus, reads: Reads, autocast: Any) -> None:
        if reads.length % STEPS:
            raise CorpusError(f"--length {reads.length}: patterns have {STEPS} steps; name {STEPS}")
        self.net, self._corpus, self._reads, self._autocast = net, corpus, reads, autocast
        self._patterns = patterns_in(corpus, "train")
        self._valid: np.ndarray | None = None
        self.drawn = 0  # batches; each is drawn from its own seed

    @property
    def _batch(self) -> int:
        return self._reads.lanes * self._reads.length // STEPS

    def next_loss(self) -> Tensor:
        """The loss of the next batch in nats a step, to be differentiated."""
        rng = np.random.default_rng([self._reads.seed, self.drawn])
        self.drawn += 1
        patterns = self._patterns[rng.integers(len(self._patterns), size=self._batch)]
        given = (rng.random((len(patterns), CONTROLS)) < GIVEN).astype(np.float32)
        noise = rng.standard_normal((len(patterns), self.net.config.latent)).astype(np.float32)
        parts = self._parts(patterns, given, noise)
        return parts[:3].sum() + KL_WEIGHT * parts[3]

    def _parts(self, patterns: np.ndarray, given: np.ndarray, noise: np.ndarray) -> Tensor:
        """Each part of the loss, in nats a step."""
        device = next(self.net.parameters()).device
        put = lambda a: torch.from_numpy(np.ascontiguousarray(a)).to(device)  # noqa: E731
        groove, controls = put(tapped(patterns)), put(controls_of(patterns))
        with self._autocast():
            outputs = self.net(groove, controls, put(given), put(noise))
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
        """The mean of each part over the first patterns of `valid`, no control given, no noise."""
        self.net.eval()
        if self._valid is None:
            self._valid = patterns_in(self._corpus, "valid")
        patterns = self._valid[: batches * self._batch]
        nothing = np.zeros((len(patterns), CONTROLS), dtype=np.float32)
        noise = np.zeros((len(patterns), self.net.config.latent), dtype=np.float32)
        found: list[float] = self._parts(patterns, nothing, noise).tolist()
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
