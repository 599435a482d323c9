"""The lookout: what is news, and real devices that come and go, and a server that dies."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from firmware_py.clock import CrankedClock, MonotonicClock
from firmware_py.message import note_on
from firmware_py.midi import alsa_eye
from firmware_py.midi.backend import Backend, Change, Ports, Sight, open_backend
from firmware_py.midi.jack import JackServer
from firmware_py.midi.lookout import Lookout
from firmware_py.midi.ports import Inputs, Output, Outputs
from tests.firmware_py.midi.test_alsa_eye import CLIENTS
from tests.firmware_py.midi.test_ports import desk, opened, someone, wait_for

NOTE = note_on(0, 60, 80)


class Views(Backend):
    """A backend that sees what it is told to."""

    def __init__(self, *views: Sight | None) -> None:
        super().__init__(desk().joined)
        self.views = list(views)

    def look(self) -> Sight | None:
        return self.views.pop(0)


def seen(*names: str) -> Sight:
    return Sight(Ports(names, ()))


def test_only_what_has_changed_since_it_was_told_is_news() -> None:
    woken: list[bool] = []
    first, other = seen("keys"), seen()
    lookout = Lookout(Views(first, seen("keys"), None, other), lambda: woken.append(True))
    lookout.look()
    assert lookout.news is first
    lookout.followed(first, whole=True)
    for _ in range(3):
        lookout.look()
    assert lookout.news is other and len(woken) == 2


def test_what_could_not_be_opened_is_news_again_at_once_and_then_less_and_less_often() -> None:
    lookout, looks_of_news = Lookout(Views(*[seen("keys")] * 100), lambda: None), []
    for look in range(100):
        lookout.look()
        if lookout.news is not None:
            looks_of_news.append(look)
            lookout.followed(lookout.news, whole=False)
    assert looks_of_news == [0, 1, 3, 7, 15, 31, 63, 95]


def test_a_port_that_cannot_be_opened_is_not_tried_at_every_look() -> None:
    table = desk()
    system = table.backend()
    outputs = Outputs(system, lambda ports: [*ports.outputs, "a port that nobody can open"])
    lookout, tries = Lookout(system, lambda: None), 0
    for _ in range(100):
        lookout.look()
        if lookout.news is not None:
            outputs.follow(lookout.news)
            lookout.followed(lookout.news, outputs.follows)
            tries += 1
    assert tries == 8
    outputs.close()


def test_what_was_opened_at_last_is_no_news() -> None:
    lookout = Lookout(Views(*[seen("keys")] * 10), lambda: None)
    for whole in (False, True):
        lookout.look()
        assert lookout.news is not None
        lookout.followed(lookout.news, whole)
    for _ in range(8):
        lookout.look()
        assert lookout.news is None


def test_what_was_seen_before_a_port_was_opened_is_looked_at_again() -> None:
    views = Views(seen("keys"), seen("keys"))
    lookout = Lookout(views, lambda: None)
    lookout.look()
    views.changes += 1  # the loop opens it
    assert lookout.news is not None
    lookout.followed(lookout.news, whole=True)
    assert lookout.news is None
    lookout.look()
    assert lookout.news is not None


def test_news_that_comes_while_the_loop_follows_older_news_stays() -> None:
    lookout = Lookout(Views(seen("keys"), seen()), lambda: None)
    lookout.look()
    older = lookout.news
    lookout.look()
    assert older is not None
    lookout.followed(older, whole=True)
    assert lookout.news == seen()


def test_a_keyboard_gone_and_back_between_two_looks_is_closed_and_opened_again() -> None:
    table = desk()
    system = table.backend()
    inputs = Inputs(system, CrankedClock().now)
    name = inputs.names[0]
    there = system.list_ports()
    whole = Sight(there, heard=frozenset({name}), changes=system.changes)
    assert inputs.follow(whole) == Change()
    assert inputs.follow(whole._replace(heard=frozenset())) == Change((name,), (name,))
    inputs.close()


def test_a_sight_from_before_a_port_was_opened_cuts_nothing() -> None:
    table = desk()
    system = table.backend()
    there = system.list_ports()
    before = Sight(there, heard=frozenset(), played=frozenset(), changes=system.changes)
    inputs = Inputs(system, CrankedClock().now)
    outputs = Outputs(system, lambda ports: ports.outputs[-1:])
    assert inputs.follow(before) == Change() == outputs.follow(before)
    inputs.close()


def test_a_synth_gone_and_back_between_two_looks_is_closed_and_opened_again() -> None:
    table = desk()
    system = table.backend()
    outputs = Outputs(system, lambda ports: ports.outputs[-1:])
    sight = Sight(Ports((), tuple(table.outputs)), None, frozenset(), system.changes)
    assert outputs.follow(sight) == Change(("Synth:Synth 24:0",), ("Synth:Synth 24:0",))


def test_a_thousand_cycles_need_no_more_clients_than_the_first() -> None:
    table = desk()
    system = table.backend()
    inputs, outputs = Inputs(system, CrankedClock().now), Outputs(system, lambda p: p.outputs[1:])
    most = table.alive
    keyboard, synth = table.inputs.pop(1), table.outputs.pop()
    for _ in range(1000):
        assert inputs.rescan().gone and outputs.rescan().gone
        table.inputs.append(keyboard)
        table.outputs.append(synth)
        assert inputs.rescan().come and outputs.rescan().come
        table.inputs.pop(), table.outputs.pop()
        assert table.alive == most
    inputs.close()
    outputs.close()
    system.close()
    assert table.alive == 0


# With a real JACK server.


def until(what: Callable[[], object], seconds: float = 10.0) -> float:
    """Wait for something to be true; returns how long it took, in seconds."""
    begun = time.monotonic()
    while not what():
        assert time.monotonic() < begun + seconds, "waited in vain"
        time.sleep(0.005)
    return time.monotonic() - begun


class Box:
    """Inputs and outputs that follow a lookout, as the loop does."""

    def __init__(self) -> None:
        self.system = open_backend("jack")
        self.inputs = Inputs(self.system, MonotonicClock().now)
        self.outputs = Outputs(self.system, lambda ports: ports.outputs)
        self.lookout = Lookout(self.system, self.inputs.inbox.wake)
        self.lookout.start()

    def follow(self) -> tuple[Change, Change]:
        sight = self.lookout.news
        if sight is None:
            return Change(), Change()
        changes = self.inputs.follow(sight), self.outputs.follow(sight)
        if sight.lost:
            self.system.leave()
        self.lookout.followed(sight, self.inputs.follows and self.outputs.follows)
        return changes

    def close(self) -> None:
        self.lookout.close()
        self.inputs.close()
        self.outputs.close()
        self.system.close()


@pytest.mark.jack
def test_a_keyboard_is_heard_within_a_second_of_being_plugged_in(jack: JackServer) -> None:
    box = Box()
    with someone("keys") as keys:
        took = until(lambda: box.follow()[0].come == ("keys:out",))
        keys.send(NOTE)
        assert wait_for(box.inputs) == [NOTE]
    assert took < 1.0
    until(lambda: box.follow()[0].gone == ("keys:out",))
    box.close()


@pytest.mark.jack
def test_a_real_keyboard_gone_and_back_between_two_looks_is_heard_again(jack: JackServer) -> None:
    with open_backend("jack") as system:
        with someone("keys"):
            inputs = Inputs(system, MonotonicClock().now, ["keys"])
        with opened(inputs), someone("keys") as keys:
            assert inputs.rescan() == (("keys:out",), ("keys:out",))
            keys.send(NOTE)
            assert wait_for(inputs) == [NOTE]
            assert inputs.rescan() == ((), ())


@pytest.mark.jack
@pytest.mark.dies
def test_a_server_that_dies_is_rejoined_when_it_is_back(jackd: None) -> None:
    server = JackServer("notochord-dies")
    with server:
        box = Box()
        with someone("keys"):
            until(lambda: box.follow()[0].come)
        server.kill()
        assert until(lambda: box.follow()[0].gone == ("keys:out",)) < 1.0
        assert box.system.left and not box.inputs.names
        assert not box.outputs.send("anything", NOTE)
    with server, someone("keys") as keys:
        assert until(lambda: box.follow()[0].come == ("keys:out",)) < 3.0
        keys.send(NOTE)
        assert wait_for(box.inputs) == [NOTE]
        box.close()


@pytest.mark.jack
@pytest.mark.parametrize("cycles", [25, pytest.param(1000, marks=pytest.mark.soak)])
def test_plugging_in_and_out_leaves_no_descriptor_thread_or_port_behind(
    jack: JackServer, cycles: int
) -> None:
    def left() -> tuple[int, int, int]:
        ports = box.system.list_ports()
        return (
            len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")),
            len(ports.inputs) + len(ports.outputs),
        )  # fmt: skip

    box, before = Box(), (0, 0, 0)
    with open_backend("jack", "devices") as devices:
        for cycle in range(cycles):
            keys, synth = devices.new_out(), devices.new_in()
            keys.open_virtual_port("keys")
            synth.open_virtual_port("synth")
            until(lambda: box.follow() and box.inputs.names and box.outputs.names)
            keys.delete()
            synth.delete()
            until(lambda: box.follow() and not box.inputs.names and not box.outputs.names)
            if cycle == 4:
                before = left()
        assert left() == before
    box.close()


def test_an_output_that_is_wanted_and_gone_is_found_again() -> None:
    table = desk()
    output = Output(table.backend(), "Synth")
    synth = table.outputs.pop()
    assert output.rescan() == ((synth,), ()) and output.name is None
    table.outputs.append(synth)
    assert output.rescan() == ((), (synth,)) and output.send(NOTE)


def test_alsa_is_asked_for_its_ports_only_when_the_kernel_writes_something_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, text = desk(), [CLIENTS]
    system = table.backend()
    monkeypatch.setattr(alsa_eye, "read", lambda: text[0])
    first = system.look()
    table.inputs.append("Pads:Pads 32:0")
    assert system.look() == first
    text[0] = CLIENTS + 'Client  32 : "Pads" [Kernel]\n'
    second = system.look()
    assert first is not None and second is not None
    assert "Pads:Pads 32:0" in second.ports.inputs and "Pads:Pads 32:0" not in first.ports.inputs


def test_on_alsa_a_keyboard_gone_and_back_is_seen_by_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, text = desk(), [CLIENTS]
    system = table.backend()
    monkeypatch.setattr(alsa_eye, "read", lambda: text[0])
    inputs = Inputs(system, CrankedClock().now)
    name = inputs.names[0]
    assert inputs.rescan() == Change()
    text[0] = CLIENTS.replace("129:0", "140:0")  # it is back, and no longer connected to us
    assert inputs.rescan() == Change((name,), (name,))
    inputs.close()


def test_where_the_kernel_writes_nothing_alsas_ports_are_all_that_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(alsa_eye, "read", lambda: None)
    sight = desk().backend().look()
    assert sight is not None and sight.heard is None and sight.played is None
    assert "Keys:Keys MIDI 1 20:0" in sight.ports.inputs


def test_whose_messages_were_lost_is_told_at_once_and_is_no_news_of_cables() -> None:
    told: list[frozenset[str]] = []
    full = seen("keys")._replace(overrun=frozenset({"keys"}))
    lookout = Lookout(Views(seen("keys"), full, seen("keys")), lambda: None, overran=told.append)
    lookout.look()
    first = lookout.news
    for _ in range(2):
        lookout.look()
    assert told == [frozenset({"keys"})] and lookout.news is first


def test_on_alsa_messages_that_found_no_room_are_seen_by_the_name_of_their_keyboard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = [CLIENTS]
    monkeypatch.setattr(alsa_eye, "read", lambda: text[0])
    system = desk().backend()
    before = system.look()
    text[0] = CLIENTS.replace("Alloc failures     : 0", "Alloc failures     : 211")
    after = system.look()
    assert before is not None and after is not None
    assert before.overrun == frozenset() and after.overrun == {"Keys:Keys MIDI 1 20:0"}
