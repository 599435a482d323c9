"""How long a quarter note is in what was heard: a robust estimate from the times between onsets.

Every candidate is rated by how near each time comes to a usual note value of its, an outlier
costing no more than a limit, and by how far it is from what was held before: half and double tempo
fit the same times, and one does not jump from one to the other for nothing. The best is then fitted
to the times that are near.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

USUAL = 0.5  # seconds, where nothing was heard yet
SLOWEST, FASTEST = 1.5, 0.2  # seconds
REMEMBERED = 12  # times between onsets; the last count most
ENOUGH = 3  # of them, for an estimate
FADES = 0.85  # what a time counts, against the one after it
CLOSE = 0.06  # of the ratio to a note value: what a player's fingers are out
LIMIT = 2.0  # what a time that fits nothing costs
STAYS = 0.5  # what an octave away from the tempo that was held costs
COMMON = 0.25  # what an octave away from the usual costs

_CANDIDATES = np.geomspace(FASTEST, SLOWEST, 80)
# Note values in quarters, and what it costs to hear a time as one.
_VALUES = np.array([1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 3 / 2, 2, 3, 4])
_COSTS = np.array([0.3, 0.5, 0.0, 0.7, 0.5, 0.0, 0.3, 0.1, 0.3, 0.3])


def quarter_heard(gaps: Sequence[float], before: float = USUAL) -> float:
    """Seconds a quarter note, of times between onsets (seconds, above 0), the last last.

    `before` is what was held until now, and is what it stays while too little was heard.
    """
    if len(gaps) < ENOUGH:
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
