"""The outcomes both networks are rated on, and the probability that a mixture gives to them.

A time x stands for the interval x - 5 ms .. x + 5 ms, a velocity for x - 0.5 .. x + 0.5. All that
lies below the first interval belongs to it, and all above the last to that: "at once", 10 s and
more, note-off, 127. These are the outcomes of `notochord.distributions`; the numbers stand here
again because this module runs where that one cannot be imported (a test holds them together).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Bins(NamedTuple):
    """Intervals of width `resolution` around x; those of `low` and `high` have no outer edge."""

    resolution: float
    low: float
    high: float


TIME = Bins(0.01, 0.0, 10.0)  # seconds
VELOCITY = Bins(1.0, 0.0, 127.0)


def log_probability(
    x: Tensor, bins: Bins, log_weight: Tensor, location: Tensor, sharpness: Tensor
) -> Tensor:
    """Nats of the interval around x (...) under a mixture of logistics (..., components).

    The integral of a logistic between two edges is the difference of two sigmoids, and
    sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)): no difference of nearly
    equal numbers is taken, in float64.
    """
    x = x.double().clamp(bins.low, bins.high).unsqueeze(-1)
    half, sharp = 0.5 * bins.resolution, sharpness.double()
    above = sharp * (x + half - location.double())
    below = sharp * (x - half - location.double())
    first, last = x <= bins.low + half, x >= bins.high - half
    nothing = torch.zeros_like(above)
    log_mass = (
        torch.where(last, nothing, F.logsigmoid(above))
        + torch.where(first, nothing, F.logsigmoid(-below))
        + torch.where(first | last, nothing, torch.log(-torch.expm1(below - above)))
    )
    return torch.logsumexp(log_weight.double() + log_mass, dim=-1)
