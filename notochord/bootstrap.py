"""Means over pieces with bootstrap intervals: whole pieces are drawn again, since the events of one
are alike (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993)."""

from __future__ import annotations

import numpy as np

RESAMPLES = 1000
CONFIDENCE = 99  # per cent

Figure = dict[str, float]  # mean, lo, hi


class Ratios:
    """Sums over pieces, each divided by another: nats by events, say."""

    def __init__(self, rows: np.ndarray) -> None:
        """rows (pieces, sums): what each piece adds to each sum."""
        n = len(rows)
        drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), RESAMPLES)
        self._sums = np.concatenate([rows.sum(0, keepdims=True), drawn @ rows])

    def of(self, sum: int, by: int) -> Figure:
        """One sum divided by another: {mean, lo, hi}."""
        values = self._sums[:, sum] / np.maximum(self._sums[:, by], 1e-9)
        tail = (100 - CONFIDENCE) / 2
        lo, hi = np.percentile(values[1:], [tail, 100 - tail])
        return {"mean": float(values[0]), "lo": float(lo), "hi": float(hi)}
