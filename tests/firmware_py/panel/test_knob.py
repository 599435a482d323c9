"""A potentiometer: smooth, at rest when it is at rest, reaching both ends, and never jumping."""

import random

import pytest

from firmware_py.panel.knob import Knob


def turned(knob, raws, start=0.0, every=0.01):
    """The positions that a knob hands out while it is read."""
    found = (knob.read(raw, start + n * every) for n, raw in enumerate(raws))
    return [position for position in found if position is not None]


def test_the_first_reading_is_where_it_stands():
    assert turned(Knob(), [0.5]) == [pytest.approx(0.5)]


@pytest.mark.parametrize(("raw", "end"), [(0.004, 0.0), (0.997, 1.0)])
def test_both_ends_are_reached_though_the_track_does_not_reach_them(raw, end):
    assert turned(Knob(), [0.5] + [raw] * 60)[-1] == end


def test_a_knob_at_rest_says_nothing_though_its_converter_jitters():
    jitter = random.Random(0)
    raws = [0.5 + jitter.choice((-1, 0, 1)) / 1023 for _ in range(2000)]
    assert len(turned(Knob(), raws)) == 1


def test_a_turn_is_followed_within_a_tenth_of_a_second():
    knob = Knob()
    turned(knob, [0.2] * 5)
    assert turned(knob, [0.8] * 10, start=0.05)[-1] == pytest.approx(0.806, abs=0.01)


def test_a_slow_turn_moves_in_one_direction_only():
    jitter = random.Random(1)
    raws = [n / 1000 + jitter.uniform(-1, 1) / 1023 for n in range(1000)]
    found = turned(Knob(), raws)
    assert found == sorted(found) and len(found) > 150


def test_a_knob_that_stands_elsewhere_waits_until_it_comes_by():
    knob = Knob()
    turned(knob, [0.8] * 30)
    knob.wait_at(0.5)
    assert turned(knob, [0.8 - n / 200 for n in range(40)], start=0.3) == []
    found = turned(knob, [0.6 - n / 200 for n in range(60)], start=0.7)
    assert found and abs(found[0] - 0.5) < 0.03 and found[-1] < 0.35


def test_a_knob_that_jumps_over_the_place_takes_hold():
    knob = Knob()
    turned(knob, [0.1] * 30)
    knob.wait_at(0.5)
    assert turned(knob, [0.9] * 30, start=0.3)[-1] == pytest.approx(0.908, abs=0.01)


def test_a_knob_that_stands_right_goes_on_at_once():
    knob = Knob()
    turned(knob, [0.5] * 30)
    knob.wait_at(0.505)
    assert turned(knob, [0.52] * 30, start=0.3)
