"""The loop and the panel: what is turned is obeyed, and the lamp shows what the box does."""

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from firmware_py.box.notify import Notifier
from firmware_py.cables import Plugged
from firmware_py.desk import PALETTES
from firmware_py.live import BRIEF, PATIENCE, SITTING, Loop
from firmware_py.message import CLOCK, START, STOP, control, kind, note_off, note_on, program
from firmware_py.midi.inbox import PULLED
from firmware_py.panel.board import Board
from firmware_py.panel.controls import LONGER, Controls
from firmware_py.panel.lamps import FLASH
from firmware_py.panel.pinmap import load
from firmware_py.presets.bank import Bank
from firmware_py.presets.preset import Preset
from firmware_py.presets.remote import Step
from firmware_py.settings import MODES, Settings
from tests.firmware_py.stage import Stage


class Unpatched:
    """Cables without a rig: a port is its seat."""

    def __init__(self, gone=(), left=()):
        self.news, self.followed, self._gone, self._left = None, [], gone, list(left)

    def heard(self, port, message):
        return [(port, message)]

    def served(self):
        pass

    def leave(self, port):
        return (port,)

    def drain(self):
        left, self._left = self._left, []
        return left

    def close_gone(self, sight):
        return self._gone

    def open_come(self, sight):
        self.followed.append(sight)
        self.news = None
        return Plugged()


class Table:
    """A loop with a panel on mock pins, and nothing else real."""

    def __init__(self, factory, stage, bank=None, keep=None, notifier=None):
        self.factory, self.stage, self.lines = factory, stage, []
        lamps = load()
        pin_map = type(lamps)("table", encoder=lamps.encoder, buttons=lamps.buttons,
                              lamp=lamps.lamp)  # fmt: skip
        self.board = Board(pin_map, stage.instrument.scene.settings, self.now)
        self.loop = Loop(
            stage.instrument, Unpatched(), link=None, clock=self, told=self.lines.append,
            panels=[self.board], bank=bank, keep=keep, notifier=notifier,
        )  # fmt: skip

    def now(self):
        return self.stage.now

    def serve(self):
        self.stage.now += 0.05
        self.loop._serve_panels()

    def tap(self, pin):
        for move in ("drive_low", "drive_high"):
            getattr(self.factory.pin(pin), move)()
            self.serve()

    def turn(self):
        for pin, move in (
            (17, "drive_low"), (27, "drive_low"), (17, "drive_high"), (27, "drive_high"),
        ):  # fmt: skip
            getattr(self.factory.pin(pin), move)()
            self.serve()

    def colour(self):
        return [self.factory.pin(pin).state for pin in (16, 20, 21)]


@pytest.fixture
def table(monkeypatch, tmp_path):
    factory = MockFactory(pin_class=MockPWMPin)
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    bank = Bank({
        1: Preset(1, "solo", Settings(mode="thru")),
        2: Preset(2, "choir", Settings(mode="harmonize", voices=5)),
    })  # fmt: skip
    made = Table(factory, Stage(mode="duet", awake=False), bank, lambda now: f"kept at {now:.2f}",
                 Notifier(str(tmp_path / "systemd")))  # fmt: skip
    yield made
    made.board.close()
    factory.reset()


def test_the_encoder_changes_the_mode_and_says_so(table):
    table.turn()
    after_duet = MODES[MODES.index("duet") + 1]
    assert table.stage.instrument.scene.settings.mode == after_duet
    assert table.lines == [f"mode {after_duet}"]


def test_three_buttons_held_silence_all_that_sounds_and_then_end_the_loop(table):
    table.stage.instrument.heard("kbd", note_on(0, 60, 90), table.stage.now)
    for pin in (5, 6, 19):
        table.factory.pin(pin).drive_low()
        table.serve()
    table.loop._cables.wake = lambda: None
    end = table.stage.now + LONGER
    while table.stage.now < end - 0.1:
        table.serve()
    assert not table.loop._stopping and table.stage.sounding() == {(0, 60)}
    table.serve()
    table.serve()
    assert table.lines == ["panic: all silent", "starting anew"] and table.loop._stopping
    assert table.stage.struck() == [60] and table.stage.sounding() == set()


def test_the_mode_that_a_button_left_comes_back(table):
    table.tap(5)
    table.tap(5)
    assert table.lines == ["mode thru", "mode duet"]


def test_the_lamp_is_blue_while_the_network_wakes_and_green_when_it_listens(table):
    table.serve()
    assert table.colour() == [0, 0, 1]
    table.stage.instrument.brain_ready(table.stage.now)
    table.serve()
    assert table.colour() == [0, 0.15, 0]


def test_the_lamp_is_grey_when_you_play_alone(table):
    table.stage.instrument.brain_ready(table.stage.now)
    table.tap(5)
    assert table.colour() == [0.4, 0.4, 0.4]


def test_two_buttons_held_silence_everything(table):
    table.stage.down(60)
    for pin in (5, 6):
        table.factory.pin(pin).drive_low()
    table.serve()
    table.stage.now += 1.1
    table.serve()
    assert not table.stage.sounding() and "panic: all silent" in table.lines
    assert any(kind(message) == 0xB0 for _, message in table.stage.sent)


def test_the_encoder_turned_while_held_in_changes_the_palette(table):
    table.factory.pin(22).drive_low()
    table.serve()
    table.turn()
    assert table.lines == [f"palette {PALETTES[1]}"]
    assert table.stage.instrument.scene.settings.palette == PALETTES[1]


def test_an_undo_says_how_many_notes_it_took_back_and_a_second_at_once_answers_again(table):
    stage = table.stage
    stage.instrument.brain_ready(0.0)
    stage.instrument.set("mode", "harmonize", 0.0)
    stage.down(60)
    stage.answer()
    table.tap(6)
    assert table.lines == ["undone: 2 notes"] and stage.sounding() == {(0, 60)}
    table.tap(6)
    stage.answer()
    assert table.lines[1:] == ["again"] and len(stage.sounding()) == 3
    stage.now += 1.0
    table.tap(6)
    stage.now += 1.0
    table.tap(6)
    assert table.lines[2:] == ["undone: 2 notes", "there is no answer to undo"]


def test_the_lamp_flashes_when_a_preset_is_stored_and_is_itself_again(table):
    table.stage.instrument.brain_ready(0.0)
    table.factory.pin(22).drive_low()
    table.serve()
    table.stage.now += 1.0
    table.factory.pin(22).drive_high()
    table.serve()
    assert table.colour() == [1, 1, 1]
    table.stage.now += FLASH
    table.serve()
    assert table.colour() == [0, 0.15, 0]


def test_a_midi_controller_is_learnt_with_the_encoder_and_turns_what_was_touched_last(table):
    table.turn()  # the mode was touched
    table.factory.pin(22).drive_low()
    table.serve()
    table.loop._heard(table.now(), "kbd", control(0, 21, 0))
    table.stage.now += 2.0
    table.factory.pin(22).drive_high()
    table.serve()
    assert table.lines[-1] == "cc 1:21 is now: mode"  # and no preset was stored
    for value, mode in ((0, MODES[0]), (127, MODES[-1])):
        table.loop._heard(table.now(), "kbd", control(0, 21, value))
        assert table.stage.instrument.scene.settings.mode == mode
    assert not [m for _, m in table.stage.sent if kind(m) == 0xB0]


def test_a_click_of_the_encoder_makes_it_step_through_the_presets(table):
    table.stage.down(60)
    table.tap(22)
    table.turn()
    assert table.lines == ["preset 1: solo"]
    assert table.stage.instrument.scene.settings == Settings(mode="thru")
    assert table.stage.sounding() == {(0, 60)}


def test_the_encoder_held_in_stores_everything_as_it_stands(table):
    table.stage.instrument.set("voices", 7, 0.0)
    table.factory.pin(22).drive_low()
    table.serve()
    table.stage.now += 1.0
    table.factory.pin(22).drive_high()
    table.serve()
    assert table.lines == ["stored as preset 3: duet"]


def test_a_button_keeps_the_last_minutes_and_says_so(table):
    table.tap(19)
    (line,) = table.lines
    assert line.startswith("kept at ")


def test_a_program_change_on_its_channel_recalls_and_is_not_played(table):
    table.stage.instrument.set("preset_channel", 16, 0.0)
    table.loop._heard(0.0, "kbd", program(15, 1))
    assert table.lines == ["preset 2: choir"]
    assert table.stage.instrument.scene.settings.voices == 5
    assert table.stage.instrument.scene.settings.preset_channel == 16
    table.loop._heard(0.0, "kbd", program(15, 99))
    assert table.lines[-1] == "there is no preset 100"


def test_a_program_change_sets_your_instrument_where_no_channel_is_set_for_presets(table):
    table.loop._heard(0.0, "kbd", program(0, 40))
    table.stage.down(60)
    assert program(0, 40) in [message for _, message in table.stage.sent]


def test_a_pedal_for_the_next_preset_is_not_sent_to_the_synth(table):
    table.stage.instrument.set("preset_next", 80, 0.0)
    for value in (127, 0, 127):
        table.loop._heard(0.0, "kbd", control(0, 80, value))
    assert table.lines == ["preset 1: solo", "preset 2: choir"] and not table.stage.sent


def test_a_knob_waits_after_a_preset_was_recalled_until_it_comes_by(monkeypatch):
    stage = Stage(mode="duet", awake=False)
    bank = Bank({1: Preset(1, "", Settings(mode="duet", temperature=0.5))})
    factory = MockFactory(pin_class=MockPWMPin)
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    table = Table(factory, stage, bank)
    controls = table.board.controls = Controls(load(), stage.instrument.scene.settings)

    def turn(raw):
        for _ in range(40):
            stage.now += 0.01
            for change in controls.knob(0, raw, stage.now):
                table.loop._desk.obey(change)
        return stage.instrument.scene.settings.temperature

    assert turn(0.9) > 1.4
    table.loop._desk.obey(Step(1))
    assert turn(0.8) == 0.5  # still above: nothing jumps
    assert turn(0.1) < 0.4  # it came by
    table.board.close()
    factory.reset()


def test_the_first_note_after_a_long_rest_begins_anew_and_a_short_rest_does_not(table):
    stage, loop = table.stage, table.loop
    stage.instrument.brain_ready(0.0)
    for rest, anew in ((0.0, False), (SITTING - 1, False), (SITTING + 1, True)):
        stage.now += rest
        before = len(stage.told)
        loop._heard(stage.now, "kbd", note_on(0, 60, 80))
        loop._heard(stage.now, "kbd", note_off(0, 60))
        assert (len(stage.told) < before) == anew  # the network was told to forget


def test_a_clock_that_is_sent_keeps_running_when_the_first_note_comes_after_a_long_rest(table):
    stage, loop = table.stage, table.loop
    stage.instrument.brain_ready(0.0)
    stage.instrument.set("clock_out", "on", 0.0)
    loop._heard(0.0, "kbd", note_on(0, 60, 80))
    loop._heard(0.0, "kbd", note_off(0, 60))
    stage.instrument.tick(0.0)
    stage.now = SITTING + 1
    loop._heard(stage.now, "kbd", note_on(0, 60, 80))
    assert len(stage.told) == 3 and (STOP,) not in [message for _, message in stage.sent]


def test_a_clock_that_is_heard_keeps_its_place_when_the_first_note_comes_after_a_long_rest(table):
    stage, loop = table.stage, table.loop
    loop._heard(0.0, "kbd", note_on(0, 60, 80))
    loop._heard(0.0, "kbd", note_off(0, 60))
    stage.now = SITTING
    loop._heard(stage.now, "drums", (START,))
    for _ in range(24 * 4):
        loop._heard(stage.now, "drums", (CLOCK,))
        stage.now += 1 / 48
    loop._heard(stage.now, "kbd", note_on(0, 60, 80))
    beat = stage.instrument.beat
    assert beat.lead() == "clock" and beat.line(stage.now).beat_at(stage.now) == pytest.approx(4)


def test_when_the_clock_has_gone_a_long_rest_ends_the_sitting(table):
    stage, loop = table.stage, table.loop
    stage.instrument.brain_ready(0.0)
    loop._heard(0.0, "drums", (CLOCK,))
    loop._heard(0.0, "kbd", note_on(0, 60, 80))
    loop._heard(0.0, "kbd", note_off(0, 60))
    stage.now = SITTING + 1
    loop._heard(stage.now, "kbd", note_on(0, 60, 80))
    assert len(stage.told) == 1


def test_a_note_that_is_held_through_a_long_rest_is_no_rest(table):
    stage, loop = table.stage, table.loop
    loop._heard(0.0, "kbd", note_on(0, 60, 80))
    stage.now = SITTING + 1
    loop._sounded_at = stage.now  # as at every turn of the loop while a note sounds
    loop._heard(stage.now, "kbd", note_on(0, 64, 80))
    assert stage.sounding() == {(0, 60), (0, 64)}


def test_taps_set_the_tempo_and_say_so(table):
    for _ in range(3):
        table.tap(13)  # each takes a tenth of a second
        table.stage.now += 0.4
    assert table.stage.instrument.scene.settings.tempo == pytest.approx(120)
    assert table.lines == ["tempo 120.0", "tempo 120.0"]


def test_a_clock_does_not_hide_the_lamp_that_says_midi_comes_in(table):
    seen = []
    table.board.midi_came = lambda: seen.append(True)
    table.loop._hear([(0.0, "drums", (0xF8,)), (0.0, "kbd", (0x90, 60, 80))])
    assert seen == [True]


def test_what_is_plugged_in_is_followed_within_half_a_second_also_while_a_clock_is_sent(table):
    stage, cables = table.stage, Unpatched()
    loop = Loop(stage.instrument, cables, link=None, clock=table)
    stage.instrument.set("clock_out", "on", 0.0)
    stage.crank(2.0)  # it opens after half a second
    cables.news, turns = "a sight", 0
    while cables.news is not None:
        stage.now = max(min(stage.instrument.next_due, stage.now + BRIEF), stage.now)
        stage.instrument.tick(stage.now)
        loop._follow_cables()
        turns += 1
    assert cables.followed == ["a sight"]
    assert 2.0 + PATIENCE <= stage.now < 2.5 and turns < 0.5 * (1 / BRIEF + 2 * 48)


def test_what_is_plugged_in_is_followed_at_once_when_nothing_is_due(table):
    cables = Unpatched()
    cables.news = "a sight"
    table.stage.now = 7.0
    Loop(table.stage.instrument, cables, link=None, clock=table)._follow_cables()
    assert cables.followed == ["a sight"]


def test_keys_that_a_keyboard_left_before_it_was_pulled_out_end_with_it(table):
    table.stage.instrument.brain_ready(0.0)
    cables = Unpatched(gone=("kbd",), left=[(0.0, "kbd", note_on(0, 60, 80))])
    cables.news = "a sight"
    Loop(table.stage.instrument, cables, link=None, clock=table)._follow_cables()
    assert table.stage.struck() == [60] and not table.stage.sounding()


def test_a_din_cable_that_is_pulled_ends_its_keys(table):
    table.loop._hear([(0.0, "DIN", note_on(0, 60, 80)), (0.1, "DIN", PULLED)])
    assert table.stage.struck() == [60] and not table.stage.sounding()
