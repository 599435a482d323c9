"""What is turned and pressed becomes what is to be done."""

import pytest

from firmware_py.panel.change import (
    ACTIONS,
    Keep,
    Listen,
    Panic,
    StepMode,
    StepPalette,
    StorePreset,
    TakeOver,
    Tap,
    Turn,
    Undo,
)
from firmware_py.panel.controls import CLICK, LAYER, LONG, Controls
from firmware_py.panel.encoder import Encoder
from firmware_py.panel.pinmap import load
from firmware_py.panel.switch import LOCK
from firmware_py.presets.remote import Step
from firmware_py.settings import Settings, changed

ONE_WAY = [(0, 1), (0, 0), (1, 0), (1, 1)]
BACK = [(1, 0), (0, 0), (0, 1), (1, 1)]
TAKE_OVER, UNDO, TAP, KEEP, PUSH = 5, 6, 13, 19, 22


class Panel:
    """The controls of the default board, and settings that follow them."""

    def __init__(self, mode="duet"):
        self.settings = Settings(mode=mode)
        self.controls, self.now = Controls(load(), self.settings), 0.0
        self.encoder = Encoder()

    def obey(self, changes):
        for change in changes:
            if isinstance(change, Turn):
                self.settings = changed(self.settings, change.setting, change.value)
                self.controls.now_set(self.settings)
        return changes

    def press(self, pin, closed=True):
        self.now += 2 * LOCK
        return self.obey(self.controls.switch(pin, closed, self.now))

    def knob(self, channel, raw):
        found = []
        for _ in range(40):
            self.now += 0.01
            found += self.obey(self.controls.knob(channel, raw, self.now))
        return found

    def turn(self, contacts):
        detents = sum(self.encoder.moved(a, b) for a, b in contacts)
        return self.obey(self.controls.turned(detents, self.now)) if detents else []

    def click(self):
        self.press(PUSH)
        self.now += 0.3 * CLICK
        return self.press(PUSH, False)


def test_a_knob_sets_its_setting_over_its_travel():
    panel = Panel()
    panel.knob(0, 0.0)
    assert panel.settings.temperature == pytest.approx(0.2)
    panel.knob(0, 1.0)
    assert panel.settings.temperature == pytest.approx(1.6)


def test_a_setting_of_whole_numbers_is_set_to_whole_numbers():
    panel = Panel()
    panel.knob(2, 0.5)
    assert panel.settings.high == 78 and isinstance(panel.settings.high, int)


def test_a_knob_waits_after_its_setting_was_changed_elsewhere():
    panel = Panel()
    panel.knob(0, 0.9)
    panel.settings = changed(panel.settings, "temperature", 0.5)
    panel.controls.now_set(panel.settings)
    assert panel.knob(0, 0.6) == [] and panel.settings.temperature == 0.5
    panel.knob(0, 0.1)
    assert panel.settings.temperature < 0.45


def test_a_knob_of_whole_numbers_follows_without_waiting_for_itself():
    panel = Panel()
    for n in range(50):
        panel.knob(2, 0.2 + n / 100)
    assert panel.settings.high == pytest.approx(48 + 0.69 * 60, abs=2)


def test_the_encoder_steps_through_the_modes():
    panel = Panel()
    assert panel.turn(ONE_WAY) == [StepMode(1)] and panel.turn(BACK) == [StepMode(-1)]


def test_a_knob_of_few_whole_numbers_follows_without_waiting_for_itself(tmp_path):
    path = tmp_path / "pins.toml"
    path.write_text('[[knob]]\nchannel = 0\nsetting = "voices"\nlow = 1\nhigh = 8')
    panel = Panel()
    panel.controls = Controls(load(path), panel.settings)
    for n in range(100):
        panel.knob(0, n / 100)
    assert panel.settings.voices == 8


def test_a_button_acts_when_it_is_let_go():
    panel = Panel()
    assert panel.press(TAKE_OVER) == []
    assert panel.press(TAKE_OVER, False) == [TakeOver()]
    assert panel.press(UNDO) == []
    assert panel.press(UNDO, False) == [Undo(panel.now)]


def test_two_buttons_held_long_are_a_panic_and_nothing_else():
    panel = Panel()
    panel.press(UNDO)
    panel.press(TAKE_OVER)
    assert panel.controls.due is not None
    assert panel.controls.tick(panel.now + 0.9 * LONG) == []
    assert panel.controls.tick(panel.now + LONG) == [Panic()]
    assert panel.controls.tick(panel.now + 2 * LONG) == []
    assert panel.press(UNDO, False) == [] == panel.press(TAKE_OVER, False)


def test_two_buttons_held_shortly_do_nothing():
    panel = Panel()
    panel.press(UNDO)
    panel.press(TAKE_OVER)
    assert panel.press(UNDO, False) == [] == panel.press(TAKE_OVER, False)
    panel.press(UNDO)
    assert panel.press(UNDO, False) == [Undo(panel.now)]


def test_the_encoder_steps_through_the_palettes_while_it_is_held_in():
    panel = Panel()
    panel.press(PUSH)
    assert panel.turn(ONE_WAY) == [StepPalette(1)]
    assert panel.turn(BACK) == [StepPalette(-1)]
    panel.now += 2 * LONG
    assert panel.press(PUSH, False) == [Listen(False)]
    assert panel.turn(ONE_WAY) == [StepMode(1)]


def test_the_encoder_clicked_steps_through_the_presets_until_it_is_clicked_again():
    panel = Panel()
    panel.click()
    assert panel.controls.steps_presets
    assert panel.turn(ONE_WAY) == [Step(1)] and panel.turn(BACK) == [Step(-1)]
    panel.click()
    assert not panel.controls.steps_presets and panel.turn(ONE_WAY) == [StepMode(1)]


def test_the_presets_are_left_when_the_encoder_rests():
    panel = Panel()
    panel.click()
    panel.now += 0.9 * LAYER
    panel.turn(ONE_WAY)
    panel.controls.tick(panel.now + 0.9 * LAYER)
    assert panel.controls.steps_presets and panel.controls.due == panel.now + LAYER
    panel.controls.tick(panel.now + LAYER)
    assert not panel.controls.steps_presets and panel.controls.due is None


def test_a_palette_can_be_chosen_without_leaving_the_presets():
    panel = Panel()
    panel.click()
    panel.press(PUSH)
    assert panel.turn(ONE_WAY) == [StepPalette(1)]
    panel.press(PUSH, False)
    assert panel.turn(ONE_WAY) == [Step(1)]


def test_while_the_encoder_is_held_in_the_box_listens_for_midi_controls():
    panel = Panel()
    assert panel.press(PUSH) == [Listen(True)]
    panel.now += 0.7 * LONG
    assert panel.press(PUSH, False) == [Listen(False)]
    assert not panel.controls.steps_presets  # neither a click nor a long press


def test_the_encoder_held_in_to_learn_stores_no_preset():
    panel = Panel()
    panel.press(PUSH)
    panel.controls.learnt()
    panel.now += 2 * LONG
    assert panel.press(PUSH, False) == [Listen(False)]


def test_the_encoder_held_in_for_long_stores_a_preset():
    panel = Panel()
    panel.press(PUSH)
    panel.now += LONG
    assert panel.press(PUSH, False) == [Listen(False), StorePreset()]


def test_a_panic_with_the_encoder_and_a_button_stores_nothing():
    panel = Panel()
    panel.press(PUSH)
    panel.press(TAKE_OVER)
    assert panel.controls.tick(panel.now + LONG) == [Panic()]
    panel.now += 2 * LONG
    assert panel.press(PUSH, False) == [Listen(False)]
    assert panel.press(TAKE_OVER, False) == []


def test_a_button_keeps_the_last_minutes():
    panel = Panel()
    assert panel.press(KEEP) == []
    assert panel.press(KEEP, False) == [Keep()]


@pytest.mark.parametrize("does", [name for name in ACTIONS if name != "tap tempo"])
def test_a_button_can_be_given_anything_that_there_is_to_do(tmp_path, does):
    path = tmp_path / "pins.toml"
    path.write_text(f'[[button]]\npin = 5\ndoes = "{does}"')
    controls = Controls(load(path), Settings())
    assert controls.switch(5, True, 1.0) == []
    assert controls.switch(5, False, 2.0) == [ACTIONS[does](2.0)]


def test_a_tap_counts_at_the_moment_when_the_button_goes_down():
    panel = Panel()
    assert panel.press(TAP) == [Tap(panel.now)]
    assert panel.press(TAP, False) == []


def test_a_tap_beside_a_held_button_is_no_tap():
    panel = Panel()
    panel.press(UNDO)
    assert panel.press(TAP) == []
    assert panel.press(TAP, False) == [] == panel.press(UNDO, False)
