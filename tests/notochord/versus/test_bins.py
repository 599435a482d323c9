"""Both networks are rated on the same outcomes: probabilities of the same bins."""

import pytest
import torch

from notochord import distributions
from notochord.versus.bins import TIME, VELOCITY, log_probability


def mixture(seed, components=6, high=10.0, sharpest=300.0):
    """A mixture at random: log weights, locations from 0 to `high`, sharpness."""
    made = torch.Generator().manual_seed(seed)
    random = torch.rand(3, components, generator=made)
    sharp = torch.exp(random[2] * torch.log(torch.tensor(sharpest)))
    return torch.log_softmax(4 * random[0], -1), high * random[1], sharp


def density(x, log_weight, location, sharpness):
    """The mixture's density, from the derivative of a logistic."""
    risen = torch.sigmoid(sharpness.double() * (x[:, None] - location.double()))
    return (log_weight.double().exp() * sharpness.double() * risen * (1 - risen)).sum(-1)


def test_the_outcomes_are_those_of_our_own_distributions():
    ours = (distributions.TIME_RESOLUTION, distributions.TIME_LOW, distributions.TIME_HIGH)
    assert ours == TIME
    ours = (
        distributions.VELOCITY_RESOLUTION, distributions.VELOCITY_LOW, distributions.VELOCITY_HIGH
    )  # fmt: skip
    assert ours == VELOCITY


@pytest.mark.parametrize("seed", range(4))
def test_all_times_together_have_probability_one(seed):
    every = torch.arange(1001, dtype=torch.float64) * 0.01
    assert log_probability(every, TIME, *mixture(seed)).exp().sum().item() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(4))
def test_all_velocities_together_have_probability_one(seed):
    parts = mixture(seed, high=127.0, sharpest=20.0)
    every = torch.arange(128, dtype=torch.float64)
    assert log_probability(every, VELOCITY, *parts).exp().sum().item() == pytest.approx(1)


@pytest.mark.parametrize("x", [0.02, 0.123, 1.5, 7.777])
def test_a_time_has_what_the_density_integrates_to_over_its_bin(x):
    parts = mixture(5)
    fine = torch.linspace(x - 0.005, x + 0.005, 20001, dtype=torch.float64)
    integral = torch.trapezoid(density(fine, *parts), fine)
    found = log_probability(torch.tensor(x, dtype=torch.float64), TIME, *parts).exp()
    assert found.item() == pytest.approx(integral.item(), rel=1e-6)


@pytest.mark.parametrize(("x", "a", "b"), [(0.0, -60.0, 0.005), (10.0, 9.995, 80.0)])
def test_all_beyond_the_first_and_the_last_bin_belongs_to_it(x, a, b):
    parts = mixture(6)
    fine = torch.linspace(a, b, 2_000_001, dtype=torch.float64)
    integral = torch.trapezoid(density(fine, *parts), fine)
    found = log_probability(torch.tensor(x, dtype=torch.float64), TIME, *parts).exp()
    assert found.item() == pytest.approx(integral.item(), rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_mixture_is_rated_as_our_own_distribution_rates_it(seed):
    times = torch.tensor([0.0, 0.003, 0.005, 0.0051, 0.01, 0.123, 2.5, 9.99, 9.996, 10.0])
    found = log_probability(times, TIME, *mixture(seed))
    ours = distributions.mixture_log_prob(times, *mixture(seed), *TIME)
    torch.testing.assert_close(found.float(), ours, atol=2e-3, rtol=1e-3)


def test_a_time_far_from_a_sharp_mixture_has_a_finite_cost():
    one = torch.zeros(1), torch.tensor([9.0]), torch.tensor([2000.0])
    nats = log_probability(torch.tensor([0.0, 0.5, 10.0]), TIME, *one)
    expected = [-2000 * (9.0 - 0.005), -2000 * (9.0 - 0.505), -2000 * (9.995 - 9.0)]
    assert nats.tolist() == pytest.approx(expected, rel=1e-6)
