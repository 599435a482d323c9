"""What is turned and pressed becomes what is to be done."""

import pytest

from firmware_py.panel.controls import LONG, Controls, Keep, Panic, StorePreset, Tap, Turn
from firmware_py.panel.pinmap import load
from firmware_py.panel.switch import LOCK
from firmware_py.presets.remote import Step
from firmware_py.settings import MODES, Settings, changed

ONE_WAY = [(0, 1), (0, 0), (1, 0), (1, 1)]
TAKE_OVER, NEXT, TAP, KEEP, PUSH = 5, 6, 13, 19, 22
AFTER_DUET = MODES[MODES.index("duet") + 1]


class Panel:
    """The controls of the default board, and settings that follow them."""

    def __init__(self, mode="duet"):
        self.settings = Settings(mode=mode)
        self.controls, self.now = Controls(load(), self.settings), 0.0

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
        return [c for a, b in contacts for c in self.obey(self.controls.encoder(a, b))]


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


def test_the_encoder_steps_through_the_modes_and_round():
    panel = Panel(MODES[0])
    seen = [panel.settings.mode]
    for _ in MODES:
        panel.turn(ONE_WAY)
        seen.append(panel.settings.mode)
    assert seen == [*MODES, MODES[0]]


def test_take_over_leaves_you_alone_and_brings_the_network_back():
    panel = Panel("harmonize")
    for mode in ("thru", "harmonize"):
        panel.press(TAKE_OVER)
        panel.press(TAKE_OVER, False)
        assert panel.settings.mode == mode


def test_a_button_acts_when_it_is_let_go():
    panel = Panel()
    assert panel.press(NEXT) == []
    assert panel.press(NEXT, False) == [Turn("mode", AFTER_DUET)]


def test_two_buttons_held_long_are_a_panic_and_nothing_else():
    panel = Panel()
    panel.press(NEXT)
    panel.press(TAKE_OVER)
    assert panel.controls.due is not None
    assert panel.controls.tick(panel.now + 0.9 * LONG) == []
    assert panel.controls.tick(panel.now + LONG) == [Panic()]
    assert panel.controls.tick(panel.now + 2 * LONG) == []
    assert panel.press(NEXT, False) == [] == panel.press(TAKE_OVER, False)


def test_two_buttons_held_shortly_do_nothing():
    panel = Panel()
    panel.press(NEXT)
    panel.press(TAKE_OVER)
    assert panel.press(NEXT, False) == [] == panel.press(TAKE_OVER, False)
    panel.press(NEXT)
    assert panel.press(NEXT, False) == [Turn("mode", AFTER_DUET)]


def test_the_encoder_steps_through_the_presets_while_it_is_held_in():
    panel = Panel()
    panel.press(PUSH)
    assert panel.turn(ONE_WAY) == [Step(1)]
    assert panel.turn([(1, 0), (0, 0), (0, 1), (1, 1)]) == [Step(-1)]
    panel.now += 2 * LONG
    assert panel.press(PUSH, False) == []
    assert panel.turn(ONE_WAY) == [Turn("mode", AFTER_DUET)]


def test_the_encoder_held_in_for_long_stores_a_preset():
    panel = Panel()
    panel.press(PUSH)
    panel.now += LONG
    assert panel.press(PUSH, False) == [StorePreset()]


def test_the_encoder_pushed_shortly_does_nothing():
    panel = Panel()
    panel.press(PUSH)
    panel.now += 0.5 * LONG
    assert panel.press(PUSH, False) == []


def test_a_panic_with_the_encoder_and_a_button_stores_nothing():
    panel = Panel()
    panel.press(PUSH)
    panel.press(TAKE_OVER)
    assert panel.controls.tick(panel.now + LONG) == [Panic()]
    panel.now += 2 * LONG
    assert panel.press(PUSH, False) == [] == panel.press(TAKE_OVER, False)


def test_a_button_keeps_the_last_minutes():
    panel = Panel()
    assert panel.press(KEEP) == []
    assert panel.press(KEEP, False) == [Keep()]


@pytest.mark.parametrize(
    ("does", "change"),
    [("next preset", Step(1)), ("previous preset", Step(-1)), ("store preset", StorePreset())],
)
def test_a_button_can_be_given_to_the_presets(tmp_path, does, change):
    path = tmp_path / "pins.toml"
    path.write_text(f'[[button]]\npin = 5\ndoes = "{does}"')
    controls = Controls(load(path), Settings())
    assert controls.switch(5, True, 1.0) == []
    assert controls.switch(5, False, 2.0) == [change]


def test_a_tap_counts_at_the_moment_when_the_button_goes_down():
    panel = Panel()
    assert panel.press(TAP) == [Tap(panel.now)]
    assert panel.press(TAP, False) == []


def test_a_tap_beside_a_held_button_is_no_tap():
    panel = Panel()
    panel.press(NEXT)
    assert panel.press(TAP) == []
    assert panel.press(TAP, False) == [] == panel.press(NEXT, False)
