"""Which synth gets what: owners, parts, channels, and nothing left sounding anywhere."""

from __future__ import annotations

import random

from firmware_py.instrument import Instrument
from firmware_py.message import (
    CLOCK,
    Message,
    control,
    is_note_off,
    is_note_on,
    note_off,
    note_on,
    program,
    silence,
)
from firmware_py.rig.patchbay import Patchbay
from firmware_py.rig.rig import NETWORK, YOU, Output
from notochord.event import instrument_named
from tests.firmware_py.stage import Stage

PIANO, BASS = instrument_named("piano"), instrument_named("fingered bass")


class Room:
    """A patchbay with synths that remember what they were sent."""

    def __init__(self, **synths: list[Output]) -> None:
        self.bay = Patchbay()
        self.sent: dict[str, list[Message]] = {}
        for name, rules in synths.items():
            self.plug(name, rules)

    def plug(self, name: str, rules: list[Output]) -> None:
        self.sent.setdefault(name, [])
        self.bay.plug(name, self.sent[name].append, rules)

    def note(self, owner: str, instrument: int, message: Message, *setup: Message) -> None:
        self.bay.comes(owner, instrument)
        for each in (*setup, message):
            self.bay.send(each)

    def sounding(self, name: str) -> set[tuple[int, int]]:
        """Channel and pitch of what sounds; fails where an on or an off has no other half."""
        notes: set[tuple[int, int]] = set()
        for message in self.sent[name]:
            place = message[0] & 0xF, message[1] if len(message) > 1 else 0
            if is_note_on(message):
                assert place not in notes
                notes.add(place)
            elif is_note_off(message):
                notes.remove(place)
        return notes


def test_without_a_rule_a_synth_gets_everything_as_it_is() -> None:
    room = Room(synth=[Output()])
    messages = [program(0, 4), note_on(0, 60, 80), control(0, 1, 9), (CLOCK,), note_off(0, 60)]
    for message in messages:
        room.bay.send(message)
    assert room.sent["synth"] == messages


def test_each_synth_gets_the_parts_that_it_is_for_with_their_programs() -> None:
    room = Room(low=[Output(parts=frozenset({BASS}))], rest=[Output(parts=frozenset({PIANO}))])
    room.note(YOU, PIANO, note_on(0, 60, 80), program(0, 0))
    room.note(NETWORK, BASS, note_on(1, 40, 80), program(1, 33))
    room.bay.send(note_off(0, 60))
    room.bay.send(note_off(1, 40))
    assert room.sent == {
        "low": [program(1, 33), note_on(1, 40, 80), note_off(1, 40)],
        "rest": [program(0, 0), note_on(0, 60, 80), note_off(0, 60)],
    }


def test_a_synth_may_hear_the_network_and_not_you() -> None:
    room = Room(keys=[Output(hears=(NETWORK,))], both=[Output()])
    room.bay.serves(("", "keys:out"))
    room.note(YOU, PIANO, note_on(0, 60, 80))
    room.bay.send(control(0, 1, 5))  # your wheel
    room.note(NETWORK, BASS, note_on(1, 40, 80))  # an answer to it
    room.bay.serves(())
    assert room.sent["keys"] == [note_on(1, 40, 80)]
    assert len(room.sent["both"]) == 3


def test_a_synth_may_hear_one_keyboard_and_not_another() -> None:
    room = Room(synth=[Output(hears=("upper",))])
    for names, pitch in ((("upper", "keys:out"), 60), (("", "pads:out"), 64)):
        room.bay.serves(names)
        room.note(YOU, PIANO, note_on(0, pitch, 80))
    assert room.sent["synth"] == [note_on(0, 60, 80)]


def test_two_parts_on_one_channel_never_cut_each_others_notes_short() -> None:
    room = Room(mono=[Output(channel=2)])
    room.note(YOU, PIANO, note_on(0, 60, 80))
    room.note(NETWORK, BASS, note_on(1, 60, 90))
    room.bay.send(note_off(0, 60))  # the piano's, which the bass has replaced
    assert room.sent["mono"] == [note_on(2, 60, 80), note_off(2, 60), note_on(2, 60, 90)]
    room.bay.send(note_off(1, 60))
    assert room.sent["mono"][-1] == note_off(2, 60) and not room.sounding("mono")


def test_two_entries_for_one_synth_send_a_clock_once_and_keep_its_notes_apart() -> None:
    rules = [Output(parts=frozenset({BASS}), channel=0, clock=False), Output(channel=0)]
    room = Room(synth=rules)
    room.bay.send((CLOCK,))
    room.note(NETWORK, BASS, note_on(1, 40, 80))
    room.bay.send(note_off(1, 40))
    assert room.sent["synth"][0] == (CLOCK,) and (CLOCK,) not in room.sent["synth"][1:]
    assert not room.sounding("synth")


def test_a_pedal_comes_up_also_on_a_synth_whose_part_plays_elsewhere_now() -> None:
    room = Room(low=[Output(parts=frozenset({BASS}))])
    room.note(YOU, BASS, note_on(0, 40, 80))
    room.bay.send(control(0, 64, 127))
    room.note(YOU, PIANO, note_on(0, 60, 80))  # the channel is another part's now
    room.bay.send(control(0, 64, 20))
    assert room.sent["low"][-1] == control(0, 64, 20)


def test_panic_reaches_every_synth_whatever_it_is_for() -> None:
    room = Room(low=[Output(parts=frozenset({BASS}))], keys=[Output(hears=(NETWORK,))])
    for message in silence(3):
        room.bay.send(message)
    assert room.sent["low"] == room.sent["keys"] == silence(3)


def test_a_synth_that_comes_back_is_silenced_and_told_its_programs() -> None:
    room = Room(synth=[Output()])
    room.note(YOU, BASS, note_on(0, 40, 80), program(0, 33))
    room.bay.unplug("synth")
    room.bay.send(note_off(0, 40))  # it never hears of that
    room.sent["synth"].clear()
    room.plug("synth", [Output()])
    assert room.sent["synth"] == [note_off(0, 40), *silence(0), program(0, 33)]


def test_a_synth_that_comes_back_as_another_client_of_alsas_is_rid_of_its_notes() -> None:
    room = Room()
    room.plug("synth:synth 24:0", [Output()])
    room.note(YOU, BASS, note_on(0, 40, 80))
    room.bay.unplug("synth:synth 24:0")
    room.plug("synth:synth 28:0", [Output()])
    assert room.sent["synth:synth 28:0"][0] == note_off(0, 40)


def test_of_a_synth_that_was_plugged_in_a_thousand_times_no_more_is_kept_than_of_one() -> None:
    room = Room()
    for client in range(24, 1024):
        room.plug(f"synth:synth {client}:0", [Output()])
        room.note(YOU, PIANO, note_on(0, 60, 80))
        room.bay.unplug(f"synth:synth {client}:0")
    assert len(room.bay._away) == 1 and not room.bay._ledgers


def test_a_synth_that_comes_late_gets_no_ends_of_notes_that_it_never_had() -> None:
    room = Room(first=[Output()])
    room.note(YOU, PIANO, note_on(0, 60, 80))
    room.plug("second", [Output()])
    room.bay.send(note_off(0, 60))
    assert note_off(0, 60) not in room.sent["second"] and not room.sounding("first")


def test_a_random_performance_leaves_no_note_on_any_synth() -> None:
    rules = {
        "all": [Output()], "one": [Output(channel=0)], "net": [Output(hears=(NETWORK,))],
        "low": [Output(parts=frozenset({BASS}), channel=0), Output(hears=("kbd",), channel=0)],
    }  # fmt: skip
    for seed in range(5):
        chance, room = random.Random(seed), Room(**rules)
        stage = Stage(mode="harmonize", palette="fingered bass, same")
        watch = lambda owner, voice, due, bay=room.bay: bay.comes(  # noqa: E731
            YOU if owner == "player" else NETWORK, voice[0]
        )
        stage.instrument = Instrument(
            stage.instrument.scene.settings, room.bay.send, stage, watch=watch
        )
        stage.instrument.brain_ready(0.0)
        for _ in range(300):
            port = chance.choice(["kbd", "pads"])
            room.bay.serves((port, port))
            pitch = chance.randrange(40, 60)
            if chance.random() < 0.5:
                stage.down(pitch, port=port)
            else:
                stage.up(pitch, port=port)
            room.bay.serves(())
            stage.crank(chance.choice([0.0, 0.05]))
        stage.instrument.end(stage.now)
        for name in rules:
            assert any(is_note_on(m) for m in room.sent[name]) and not room.sounding(name)
