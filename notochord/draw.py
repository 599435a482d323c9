"""Drawing from what the heads say: categoricals, and mixtures cut into bins.

All functions are scriptable. Randomness is passed in as uniform numbers in [0, 1); a weight of
zero is never drawn.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def choose(weights: Tensor, top_p: float, u: float) -> int:
    """An index drawn with these weights (zeros are never drawn), by a uniform number in [0, 1).

    With top_p below 1, the unlikeliest indices beyond that share of the weight are left out.
    """
    w = weights.double()
    if top_p < 1.0:
        ordered, index = w.sort(descending=True)
        before = ordered.cumsum(0) - ordered
        w[index[before >= top_p * ordered.sum()]] = 0.0
    heap = w.cumsum(0)
    return int((heap <= u * heap[-1]).sum().clamp(max=len(w) - 1))


def tempered(logits: Tensor, mask: Tensor, temperature: float) -> Tensor:
    """Weights of a categorical: zero where masked, sharpened or flattened by the temperature."""
    logits = logits.float().masked_fill(~mask, -math.inf)
    return torch.softmax(logits / max(temperature, 1e-6), dim=-1) * mask


def with_share(weights: Tensor, favoured: Tensor, share: float) -> Tensor:
    """Weights in which the favoured rows together have at least this share of the whole."""
    theirs, whole = float(weights[favoured].sum()), float(weights.sum())
    if theirs <= 0.0 or theirs >= share * whole or theirs >= whole:
        return weights
    up, down = share * whole / theirs, (1.0 - share) * whole / (whole - theirs)
    return torch.where(favoured, weights * up, weights * down)


def binned(
    edges: Tensor, low: float, high: float, weight: Tensor, location: Tensor, sharpness: Tensor
) -> Tensor:
    """The mass of each component between each two edges, cut to low..high: (bins, components)."""
    inside = edges.clamp(low, high).unsqueeze(1)
    heap = torch.sigmoid(sharpness * (inside - location))
    return (heap[1:] - heap[:-1]) * weight


def sharpened(mass: Tensor, width: Tensor, place: Tensor, timing: float, rhythm: float) -> Tensor:
    """Weights of bins of these widths, as likely as they are but for two temperatures.

    `place` (bins,) says which half octave of time each bin lies in. The temperature `timing` acts
    among the bins of one place, which keeps its weight: a low one takes the likeliest time near
    by, so that a quaver stays a quaver, and yet long waits stay as frequent as they are. `rhythm`
    acts among the places.
    """
    if timing == 1.0 and rhythm == 1.0:
        return mass
    places = torch.zeros(int(place[-1]) + 1)
    whole = places.index_add(0, place, mass)
    density = mass / width
    peak = places.scatter_reduce(0, place, density, "amax").clamp(min=1e-30)
    near = (density / peak[place]) ** (1.0 / max(timing, 1e-3)) * width
    if rhythm != 1.0:
        whole = (whole / whole.max().clamp(min=1e-30)) ** (1.0 / max(rhythm, 1e-3))
    return near * (whole / places.index_add(0, place, near).clamp(min=1e-30))[place]


def draw_within(
    low: float, high: float, share: Tensor, location: Tensor, sharpness: Tensor, u1: float,
    u2: float,
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
