"""How much of a melody stands in the training set: the novelty profile, transposition-invariant.

Each instrument's top line becomes a row of pitch intervals. For every length n, the profile tells
which share of the row's runs of n intervals stands somewhere in the training set (after the
novelty profile of BachProp, Colombo and Gerstner 2018). Runs are compared by 64-bit hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from tqdm import tqdm

from notochord.corpus import Corpus
from notochord.event import Note, is_drums
from notochord.listen import MOMENT

RUNS = (3, 4, 6, 8, 12, 16, 24, 32)  # intervals
BREAK = 64  # in place of an interval, between two melodies
BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so it has an inverse modulo 2^64
INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 2**64))


def top_line(onset: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """The highest pitch of every moment; onsets (seconds) need not be in order."""
    if not len(onset):
        return np.zeros(0, dtype=np.int64)
    at = np.argsort(onset, kind="stable")
    moment = np.concatenate([[0], np.cumsum(np.diff(onset[at]) > MOMENT)])
    top = np.full(moment[-1] + 1, -1, dtype=np.int64)
    np.maximum.at(top, moment, pitch[at])
    return top


def _joined(lines: Iterable[np.ndarray]) -> np.ndarray:
    """Melodies as one row of intervals, with breaks between."""
    rows: list[np.ndarray] = []
    for line in lines:
        rows += [np.clip(np.diff(line), -40, 40), np.array([BREAK])]
    return np.concatenate(rows).astype(np.int64) if rows else np.zeros(0, dtype=np.int64)


def intervals(notes: Sequence[Note]) -> np.ndarray:
    """The intervals of every melodic instrument's top line, with breaks between them."""
    lines = []
    for instrument in sorted({n.instrument for n in notes if not is_drums(n.instrument)}):
        mine = [n for n in notes if n.instrument == instrument]
        lines.append(top_line(np.array([n.start for n in mine]), np.array([n.pitch for n in mine])))
    return _joined(lines)


def corpus_intervals(corpus: Corpus, indices: Iterable[int]) -> np.ndarray:
    """The intervals of every melodic part of these pieces."""
    lines = []
    for index in tqdm(indices, desc="reading melodies", leave=False):
        piece = corpus.piece(index)
        for part in np.flatnonzero(~piece.drums):
            mine = piece.part == part
            lines.append(top_line(piece.start[mine] / 1000.0, piece.pitch[mine]))
    return _joined(lines)


def runs(row: np.ndarray, n: int) -> np.ndarray:
    """A hash for every run of n intervals without a break in it."""
    if len(row) < n:
        return np.zeros(0, dtype=np.uint64)
    with np.errstate(over="ignore"):
        power = np.multiply.accumulate(np.full(len(row), BASE))
        back = np.multiply.accumulate(np.full(len(row), INVERSE))
        heap = np.concatenate([[np.uint64(0)], np.cumsum((row + 101).astype(np.uint64) * power)])
        hashes = (heap[n:] - heap[:-n]) * back[: len(row) - n + 1]
    breaks = np.concatenate([[0], np.cumsum(row == BREAK)])
    return hashes[breaks[n:] == breaks[:-n]]


def profile(rows: Sequence[np.ndarray], known: np.ndarray) -> dict[int, list[float]]:
    """For each length, the share of each row's runs that stand in `known`; NaN without any run."""
    out: dict[int, list[float]] = {}
    for n in RUNS:
        have = np.unique(runs(known, n))
        out[n] = [_found(runs(row, n), have) for row in rows]
    return out


def _found(mine: np.ndarray, have: np.ndarray) -> float:
    if not len(mine):
        return float("nan")
    at = np.searchsorted(have, mine).clip(max=max(len(have) - 1, 0))
    return float((have[at] == mine).mean()) if len(have) else 0.0


def longest_known(found: dict[int, list[float]], row: int) -> int:
    """The longest of the lengths RUNS at which some run of a row of a profile is known."""
    return max((n for n, shares in found.items() if shares[row] > 0), default=0)
