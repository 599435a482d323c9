"""What every mode does with pedal, bend and controllers, held keys, rest and silence."""

from __future__ import annotations

import pytest

from firmware_py.harmony import Harmony
from firmware_py.message import control, is_note_on, note_off
from firmware_py.modes.mode import Scene
from firmware_py.settings import MODES
from tests.firmware_py.stage import Stage

BY_ITSELF = ("duet", "continue", "solo")  # plays on for ever, once it has begun
FALLS_SILENT = tuple(mode for mode in MODES if mode not in BY_ITSELF)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "message", [(0xE0, 12, 99), (0xB0, 1, 77), (0xB0, 64, 127), (0xD0, 50), (0xA0, 60, 40)]
)
def test_bend_pressure_and_controllers_pass_at_once_where_your_keys_sound(mode, message):
    stage = Stage(mode=mode)
    stage.down(60)
    stage.crank(0.3)
    stage.sent.clear()
    stage.instrument.heard("kbd", message, stage.now)
    assert stage.sent[0] == (stage.now, message)


@pytest.mark.parametrize("mode", MODES)
def test_a_bend_moves_nobodys_notes_but_yours(mode):
    stage = Stage(mode=mode, palette="violin")
    stage.down(60)
    stage.crank(1.0)
    stage.instrument.heard("kbd", (0xE0, 0, 0), stage.now)
    stage.crank(1.0)
    assert [m for _, m in stage.sent if m[0] & 0xF0 == 0xE0] == [(0xE0, 0, 0)]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "autopitch"])
def test_under_the_pedal_the_synth_holds_your_key_and_the_network_hears_it_until_it_comes_up(mode):
    stage = Stage(mode=mode)
    stage.pedal(True)
    stage.down(60)
    stage.up(60)
    assert note_off(0, 60) in [message for _, message in stage.sent]
    piano = (1, 60)
    assert piano in stage.instrument.scene.story.sounding
    stage.pedal(False)
    assert piano not in stage.instrument.scene.story.sounding
    assert (stage.now, control(0, 64, 0)) in stage.sent


def test_autopitch_holds_its_pitch_while_the_pedal_holds_the_key():
    stage = Stage(mode="autopitch")
    stage.pedal(True)
    stage.down(60)
    stage.answer()
    stage.up(60)
    assert len(stage.sounding()) == 1
    stage.pedal(False)
    assert stage.sounding() == set()


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("after", MODES)
def test_a_key_under_the_pedal_over_a_mode_change_ends_when_the_pedal_comes_up(before, after):
    stage = Stage(mode=before)
    stage.pedal(True)
    stage.down(60)
    stage.crank(0.1)
    stage.up(60)
    stage.instrument.set("mode", after, stage.now)
    stage.pedal(False)
    stage.instrument.set("mode", "thru", stage.now)
    assert stage.sounding() == set()
    assert not stage.instrument.scene.story.sounding


def phrase(stage: Stage) -> None:
    for pitch in (60, 64, 67):
        stage.down(pitch)
        stage.crank(0.4)
        stage.up(pitch)


@pytest.mark.parametrize("mode", ["thru", "harmonize", "autopitch"])
def test_with_all_keys_let_go_nothing_sounds_where_every_note_belongs_to_a_key(mode):
    stage = Stage(mode=mode)
    phrase(stage)
    stage.crank(0.1)
    assert stage.sounding() == set()


@pytest.mark.parametrize("mode", [*BY_ITSELF, "echo", "accompany", "chorale"])
def test_with_all_keys_let_go_the_network_plays_on_or_begins(mode):
    stage = Stage(mode=mode, rest=0.3)
    phrase(stage)
    let_go = stage.now
    stage.crank(3.0)
    assert [m for at, m in stage.sent if at > let_go and is_note_on(m)]


def silence(stage: Stage, seconds: int) -> None:
    for _ in range(seconds):
        stage.crank(1.0)


@pytest.mark.parametrize("mode", FALLS_SILENT)
def test_after_a_long_silence_of_yours_it_is_silent_and_the_loop_sleeps(mode):
    stage = Stage(mode=mode, rest=0.3)
    phrase(stage)
    silence(stage, 60)
    asked = stage.instrument.questions.asked
    silence(stage, 60)
    assert stage.sounding() == set()
    assert stage.instrument.questions.asked == asked
    assert stage.instrument.next_due is None


@pytest.mark.parametrize("mode", BY_ITSELF)
def test_in_a_long_silence_of_yours_it_plays_on_and_lets_go_of_every_note(mode):
    stage = Stage(mode=mode, rest=0.3)
    phrase(stage)
    silence(stage, 120)
    late = [m for at, m in stage.sent if at > stage.now - 10 and is_note_on(m)]
    assert late
    longest = stage.instrument.scene.settings.longest
    assert all(stage.now - since <= longest for since in stage.instrument.scene.own.values())


@pytest.mark.parametrize("mode", MODES)
def test_a_key_after_a_long_silence_sounds_at_once_and_is_answered_as_ever(mode):
    stage = Stage(mode=mode, rest=0.3)
    phrase(stage)
    silence(stage, 60)
    stage.sent.clear()
    stage.down(72)
    stage.crank(0.06)
    assert any(is_note_on(m) for _, m in stage.sent)
    assert stage.instrument.scene.strokes


@pytest.mark.parametrize("mode", MODES)
def test_what_is_due_is_done_when_it_is_due_and_never_asked_for_again(mode):
    stage = Stage(mode=mode, rest=0.3)
    for n in range(40):  # times such as 0.1 + 0.05, which no binary fraction is
        stage.down(60 + n % 7)
        for _ in range(200):
            due = stage.instrument.next_due
            if due is None or due >= stage.now + 0.1:
                break
            stage.now = max(stage.now, due)
            stage.instrument.tick(stage.now)
        else:
            raise AssertionError(f"it is still due at {due}, after 200 ticks")
        stage.now += 0.1
        stage.up(60 + n % 7)


@pytest.mark.parametrize("mode", MODES)
def test_of_every_instrument_there_is_a_question_looks_at_each_once(mode, monkeypatch):
    looks, free = [], Scene.free
    monkeypatch.setattr(Scene, "free", lambda self, i: looks.append(i) or free(self, i))
    chords, find = [], Harmony._find_chord
    monkeypatch.setattr(
        Harmony, "_find_chord", lambda self, now: chords.append(now) or find(self, now)
    )
    stage = Stage(mode=mode, palette="any", rest=0.1)
    phrase(stage)
    stage.crank(1.0)
    questions = stage.instrument.questions.asked
    assert len(looks) <= 129 * (questions + 10) * (2 if mode == "harmonize" else 1)
    assert len(chords) <= 2 * questions + 10
