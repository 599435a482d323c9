"""The loop and the panel: what is turned is obeyed, and the lamp shows what the box does."""

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from firmware_py.live import Loop
from firmware_py.message import kind
from firmware_py.midi.backend import Change
from firmware_py.panel.board import Board
from firmware_py.panel.pinmap import load
from tests.firmware_py.stage import Stage


class Table:
    """A loop with a panel on mock pins, and nothing else real."""

    def __init__(self, factory, stage):
        self.factory, self.stage, self.lines = factory, stage, []
        lamps = load()
        pin_map = type(lamps)("table", encoder=lamps.encoder, buttons=lamps.buttons,
                              lamp=lamps.lamp)  # fmt: skip
        self.board = Board(pin_map, stage.instrument.scene.settings, self.now)
        self.loop = Loop(
            stage.instrument, inputs=None, output=None, link=None, clock=self,
            told=self.lines.append, board=self.board,
        )  # fmt: skip

    def now(self):
        return self.stage.now

    def serve(self):
        self.stage.now += 0.05
        self.loop._serve_panel(self.board)

    def tap(self, pin):
        for move in ("drive_low", "drive_high"):
            getattr(self.factory.pin(pin), move)()
            self.serve()

    def colour(self):
        return [self.factory.pin(pin).state for pin in (16, 20, 21)]


@pytest.fixture
def table(monkeypatch):
    factory = MockFactory(pin_class=MockPWMPin)
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    made = Table(factory, Stage(mode="duet", awake=False))
    yield made
    made.board.close()
    factory.reset()


def test_a_button_changes_the_mode_and_says_so(table):
    table.tap(6)
    assert table.stage.instrument.scene.settings.mode == "thru"
    assert table.lines == ["mode thru"]


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


class Ports:
    """Ports that count how often they are looked at."""

    def __init__(self):
        self.looks = 0

    def rescan(self):
        self.looks += 1
        return Change()


def test_devices_are_looked_for_also_while_a_clock_is_sent(table):
    stage, ports = table.stage, Ports()
    loop = Loop(stage.instrument, ports, ports, link=None, clock=table)
    stage.instrument.set("clock_out", "on", 0.0)
    turns = 0
    while stage.now < 12.0:
        stage.now = max(min(stage.instrument.next_due, loop._rescan_at), stage.now)
        stage.instrument.tick(stage.now)
        loop._look_for_devices()
        turns += 1
    assert ports.looks == 2 * 4  # every three seconds, both
    assert turns < 12 * 48 * 2.1  # and it does not spin until then
