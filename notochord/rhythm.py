"""When the next onset is due by the rhythm just heard.

    onsets heard       |     |  |     |     |  |     |  now
    how far apart onsets stand again and again (their autocorrelation):
                       '-----'        '-----'                  a beat
                       '--------------'                        a bar
    every onset moved on by each such distance is where another is due:
                                                       :  :  :     :     :

A network that plays on from its own events errs a little each time, and since each wait is counted
from the event before, its errors add up and the beat is lost. Where the rhythm returns is counted
from every onset that is still remembered, so an error does not last. (Autocorrelation for metre:
Brown, "Determination of the meter of musical scores by autocorrelation", JASA 1993.)
"""

from __future__ import annotations

import numpy as np

STEP = 0.01  # seconds; times closer than this are taken for the same
SHORTEST, LONGEST = 0.1, 4.0  # seconds between onsets that return
FEWEST = 6  # onsets by which a rhythm can be told
SHARPNESS = 6.0  # power that raises the distances that return most above the rest
FAINT = 0.02  # of the most frequent distance: what is rarer is left out
BELL = np.array([0.25, 1.0, 0.25])  # how exactly onsets return, over three steps
VAGUE, CLEAR = 0.3, 0.8  # share of the onsets that return after one distance, beyond chance: below
# the one there is no rhythm to keep to (a pianist's rubato has 0.2), above the other it is clear

_FIRST, _LAST = round(SHORTEST / STEP), round(LONGEST / STEP)
_DISTANCES = np.arange(_LAST + 1)


class Rhythm:
    """Tells for given bins of time how much is due in each."""

    def __init__(self, edges: np.ndarray) -> None:
        """edges: where the bins end, in seconds from now, ascending (bins + 1,)."""
        steps = np.floor(edges / STEP + 0.5 + 1e-6).astype(int).clip(0, _LAST + 1)
        self._first, self._end = steps[:-1], steps[1:]
        self._steps = np.maximum(self._end - self._first, 1)

    def due(self, ago: np.ndarray) -> tuple[float, np.ndarray]:
        """How clear the rhythm is, from 0 to 1; and how strongly an onset is due in each bin,
        per time, in no unit: (bins,).

        ago: how long ago each onset was, in seconds.
        """
        onsets = np.unique((ago / STEP + 0.5).astype(int))
        if len(onsets) < FEWEST:
            return 0.0, np.ones(len(self._steps))
        clearness, returns = distances_that_return(onsets)
        return clearness, self._moved_on(onsets, returns)

    def _moved_on(self, onsets: np.ndarray, returns: np.ndarray) -> np.ndarray:
        """The onsets moved on by every distance that returns."""
        kept = np.flatnonzero(returns > FAINT)
        moved = np.subtract.outer(kept, onsets)
        ahead = (moved >= 0) & (moved <= _LAST)
        weights = np.broadcast_to(returns[kept, None], moved.shape)
        due = np.bincount(moved[ahead], weights[ahead], minlength=_LAST + 1)
        heap = np.concatenate([[0.0], np.convolve(due, BELL, "same").cumsum()])
        strength: np.ndarray = (heap[self._end] - heap[self._first]) / self._steps
        # Beyond what can be foretold everything is due as much as it is on the whole.
        return np.where(self._first > _LAST, heap[-1] / (_LAST + 1), strength)


def distances_that_return(onsets: np.ndarray) -> tuple[float, np.ndarray]:
    """How clear it is, from 0 to 1, that there is one, and how much each distance returns, from 0
    to 1 for the one that does most: (_LAST + 1,), in steps.

    onsets: how many steps ago each was, ascending.
    """
    apart = np.subtract.outer(onsets, onsets)
    apart = apart[(apart >= _FIRST) & (apart <= _LAST)]
    count = np.convolve(np.bincount(apart, minlength=_LAST + 1), BELL, "same")
    # Of a long distance there is room for fewer in what is remembered.
    span = onsets[-1] - onsets[0]
    often = count / np.maximum(span - _DISTANCES, 0.15 * span + 1.0)
    often[:_FIRST] = 0.0
    above = np.maximum(often - often[_FIRST:].mean(), 0.0)
    greatest = float(above.max())
    share = greatest * span / len(onsets)
    clearness = min(max((share - VAGUE) / (CLEAR - VAGUE), 0.0), 1.0)
    return clearness, (above / max(greatest, 1e-9)) ** SHARPNESS
