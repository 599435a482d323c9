"""Drawing from what the heads say: categoricals, and mixtures cut into bins.

Randomness is passed in as uniform numbers in [0, 1); a weight of zero is never drawn.
"""

from __future__ import annotations

import math

import numpy as np

TINY = 1e-30


def choose(weights: np.ndarray, top_p: float, u: float) -> int:
    """An index drawn with these weights (zeros are never drawn), by a uniform number in [0, 1).

    With top_p below 1, the unlikeliest indices beyond that share of the weight are left out.
    """
    if top_p < 1.0:
        order = (-weights).argsort(kind="stable")
        heap = weights[order].cumsum()
        kept = heap[: int(heap.searchsorted(top_p * heap[-1])) + 1]
        return int(order[min(int(kept.searchsorted(u * kept[-1], side="right")), len(kept) - 1)])
    heap = weights.cumsum()
    index = int(heap.searchsorted(u * heap[-1], side="right"))
    return index if index < len(heap) else int(np.flatnonzero(weights)[-1])


def mixed(logits: np.ndarray, weights: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """Probabilities of a categorical (N,) when what was heard (E,) may be copied; the first of
    the weights (1 + E) is that of copying nothing."""
    own = np.exp(logits - np.maximum.reduce(logits))
    chances: np.ndarray = np.bincount(heard, weights[1:], minlength=len(own))
    chances += own * (weights[0] / np.add.reduce(own))
    return chances


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Weights of a categorical, sharpened or flattened by the temperature."""
    greatest = np.maximum.reduce(probabilities)
    if not greatest > 0.0:
        return np.ones_like(probabilities)
    weights: np.ndarray = (probabilities / greatest) ** (1.0 / max(temperature, 1e-6))
    return weights


def with_share(weights: np.ndarray, favoured: np.ndarray, share: float) -> np.ndarray:
    """Weights in which the favoured rows together have at least this share of the whole."""
    theirs, whole = float(weights[favoured].sum()), float(weights.sum())
    if theirs <= 0.0 or theirs >= share * whole or theirs >= whole:
        return weights
    up, down = share * whole / theirs, (1.0 - share) * whole / (whole - theirs)
    return np.where(favoured, weights * up, weights * down)


class Places:
    """Bins of time, gathered by the half octave in which they lie; "at once" has its own."""

    def __init__(self, edges: np.ndarray) -> None:
        self.widths = np.diff(edges)
        middles, half = (edges[1:] + edges[:-1]) / 2, edges[1]
        octaves = np.log2(np.maximum(middles / half, 2**-0.5))
        self.place = (2 * octaves).astype(np.int64) + 1
        self.place[0] = 0
        firsts = np.flatnonzero(np.diff(self.place, prepend=-1))
        self.place = np.searchsorted(firsts, np.arange(len(self.place)), side="right") - 1
        self.firsts = firsts
        self.octaves = octaves[firsts].clip(0.0)  # above the shortest time

    def sharpened(
        self, mass: np.ndarray, timing: float, rhythm: float, haste: float = 0.0
    ) -> np.ndarray:
        """Weights of the bins, as likely as they are but for two temperatures and haste.

        The temperature `timing` acts among the bins of one place, which keeps its weight: a low
        one takes the likeliest time near by, so that a quaver stays a quaver, and yet long waits
        stay as frequent as they are. `rhythm` acts among the places. With haste, a place is
        2**haste times as likely as one an octave above it, compared with what it would be.
        """
        if timing == 1.0 and rhythm == 1.0 and haste == 0.0:
            return mass
        whole = np.add.reduceat(mass, self.firsts)
        density = mass / self.widths
        peak = np.maximum(np.maximum.reduceat(density, self.firsts), TINY)
        near = (density / peak[self.place]) ** (1.0 / max(timing, 1e-3)) * self.widths
        if rhythm != 1.0:
            whole = (whole / max(whole.max(), TINY)) ** (1.0 / max(rhythm, 1e-3))
        if haste != 0.0:
            whole = whole * np.exp2(-haste * self.octaves)
        share = whole / np.maximum(np.add.reduceat(near, self.firsts), TINY)
        weights: np.ndarray = near * share[self.place]
        return weights


def draw_within(
    low: float, high: float, share: np.ndarray, location: np.ndarray, sharpness: np.ndarray,
    u1: float, u2: float,
) -> float:  # fmt: skip
    """A draw between two values, from components with these shares of what lies there."""
    k = choose(share, 1.0, u1)
    mu, s = float(location[k]), float(sharpness[k])
    z_low, z_high = s * (low - mu), s * (high - mu)
    flip = z_low + z_high > 0  # work on the side where digits are kept
    if flip:
        z_low, z_high = -z_high, -z_low
    p_low, p_high = 1 / (1 + math.exp(-max(z_low, -700.0))), 1.0
    if z_high < 30.0:
        p_high = 1 / (1 + math.exp(-max(z_high, -700.0)))
    p = min(max(p_low + u2 * (p_high - p_low), 1e-300), 1.0 - 1e-9)
    z = math.log(p) - math.log1p(-p)
    if flip:
        z = -z
    return min(max(mu + z / s, low), high)
