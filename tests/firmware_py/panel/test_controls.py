"""What is turned and pressed becomes what is to be done."""

import pytest

from firmware_py.panel.change import (
    ACTIONS,
    Keep,
    Listen,
    OpenAccess,
    Panic,
    Restart,
    StepMode,
    StepPalette,
    StorePreset,
    TakeOver,
    Tap,
    Turn,
    Undo,
)
from firmware_py.panel.controls import ASKED, CLICK, LAYER, LONG, LONGER, Controls
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


def test_a_knob_turned_while_the_encoder_is_held_in_turns_its_shifted_setting():
    panel = Panel()
    panel.knob(0, 0.5)
    stands = panel.settings.temperature
    panel.press(PUSH)
    panel.knob(0, 0.0)  # by way of where rhythm stands
    panel.knob(0, 1.0)
    assert panel.settings.rhythm == 2.0 and panel.settings.temperature == stands
    panel.press(PUSH, False)
    assert panel.knob(0, 0.9) == [] and panel.settings.temperature == stands


def test_each_of_a_knobs_settings_waits_until_the_knob_comes_by_it():
    panel = Panel()
    panel.knob(0, 0.5)
    stands = panel.settings.temperature
    panel.press(PUSH)
    assert panel.knob(0, 0.3) == [] and panel.settings.rhythm == Settings().rhythm
    panel.knob(0, 0.05)
    shifted = panel.settings.rhythm
    assert shifted < 0.6
    panel.press(PUSH, False)
    assert panel.knob(0, 0.4) == []
    panel.knob(0, 0.6)
    assert panel.settings.temperature > stands and panel.settings.rhythm == shifted


def test_a_knob_that_is_left_alone_while_the_encoder_is_held_in_keeps_hold_of_its_setting():
    panel = Panel()
    panel.knob(0, 0.5)
    panel.press(PUSH)
    assert panel.knob(0, 0.5) == []
    panel.press(PUSH, False)
    assert panel.knob(0, 0.5) == []
    assert [change.setting for change in panel.knob(0, 0.52)][:1] == ["temperature"]


@pytest.mark.parametrize("reaches", [0.45, 0.05], ids=["it waits", "it has hold"])
def test_the_encoder_held_in_for_long_to_turn_a_knob_stores_no_preset(reaches):
    panel = Panel()
    panel.knob(0, 0.5)
    panel.press(PUSH)
    panel.knob(0, reaches)
    panel.now += 2 * LONG
    assert panel.press(PUSH, False) == [Listen(False)]


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


def test_three_buttons_held_for_three_seconds_silence_all_and_start_the_box_anew():
    panel = Panel()
    for pin in (UNDO, TAKE_OVER, KEEP):
        panel.press(pin)
    assert panel.controls.tick(panel.now + 0.99 * LONGER) == []
    assert panel.controls.due == panel.now + LONGER
    assert panel.controls.tick(panel.now + LONGER) == [Panic(), Restart()]
    assert panel.controls.tick(panel.now + 9 * LONGER) == []
    panel.now += 10 * LONGER
    assert [panel.press(pin, False) for pin in (UNDO, TAKE_OVER, KEEP)] == [[]] * 3


@pytest.mark.parametrize("pins", [(5, 6, 13), (6, 19, 22), (13, 22, 5), (22, 19, 13)])
def test_any_three_buttons_do_it_and_the_time_counts_from_the_third(pins):
    panel = Panel()
    panel.press(pins[0])
    panel.now += 9 * LONGER
    panel.press(pins[1])
    panel.now += 0.9 * LONG
    assert panel.controls.tick(panel.now) == []
    panel.press(pins[2])
    assert panel.controls.tick(panel.now + 0.99 * LONGER) == []
    assert Restart() in panel.controls.tick(panel.now + LONGER)


def test_three_buttons_are_no_panic_of_two_not_even_when_one_is_let_go():
    panel = Panel()
    for pin in (UNDO, TAKE_OVER, KEEP):
        panel.press(pin)
    assert panel.controls.tick(panel.now + 2 * LONG) == []
    panel.now += 2 * LONG
    panel.press(KEEP, False)
    assert panel.controls.tick(panel.now + 9 * LONGER) == []


def test_one_of_three_let_go_and_pressed_again_begins_the_time_anew():
    panel = Panel()
    for pin in (UNDO, TAKE_OVER, KEEP):
        panel.press(pin)
    panel.now += 0.9 * LONGER
    panel.press(KEEP, False)
    panel.press(KEEP)
    assert panel.controls.tick(panel.now + 0.99 * LONGER) == []
    assert panel.controls.tick(panel.now + LONGER) == [Panic(), Restart()]


def test_a_third_button_after_a_panic_of_two_starts_the_box_anew():
    panel = Panel()
    panel.press(UNDO)
    panel.press(TAKE_OVER)
    assert panel.controls.tick(panel.now + LONG) == [Panic()]
    panel.now += LONG
    panel.press(PUSH)
    assert panel.controls.tick(panel.now + LONGER) == [Panic(), Restart()]


def test_buttons_that_are_held_when_the_box_starts_start_it_no_second_time():
    panel = Panel()
    panel.controls.begin({UNDO, TAKE_OVER, KEEP}, 0.0)
    assert panel.controls.due is None and panel.controls.tick(99.0) == []


def test_the_web_button_held_alone_at_the_start_and_two_seconds_on_opens_web_access():
    panel = Panel()
    panel.controls.begin({KEEP}, 1.0)
    assert panel.controls.due == 1.0 + ASKED
    assert panel.controls.tick(0.99 + ASKED) == []
    assert panel.controls.tick(1.0 + ASKED) == [OpenAccess()]
    assert panel.controls.tick(99.0) == [] and panel.controls.due is None
    panel.now = 100.0
    assert panel.press(KEEP, False) == []  # it was for the web, and keeps nothing


@pytest.mark.parametrize("held", [set(), {UNDO}, {UNDO, KEEP}, {UNDO, TAKE_OVER, KEEP}])
def test_nothing_else_that_is_held_at_the_start_opens_web_access(held):
    panel = Panel()
    panel.controls.begin(held, 0.0)
    assert panel.controls.tick(99.0) == []


def test_the_web_button_let_go_too_soon_or_with_another_opens_nothing():
    panel = Panel()
    panel.controls.begin({KEEP}, 0.0)
    panel.now = 0.5 * ASKED
    assert panel.press(KEEP, False) == [] == panel.controls.tick(9 * ASKED)
    panel.controls.begin({KEEP}, 0.0)
    panel.press(UNDO)
    assert panel.controls.tick(9 * ASKED) == []


def test_the_web_button_pressed_after_the_start_is_the_button_that_it_is():
    panel = Panel()
    panel.controls.begin(set(), 0.0)
    panel.press(KEEP)
    assert OpenAccess() not in panel.controls.tick(panel.now + 9 * ASKED)
    assert panel.press(KEEP, False) == [Keep()]


def test_a_pin_map_without_web_access_never_opens_any(tmp_path):
    path = tmp_path / "pins.toml"
    path.write_text('[[button]]\npin = 19\ndoes = "keep"')
    controls = Controls(load(path), Settings())
    controls.begin({19}, 0.0)
    controls.begin(set(), 0.0)
    assert controls.tick(99.0) == []
