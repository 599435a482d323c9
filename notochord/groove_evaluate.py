"""How good drum patterns are: what the network foresees, beside what drummers play, and for how
long it holds together.

    losses      nats a step of each part, with the memory as it was, with none, with a wrong one
    features    of a bar of each genre: the network's, for a groove it was not trained on, and the
                drummer's own; how alike they are spread
    roll-outs   32 bars, each made of the two true bars tapped before it, and of what the network
                itself played in the eight before
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from notochord.ask import Pattern
from notochord.bootstrap import CONFIDENCE, Ratios
from notochord.corpus import Corpus
from notochord.event import MAX_VELOCITY
from notochord.groove import (
    CONTROLS,
    MEMORY_BARS,
    MEMORY_STEPS,
    STEPS,
    STEPS_PER_BAR,
    WIDTH,
    N,
    memory_of,
    pattern_of,
    tapped,
)
from notochord.groove_brain import GrooveBrain
from notochord.judge import overlap
from notochord.patterns import SPREAD_OF_OFFSET, SPREAD_OF_VELOCITY, Drumming, drumming_in

Found = dict[str, Any]
BATCH = 256
ROLLED = 32  # bars
VARIATION = 0.6  # as the knob of that name has it where it stands, at 0.36
FEWEST = 20  # bars of a genre, of which something is said
MOST_OF_A_GENRE = 300  # bars; the distances within them are compared two by two
PARTS = ("hits", "velocity", "offset", "bottleneck")
MEMORIES = ("as it was", "none", "a wrong one")
# How strong each sixteenth of a beat's metre is (Longuet-Higgins and Lee, 1984).
METRE = np.array([0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4])

# ── what it foresees ────────────────────────────────────────────────────────────────────────


def losses(brain: GrooveBrain, drumming: Drumming) -> Found:
    """Nats a step of each part, no control given and no noise, with 99 % bootstrap intervals over
    recordings, for each kind of memory."""
    every = np.arange(len(drumming.begins))
    wrong = np.random.default_rng(0).permutation(every)
    return {
        name: _summary(_rated(brain, drumming, of, most), drumming.of)
        for name, of, most in zip(
            MEMORIES, (every, every, wrong), (MEMORY_BARS, 0, MEMORY_BARS), strict=True
        )
    }


def _rated(
    brain: GrooveBrain, drumming: Drumming, memories_of: np.ndarray, most: int
) -> np.ndarray:
    """Nats a step of each part of each pattern (patterns, 4), each after at most so many bars of
    the memory of another."""
    found, count = [], len(memories_of)
    for rows in np.array_split(np.arange(count), math.ceil(count / BATCH)):
        patterns = drumming.patterns(rows)
        memories = drumming.memories(memories_of[rows], np.full(len(rows), most))
        mean, spread = brain.encode(tapped(patterns))
        nothing = np.zeros((len(rows), CONTROLS), dtype=np.float32)
        found.append(nats(brain.decode(mean, memories, nothing, nothing), patterns, mean, spread))
    return np.concatenate(found)


def nats(written: np.ndarray, true: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Nats a step of hits, velocities, offsets and bottleneck (B, 4) of patterns (B, 32, 27)."""
    logits, velocities, offsets = np.split(written.astype(np.float64), 3, axis=-1)
    hits, true_velocities, true_offsets = np.split(true.astype(np.float64), 3, axis=-1)
    per_hit = np.logaddexp(0, logits) - logits * hits
    bottleneck = ((mean**2 + spread**2 - 1) / 2 - np.log(spread)).sum(-1)
    sums = (
        per_hit.sum((1, 2)),
        _normal(velocities - true_velocities, hits, SPREAD_OF_VELOCITY),
        _normal(offsets - true_offsets, hits, SPREAD_OF_OFFSET),
        bottleneck,
    )
    return np.stack(sums, axis=-1) / STEPS


def _normal(errors: np.ndarray, counts: np.ndarray, spread: float) -> np.ndarray:
    constant = math.log(spread * math.sqrt(2 * math.pi))
    summed: np.ndarray = (((errors / spread) ** 2 / 2 + constant) * counts).sum((1, 2))
    return summed


def _summary(rated: np.ndarray, of: np.ndarray) -> Found:
    """The mean of each part over patterns, with intervals over recordings."""
    sums = np.zeros((of.max() + 1, len(PARTS) + 1))
    np.add.at(sums, of, np.concatenate([rated, np.ones((len(rated), 1))], axis=1))
    ratios = Ratios(sums)
    return {part: ratios.of(k, len(PARTS)) for k, part in enumerate(PARTS)}


# ── how its bars are ────────────────────────────────────────────────────────────────────────


def _of_hits(of: Callable[[np.ndarray], float], part: int) -> Callable[[np.ndarray], float]:
    """A figure of the velocities or offsets of what is struck in a bar (16, 27)."""

    def figure(bar: np.ndarray) -> float:
        struck = bar[:, part * N : (part + 1) * N][bar[:, :N] > 0]
        return of(struck) if len(struck) else 0.0

    return figure


def syncopation(bar: np.ndarray) -> float:
    """How often a bar (16, 27) strikes before a stronger place that it leaves out, and how much
    stronger that is (Longuet-Higgins and Lee, 1984), on kick and snare."""
    struck = bar[:, :2].max(-1) > 0
    total = 0
    for step in np.flatnonzero(struck):
        rests = METRE[(np.arange(step + 1, step + STEPS_PER_BAR)) % STEPS_PER_BAR]
        heard = struck[(np.arange(step + 1, step + STEPS_PER_BAR)) % STEPS_PER_BAR]
        until = int(heard.argmax()) if heard.any() else len(heard)
        total += max(0, int(rests[:until].max(initial=-9)) - int(METRE[step]))
    return float(total)


FEATURES: dict[str, Callable[[np.ndarray], float]] = {
    "voices": lambda bar: float(bar[:, :N].any(0).sum()),
    "strokes a bar": lambda bar: float(bar[:, :N].sum()),
    "velocity": _of_hits(lambda v: MAX_VELOCITY * float(v.mean()), 1),
    "spread of velocity": _of_hits(lambda v: MAX_VELOCITY * float(v.std()), 1),
    "off the grid": _of_hits(lambda v: float(np.abs(v).mean()), 2),
    "late": _of_hits(lambda v: float(v.mean()), 2),
    "syncopation": syncopation,
}


def bars_made(brain: GrooveBrain, drumming: Drumming, chosen: np.ndarray) -> np.ndarray:
    """The network's first bars (B, 16, 27) for the grooves and memories of these patterns."""
    grooves = tapped(drumming.patterns(chosen))
    memories = drumming.memories(chosen, np.full(len(chosen), MEMORY_BARS))
    wishes = (Pattern(variation=VARIATION, seed=int(n)) for n in chosen)
    return np.stack([
        pattern_of(brain.make(groove, memory, wish), STEPS_PER_BAR)
        for groove, memory, wish in zip(grooves, memories, wishes, strict=True)
    ])  # fmt: skip


def features(drumming: Drumming, chosen: np.ndarray, made: np.ndarray) -> Found:
    """Of each genre and of all: each feature's mean, the network's and the drummers', and the
    overlap of how they are spread."""
    true, genres = drumming.patterns(chosen)[:, :STEPS_PER_BAR], np.array(drumming.genres)
    genre_of = genres[drumming.of[chosen]]
    found = {"all": _compared(made, true)}
    for genre in sorted(set(genre_of)):
        mine = genre_of == genre
        if mine.sum() >= FEWEST:
            found[str(genre)] = _compared(made[mine], true[mine])
    return found


def _compared(made: np.ndarray, true: np.ndarray) -> Found:
    some = np.linspace(0, len(made) - 1, min(len(made), MOST_OF_A_GENRE)).astype(int)
    rows: Found = {"bars": len(made)}
    for name, of in FEATURES.items():
        ours, theirs = (np.array([of(bar) for bar in bars[some]]) for bars in (made, true))
        rows[name] = {
            "ours": float(ours.mean()), "true": float(theirs.mean()),
            "overlap": overlap(ours, theirs),
        }  # fmt: skip
    return rows


# ── for how long it holds together ──────────────────────────────────────────────────────────


def rolled(brain: GrooveBrain, steps: np.ndarray, memory: bool, seed: int) -> np.ndarray:
    """As many bars as there are in steps (T, 27), each made of the groove of the two true bars
    before it, and of the network's own eight bars before or of no memory."""
    bars = len(steps) // STEPS_PER_BAR
    past = np.concatenate([np.zeros((MEMORY_STEPS, WIDTH), np.float32), np.zeros_like(steps)])
    grooves = tapped(steps)
    for bar in range(2, bars):
        at = MEMORY_STEPS + bar * STEPS_PER_BAR
        known = np.array([min(bar - 2, MEMORY_BARS) if memory else 0])
        remembered = memory_of(past[None, at - MEMORY_STEPS : at], known)[0]
        groove = np.ascontiguousarray(grooves[(bar - 2) * STEPS_PER_BAR :][:STEPS])
        made = brain.make(groove, remembered, Pattern(variation=VARIATION, seed=seed), bar)
        past[at : at + STEPS_PER_BAR] = pattern_of(made, STEPS_PER_BAR)
    return past[MEMORY_STEPS + STEPS :]


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """How alike two bars (16, 27) are, 0..1: the cosine of their velocities."""
    a, b = a[:, N : 2 * N].ravel(), b[:, N : 2 * N].ravel()
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / norm if norm else float(a.any() == b.any())


def coherence(steps: np.ndarray) -> dict[str, float]:
    """Figures of so many bars (T, 27), one after another."""
    bars = steps.reshape(-1, STEPS_PER_BAR, WIDTH)
    far = {f"alike after {n}": _mean(alike(a, b) for a, b in zip(bars, bars[n:], strict=False))
           for n in (1, 2, 8, 16)}  # fmt: skip
    kits = [{int(v) for v in np.flatnonzero(bar[:, :N].any(0))} for bar in bars]
    same = _mean(len(a & b) / max(len(a | b), 1) for a, b in zip(kits, kits[1:], strict=False))
    counts = bars[:, :, :N].sum((1, 2))
    late, early = counts[-8:].mean(), counts[:8].mean()
    return {
        **far, "same voices as before": same, "voices in all": float(len(set().union(*kits))),
        "strokes a bar": float(counts.mean()),
        "strokes, last eight bars over first": float(late / max(early, 1.0)),
        "doubled at a seam": float(doubled(steps)),
    }  # fmt: skip


def doubled(steps: np.ndarray) -> int:
    """Strokes at a seam within a quarter of a step of another of the same voice."""
    at, last = np.arange(STEPS_PER_BAR, len(steps), STEPS_PER_BAR), steps[:, 2 * N :]
    both = (steps[at - 1, :N] > 0) & (steps[at, :N] > 0)
    return int((both & (1 + last[at] - last[at - 1] < 0.25)).sum())


def _mean(values: Any) -> float:
    found = list(values)
    return float(np.mean(found)) if found else 0.0


def roll_outs(brain: GrooveBrain, drumming: Drumming) -> Found:
    """The mean of each figure of coherence over every recording that is long enough, of which the
    first 32 bars after two are rolled out."""
    long = [(begin, end) for begin, end in drumming.rows
            if end - begin >= (ROLLED + 2) * STEPS_PER_BAR]  # fmt: skip
    found: dict[str, list[dict[str, float]]] = {"drummers": [], "ours": [], "without memory": []}
    for seed, (begin, _) in enumerate(long):
        steps = drumming.steps[begin : begin + (ROLLED + 2) * STEPS_PER_BAR]
        true = steps[STEPS:]
        for name, made in (
            ("drummers", true), ("ours", rolled(brain, steps, True, seed)),
            ("without memory", rolled(brain, steps, False, seed)),
        ):  # fmt: skip
            like = _mean(alike(a, b) for a, b in zip(_bars(made), _bars(true), strict=True))
            found[name].append({**coherence(made), "like the drummer": like})
    means = {
        name: {key: _mean(row[key] for row in rows) for key in rows[0]}
        for name, rows in found.items() if rows
    }  # fmt: skip
    return {"recordings": len(long), "bars": ROLLED, **means}


def _bars(steps: np.ndarray) -> np.ndarray:
    bars: np.ndarray = steps.reshape(-1, STEPS_PER_BAR, WIDTH)
    return bars


# ── all of it ───────────────────────────────────────────────────────────────────────────────


def evaluate(
    brain: GrooveBrain, corpus: Corpus, split: str, patterns: int | None = None
) -> tuple[Found, Drumming, np.ndarray, np.ndarray]:
    """The figures as plain values; and the drumming, the patterns of it that were made (evenly
    spaced, so many at most), and the bars that were made of them. Raises CorpusError."""
    found, drumming, chosen, made = judge(brain, corpus, split, patterns)
    return {**found, "losses": losses(brain, drumming)}, drumming, chosen, made


def judge(
    brain: GrooveBrain, corpus: Corpus, split: str, patterns: int | None = None
) -> tuple[Found, Drumming, np.ndarray, np.ndarray]:
    """The same but for the losses: whether what it plays is like what drummers play."""
    drumming = drumming_in(corpus, split)
    count = len(drumming.begins)
    chosen = np.linspace(0, count - 1, min(patterns or count, count)).round().astype(int)
    made = bars_made(brain, drumming, chosen)
    found = {
        "brain": str(brain.manifest.get("name", "")), "brain_sha256": brain.sha256,
        "precision": brain.manifest["precision"], "split": split,
        "confidence": CONFIDENCE / 100, "patterns": count, "recordings": len(drumming.rows),
        "features": features(drumming, chosen, made), "roll_outs": roll_outs(brain, drumming),
    }  # fmt: skip
    return found, drumming, chosen, made


def table(found: Found) -> str:
    """The figures as lines of text."""
    lines = [f"{found['split']}: {found['patterns']:,} patterns of {found['recordings']} "
             f"recordings; nats a step, with {CONFIDENCE} % intervals over recordings"]  # fmt: skip
    for memory, parts in found.get("losses", {}).items():
        said = "  ".join(f"{part} {f['mean']:7.4f} [{f['lo']:.3f}, {f['hi']:.3f}]"
                         for part, f in parts.items())  # fmt: skip
        lines.append(f"memory {memory:<12} {said}")
    lines.append(f"{'a bar: ours, true, overlap':<26}" + "".join(f"{n:>22}" for n in FEATURES))
    for genre, rows in found["features"].items():
        said = "".join(f"{rows[n]['ours']:8.2f}{rows[n]['true']:8.2f}{rows[n]['overlap']:6.2f}"
                       for n in FEATURES)  # fmt: skip
        lines.append(f"{genre:<12}{rows['bars']:5} bars    {said}")
    rolls = dict(found["roll_outs"])
    lines.append(f"{rolls.pop('recordings')} roll-outs of {rolls.pop('bars')} bars: "
                 f"{', '.join(rolls)}")  # fmt: skip
    for key in next(iter(rolls.values()), {}):
        lines.append(f"  {key:<38}" + "".join(f"{rows[key]:8.3f}" for rows in rolls.values()))
    return "\n".join(lines)
