"""How long a quarter note is in what was heard: a robust estimate from the times between onsets.

Every candidate is rated by how near each time comes to a usual note value of its, an outlier
costing no more than a limit, and by how far it is from what was held before: half and double tempo
fit the same times, and one does not jump from one to the other for nothing. The best is then fitted
to the times that are near.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from notochord.score import LENGTHS, QUARTER

# Seconds, where nothing was heard yet; of no tempo that is written, so that nobody's even times are
# a value of it by chance.
USUAL = 0.52
SLOWEST, FASTEST = 1.5, 0.2  # seconds
REMEMBERED = 12  # times between onsets; the last count most
ENOUGH = 3  # of them, for an estimate
FADES = 0.85  # what a time counts, against the one after it
CLOSE = 0.06  # of the ratio to a note value: what a player's fingers are out
LIMIT = 2.0  # what a time that fits nothing costs
STAYS = 0.5  # what an octave away from the tempo that was held costs
COMMON = 0.15  # what an octave away from the usual costs
AS_WRITTEN = 0.001  # seconds: what is so near to a value was played by the score, not by hand

_CANDIDATES = np.geomspace(FASTEST, SLOWEST, 80)
# What it costs to hear a time as a note value, in ticks; as any other of the dictionary, more.
_COST = {24: 0.0, 12: 0.0, 48: 0.1, 6: 0.3, 72: 0.4, 96: 0.4, 36: 0.4, 18: 0.7, 8: 0.6, 16: 0.8}
_VALUES = np.array(LENGTHS) / QUARTER
_COSTS = np.array([_COST.get(length, 1.2) for length in LENGTHS])


def quarter_heard(gaps: Sequence[float], before: float = USUAL) -> float:
    """Seconds a quarter note, of times between onsets (seconds, above 0), the last last.

    `before` is what was held until now, and is what it stays while too little was heard, or what
    is heard is exactly in it: then it is our own playing.
    """
    if len(gaps) < ENOUGH or abs(gaps[-1] - before * _VALUES).min() < AS_WRITTEN:
        return before
    heard = np.log(np.array(gaps[-REMEMBERED:]))
    weights = FADES ** np.arange(len(heard))[::-1]
    candidates = np.append(_CANDIDATES, min(max(before, FASTEST), SLOWEST))
    off = heard - np.log(candidates)[:, None]  # (candidates, gaps)
    costs = np.minimum(abs(off[..., None] - np.log(_VALUES)) / CLOSE, LIMIT) + _COSTS
    nearest = costs.argmin(-1)
    price = (costs.min(-1) * weights).sum(-1) / weights.sum()
    price += STAYS * abs(np.log2(candidates / before)) + COMMON * abs(np.log2(candidates / USUAL))
    best = int(price.argmin())
    left = off[best] - np.log(_VALUES)[nearest[best]]
    near = weights * (abs(left) < 2 * CLOSE)
    fitted = candidates[best] * np.exp((left * near).sum() / max(near.sum(), 1e-9))
    return float(min(max(fitted, FASTEST), SLOWEST))


def led(quarter: float, beat: float, most: float = 1.1) -> float:
    """A quarter note (seconds) a little nearer to the beat, or to its half or double, whichever is
    nearest; as it is where there is no beat (0)."""
    if beat <= 0.0:
        return quarter
    octaves = round(float(np.log2(quarter / beat)))
    return min(max(beat * 2.0**octaves, quarter / most), quarter * most)
