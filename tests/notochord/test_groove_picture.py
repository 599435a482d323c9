"""Drum patterns drawn."""

import numpy as np
import pytest

from notochord import groove_picture
from notochord.brain import Brain
from notochord.corpus import Corpus
from notochord.groove import STEPS, STEPS_PER_BAR, WIDTH, N
from notochord.groove_picture import draw, far_apart, heat, patterns_at
from notochord.patterns import drumming_in


@pytest.fixture(scope="module")
def brain(groove_brain):
    return Brain.load(groove_brain)


def test_places_of_the_map_are_the_middle_and_then_the_far_ends():
    points = np.array([[0.0, 0.0], [0.1, 0.0], [-0.1, 0.0], [9.0, 0.0], [0.0, -7.0], [0.2, 0.1]])
    assert far_apart(points, 3) == [0, 3, 4] or far_apart(points, 3) == [1, 3, 4]
    assert sorted(far_apart(points, 99)) == list(range(6))


def test_what_is_played_at_a_place_is_a_pattern(brain):
    patterns = patterns_at(brain, np.random.default_rng(0).normal(size=(3, 8)))
    hits, velocities = patterns[..., :N], patterns[..., N : 2 * N]
    assert patterns.shape == (3, STEPS, WIDTH) and set(np.unique(hits)) <= {0.0, 1.0}
    assert velocities.min() >= 0.0 and velocities.max() <= 1.0


def test_a_heat_map_is_the_mean_velocity_of_each_voice_on_each_step():
    bars = np.zeros((2, STEPS_PER_BAR, WIDTH))
    bars[0, 4, [1, N + 1]] = 1.0, 0.8
    assert heat(bars)[1, 4] == pytest.approx(0.4) and heat(bars).sum() == pytest.approx(0.4)


def test_all_of_it_is_one_picture(brain, drums_file, monkeypatch):
    monkeypatch.setattr(groove_picture, "flat_map", lambda points: points[:, :2])
    drumming = drumming_in(Corpus(drums_file), "train")
    chosen = np.arange(len(drumming.begins))
    made = drumming.patterns(chosen)[:, :STEPS_PER_BAR]
    assert draw(brain, drumming, chosen, made).startswith(b"\x89PNG")
