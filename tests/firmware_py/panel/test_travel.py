"""One travel for every control: the same place of a knob is the same value, whatever turns it."""

import pytest

from firmware_py.bindings.book import Book
from firmware_py.bindings.learner import Learner
from firmware_py.message import control
from firmware_py.panel.controls import Controls
from firmware_py.panel.knob import DEAD
from firmware_py.panel.pinmap import KnobMap, PinMap
from firmware_py.panel.terminal.knobs import put
from firmware_py.panel.travel import Travel, whole_travel
from firmware_py.settings import FIELDS, Settings, changed

NUMBERS = [name for name, f in FIELDS.items() if "low" in f.metadata]
RATIOS = [name for name in NUMBERS if whole_travel(name).by_ratio]


@pytest.mark.parametrize("name", NUMBERS)
def test_it_goes_from_end_to_end_and_there_and_back(name):
    travel, limits = whole_travel(name), FIELDS[name].metadata
    assert [travel.value(0.0), travel.value(1.0)] == [limits["low"], limits["high"]]
    default = getattr(Settings(), name)
    assert travel.value(travel.place(default)) == pytest.approx(default)
    assert all(changed(Settings(), name, travel.value(n / 50)) for n in range(51))


@pytest.mark.parametrize("name", ["density", "rest", "longest", "shortest", "deadline"])
def test_equal_turns_are_equal_ratios_where_one_hears_ratios(name):
    travel = whole_travel(name)
    values = [travel.value(n / 8) for n in range(9)]
    ratio = (travel.high / travel.low) ** (1 / 8)
    for one, next_one in zip(values, values[1:], strict=False):
        assert next_one / one == pytest.approx(ratio)


@pytest.mark.parametrize("name", ["rhythm", "timing"])
def test_what_does_little_while_it_is_low_is_soon_past_that(name):
    travel = whole_travel(name)
    squares = [travel.value(n / 4) ** 2 for n in range(5)]
    assert squares == pytest.approx([0.01, 1.0075, 2.005, 3.0025, 4.0])


def test_equal_turns_are_equal_steps_elsewhere():
    found = [whole_travel("balance").value(n / 2) for n in range(3)]
    assert found == pytest.approx([0.1, 0.8, 1.5])


def test_a_part_of_the_range_and_a_knob_that_turns_the_other_way_are_by_ratio_too():
    assert Travel("density", 4.0, 16.0).value(0.5) == pytest.approx(8.0)
    turned_round = Travel("density", 16.0, 4.0)
    assert turned_round.value(0.25) == pytest.approx(16.0 / 2**0.5)
    assert turned_round.place(8.0) == pytest.approx(0.5)


def of_a_potentiometer(name, place):
    """The setting after a potentiometer was turned from its low end to a place."""
    limits = FIELDS[name].metadata
    board = PinMap("one", knobs=(KnobMap(0, name, limits["low"], limits["high"]),))
    controls, value = Controls(board, Settings()), None
    for n in range(60):
        raw = 0.0 if n < 5 else DEAD + place * (1 - 2 * DEAD)
        for change in controls.knob(0, raw, 0.01 * n):
            value = change.value
    return value


def of_a_controller(name, value):
    """The setting after a MIDI controller bound to it was moved all over, and to a value."""
    learner, settings = Learner(Book(), Settings()), Settings()
    learner.touched = name
    learner.listen(True)
    learner.heard(control(0, 20, 0), 0.0)
    learner.listen(False)
    for moved in (0, 127, 0, 127, value):
        for change in learner.heard(control(0, 20, moved), 0.0):
            settings = changed(settings, name, change.value)
            learner.now_set(settings)
    return getattr(settings, name)


@pytest.mark.parametrize("name", [*RATIOS, "timing", "temperature", "low", "voices"])
def test_a_potentiometer_a_midi_controller_and_the_terminal_mean_the_same_by_the_same_place(name):
    place = 42 / 127
    wanted = whole_travel(name).value(place)
    near = 0.02 * abs(wanted) if name not in ("low", "voices", "span") else 1
    assert of_a_controller(name, 42) == wanted
    assert put(name, place) == pytest.approx(wanted, abs=0.001)
    assert of_a_potentiometer(name, place) == pytest.approx(wanted, abs=near)
