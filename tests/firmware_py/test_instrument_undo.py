"""Undo and again: what the network just answered ends and has never been; and another answer."""

import pytest

from firmware_py.message import is_note_on
from firmware_py.settings import MODES
from tests.firmware_py.stage import Stage

TURNS = ("continue", "echo")
HELD = ("harmonize", "autopitch")
PLAYS = [mode for mode in MODES if mode != "thru"]


def answered(mode, **settings):
    """A stage on which the network has answered, and still plays."""
    stage = Stage(mode=mode, **settings)
    for pitch in (60, 64):
        stage.down(pitch)
        stage.crank(0.3)
        if mode not in HELD:
            stage.up(pitch)
    stage.crank(0.05 if mode in HELD else 2.5)
    return stage


def its_notes(stage):
    """The network's note-ons that the story remembers."""
    return [each for each in stage.instrument.scene.story.past if each.own and each.starts]


def lineage(stage):
    """The events that lead to the head, as the brain was told them."""
    told = {each.number: each for each in stage.told}
    line, at = [], stage.instrument.scene.story.head
    while at:
        line.insert(0, told[at].event)
        at = told[at].after
    return line


@pytest.mark.parametrize("mode", PLAYS)
def test_an_undo_ends_what_the_network_plays_and_forgets_it(mode):
    stage = answered(mode)
    before = its_notes(stage)
    assert before
    assert stage.instrument.undo(stage.now) > 0
    assert len(its_notes(stage)) < len(before)
    held = {(0, 60), (0, 64)} if mode == "harmonize" else set()
    assert stage.sounding() == held and not stage.instrument.scene.own


@pytest.mark.parametrize("mode", PLAYS)
def test_after_an_undo_the_brain_stands_where_your_own_notes_alone_would_have_led_it(mode):
    stage = answered(mode)
    while stage.instrument.undo(stage.now):
        pass
    story = stage.instrument.scene.story
    assert not its_notes(stage)
    events = [each.told.event for each in story.past]
    assert lineage(stage) == events
    assert {event.instrument for event in events} <= {1}
    if events:
        assert sum(event.dt for event in events) == pytest.approx(story.past[-1].at)


@pytest.mark.parametrize("mode", [m for m in PLAYS if m not in (*HELD, "solo")])
def test_after_an_undo_the_network_is_silent_until_you_play(mode):
    stage = answered(mode)
    stage.instrument.undo(stage.now)
    since = len(stage.sent)
    stage.crank(20.0)
    assert len(stage.sent) == since
    stage.down(67)
    stage.crank(0.3)
    stage.up(67)
    stage.crank(3.0)
    assert sum(is_note_on(m) for _, m in stage.sent[since:]) > 1


def test_solo_goes_on_by_itself_after_an_undo():
    stage = answered("solo")
    stage.instrument.undo(stage.now)
    since = len(stage.sent)
    stage.crank(2.0)
    assert any(is_note_on(m) for _, m in stage.sent[since:])


@pytest.mark.parametrize("mode", PLAYS)
def test_again_answers_from_the_same_place_with_other_numbers(mode):
    stage = answered(mode)
    first = stage.struck()
    before = len(its_notes(stage))
    stage.instrument.again(stage.now)
    assert len(its_notes(stage)) < before
    stage.crank(0.05 if mode in HELD else 2.5)
    second = stage.struck()[len(first):]
    assert second and second != first[-len(second):]
    assert lineage(stage) == [each.told.event for each in stage.instrument.scene.story.past]


@pytest.mark.parametrize("mode", ["continue", "echo", "duet", "accompany", "chorale"])
def test_again_after_an_undo_takes_nothing_more_back(mode):
    stage = answered(mode)
    stage.instrument.undo(stage.now)
    events = len(stage.instrument.scene.story.past)
    stage.instrument.again(stage.now)
    assert len(stage.instrument.scene.story.past) == events
    stage.crank(2.0)
    assert its_notes(stage)


def test_the_voices_of_a_held_key_are_exchanged_while_the_key_sounds_on():
    stage = answered("harmonize", voices=3)
    theirs = stage.sounding() - {(0, 60), (0, 64)}
    stage.instrument.again(stage.now)
    stage.crank(0.05)
    others = stage.sounding() - {(0, 60), (0, 64)}
    assert {(0, 60), (0, 64)} <= stage.sounding() and len(others) == 6 and others != theirs
    stage.up(60)
    stage.up(64)
    assert stage.sounding() == set()


def test_a_key_whose_pitch_was_undone_is_let_go_in_silence():
    stage = answered("autopitch")
    stage.instrument.undo(stage.now)
    assert stage.sounding() == set()
    stage.up(60)
    stage.down(60)
    stage.crank(0.05)
    assert len(stage.sounding()) == 1


def test_voices_of_a_mode_that_was_left_are_undone_too():
    stage = answered("harmonize")
    stage.instrument.set("mode", "thru", stage.now)
    assert len(stage.sounding()) > 2
    stage.instrument.undo(stage.now)
    assert stage.sounding() == {(0, 60), (0, 64)} and not its_notes(stage)


def test_an_undo_where_nothing_was_answered_changes_nothing():
    stage = Stage(mode="thru")
    stage.down(60)
    assert stage.instrument.undo(stage.now) == 0 and stage.sounding() == {(0, 60)}


def test_an_answer_under_way_when_it_is_undone_is_not_heard():
    stage = Stage(mode="harmonize")
    stage.down(60)
    (number, ask, uniforms), *_ = stage.asked
    stage.instrument.undo(stage.now)
    stage.instrument.answered(number, stage.script(ask, uniforms), stage.now)
    assert stage.sounding() == {(0, 60)}


def test_an_undo_with_the_magnet_on_ends_what_is_heard_ahead_of_its_time():
    for n in range(40):
        stage = Stage(mode="duet", magnet=1.0, grid="1/4")
        stage.down(60)
        stage.up(60)
        stage.crank(1.0 + 0.05 * n)
        stage.instrument.undo(stage.now)
        assert stage.sounding() == set()
        stage.crank(5.0)
        assert stage.sounding() == set()


def test_the_same_undone_answer_without_a_brain_leaves_the_story_whole():
    stage = answered("duet")
    stage.instrument.brain_lost(stage.now)
    stage.instrument.undo(stage.now)
    stage.instrument.brain_ready(stage.now)
    assert lineage(stage) == [each.told.event for each in stage.instrument.scene.story.past]
