"""MIDI controls that turn and press: learnt, with pick-up, and not passed on."""

import pytest

from firmware_py.bindings.binding import source_in
from firmware_py.bindings.book import Book
from firmware_py.bindings.learner import Learner
from firmware_py.message import control, note_off, note_on, program
from firmware_py.panel.change import Learnt, Tap, Turn, Undo
from firmware_py.settings import MODES, Settings, changed

PALETTES = ("auto", "same", "drums")


class Keyboard:
    """A learner, and settings that follow it."""

    def __init__(self, **bound):
        self.book = Book({source_in(name): does for name, does in bound.items()})
        self.settings = Settings(temperature=1.0)
        self.learner = Learner(self.book, self.settings, PALETTES)

    def set(self, name, value):
        self.settings = changed(self.settings, name, value)
        self.learner.now_set(self.settings)

    def sends(self, *messages):
        found = []
        for message in messages:
            changes = self.learner.heard(message, 5.0)
            if changes is None:
                found.append("passed on")
                continue
            for change in changes:
                found.append(change)
                if isinstance(change, Turn):
                    self.set(change.setting, change.value)
        return found

    def moves(self, *values, number=74):
        return self.sends(*(control(0, number, value) for value in values))


def bound(name, does):
    keyboard = Keyboard()
    keyboard.book.bind(source_in(name), does)
    return keyboard


def test_what_is_not_bound_is_passed_on():
    keyboard = bound("cc 1:74", "temperature")
    others = (control(0, 75, 1), control(1, 74, 1), note_on(0, 60, 80), (0xF8,), program(0, 1))
    assert keyboard.sends(*others) == ["passed on"] * 5


def test_a_controller_takes_hold_only_when_it_passes_the_setting():
    keyboard = bound("cc 1:74", "temperature")
    assert keyboard.moves(0, 20, 40) == [] and keyboard.settings.temperature == 1.0
    keyboard.moves(70)  # past 0.47 of the travel
    assert keyboard.settings.temperature == pytest.approx(0.1 + 1.9 * 70 / 127)
    keyboard.moves(127)
    assert keyboard.settings.temperature == pytest.approx(2.0)
    keyboard.moves(0)
    assert keyboard.settings.temperature == pytest.approx(0.1)


def test_a_controller_waits_again_when_its_setting_was_changed_elsewhere():
    keyboard = bound("cc 1:74", "temperature")
    keyboard.moves(0, 127)
    keyboard.set("temperature", 0.5)
    assert keyboard.moves(120, 100, 60) == [] and keyboard.settings.temperature == 0.5
    assert keyboard.moves(10) and keyboard.settings.temperature < 0.5


def test_a_controller_of_few_whole_numbers_does_not_wait_for_itself():
    keyboard = bound("cc 1:74", "voices")
    keyboard.moves(*range(128))
    assert keyboard.settings.voices == 8
    keyboard.moves(*range(127, -1, -1))
    assert keyboard.settings.voices == 1


def test_a_controller_chooses_among_the_modes_over_its_travel():
    keyboard = bound("cc 1:74", "mode")
    seen = []
    for value in range(128):
        keyboard.moves(value)
        seen.append(keyboard.settings.mode)
    assert tuple(dict.fromkeys(seen)) == MODES


def test_a_controller_chooses_among_the_palettes_there_are():
    keyboard = bound("cc 1:74", "palette")
    keyboard.moves(64)
    assert keyboard.settings.palette == "same"


def test_a_controller_that_is_a_button_acts_once_when_it_goes_down():
    keyboard = bound("cc 1:74", "undo")
    assert keyboard.moves(10, 64, 100, 127, 63, 0, 127) == [Undo(5.0), Undo(5.0)]


def test_a_pad_acts_when_it_is_struck_and_its_end_harms_nobody():
    keyboard = bound("note 10:36", "tap tempo")
    assert keyboard.sends(note_on(9, 36, 9), note_off(9, 36)) == [Tap(5.0), "passed on"]


def test_a_program_change_sets_a_setting():
    keyboard = bound("program 1:5", "mode=echo")
    assert keyboard.sends(program(0, 4)) == [Turn("mode", "echo")]


# ── learning ────────────────────────────────────────────────────────────────────────────────────


def test_the_controller_that_moves_is_bound_to_what_was_touched_last():
    keyboard = Keyboard()
    keyboard.learner.touched = "density"
    keyboard.learner.listen(True)
    assert keyboard.moves(3, 4, 5) == [Learnt("cc 1:74 is now: density")]
    keyboard.learner.listen(False)
    keyboard.moves(0, 127)
    assert keyboard.settings.density == 40.0


def test_learnt_again_it_is_let_go():
    keyboard = bound("cc 1:74", "density")
    keyboard.learner.touched = "density"
    keyboard.learner.listen(True)
    assert keyboard.moves(3, 4) == [Learnt("cc 1:74 is let go")]
    keyboard.learner.listen(False)
    assert keyboard.moves(5) == ["passed on"]


def test_learnt_for_something_else_it_does_that_alone():
    keyboard = bound("cc 1:74", "density")
    keyboard.learner.touched = "undo"
    keyboard.learner.listen(True)
    keyboard.moves(127)
    keyboard.learner.listen(False)
    assert keyboard.moves(126, 0, 127) == [Undo(5.0)]


def test_a_pad_learns_a_setting_as_it_stands():
    keyboard = Keyboard()
    keyboard.set("mode", "echo")
    keyboard.learner.touched = "mode"
    keyboard.learner.listen(True)
    assert keyboard.sends(note_on(9, 36, 80)) == [Learnt("note 10:36 is now: mode=echo")]


def test_keys_are_not_learnt_while_the_other_hand_plays_on_unless_it_is_said_so():
    keyboard = Keyboard()
    keyboard.learner.touched = "undo"
    keyboard.learner.listen(True)
    assert keyboard.sends(note_on(0, 60, 80)) == ["passed on"]
    keyboard.learner.listen(True, keys=True)
    assert keyboard.sends(note_on(0, 60, 80)) == [Learnt("note 1:60 is now: undo")]


def test_the_sustain_pedal_is_never_learnt():
    keyboard = Keyboard()
    keyboard.learner.touched = "undo"
    keyboard.learner.listen(True)
    assert keyboard.moves(127, number=64) == ["passed on"] and keyboard.book.names == ()


def test_when_nothing_was_touched_it_is_said_what_to_do():
    keyboard = Keyboard()
    keyboard.learner.listen(True)
    (learnt,) = keyboard.moves(1)
    assert not learnt.done and "turn or press first" in learnt.line


def test_a_control_is_let_go_by_its_name():
    keyboard = bound("cc 1:74", "density")
    assert keyboard.learner.forget("cc 1:74") and not keyboard.learner.forget("cc 1:74")
    assert not keyboard.learner.forget("nonsense")
