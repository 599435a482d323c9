"""Ports: pure choices, faults with a scripted MIDI system, and the real thing on JACK."""

from __future__ import annotations

import faulthandler
import logging
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import rtmidi

from firmware_py.clock import CrankedClock, MonotonicClock
from firmware_py.message import Message, note_off, note_on
from firmware_py.midi import backend as backend_module
from firmware_py.midi.backend import (
    Backend,
    Joined,
    PortError,
    available_apis,
    matches,
    open_backend,
)
from firmware_py.midi.echo import EchoGuard
from firmware_py.midi.jack import JackServer
from firmware_py.midi.ports import Inputs, Output, list_ports

NOTE = note_on(0, 60, 80)


class Desk:
    """A scripted MIDI system: what is plugged in, which faults come next, what was sent."""

    def __init__(self, inputs: list[str], outputs: list[str]) -> None:
        self.inputs, self.outputs = inputs, outputs
        self.faults: list[Exception] = []
        self.sent: list[Message] = []
        self.heard: dict[str, Callable[[Message], None]] = {}
        self.alive = 0

    def joined(self) -> Joined:
        return Joined(lambda name: DeskPort(self, True), lambda name: DeskPort(self, False))

    def backend(self) -> Backend:
        return Backend(self.joined)


class DeskPort:
    """One rtmidi object on the desk."""

    def __init__(self, desk: Desk, is_input: bool) -> None:
        self._desk, self._is_input, self._name = desk, is_input, ""
        self._call: Callable[[Message], None] | None = None
        desk.alive += 1

    def get_ports(self) -> list[str | None]:
        self._fail()
        return [*(self._desk.inputs if self._is_input else self._desk.outputs)]

    def open_port(self, port: int, name: str) -> None:
        self._connect(self._desk.inputs[port] if self._is_input else self._desk.outputs[port])

    def open_virtual_port(self, name: str) -> None:
        self._connect(name)

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None:
        assert (sysex, timing, active_sense) == (False, False, True)

    def set_callback(self, func: Callable[[Any, Any], None], data: Any) -> None:
        self._call = lambda message: func((list(message), 0.0), data)

    def get_message(self) -> None:
        return None

    def cancel_callback(self) -> None:
        self._desk.heard.pop(self._name, None)

    def close_port(self) -> None:
        pass

    def delete(self) -> None:
        self._desk.alive -= 1

    def send_message(self, message: Message) -> None:
        self._fail()
        self._desk.sent.append(message)

    def _connect(self, name: str) -> None:
        self._name = name
        if self._call is not None:
            self._desk.heard[name] = self._call

    def _fail(self) -> None:
        if self._desk.faults:
            raise self._desk.faults.pop(0)


def desk() -> Desk:
    return Desk(
        ["Midi Through:Port-0 14:0", "Keys:Keys MIDI 1 20:0", "notochord-box:out 128:0"],
        ["Midi Through:Port-0 14:0", "Keys:Keys MIDI 1 20:0", "Synth:Synth 24:0"],
    )


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [("keystation", True), ("KEY*MIDI 1*", True), ("20:0", True), ("key", True), ("Roland", False),
     ("*", True), ("key?", False), ("[", False)],
)  # fmt: skip
def test_a_port_is_meant_by_a_part_of_its_name_or_a_glob(pattern: str, meant: bool) -> None:
    assert matches("Keystation:Keystation MIDI 1 20:0", pattern) is meant


def test_every_input_is_opened_but_our_own_and_midi_through() -> None:
    inputs = Inputs(desk().backend(), CrankedClock().now)
    assert inputs.names == ("Keys:Keys MIDI 1 20:0",)
    inputs.close()


def test_midi_through_is_opened_when_it_is_named() -> None:
    inputs = Inputs(desk().backend(), CrankedClock().now, ["through"])
    assert inputs.names == ("Midi Through:Port-0 14:0",)
    inputs.close()


def test_what_is_played_is_stamped_named_and_wakes_the_loop() -> None:
    table, clock = desk(), CrankedClock(3.5)
    inputs = Inputs(table.backend(), clock.now)
    table.heard["Keys:Keys MIDI 1 20:0"](NOTE)
    assert select.select([inputs], [], [], 0)[0]
    assert inputs.drain() == [(3.5, "Keys:Keys MIDI 1 20:0", NOTE)]
    inputs.close()


def test_an_echo_of_ours_is_left_out_and_the_players_note_is_not() -> None:
    table, clock, guard = desk(), CrankedClock(1.0), EchoGuard()
    inputs = Inputs(table.backend(), clock.now, guard=guard)
    guard.sent(NOTE, clock.now())
    for _ in range(2):
        table.heard["Keys:Keys MIDI 1 20:0"](NOTE)
    assert len(inputs.drain()) == 1
    inputs.close()


def test_a_device_pulled_out_in_the_middle_of_a_scan_does_not_spoil_it() -> None:
    table = desk()
    system = table.backend()
    table.faults = [rtmidi.InvalidPortError("error looking for port name!")]
    assert "Synth:Synth 24:0" in system.list_ports().outputs and not table.faults


def test_a_system_that_never_answers_leaves_the_open_inputs_as_they_are() -> None:
    table = desk()
    inputs = Inputs(table.backend(), CrankedClock().now)
    table.faults = [rtmidi.SystemError("gone")] * 5
    assert inputs.rescan() == ((), ()) and len(inputs.names) == 1
    table.faults = [rtmidi.SystemError("gone")] * 5
    with pytest.raises(PortError, match="does not answer"):
        Inputs(table.backend(), CrankedClock().now)
    inputs.close()


def test_rescan_names_what_went_and_what_came_and_closes_what_went() -> None:
    table = desk()
    system = table.backend()
    inputs = Inputs(system, CrankedClock().now)
    before = table.alive
    table.inputs[1:2] = ["Pads:Pads 32:0", "Pedals:Pedals 36:0"]
    change = inputs.rescan()
    assert change.gone == ("Keys:Keys MIDI 1 20:0",)
    assert change.come == ("Pads:Pads 32:0", "Pedals:Pedals 36:0") == inputs.names
    assert table.alive == before + 1 and list(table.heard) == list(inputs.names)
    assert inputs.rescan() == ((), ())
    inputs.close()
    system.close()
    assert table.alive == 0


def test_no_port_of_that_name_says_which_there_are() -> None:
    table = desk()
    with pytest.raises(PortError, match="no MIDI input matches 'Moog'.*Keys:Keys MIDI 1 20:0"):
        Inputs(table.backend(), CrankedClock().now, ["Moog"])
    with pytest.raises(PortError, match="no MIDI output matches 'Moog'.*Synth:Synth 24:0"):
        Output(table.backend(), "Moog")


def test_without_a_wish_it_plays_on_the_synth_rather_than_on_the_keyboard() -> None:
    output = Output(desk().backend())
    assert output.name == "Synth:Synth 24:0" and output.send(NOTE)


def test_with_no_synth_it_plays_nowhere_until_one_is_plugged_in() -> None:
    table = desk()
    table.outputs = []
    output = Output(table.backend())
    assert output.name is None and not output.send(NOTE) and output.failed == 0
    table.outputs = ["Synth:Synth 24:0"]
    assert output.rescan() == ((), ("Synth:Synth 24:0",))
    assert output.send(NOTE) and table.sent == [NOTE]
    table.outputs = []
    assert output.rescan() == (("Synth:Synth 24:0",), ()) and not output.send(NOTE)


def test_a_send_that_fails_is_counted_and_logged_seldom_and_never_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = desk()
    output = Output(table.backend())
    table.faults = [rtmidi.SystemError("error sending MIDI message to port.")] * 100
    with caplog.at_level(logging.WARNING):
        assert not any(output.send(NOTE) for _ in range(100))
    assert output.failed == 100 and len(caplog.records) == 7
    assert output.send(NOTE)


def test_an_unknown_system_is_refused_with_the_choices() -> None:
    with pytest.raises(PortError, match="auto"):
        open_backend("coremidi")


@pytest.mark.parametrize(
    ("api", "remedy"), [("alsa", "snd-seq"), ("jack", "jackd"), ("auto", "neither")]
)
def test_an_absent_midi_system_is_one_clear_line(
    api: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_module, "_try_backend", lambda api, client: None)
    with pytest.raises(PortError, match=remedy) as error:
        open_backend(api)
    assert "\n" not in str(error.value)
    assert available_apis() == ()


# With a real JACK server.


@contextmanager
def someone(client: str) -> Iterator[Output]:
    """Another program's output on the same server."""
    with open_backend("jack", client) as system:
        output = Output(system, virtual=True)
        try:
            yield output
        finally:
            output.close()


@contextmanager
def opened(inputs: Inputs) -> Iterator[Inputs]:
    try:
        yield inputs
    finally:
        inputs.close()


def wait_for(inputs: Inputs, count: int = 1) -> list[Message]:
    """The next messages, or those that came within 3 s."""
    heard: list[Message] = []
    until = time.monotonic() + 3
    while len(heard) < count and time.monotonic() < until:
        select.select([inputs], [], [], 0.1)
        heard += [message for _, _, message in inputs.drain()]
    return heard


@pytest.mark.jack
def test_a_note_goes_out_and_comes_in(jack: JackServer) -> None:
    now = MonotonicClock().now
    with someone("keys") as keys, open_backend("jack") as system:
        with opened(Inputs(system, now, ["keys:out"])) as inputs:
            keys.send(NOTE)
            keys.send((0xF8,))
            assert wait_for(inputs, 2) == [NOTE, (0xF8,)]
            keys.send((0xF0, 0x7D, *range(100), 0xF7))
            assert wait_for(inputs) == [(0xF0, 0x7D, *range(100), 0xF7)]


@pytest.mark.jack
def test_our_own_output_is_neither_listed_nor_opened(jack: JackServer) -> None:
    with someone("keys"), open_backend("jack") as system:
        output = Output(system, virtual=True)
        with opened(Inputs(system, MonotonicClock().now)) as inputs:
            assert output.name == "notochord-box:out"
            assert "keys:out" in inputs.names
            assert not any("notochord-box" in name for name in inputs.names)
            assert not any("notochord-box" in name for name in list_ports("jack").inputs)
        output.close()


@pytest.mark.jack
def test_a_virtual_input_can_be_played_on_by_others(jack: JackServer) -> None:
    with open_backend("jack") as system, open_backend("jack", "keys") as other:
        with opened(Inputs(system, MonotonicClock().now, virtual=True)) as inputs:
            output = Output(other, "notochord-box-in:in")
            output.send(NOTE)
            assert wait_for(inputs) == [NOTE]
            assert inputs.rescan() == ((), ())
            output.close()


@pytest.mark.jack
def test_a_keyboard_that_goes_and_one_that_comes_are_noticed(jack: JackServer) -> None:
    with open_backend("jack") as system:
        with someone("keys"):
            inputs = Inputs(system, MonotonicClock().now, ["keys", "keys*"])
        with opened(inputs):
            assert inputs.rescan() == (("keys:out",), ())
            with someone("keys2") as pads:
                assert inputs.rescan() == ((), ("keys2:out",))
                pads.send(NOTE)
                assert wait_for(inputs) == [NOTE]


@pytest.mark.jack
def test_the_last_note_off_still_leaves_when_the_output_is_closed(jack: JackServer) -> None:
    with open_backend("jack") as system, open_backend("jack", "keys") as other:
        with opened(Inputs(system, MonotonicClock().now, virtual=True)) as inputs:
            output = Output(other, "notochord-box-in:in")
            output.send(note_off(0, 60))
            output.close()
            assert wait_for(inputs) == [note_off(0, 60)]


@pytest.mark.jack
def test_no_jack_port_of_that_name_is_an_error(jack: JackServer) -> None:
    with open_backend("jack") as system, pytest.raises(PortError, match="Moog"):
        Output(system, "Moog")


@pytest.mark.jack
def test_an_input_can_be_closed_while_it_is_played_on(jack: JackServer) -> None:
    playing = threading.Event()
    playing.set()
    # Were it to hang, it would hang with Python's lock held: only this thread could end it.
    faulthandler.dump_traceback_later(30, exit=True)
    with someone("flood") as flood, open_backend("jack") as system:

        def play() -> None:
            while playing.is_set():
                flood.send(NOTE)
                time.sleep(0.0005)

        player = threading.Thread(target=play)
        player.start()
        try:
            for _ in range(20):
                with opened(Inputs(system, MonotonicClock().now, ["flood:out"])) as inputs:
                    assert wait_for(inputs)
        finally:
            playing.clear()
            player.join()
            faulthandler.cancel_dump_traceback_later()


@pytest.mark.jack
def test_an_output_can_be_closed_while_keys_are_played(jack: JackServer) -> None:
    faulthandler.dump_traceback_later(60, exit=True)  # as above
    with open_backend("jack") as system, open_backend("jack", "keys") as other:
        with opened(Inputs(system, MonotonicClock().now, virtual=True)) as inputs:
            for _ in range(20):
                output = Output(other, "notochord-box-in:in")
                for _ in range(3):
                    output.send(NOTE)
                output.close()
                assert wait_for(inputs, 3) == [NOTE] * 3
    faulthandler.cancel_dump_traceback_later()
