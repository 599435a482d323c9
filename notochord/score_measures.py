"""What composed scores are like, beside scores never heard: intervals, originality, diversity.

Intervals: how far their distributions overlap with those of the music (1: wholly): along the top
line and the lowest, between the notes of a chord, and of dT and T. Originality: which share of the
runs of n intervals of the top line stands in the training set. Diversity: which share stands in
another of the composed pieces. The same is measured of music that the network never heard, from the
sources named: no figure says much without it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from notochord.corpus import Corpus, CorpusError
from notochord.originality import BREAK, RUNS, profile
from notochord.score import LENGTHS, WAITS
from notochord.score_study import score_of, scores_in

WIDEST = 24  # semitones; wider intervals count as this
OCTAVES = 4  # of intervals within a chord
MOST = 60  # pieces of the music that are measured

Distributions = dict[str, np.ndarray]


def reference(
    corpus: Corpus, split: str, sources: tuple[str, ...], most: int = MOST
) -> list[np.ndarray]:
    """Scores of a split and some sources, evenly spaced. Raises CorpusError when there are none."""
    mine = [i for i in scores_in(corpus, split) if corpus.sources[i] in sources]
    if not mine:
        raise CorpusError(f"the corpus has no score in '{split}' of {', '.join(sources)}")
    few = np.linspace(0, len(mine) - 1, min(most, len(mine))).round().astype(int)
    return [score_of(corpus, mine[n]) for n in few]


def chords(score: np.ndarray) -> list[np.ndarray]:
    """The pitches that begin together, ascending, chord by chord."""
    firsts = np.flatnonzero(score[1:, 0]) + 1
    return [np.sort(chord) for chord in np.split(score[:, 2], firsts)]


def top_line(score: np.ndarray) -> np.ndarray:
    """The highest pitch of every chord."""
    return np.array([chord[-1] for chord in chords(score)])


def distributions(scores: list[np.ndarray]) -> Distributions:
    """How often each interval, wait and length comes, as shares of all."""
    groups = [chords(score) for score in scores]
    top = [np.diff([chord[-1] for chord in group]) for group in groups]
    low = [np.diff([chord[0] for chord in group]) for group in groups]
    within = [
        (chord[:, None] - chord)[np.tril_indices(len(chord), -1)]
        for group in groups for chord in group
    ]  # fmt: skip
    notes = np.concatenate(scores)
    return {
        "top line": _shares(np.concatenate(top) + WIDEST, 2 * WIDEST + 1),
        "lowest line": _shares(np.concatenate(low) + WIDEST, 2 * WIDEST + 1),
        "within chords": _shares(np.concatenate(within), 12 * OCTAVES + 1),
        "dT": _shares(notes[:, 0], len(WAITS)),
        "T": _shares(notes[:, 1], len(LENGTHS)),
    }


def _shares(values: np.ndarray, size: int) -> np.ndarray:
    counts = np.bincount(values.astype(np.int64).clip(0, size - 1), minlength=size)
    shares: np.ndarray = counts / max(counts.sum(), 1)
    return shares


def overlaps(ours: Distributions, theirs: Distributions) -> dict[str, float]:
    """How far each distribution is the same: the common area, 0..1."""
    return {name: float(np.minimum(ours[name], theirs[name]).sum()) for name in ours}


def _row(score: np.ndarray) -> np.ndarray:
    """The intervals of a score's top line, as originality has them."""
    return np.append(np.diff(top_line(score)).clip(-40, 40), BREAK)


def _joined(scores: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *map(_row, scores)])


def _mean_profile(found: dict[int, list[float]]) -> dict[str, float]:
    """The mean over pieces of each length's share, of the pieces that are long enough."""
    known = {n: [x for x in shares if x == x] for n, shares in found.items()}
    return {str(n): float(np.mean(shares)) for n, shares in known.items() if shares}


def shared(scores: list[np.ndarray]) -> dict[str, float]:
    """For each length of run, which share of a piece's stands in another of the pieces."""
    found: dict[int, list[float]] = {n: [] for n in RUNS}
    for n, score in enumerate(scores):
        others = _joined(scores[:n] + scores[n + 1 :])
        for length, values in profile([_row(score)], others).items():
            found[length] += values
    return _mean_profile(found)


def measure(
    composed: list[np.ndarray], corpus: Corpus, split: str, sources: tuple[str, ...]
) -> dict[str, Any]:
    """All figures of composed scores, and the same of the music. Raises CorpusError."""
    music = reference(corpus, split, sources)
    heard = reference(corpus, "train", sources, most=10**6)
    theirs, trained = distributions(music), _joined(heard)
    return {
        "split": split, "sources": list(sources), "pieces": len(composed),
        "notes": sum(map(len, composed)), "music_pieces": len(music),
        "overlap": {
            "composed": overlaps(distributions(composed), theirs),
            "music": overlaps(distributions(heard), theirs),
        },
        "known": {
            "composed": _mean_profile(profile([_row(s) for s in composed], trained)),
            "music": _mean_profile(profile([_row(s) for s in music], trained)),
        },
        "shared": {"composed": shared(composed), "music": shared(music[: len(composed)])},
    }  # fmt: skip


def table(found: dict[str, Any]) -> str:
    """The figures as lines of text."""
    lines = [
        f"{found['pieces']} pieces composed ({found['notes']:,} notes) beside "
        f"{found['music_pieces']} of '{found['split']}' of {', '.join(found['sources'])}",
        f"{'':<32}{'composed':>9}{'music':>9}",
    ]
    for title, block in (
        ("overlap with the music", "overlap"), ("known from the training set", "known"),
        ("shared with another piece", "shared"),
    ):  # fmt: skip
        ours, theirs = found[block]["composed"], found[block]["music"]
        for name in ours:
            what = name if block == "overlap" else f"{name} intervals"
            other = f"{theirs[name]:9.3f}" if name in theirs else f"{'-':>9}"
            lines.append(f"{title + ', ' + what:<32}{ours[name]:9.3f}{other}")
    return "\n".join(lines)
