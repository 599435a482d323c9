"""All cables together, on a scripted MIDI system: keyboards, synths, DIN and the rig."""

import os
import select
import time
from pathlib import Path

import pytest

from firmware_py.cables import Cables, Wishes
from firmware_py.clock import CrankedClock
from firmware_py.message import control, note_off, note_on
from firmware_py.midi.backend import PortError, absent_backend
from firmware_py.midi.inbox import PULLED
from firmware_py.rig.files import parse
from firmware_py.rig.identity import Identity
from firmware_py.rig.seating import Chair
from tests.firmware_py.midi.test_ports import desk

KEYS, SYNTH = "Keys:Keys MIDI 1 20:0", "Synth:Synth 24:0"
NOTE = note_on(0, 60, 80)


@pytest.fixture
def cables():
    """Makes cables on a table, and gives them back."""
    made = []

    def make(table, rig=None, wishes=None, identify=lambda port: None):
        parsed = None if rig is None else parse(rig)
        now = CrankedClock(5.0).now if wishes is None or wishes.din is None else time.monotonic
        made.append(Cables(table.backend(), now, parsed, wishes, identify))
        made[-1]._lookout.start = lambda: None  # looked out for by hand
        made[-1].chairs = made[-1].begin()
        return made[-1]

    yield make
    for each in made:
        each.close()


def follow(cables):
    """Look once, and follow what is seen: what went, what came."""
    cables._lookout.look()
    news = cables.news
    if news is None:
        return (), ()
    gone = cables.close_gone(news)
    for port in gone:
        cables.leave(port)
    return gone, cables.open_come(news)


def test_at_the_start_every_channel_of_every_synth_is_silenced(cables):
    table = desk()
    cables(table)
    assert {control(channel, 123, 0) for channel in range(16)} <= set(table.sent)


def test_a_keyboard_that_comes_back_under_another_number_keeps_its_seat(cables):
    table = desk()
    made = cables(table, identify=lambda port: Identity("1c75", "0218", "", "1-1"))
    assert made.heard(KEYS, NOTE) == [("Keys:Keys MIDI 1", NOTE)]
    table.inputs[1] = table.outputs[1] = "Keys:Keys MIDI 1 32:0"
    gone, plugged = follow(made)
    assert gone == (KEYS,) and plugged.told == ("plugged in: Keys:Keys MIDI 1 32:0",)
    assert made.heard("Keys:Keys MIDI 1 32:0", NOTE) == [("Keys:Keys MIDI 1", NOTE)]


def test_a_second_player_that_is_plugged_in_later_is_announced(cables):
    table = desk()
    del table.inputs[1]
    made = cables(table, {"input": [{"device": "Keys", "role": "second player", "plays": "cello"}]})
    assert made.chairs == ()
    table.inputs.append(KEYS)
    assert follow(made)[1].chairs == (Chair("Keys:Keys MIDI 1", 43, True),)


def test_a_device_that_the_rig_has_off_is_never_opened(cables):
    assert cables(desk(), {"input": [{"device": "Keys", "role": "off"}]}).heard_from == ()


def test_with_outputs_in_the_rig_those_are_played_on_and_no_others(cables):
    assert cables(desk(), {"output": [{"device": "Keys"}]}).played_on == (KEYS,)
    assert cables(desk(), {"output": [{"device": "*"}]}).played_on == (KEYS, SYNTH)


def test_without_a_rig_every_synth_is_played_on_and_no_keyboard(cables):
    table = desk()
    table.outputs.append("Other:Other 28:0")
    assert cables(table).played_on == (SYNTH, "Other:Other 28:0")


def test_a_synth_that_replaces_the_only_one_is_a_new_synth_and_one_beside_it_is_not(cables):
    table = desk()
    made = cables(table)
    table.outputs[-1] = "Other:Other 28:0"
    assert follow(made)[1].new_synth
    follow(made)
    table.outputs.append(SYNTH)
    assert not follow(made)[1].new_synth and len(made.played_on) == 2


def test_an_echo_is_known_also_where_the_rig_moves_it_to_another_channel(cables):
    table = desk()
    made = cables(table, {"output": [{"device": "Synth", "channel": 5}]})
    made.send(NOTE)
    table.heard[KEYS](note_on(4, 60, 80))
    assert made.drain() == []


def test_sysex_goes_to_the_synths_where_the_rig_has_it_and_never_to_the_instrument(cables):
    dump = (0xF0, 1, 2, 0xF7)
    for sysex in (True, False):
        table = desk()
        made = cables(table, {"input": [{"device": "Keys", "sysex": sysex}]})
        assert made.heard(KEYS, dump) == []
        assert (dump in table.sent) is sysex


def test_no_descriptor_or_thread_is_left_behind(cables):
    def left():
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

    before = left()
    far, near = os.openpty()
    for _ in range(20):
        table = desk()
        backend = table.backend()
        made = Cables(backend, time.monotonic, wishes=Wishes(din=Path(os.ttyname(near))))
        made.begin()
        made.close()
        backend.close()
        assert table.alive == 0
    os.close(far), os.close(near)
    assert left() == before


def test_din_is_a_keyboard_and_a_synth_like_the_others(cables):
    far, near = os.openpty()
    made = cables(desk(), wishes=Wishes(din=Path(os.ttyname(near))))
    assert made.heard_from == (KEYS, "DIN") and made.played_on == (SYNTH, "DIN")
    os.write(far, bytes(NOTE))
    assert select.select([made], [], [], 5)[0]
    assert [heard[1:] for heard in made.drain()] == [("DIN", NOTE)]
    assert made.leave("DIN") == ("DIN",) and made.heard("DIN", NOTE) == [("DIN", NOTE)]
    os.close(far), os.close(near)


def test_a_din_port_that_was_asked_for_must_be_there_and_one_that_was_found_need_not(
    cables, tmp_path, caplog
):
    table = desk()
    with pytest.raises(PortError, match="no DIN port"):
        cables(table, wishes=Wishes(din=tmp_path / "none"))
    assert not table.heard
    cables(desk(), wishes=Wishes(din=tmp_path / "none", din_was_found=True))
    assert "no DIN port" in caplog.text


def test_an_output_that_is_not_there_is_said_with_those_that_are(cables):
    with pytest.raises(PortError, match="no MIDI output matches 'Moog'.*Synth:Synth"):
        cables(desk(), wishes=Wishes(output="Moog"))


def test_without_any_midi_system_din_is_played_alone_until_one_comes():
    far, near = os.openpty()
    table, backend = desk(), absent_backend()

    def not_yet():
        raise OSError("no JACK server answers")

    backend._join = not_yet
    made = Cables(backend, time.monotonic, wishes=Wishes(din=Path(os.ttyname(near))))
    made._lookout.start = lambda: None
    made.begin()
    assert made.played_on == ("DIN",)
    assert follow(made)[1].told == ()
    backend._join = table.joined
    made._lookout._looks_until_rejoin = 0
    assert follow(made)[1].told == (f"plugged in: {KEYS}", f"plugged in: {SYNTH}")
    made.send(note_off(0, 60))
    made.close()
    os.close(far), os.close(near)


def overrun(made, *ports):
    """Some messages of these keyboards are lost in the kernel."""
    look = made._backend.look
    made._backend.look = lambda: look()._replace(overrun=frozenset(ports))
    made._lookout.look()
    made._backend.look = look


def test_where_messages_were_lost_what_is_held_ends_and_the_keyboard_plays_on(cables, caplog):
    table = desk()
    made = cables(table, {"input": [{"device": "Keys", "role": "second player"}]})
    seat = made.heard(KEYS, NOTE)[0][0]
    made.drain()
    overrun(made, KEYS)
    assert [heard[1:] for heard in made.drain()] == [(KEYS, PULLED)]
    assert made.leave(KEYS) == (seat,)
    assert made.heard(KEYS, NOTE) == [(seat, NOTE)] and KEYS in made.heard_from
    overrun(made, KEYS)
    assert caplog.text.count("sends more than can be heard; its keys were let go") == 1
