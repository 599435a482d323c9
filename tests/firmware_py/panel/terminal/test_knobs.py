"""Knobs of a terminal: every setting can be turned over its whole range, and never out of it."""

import pytest

from firmware_py.panel.terminal.knobs import (
    ELSEWHERE,
    MAIN,
    OTHERS,
    STEPS,
    bar,
    place,
    put,
    turned,
    written,
)
from firmware_py.settings import FIELDS, Settings, changed

EVERY = (*MAIN, *OTHERS)


def test_every_setting_is_a_knob_or_chosen_elsewhere():
    assert {*EVERY, *ELSEWHERE} == set(FIELDS)


@pytest.mark.parametrize("name", EVERY)
def test_turned_far_enough_it_reaches_both_ends_and_stays_there(name):
    for way, end in ((-1, 0.0), (1, 1.0)):
        settings = Settings()
        for _ in range(3 * STEPS):
            settings = changed(settings, name, turned(settings, name, way))
        assert place(settings, name) == end
        assert turned(settings, name, way) == getattr(settings, name)


@pytest.mark.parametrize("name", EVERY)
def test_a_step_moves_it_and_a_large_one_farther(name):
    settings = changed(Settings(), name, put(name, 0.5))
    one, five = (changed(settings, name, turned(settings, name, n)) for n in (1, 5))
    if name != "clock_out":
        assert place(settings, name) < place(one, name) <= place(five, name)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("position", [-0.5, 0.0, 0.3, 1.0, 1.5])
def test_it_can_be_put_anywhere(name, position):
    changed(Settings(), name, put(name, position))


def test_a_bar_is_filled_in_eighths():
    assert bar(0.0, 4) == "····" and bar(1.0, 4) == "████"
    assert bar(0.5, 4) == "██··" and bar(1 / 32, 4) == "▏···"
    assert all(len(bar(n / 97, 7)) == 7 for n in range(98))


def test_values_are_written_short():
    assert [written(v) for v in (0.95, 12.0, 5, "off")] == ["0.95", "12", "5", "off"]
