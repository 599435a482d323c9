"""Mixtures for time and velocity: censored, discretised logistics.

A value x measured with resolution 2d stands for the interval x-d..x+d. Under one logistic with
location mu and sharpness s its probability is

    sigmoid(s (x + d - mu)) - sigmoid(s (x - d - mu))

and the mass beyond a bound is heaped onto the bound: at the lower bound the second term is 0, at
the upper bound the first is 1. So "at once" (time 0) and "note-off" (velocity 0) have
probabilities of their own. (Shepardson et al. 2022; the discretised logistic mixture is from
PixelCNN++, Salimans et al. 2017.)

All functions are scriptable and keep to float32.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

TIME_RESOLUTION = 0.01  # seconds
COPY_SHARPNESS = 800.0  # per second: most of a copied time lies within 1 ms of it
TIME_LOW, TIME_HIGH = 0.0, 10.0
VELOCITY_RESOLUTION = 1.0
VELOCITY_LOW, VELOCITY_HIGH = 0.0, 127.0


def mixture_log_prob(
    x: Tensor, log_weight: Tensor, location: Tensor, sharpness: Tensor,
    resolution: float, low: float, high: float,
) -> Tensor:  # fmt: skip
    """Log-probability of x (...) under a mixture with parameters (..., components)."""
    half = 0.5 * resolution
    x = x.unsqueeze(-1)
    z = sharpness * (x - location)
    width = sharpness * half
    # log of sigmoid(z + width) - sigmoid(z - width), without ever leaving the log domain:
    #   = log(e^w - e^-w) - softplus(-w - z) - z - softplus(w - z)
    log_sinh = width + torch.log1p(-torch.exp(-2.0 * width) * (1.0 - 1e-6))
    middle = log_sinh - F.softplus(-width - z) - z - F.softplus(width - z)
    bottom = F.logsigmoid(z + width)
    top = F.logsigmoid(width - z)
    at_bottom = (x <= low + half).expand_as(middle)
    at_top = (x >= high - half).expand_as(middle)
    log_prob = torch.where(at_bottom, bottom, torch.where(at_top, top, middle))
    return torch.logsumexp(log_weight + log_prob, dim=-1)


def time_parameters(raw: Tensor, log_base: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(log weights, locations in seconds, sharpness) from a head's raw output (..., 3K).

    Locations and sharpness move in proportion to each component's own place on the time axis, so
    that a step of the network means the same at 10 ms as at 10 s.
    """
    logits, shift, blunt = raw.float().chunk(3, dim=-1)
    location = torch.exp(log_base + shift.clamp(-8.0, 8.0))
    sharpness = torch.exp(math.log(8.0) - log_base + blunt.clamp(-20.0, 20.0))
    return F.log_softmax(logits, dim=-1), location, sharpness.clamp(1e-4, 2000.0)


def velocity_parameters(raw: Tensor, base: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(log weights, locations in MIDI velocity, sharpness) from raw output (..., 3K)."""
    logits, shift, blunt = raw.float().chunk(3, dim=-1)
    location = base + 16.0 * shift
    sharpness = torch.exp(-1.0 + blunt.clamp(-8.0, 8.5))
    return F.log_softmax(logits, dim=-1), location, sharpness.clamp(1e-4, 2000.0)


def time_log_prob(
    dt: Tensor, raw: Tensor, log_base: Tensor, resolution: float = TIME_RESOLUTION,
    low: float = TIME_LOW, high: float = TIME_HIGH,
) -> Tensor:  # fmt: skip
    """Log-probability of each dt (seconds), a bin of 10 ms, under a time head's raw output."""
    weight, location, sharpness = time_parameters(raw, log_base)
    return mixture_log_prob(dt, weight, location, sharpness, resolution, low, high)


def velocity_log_prob(
    velocity: Tensor, raw: Tensor, base: Tensor, resolution: float = VELOCITY_RESOLUTION,
    low: float = VELOCITY_LOW, high: float = VELOCITY_HIGH,
) -> Tensor:  # fmt: skip
    """Log-probability of each velocity 0..127 under a velocity head's raw output."""
    weight, location, sharpness = velocity_parameters(raw, base)
    return mixture_log_prob(velocity, weight, location, sharpness, resolution, low, high)


def same(x: Tensor, heard: Tensor) -> Tensor:
    """Whether each x (...) is each of those heard (..., E), as 0 or 1: (..., E)."""
    return (x.unsqueeze(-1) == heard).float()


def same_time(
    dt: Tensor, heard: Tensor, resolution: float = TIME_RESOLUTION,
    sharpness: float = COPY_SHARPNESS,
) -> Tensor:  # fmt: skip
    """Probability of each dt (...) when each of the heard times is copied, (..., E): a copied
    time is as exact as the corpus tells it, 1 ms."""
    off, edge = sharpness * (dt.unsqueeze(-1) - heard), 0.5 * sharpness * resolution
    below = torch.sigmoid(off - edge)
    at_once = dt.unsqueeze(-1) <= 0.5 * resolution
    return torch.sigmoid(off + edge) - torch.where(at_once, torch.zeros_like(below), below)


def with_copied(own: Tensor, log_weights: Tensor, alike: Tensor) -> Tensor:
    """Log-probability of values (...) when each of E that were heard may be copied.

    own (...): what the head alone says; log_weights (..., 1 + E): of the head, and of copying
    each; alike (..., E): probability of the value when that one is copied.
    """
    copied = (log_weights[..., 1:].exp() * alike).sum(-1)
    return torch.logaddexp(log_weights[..., 0] + own, torch.log(copied + 1e-12))
