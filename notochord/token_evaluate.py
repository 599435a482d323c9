"""How well a network over tokens foresees music it never heard, in the unit that all brains share.

That unit is nats an event: what all tokens of an event cost, its time told to 10 ms, as every
network here tells it, its velocity to one of 127. A bin of velocities says less than that; which of
its velocities it is costs the logarithm of their number more. Of which instrument it is nothing is
asked, and nothing counted: there is but one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from tqdm import tqdm

from notochord.batches import PLAIN
from notochord.bootstrap import CONFIDENCE, Ratios
from notochord.corpus import Corpus, CorpusError, expressive
from notochord.event import Event
from notochord.kinds import KINDS
from notochord.performance import bin_of
from notochord.segments import piano_events
from notochord.token_brain import TokenBrain

ORDER = "tvip"  # in which it draws an event: its time, its loudness, its key


def bin_size(velocity: int) -> int:
    """How many velocities of 1..127 share the bin of this one."""
    return sum(bin_of(other) == bin_of(velocity) for other in range(1, 128))


def within_bins(events: list[Event]) -> float:
    """Nats that it costs to say which velocity of its bin each note-on has, all being as likely."""
    return sum(math.log(bin_size(event.velocity)) for event in events if event.velocity)


def pieces_of(
    brain: TokenBrain, corpus: Corpus, split: str, pieces: int | None
) -> list[int]:
    """The pieces that a brain is rated on: of the sources of its kind, evenly spaced."""
    sources = KINDS[brain.manifest["network"]].sources
    indices = expressive(corpus, split, sources)
    if not indices:
        raise CorpusError(f"the corpus holds nothing in '{split}' that this brain could play")
    if pieces is None or pieces >= len(indices):
        return indices
    return [indices[i] for i in np.linspace(0, len(indices) - 1, pieces).round().astype(int)]


def evaluate(
    brain: TokenBrain, corpus: Corpus, split: str, pieces: int | None = None,
    max_events: int = 2048,
) -> dict[str, Any]:  # fmt: skip
    """The figures as plain values, with bootstrap intervals over pieces. Raises CorpusError."""
    rows, sources = [], []
    for index in tqdm(pieces_of(brain, corpus, split, pieces), unit=" pieces", leave=False):
        everything = piano_events(corpus.piece(index), np.random.default_rng(0), PLAIN, False)
        events = [event for event in everything if brain.vocabulary.holds(event)][:max_events]
        nats, tokens = brain.token_nats(events)
        seconds = sum(event.dt for event in events)
        whole = float(nats.sum()) + within_bins(events)
        rows.append((float(nats.sum()), whole, len(tokens), len(events), seconds))
        sources.append(str(corpus.sources[index]))
    table, names = np.array(rows), np.array(sources)
    by_source = {name: _summary(table[names == name]) for name in sorted(set(sources))}
    return {
        "brain": str(brain.manifest.get("name", "")), "brain_sha256": brain.sha256,
        "precision": brain.manifest["precision"], "split": split, "max_events": max_events,
        "confidence": CONFIDENCE / 100, **_summary(table), "by_source": by_source,
    }  # fmt: skip


def _summary(rows: np.ndarray) -> dict[str, Any]:
    """Figures {mean, lo, hi} of pieces (nats of tokens, of events, tokens, events, seconds)."""
    ratios = Ratios(rows)
    event = ratios.of(1, 3)
    return {
        "pieces": len(rows), "events": int(rows[:, 3].sum()), "tokens": int(rows[:, 2].sum()),
        "mean": event, "nats_per_event": {ORDER: event}, "nats_per_token": ratios.of(0, 2),
        "nats_per_second": ratios.of(1, 4),
    }  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """The figures as lines of text."""

    def line(name: str, figure: dict[str, float], note: str = "") -> str:
        return f"{name:<26}{figure['mean']:8.4f}  [{figure['lo']:.4f}, {figure['hi']:.4f}]{note}"

    lines = [
        f"{result['split']}: {result['pieces']} pieces, {result['events']:,} events, "
        f"{result['tokens']:,} tokens; nats, with {CONFIDENCE} % intervals over pieces",
        line("event", result["mean"]), line("token", result["nats_per_token"]),
        line("second", result["nats_per_second"]),
    ]  # fmt: skip
    for source, block in result["by_source"].items():
        note = f"  ({block['pieces']} pieces, {block['events']:,} events)"
        lines.append(line(f"  event of {source}", block["mean"], note))
    return "\n".join(lines)
