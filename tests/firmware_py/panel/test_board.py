"""gpiozero's own devices over mock pins, and a bit-level MCP3008, drive the panel."""

import gc
import random
import select
from unittest.mock import Mock

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin, MockSPIDevice

from firmware_py.panel.board import Board, find_board
from firmware_py.panel.change import (
    Listen,
    OpenAccess,
    Panic,
    Restart,
    StepMode,
    StepPalette,
    TakeOver,
    Turn,
)
from firmware_py.panel.controls import ASKED, LONGER
from firmware_py.panel.glance import Glance
from firmware_py.panel.lamps import BETWEEN, BLINK, MIDI_LIT, Sign
from firmware_py.panel.pinmap import ButtonMap, EncoderMap, LampMap, PinMap, load
from firmware_py.settings import Settings, changed

CONTACTS = PinMap("contacts", encoder=EncoderMap(17, 27, 22), buttons=(
    ButtonMap(5, "take over"), ButtonMap(6, "undo")), web=6)  # fmt: skip
LAMPS = PinMap("lamps", lamp=LampMap(16, 20, 21), midi_lamp=26)
KNOBS = PinMap("knobs", knobs=load().knobs, encoder=load().encoder)


class Held(MockPin):
    """A pin whose switch is closed already: stronger than the pull-up that it is given."""

    pins: set[int] = set()

    def _set_pull(self, value):
        super()._set_pull(value)
        if self.info.name in {f"GPIO{pin}" for pin in self.pins}:
            self.drive_low()


class Converter(MockSPIDevice):
    """An MCP3008 bit by bit (data sheet, figure 6-1): start, single, D2 to D0, null, B9 to B0."""

    def __init__(self, *pins, pin_factory, codes):
        super().__init__(*pins, pin_factory=pin_factory)
        self.codes = codes

    def on_start(self):
        super().on_start()
        self.command = None

    def on_bit(self):
        bit = self.rx_buf[-1]
        if self.command is None:
            self.command = [] if bit else None
        elif len(self.command) < 4:
            self.command.append(int(bit))
            if len(self.command) == 4:
                _, d2, d1, d0 = self.command
                code = self.codes[4 * d2 + 2 * d1 + d0]
                self.tx_buf = [0, 0] + [code >> place & 1 for place in range(9, -1, -1)]


class Bench:
    """A board on a bench, with a clock that is cranked."""

    def __init__(self, pin_map, **options):
        self.now, self.factory = 100.0, MockFactory(**options)
        self.pin_map = pin_map

    def open(self, **options):
        self.board = Board(self.pin_map, Settings(), lambda: self.now, **options)
        return self.board

    def pin(self, number):
        return self.factory.pin(number)

    def press(self, number, closed=True):
        (self.pin(number).drive_low if closed else self.pin(number).drive_high)()


@pytest.fixture
def bench(monkeypatch):
    made = []

    def make(pin_map, **options):
        made.append(Bench(pin_map, **options))
        monkeypatch.setattr(gpiozero.Device, "pin_factory", made[-1].factory)
        return made[-1]

    yield make
    for each in made:
        each.board.close()
        each.factory.reset()
    made.clear()
    gc.collect()  # collected, gpiozero's SPI bus closes once more, and then the next one's key goes


def test_turning_the_encoder_changes_the_mode(bench):
    table = bench(CONTACTS)
    board = table.open()
    for _ in range(2):
        for pin, closed in ((17, True), (27, True), (17, False), (27, False)):
            table.press(pin, closed)
    assert board.poll() == [StepMode(1), StepMode(1)]


def test_the_encoder_pushed_in_and_turned_changes_the_palette(bench):
    table = bench(CONTACTS)
    board = table.open()
    table.press(22)
    for pin, closed in ((27, True), (17, True), (27, False), (17, False)):
        table.press(pin, closed)
    assert board.poll() == [Listen(True), StepPalette(-1)]


def test_no_detent_is_lost_at_ten_a_millisecond_with_bounce_and_reversal_and_a_loop_that_is_late(
    bench,
):
    table, chance, expected = bench(CONTACTS), random.Random(7), 0
    board, found = table.open(), 0
    for burst in range(20):
        for _ in range(100):  # ten milliseconds of detents between two turns of the loop
            way = chance.choice((1, 1, 1, -1))
            pins = (17, 27) if way == 1 else (27, 17)
            for pin, closed in (
                (pins[0], True),
                (pins[1], True),
                (pins[0], False),
                (pins[1], False),
            ):
                for _ in range(chance.randrange(4)):
                    table.press(pin, closed)
                    table.press(pin, not closed)
                table.press(pin, closed)
                table.now += 0.0001 / 4
            expected += way
        found += sum(change.by for change in board.poll())
        assert found == expected, f"burst {burst}"


def test_a_contact_wakes_the_loop(bench):
    table = bench(CONTACTS)
    board = table.open()
    assert not select.select([board], [], [], 0)[0]
    table.press(5)
    assert select.select([board], [], [], 1)[0]
    board.poll()
    assert not select.select([board], [], [], 0)[0]


def test_a_bouncing_button_acts_once(bench):
    table = bench(CONTACTS)
    board, found = table.open(), []
    for closed in (True, False):
        for _ in range(3):
            table.press(5, closed)
            table.press(5, not closed)
            table.now += 0.001
        table.press(5, closed)
        table.now += 0.2
        found += board.poll()
        table.now += 0.2
        found += board.poll()
    assert found == [TakeOver()]


def test_two_buttons_held_are_a_panic(bench):
    table = bench(CONTACTS)
    board = table.open()
    table.press(6)
    table.press(22)
    assert board.poll() == [Listen(True)]
    table.now += 0.9
    assert board.poll() == []
    table.now += 0.2
    assert board.poll() == [Panic()]


def test_three_buttons_held_start_the_box_anew_however_they_bounce(bench):
    table = bench(CONTACTS)
    board, found = table.open(), []
    for pin in (5, 6, 22):
        for _ in range(3):
            table.press(pin)
            table.press(pin, False)
            table.now += 0.001
        table.press(pin)
        table.now += 0.1
        found += board.poll()
    pressed = table.now - 0.1
    while table.now < pressed + LONGER - 0.2:
        table.now += 0.1
        found += board.poll()
    assert Restart() not in found and Panic() not in found
    table.now += 0.3
    assert board.poll() == [Panic(), Restart()]


def test_a_button_that_is_held_while_the_board_is_opened_asks_for_web_access(bench, monkeypatch):
    monkeypatch.setattr(Held, "pins", {6})
    table = bench(CONTACTS, pin_class=Held)
    board = table.open()
    assert board.next_due == table.now + ASKED
    table.now += 0.9 * ASKED
    assert board.poll() == []
    table.now += 0.2 * ASKED
    assert board.poll() == [OpenAccess()]
    table.press(6, False)
    assert board.poll() == []


def test_three_buttons_held_on_through_a_restart_neither_ask_for_web_access_nor_for_another(
    bench, monkeypatch
):
    monkeypatch.setattr(Held, "pins", {5, 6, 22})
    table = bench(CONTACTS, pin_class=Held)
    board, found = table.open(), []
    for pin in (5, 22):  # the web's button is the last to be let go
        table.now += 0.1
        table.press(pin, False)
        found += board.poll()
    table.now += 10 * LONGER
    assert found + board.poll() == []


def lamp_over(table, board, seconds, step=0.05):
    """Whether the lamp is lit, looked at again and again, and how often it came on."""
    seen = []
    for _ in range(round(seconds / step)):
        table.now += step
        board.poll()
        seen.append(any(table.pin(p).state for p in (16, 20, 21)))
    return sum(now and not before for before, now in zip([False, *seen], seen, strict=False))


def test_the_lamp_blinks_the_number_of_web_access_digit_by_digit(bench):
    table = bench(LAMPS, pin_class=MockPWMPin)
    board = table.open()
    board.show(Glance(sign=Sign.LISTENING, code="230"))
    assert [table.pin(p).state for p in (16, 20, 21)] == list(Sign.CODE.value)
    assert board.next_due == table.now + BLINK
    assert lamp_over(table, board, 2 * 2 * BLINK + BETWEEN / 2) == 2
    assert lamp_over(table, board, BETWEEN / 2 + 3 * 2 * BLINK + BETWEEN / 4) == 3
    assert lamp_over(table, board, BETWEEN + 10 * 2 * BLINK) == 10
    board.show(Glance(sign=Sign.LISTENING))
    assert [table.pin(p).state for p in (16, 20, 21)] == list(Sign.LISTENING.value)
    assert board.next_due is None


def test_the_lamp_blinks_nothing_where_a_display_shows_it(bench):
    table = bench(LAMPS, pin_class=MockPWMPin)
    board = table.open(blinks=lambda: False)
    board.show(Glance(sign=Sign.LISTENING, code="230"))
    assert [table.pin(p).state for p in (16, 20, 21)] == list(Sign.LISTENING.value)
    assert board.next_due is None


def test_the_knobs_are_read_through_the_converter(bench):
    table = bench(KNOBS)
    codes = [1023, 0, 512, 512, 7, 7, 7, 7]
    Converter(11, 10, 9, 8, pin_factory=table.factory, codes=codes)
    board = table.open()
    found = {change.setting: change.value for change in board.poll()}
    assert found["temperature"] == pytest.approx(1.6) and found["density"] == pytest.approx(1.0)
    codes[0] = 0
    for _ in range(30):
        table.now += 0.011
        found |= {change.setting: change.value for change in board.poll()}
    assert found["temperature"] == pytest.approx(0.2)


def test_the_encoder_held_in_a_knob_of_the_converter_turns_its_shifted_setting(bench):
    table = bench(KNOBS)
    codes = [512, 512, 512, 512, 7, 7, 7, 7]
    Converter(11, 10, 9, 8, pin_factory=table.factory, codes=codes)
    board, found = table.open(), []
    settings = Settings()
    for pushed, code in ((False, 512), (True, 512), (True, 0), (True, 1023), (False, 1023)):
        table.press(22, pushed)
        codes[0] = code
        for _ in range(30):
            table.now += 0.011
            turned = [change for change in board.poll() if isinstance(change, Turn)]
            for change in turned:
                settings = changed(settings, change.setting, change.value)
                board.now_set(settings)
            found += [(pushed, change.setting) for change in turned if change.setting != "density"]
    assert {what for what in found[3:]} == {(True, "rhythm")} and settings.rhythm == 2.0
    assert settings.temperature == pytest.approx(0.9, abs=0.01)


@pytest.mark.parametrize("code", [0, 1023])
def test_a_converter_that_is_not_there_gives_no_knobs(bench, code):
    table = bench(KNOBS)
    Converter(11, 10, 9, 8, pin_factory=table.factory, codes=[code] * 8)
    board = table.open()
    assert board.next_due is None and board.poll() == []


def test_a_converter_that_fails_costs_its_knobs_and_is_asked_again(bench, monkeypatch, caplog):
    table = bench(KNOBS)
    codes = [512] * 4 + [7] * 4
    Converter(11, 10, 9, 8, pin_factory=table.factory, codes=codes)
    board = table.open()
    board.poll()
    broken = Mock(side_effect=OSError("Input/output error"))
    with monkeypatch.context() as patched:
        patched.setattr(gpiozero.MCP3008, "raw_value", property(broken))
        for _ in range(50):
            table.now += 0.011
            assert board.poll() == []
    assert broken.call_count == 1 and caplog.text.count("cannot be read") == 1
    codes[0], found = 1023, {}
    table.now += 5.0
    for _ in range(30):
        table.now += 0.011
        found |= {change.setting: change.value for change in board.poll()}
    assert found["temperature"] == pytest.approx(1.6)


def test_the_lamp_shows_what_the_box_does(bench):
    table = bench(LAMPS, pin_class=MockPWMPin)
    board = table.open()
    board.show(Glance(sign=Sign.FAULT))
    assert [table.pin(p).state for p in (16, 20, 21)] == [1, 0, 0]
    board.show(Glance(sign=Sign.ANSWERING))
    assert [table.pin(p).state for p in (16, 20, 21)] == [0, 1, 0]


def test_the_lamp_says_when_the_encoder_steps_through_the_presets_and_flashes_all_the_same(bench):
    table = bench(PinMap("both", encoder=CONTACTS.encoder, lamp=LAMPS.lamp), pin_class=MockPWMPin)
    board = table.open()
    for closed in (True, False):
        table.press(22, closed)
        table.now += 0.1
        board.poll()
    board.show(Glance(sign=Sign.LISTENING))
    assert [table.pin(p).state for p in (16, 20, 21)] == list(Sign.PRESETS.value)
    board.show(Glance(sign=Sign.DONE))
    assert [table.pin(p).state for p in (16, 20, 21)] == [1, 1, 1]


def test_the_midi_lamp_is_lit_for_a_moment(bench):
    table = bench(LAMPS, pin_class=MockPWMPin)
    board = table.open()
    board.midi_came()
    assert table.pin(26).state == 1 and board.next_due is not None
    table.now += 1.01 * MIDI_LIT
    board.poll()
    assert table.pin(26).state == 0 and board.next_due is None


def test_a_machine_without_gpio_has_no_panel(monkeypatch):
    monkeypatch.setattr("firmware_py.panel.board.Path.glob", lambda *_: iter(()))
    assert find_board(load(), Settings(), lambda: 0.0) is None


def test_pins_that_are_refused_in_whatever_way_cost_the_panel_and_not_the_box(monkeypatch, caplog):
    """lgpio's own error is neither an OSError nor one of gpiozero's."""

    class Refused(Exception):
        pass

    def refuse(*_):
        raise Refused("'GPIO operation not permitted'")

    monkeypatch.setattr("firmware_py.panel.board.Path.glob", lambda *_: iter(["/dev/gpiochip0"]))
    monkeypatch.setattr("firmware_py.panel.board.Board", refuse)
    assert find_board(load(), Settings(), lambda: 0.0) is None
    (line,) = caplog.messages
    assert "not permitted" in line and "plays without it" in line
