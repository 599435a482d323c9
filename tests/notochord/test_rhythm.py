"""When the next onset is due by the rhythm just heard."""

import numpy as np
import pytest

from notochord.rhythm import LONGEST, Rhythm
from notochord.sampler import time_edges

EDGES = time_edges()
RHYTHM = Rhythm(EDGES)
MIDDLES = (EDGES[1:] + EDGES[:-1]) / 2
BAR = np.array([0.0, 0.375, 0.5])  # of a bar of one second


def due_in(seconds, onsets, now):
    """How much is due so many seconds from now, against the mean over the next second."""
    _, due = RHYTHM.due(now - np.asarray(onsets))
    soon = (MIDDLES > 0) & (MIDDLES < 1.0)
    return due[np.searchsorted(EDGES, seconds) - 1] / due[soon].mean()


def test_an_onset_is_due_on_the_next_beat():
    beats = np.arange(8) * 0.5
    _, due = RHYTHM.due(3.6 - beats)
    assert MIDDLES[due[MIDDLES < 0.8].argmax()] == pytest.approx(0.4, abs=0.005)


def test_a_bar_returns_with_its_own_rhythm():
    onsets = np.concatenate([bar + BAR for bar in range(4)])
    assert all(due_in(seconds, onsets, now=3.5) > 5 for seconds in (0.5, 0.875))
    assert due_in(0.7, onsets, now=3.5) < 1


def test_an_onset_that_was_late_does_not_make_the_next_one_late():
    beats = np.arange(8) * 0.5
    beats[-1] += 0.04
    assert due_in(0.46, beats, now=beats[-1]) > due_in(0.5, beats, now=beats[-1])


def test_beyond_what_returns_nothing_is_due_more_than_anything_else():
    _, due = RHYTHM.due(3.6 - np.arange(8) * 0.5)
    beyond = due[MIDDLES > LONGEST + 0.1]
    assert np.ptp(beyond) == 0 and beyond[0] > 0


@pytest.mark.parametrize("onsets", [[], [1.0], [0.5, 1.0, 1.5, 2.0], [1.0] * 20])
def test_few_onsets_are_no_rhythm(onsets):
    clearness, due = RHYTHM.due(2.0 - np.array(onsets))
    assert clearness == 0 and np.ptp(due) == 0


def test_onsets_too_far_apart_to_return_are_no_rhythm():
    assert RHYTHM.due(100.0 - np.arange(8) * 10.0)[0] == 0


def test_onsets_at_random_are_no_rhythm():
    onsets = np.random.default_rng(0).uniform(0, 8, (20, 60))
    assert np.mean([RHYTHM.due(8.0 - each)[0] for each in onsets]) < 0.1


def test_a_beat_is_as_clear_as_it_is_exact():
    beats, rng = np.arange(16) * 0.4, np.random.default_rng(1)
    played = [beats + rng.normal(0, late, 16) for late in (0.0, 0.01, 0.06)]
    clearness = [RHYTHM.due(7.0 - np.sort(each))[0] for each in played]
    assert clearness[0] == 1 and clearness == sorted(clearness, reverse=True)
    assert clearness[-1] < 0.5
