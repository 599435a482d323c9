"""Mixtures of logistics: they add up to one, and agree with their definition."""

import math

import numpy as np
import torch

from notochord.distributions import (
    same,
    same_time,
    time_log_prob,
    time_parameters,
    velocity_log_prob,
    velocity_parameters,
    with_copied,
)

TIME_BASE = torch.linspace(math.log(0.001), math.log(10), 8)
VELOCITY_BASE = torch.linspace(0, 127, 6)


def raw(components, scale=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(20, 3 * components, generator=generator)


def naive(x, parameters, half, low, high):
    """The probability of the interval round x, straight from the definition, in float64."""
    weight, location, sharpness = (p.double().numpy() for p in parameters)

    def below(y):
        return 1 / (1 + np.exp(np.clip(-sharpness * (y - location), -700, 700)))

    upper = 1.0 if x >= high - half else below(x + half)
    lower = 0.0 if x <= low + half else below(x - half)
    return (np.exp(weight) * (upper - lower)).sum(-1)


def test_the_probabilities_of_all_velocities_sum_to_one():
    for scale in (0.1, 1.0, 3.0):
        params = raw(6, scale)
        every = torch.stack([
            velocity_log_prob(torch.full((20,), float(v)), params, VELOCITY_BASE)
            for v in range(128)
        ])  # fmt: skip
        assert torch.allclose(every.exp().sum(0), torch.ones(20), atol=1e-3)


def test_the_probabilities_of_all_times_sum_to_one():
    params = raw(8)
    every = torch.stack([
        time_log_prob(torch.full((20,), n / 100), params, TIME_BASE) for n in range(1001)
    ])  # fmt: skip
    assert torch.allclose(every.exp().sum(0), torch.ones(20), atol=1e-3)


def test_velocities_have_the_probability_of_the_definition():
    params = raw(6)
    for v in (0, 1, 17, 64, 100, 126, 127):
        log_prob = velocity_log_prob(torch.full((20,), float(v)), params, VELOCITY_BASE)
        expected = naive(float(v), velocity_parameters(params, VELOCITY_BASE), 0.5, 0, 127)
        assert np.allclose(log_prob.exp().numpy(), expected, rtol=2e-3, atol=1e-7)


def test_times_have_the_probability_of_the_definition():
    params = raw(8)
    for t in (0.0, 0.013, 0.25, 1.5, 9.9, 10.0):
        log_prob = time_log_prob(torch.full((20,), t), params, TIME_BASE)
        expected = naive(t, time_parameters(params, TIME_BASE), 0.005, 0, 10)
        assert np.allclose(log_prob.exp().numpy(), expected, rtol=2e-3, atol=1e-6)


def test_log_probabilities_and_gradients_are_finite_for_wild_outputs():
    for scale in (10.0, 100.0, 1000.0):
        params = raw(8, scale).requires_grad_()
        log_prob = time_log_prob(torch.linspace(0, 10, 20), params, TIME_BASE)
        log_prob.sum().backward()
        assert torch.isfinite(log_prob).all() and torch.isfinite(params.grad).all()


def test_a_copied_time_is_as_likely_as_its_weight_has_it():
    heard, own = torch.tensor([0.25, 0.5, 0.0]), torch.full((4,), math.log(1e-9))
    weights = torch.log(torch.tensor([0.1, 0.4, 0.3, 0.2])).expand(4, 4)
    dt = torch.tensor([0.25, 0.501, 0.0, 0.35])
    chance = with_copied(own, weights, same_time(dt, heard)).exp()
    assert np.allclose(chance[:3].numpy(), [0.4, 0.3, 0.2], rtol=0.05)
    assert float(chance[3]) < 1e-6


def test_copied_and_own_velocities_add_up():
    heard, weights = torch.tensor([80.0, 80.0, 64.0]), torch.log(torch.full((2, 4), 0.25))
    velocity, own = torch.tensor([80.0, 90.0]), torch.log(torch.tensor([0.2, 0.4]))
    chance = with_copied(own, weights, same(velocity, heard)).exp()
    assert np.allclose(chance.numpy(), [0.25 * 0.2 + 0.5, 0.25 * 0.4], rtol=1e-4)
