"""Roles, splits and filters: what the instrument hears of a keyboard."""

from __future__ import annotations

import tomllib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.message import (
    CLOCK,
    Message,
    control,
    is_note_off,
    is_note_on,
    note_off,
    note_on,
    program,
)
from firmware_py.rig.files import parse
from firmware_py.rig.seating import UNTOLD, Chair, Seating
from notochord.event import instrument_named
from tests.firmware_py.stage import Stage

SPLIT = """
[[input]]
device = "keys"
split = "C4"
curve = [[60, 30]]
[input.left]
role = "second player"
plays = "fingered bass"
transpose = -12
controls = false
"""


def seated(text: str, port: str = "keys:out") -> Seating:
    seating = Seating(parse(tomllib.loads(text)))
    seating.sit(port, None)
    return seating


def heard(text: str, *messages: Message) -> list[tuple[str, Message]]:
    seating = seated(text)
    return [meant for message in messages for meant in seating.heard("keys:out", message)]


def test_without_a_rig_everything_is_heard_as_it_is() -> None:
    for message in (note_on(3, 60, 80), control(0, 1, 2), (CLOCK,), program(0, 4), (0x90, 60)):
        assert Seating().heard("keys:out", message) == [("keys:out", message)]


def test_keys_below_the_split_are_another_players() -> None:
    assert heard(SPLIT, note_on(0, 60, 60), note_on(0, 59, 60), note_off(0, 59)) == [
        ("keys:out", note_on(0, 60, 30)),
        ("keys:out (left)", note_on(0, 47, 30)),
        ("keys:out (left)", note_off(0, 47)),
    ]


def test_the_pedal_acts_on_the_sides_that_are_to_have_it() -> None:
    assert heard(SPLIT, control(0, 64, 127)) == [("keys:out", control(0, 64, 127))]
    both = SPLIT.replace("controls = false", "")
    seats = [seat for seat, _ in heard(both, control(0, 64, 127))]
    assert seats == ["keys:out", "keys:out (left)"]


def test_who_sits_where_is_said_when_the_keyboard_comes_and_its_seats_when_it_goes() -> None:
    seating = Seating(parse(tomllib.loads(SPLIT)))
    bass = instrument_named("fingered bass")
    assert seating.sit("keys:out", None) == [Chair("keys:out (left)", bass, True)]
    assert seating.leave("keys:out") == ["keys:out", "keys:out (left)"]


def test_a_second_player_of_whom_nothing_is_said_plays_a_part_of_its_own() -> None:
    seating = Seating(parse({"input": [{"device": "keys", "role": "second player"}]}))
    assert seating.sit("keys:out", None) == [Chair("keys:out", UNTOLD, True)]


def test_channels_that_are_not_listed_are_not_heard() -> None:
    rig = '[[input]]\ndevice = "keys"\nchannels = [2, 10]'
    played = [note_on(channel, 60, 80) for channel in range(16)]
    assert [message[0] & 0xF for _, message in heard(rig, *played)] == [1, 9]


def test_a_device_for_control_sounds_nothing_and_its_clock_is_followed() -> None:
    rig = '[[input]]\ndevice = "keys"\nrole = "control"'
    assert heard(rig, note_on(0, 60, 80), control(0, 7, 1), program(0, 1)) == []
    assert heard(rig, (CLOCK,)) == [("keys:out", (CLOCK,))]


def test_a_clock_that_is_not_wanted_is_not_heard() -> None:
    assert heard('[[input]]\ndevice = "keys"\nclock = false', (CLOCK,)) == []


def test_a_keyboard_that_says_all_notes_off_at_every_turn_can_be_kept_from_it() -> None:
    said = [control(0, 123, 0), control(0, 120, 0)]
    assert len(heard('[[input]]\ndevice = "keys"', *said)) == 2
    assert heard('[[input]]\ndevice = "keys"\npanic = false', *said) == []


def test_a_device_that_is_off_is_not_listened_to() -> None:
    seating = Seating(parse({"input": [{"device": "keys", "role": "off"}]}))
    assert seating.spurns("keys:out", None) and not seating.spurns("pads:out", None)


def test_sysex_goes_on_where_the_rig_has_it() -> None:
    assert not seated('[[input]]\ndevice = "keys"').passes_sysex("keys:out")
    assert seated('[[input]]\ndevice = "keys"\nsysex = true').passes_sysex("keys:out")


@given(
    st.integers(-60, 60), st.integers(-60, 60), st.integers(0, 127),
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 127), st.integers(0, 127))),
)  # fmt: skip
def test_a_note_ends_where_it_began(
    right: int, left: int, split: int, played: list[tuple[int, int, int]]
) -> None:
    rule = {"device": "*", "transpose": right, "split": split, "left": {"transpose": left}}
    seating = Seating(parse({"input": [{**rule, "curve": "soft"}]}))
    seating.sit("k", None)
    balance: Counter[tuple[str, int, int]] = Counter()
    for channel, pitch, velocity in played:
        for message in (note_on(channel, pitch, max(velocity, 1)), note_off(channel, pitch)):
            for seat, meant in seating.heard("k", message):
                balance[seat, meant[0] & 0xF, meant[1]] += is_note_on(meant) - is_note_off(meant)
    assert not any(balance.values())


# In the instrument.


def play(stage: Stage, seating: Seating, *messages: Message) -> None:
    for message in messages:
        for seat, meant in seating.heard("keys:out", message):
            stage.instrument.heard(seat, meant, stage.now)


def sat(stage: Stage, text: str) -> Seating:
    seating = Seating(parse(tomllib.loads(text)))
    for chair in seating.sit("keys:out", None):
        stage.instrument.seat(chair.seat, chair.plays, chair.second, stage.now)
    return seating


def told(stage: Stage) -> list[tuple[int, int, int]]:
    """Instrument, pitch and velocity of each event that the brain was told."""
    return [(t.event.instrument, t.event.pitch, t.event.velocity) for t in stage.told]


def test_the_brain_hears_the_left_hand_as_a_bass_and_the_right_as_a_piano() -> None:
    stage = Stage(mode="thru")
    seating = sat(stage, SPLIT)
    play(stage, seating, note_on(0, 50, 60), note_on(0, 70, 60), note_off(0, 50), note_off(0, 70))
    piano, bass = instrument_named("piano"), instrument_named("fingered bass")
    assert told(stage) == [(bass, 38, 30), (piano, 70, 30), (bass, 38, 0), (piano, 70, 0)]


def test_the_two_hands_sound_on_channels_of_their_own() -> None:
    stage = Stage(mode="thru")
    play(stage, sat(stage, SPLIT), note_on(0, 50, 60), note_on(0, 70, 60))
    assert stage.sounding() == {(0, 38), (1, 70)}


@pytest.mark.parametrize("mode", ["harmonize", "autopitch"])
def test_a_second_players_keys_sound_as_they_are_and_are_not_answered(mode: str) -> None:
    stage = Stage(mode=mode)
    seating = sat(stage, SPLIT)
    play(stage, seating, note_on(0, 50, 60))
    assert stage.struck() == [38] and not stage.asked
    play(stage, seating, note_off(0, 50), note_on(0, 70, 60))
    assert stage.asked


def test_a_second_player_is_still_one_when_a_new_sitting_begins() -> None:
    stage = Stage(mode="thru")
    seating = sat(stage, SPLIT)
    stage.instrument.begin_anew(stage.now)
    play(stage, seating, note_on(0, 50, 60))
    assert told(stage) == [(instrument_named("fingered bass"), 38, 30)]


def test_a_program_change_changes_what_the_right_hand_plays_and_not_the_left() -> None:
    stage = Stage(mode="thru")
    seating = sat(stage, SPLIT)
    play(stage, seating, program(0, 40), note_on(0, 50, 60), note_on(0, 70, 60))
    violin, bass = instrument_named("violin"), instrument_named("fingered bass")
    assert [event[0] for event in told(stage)] == [bass, violin]
