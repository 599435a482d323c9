"""Rating the original: the same events, the same report."""

import numpy as np
import pytest
import torch

from notochord.evaluate import Totals
from notochord.versus.evaluate import evaluate, lower, tables

ABOUT = {"parameters": 1000, "version": "0", "notes": {"events": 5_000_000}}


class Rater:
    """In place of the original: a brain of ours, each sub-event so many nats worse."""

    def __init__(self, brain, worse=0.0):
        self._brain, self._worse = brain, worse

    def rate(self, events, given):
        nats = self._brain.rate(torch.from_numpy(events), torch.from_numpy(given))
        return nats.numpy() - self._worse


def test_a_network_compared_with_itself_is_equal(brain, corpus):
    result = evaluate(Rater(brain), ABOUT, corpus, "valid", brain, max_events=40)
    assert result["ours_over_original"]["mean"] == pytest.approx(0.0)
    assert result["original"]["events"] == result["ours"]["events"] > 0


def test_an_original_that_is_worse_is_so_by_as_much_in_every_figure(brain, corpus):
    result = evaluate(Rater(brain, worse=0.25), ABOUT, corpus, "valid", brain, max_events=40)
    theirs, ours = result["original"], result["ours"]
    assert theirs["mean"]["mean"] == pytest.approx(ours["mean"]["mean"] + 1.0)
    for name, ways in theirs["sub_events"].items():
        for given, figure in ways.items():
            mine = ours["sub_events"][name][given]
            assert figure["mean"] == pytest.approx(mine["mean"] + 0.25)
    expected = 1 - ours["mean"]["mean"] / theirs["mean"]["mean"]
    assert result["lower"]["mean"] == pytest.approx(expected) and expected > 0
    assert result["lower"]["lo"] <= expected <= result["lower"]["hi"]
    assert "% [" in tables(result)


def test_the_interval_of_the_difference_is_over_the_same_pieces():
    hard = np.linspace(1, 9, 40)[:, None, None] * np.ones((40, 8, 4))
    source, events = np.full(40, "a"), np.ones(40)
    found = lower(Totals(0.9 * hard, events, source), Totals(hard, events, source))
    assert [found[key] for key in ("mean", "lo", "hi")] == pytest.approx([0.1] * 3)


def test_without_a_brain_only_the_original_is_told(brain, corpus):
    result = evaluate(Rater(brain), ABOUT, corpus, "test", max_events=40)
    assert set(result) == {"original"} and "5.00 M events" in tables(result)
