"""How well a network of notes foresees scores that it never heard: nats a note, of dT, T and P.

Nats a note are not nats an event: how loud a note is and by whom it is played is not foreseen, time
is told in note values, and the end of a note is no event of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from tqdm import tqdm

from notochord.bootstrap import CONFIDENCE, Ratios
from notochord.corpus import Corpus
from notochord.score_brain import ScoreBrain
from notochord.score_study import ScoreStudy, score_of, scores_in

ORDER = "dT, T, P"


def evaluate(
    brain: ScoreBrain, corpus: Corpus, split: str, pieces: int | None = None,
    max_notes: int = 2048,
) -> dict[str, Any]:  # fmt: skip
    """The figures as plain values, with bootstrap intervals over pieces. Raises CorpusError."""
    indices = scores_in(corpus, split)
    if pieces is not None and pieces < len(indices):
        few = np.linspace(0, len(indices) - 1, pieces).round().astype(int)
        indices = [indices[n] for n in few]
    rows, sources = [], []
    for index in tqdm(indices, unit=" pieces", leave=False):
        nats = brain.note_nats(score_of(corpus, index)[:max_notes])
        rows.append((*nats.sum(0), nats.sum(), len(nats)))
        sources.append(str(corpus.sources[index]))
    table, names = np.array(rows), np.array(sources)
    by_source = {name: _summary(table[names == name]) for name in sorted(set(sources))}
    return {
        "brain": str(brain.manifest.get("name", "")), "brain_sha256": brain.sha256,
        "precision": brain.manifest["precision"], "split": split, "max_events": max_notes,
        "confidence": CONFIDENCE / 100, **_summary(table), "by_source": by_source,
    }  # fmt: skip


def _summary(rows: np.ndarray) -> dict[str, Any]:
    """Figures {mean, lo, hi} of pieces (nats of dT, T, P, of notes; notes)."""
    ratios = Ratios(rows)
    whole = ratios.of(3, 4)
    return {
        "unit": "note", "pieces": len(rows), "events": int(rows[:, 4].sum()), "mean": whole,
        "nats_per_event": {ORDER: whole},
        "parts": {part: ratios.of(m, 4) for m, part in enumerate(ScoreStudy.parts)},
    }  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """The figures as lines of text, in nats and bits."""

    def line(name: str, figure: dict[str, float]) -> str:
        mean, bits = figure["mean"], figure["mean"] / np.log(2)
        interval = f"[{figure['lo']:.4f}, {figure['hi']:.4f}]"
        return f"{name:<30}{mean:8.4f}  {interval}  {bits:.3f} bits"

    lines = [
        f"{result['split']}: {result['pieces']} pieces, {result['events']:,} notes; nats a note, "
        f"with {CONFIDENCE} % intervals over pieces"
    ]
    blocks = {"": result, **result["by_source"]}
    for source, block in blocks.items():
        of = f" of {source}" if source else ""
        lines.append(line(f"note{of}", block["mean"]))
        lines += [line(f"  {part}", figure) for part, figure in block["parts"].items()]
    return "\n".join(lines)
