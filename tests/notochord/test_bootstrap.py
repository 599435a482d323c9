"""Means over pieces, with intervals."""

import numpy as np
import pytest

from notochord.bootstrap import Ratios


def test_the_mean_is_the_whole_divided_by_the_whole_not_the_mean_of_the_pieces():
    figure = Ratios(np.array([[10.0, 1.0], [10.0, 9.0]])).of(0, 1)
    assert figure["mean"] == 2.0 and figure["lo"] < 2.0 < figure["hi"]


def test_pieces_that_are_all_alike_leave_no_doubt():
    figure = Ratios(np.tile([[6.0, 2.0]], (5, 1))).of(0, 1)
    assert figure == pytest.approx({"mean": 3.0, "lo": 3.0, "hi": 3.0})


def test_more_pieces_make_the_interval_narrower():
    rng = np.random.default_rng(0)
    rows = np.stack([rng.gamma(4.0, 1.0, size=400), np.ones(400)], axis=1)
    few, many = Ratios(rows[:25]).of(0, 1), Ratios(rows).of(0, 1)
    assert many["hi"] - many["lo"] < (few["hi"] - few["lo"]) / 2
