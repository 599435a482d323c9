"""Recall with keys down and the pedal: nothing that is held is cut, and all of it ends."""

import random

import pytest

from firmware_py.message import control, is_note_off, note_off, program
from firmware_py.settings import MODES, Settings
from tests.firmware_py.stage import Stage

FORMS = [Settings(mode=mode, player=player) for mode in MODES for player in ("piano", "violin")]


def ended(stage, since):
    """The notes that ended since so many messages were sent."""
    return {(m[0] & 0xF, m[1]) for _, m in stage.sent[since:] if is_note_off(m)}


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("after", FORMS, ids=lambda s: f"{s.mode}-{s.player}")
def test_a_held_note_sounds_on_until_its_key_is_let_go(before, after):
    stage = Stage(mode=before)
    stage.down(60)
    stage.crank(0.05)
    mine = stage.sounding() if before in ("thru", "harmonize", "autopitch") else {(0, 60)}
    since = len(stage.sent)
    stage.instrument.recall(after, stage.now)
    stage.crank(6.0)
    assert mine and not ended(stage, since) & mine
    stage.up(60)
    assert mine <= ended(stage, since)


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("after", FORMS, ids=lambda s: f"{s.mode}-{s.player}")
def test_a_sustained_note_ends_with_the_pedal_on_every_channel_that_heard_of_it(before, after):
    stage = Stage(mode=before)
    stage.pedal(True)
    stage.down(60)
    stage.crank(0.05)
    stage.up(60)
    since = len(stage.sent)
    stage.instrument.recall(after, stage.now)
    stage.down(72)
    stage.crank(0.05)
    assert not [m for _, m in stage.sent[since:] if m[0] & 0xF0 == 0xB0 and m[1:] == (64, 0)]
    stage.up(72)
    stage.pedal(False)
    up = {m[0] & 0xF for _, m in stage.sent if m[0] & 0xF0 == 0xB0 and m[1:] == (64, 0)}
    down = {m[0] & 0xF for _, m in stage.sent if m[0] & 0xF0 == 0xB0 and m[1:] == (64, 127)}
    assert 0 in down and down <= up
    stage.instrument.silence(stage.now)
    assert stage.sounding() == set()


def test_a_key_under_the_pedal_sounds_on_a_channel_that_is_told_of_the_pedal():
    stage = Stage(mode="thru")
    stage.pedal(True)
    stage.instrument.recall(Settings(mode="thru", player="violin"), stage.now)
    stage.down(60)
    assert (0.0, control(1, 64, 127)) in stage.sent


def test_a_program_change_under_the_pedal_leaves_no_channel_sustained():
    stage = Stage(mode="thru")
    stage.pedal(True)
    stage.down(60)
    stage.instrument.heard("kbd", program(0, 40), stage.now)
    stage.up(60)
    stage.pedal(False)
    assert stage.sent[-1][1] == control(0, 64, 0)


def test_a_keyboard_unplugged_lets_its_pedal_up():
    stage = Stage(mode="thru")
    stage.pedal(True)
    stage.down(60)
    stage.instrument.unplugged("kbd", stage.now)
    assert {m for _, m in stage.sent[-2:]} == {control(0, 64, 0), note_off(0, 60)}


def test_a_key_that_waits_for_its_pitch_sounds_when_a_preset_takes_its_mode_away():
    stage = Stage(mode="autopitch")
    stage.down(60)
    assert stage.sounding() == set()
    stage.instrument.recall(Settings(mode="duet"), stage.now)
    assert stage.sounding() == {(0, 60)}
    stage.up(60)
    assert stage.sounding() == set()


def test_recall_within_a_mode_does_not_interrupt_the_network():
    stage = Stage(mode="harmonize")
    stage.down(60)
    stage.crank(0.02)
    before = stage.sounding()
    stage.instrument.recall(Settings(mode="harmonize", voices=5), stage.now)
    assert stage.sounding() == before and len(before) == 3
    assert stage.instrument.scene.settings.voices == 5


def test_a_recalled_modes_own_note_is_not_ended_by_a_key_of_the_mode_before():
    stage = Stage(mode="autopitch")
    stage.down(60)
    stage.answer()
    (place,) = stage.sounding()
    stage.instrument.recall(Settings(mode="thru"), stage.now)
    stage.down(place[1], port="other")  # takes the pitch over
    stage.up(60)
    assert stage.sounding() == {place}
    stage.up(place[1], port="other")
    assert stage.sounding() == set()


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_played_and_recalled_in_any_order_all_notes_end(seed):
    chance, stage = random.Random(seed), Stage()
    for _ in range(600):
        pitch = chance.randrange(48, 72)
        match chance.randrange(9):
            case 8 if chance.random() < 0.2:
                stage.instrument.panic(stage.now)
            case 0:
                stage.instrument.recall(chance.choice(FORMS), stage.now)
            case 1:
                stage.pedal(chance.random() < 0.5)
            case 2 | 3 | 4:
                stage.down(pitch, port=chance.choice(["kbd", "other"]))
            case 5:
                stage.up(pitch, port=chance.choice(["kbd", "other"]))
            case _:
                stage.crank(chance.random() * 0.3)
    for pitch in range(128):
        for port in ("kbd", "other"):
            stage.up(pitch, port=port)
    stage.pedal(False)
    stage.instrument.recall(Settings(mode="thru"), stage.now)
    assert stage.sounding() == set()
