"""Echo: it waits for the end of a phrase, and answers as long as it was."""

from __future__ import annotations

from statistics import median

import pytest

from firmware_py.message import note_off, note_on
from firmware_py.perform import perform
from firmware_py.settings import Settings
from firmware_py.steering.measure import BrainHere
from notochord.options import DEFAULT_BRAIN
from tests.firmware_py.stage import Stage

TUNE = (60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 72)


def phrase(stage: Stage, steps: int = 5, each: float = 0.25) -> None:
    """A phrase of even steps, each key held for half a step."""
    for n in range(steps):
        stage.down(60 + n)
        stage.crank(each / 2)
        stage.up(60 + n)
        stage.crank(each / 2)


def answers(stage: Stage, since: float) -> list[float]:
    """When the notes that began after this time began."""
    return [at for at, message in stage.sent if message[0] >> 4 == 9 and at > since and message[2]]


def test_it_is_silent_while_the_phrase_goes_on() -> None:
    stage = Stage(mode="echo")
    phrase(stage, 12)
    assert len(stage.struck()) == 12 and stage.instrument.questions.asked == 0


def test_it_answers_when_the_phrase_has_ended() -> None:
    stage = Stage(mode="echo")
    phrase(stage)
    ended = stage.now
    stage.crank(2.0)
    assert answers(stage, ended)


def test_a_pause_shorter_than_the_steps_of_the_phrase_does_not_end_it() -> None:
    stage = Stage(mode="echo", rest=3.0)
    phrase(stage, 4, each=0.8)
    stage.crank(0.5)
    assert stage.instrument.questions.asked == 0
    stage.crank(1.5)
    assert stage.instrument.questions.asked > 0


def test_a_held_pedal_keeps_the_phrase_open() -> None:
    stage = Stage(mode="echo")
    stage.pedal(True)
    phrase(stage)
    stage.crank(4.0)
    assert stage.instrument.questions.asked == 0
    stage.pedal(False)
    stage.crank(2.0)
    assert stage.instrument.questions.asked > 0


def test_the_answer_is_as_long_as_the_phrase_and_then_it_is_silent() -> None:
    stage = Stage(mode="echo")
    phrase(stage, 8)
    ended = stage.now
    stage.crank(20.0)
    onsets = answers(stage, ended)
    assert 1.0 < onsets[-1] - onsets[0] <= 8 * 0.25
    assert stage.sounding() == set()


@pytest.fixture(scope="module")
def shipped() -> BrainHere:
    return BrainHere(DEFAULT_BRAIN)


@pytest.mark.skipif(not DEFAULT_BRAIN.exists(), reason="no brain is shipped yet")
@pytest.mark.parametrize("step", [0.2, 0.3, 0.45])
def test_the_shipped_brain_answers_in_your_tempo_and_as_long_as_you(
    shipped: BrainHere, step: float
) -> None:
    keys = [(n * step, "keys", note_on(0, pitch, 80)) for n, pitch in enumerate(TUNE)]
    keys += [((n + 0.8) * step, "keys", note_off(0, pitch)) for n, pitch in enumerate(TUNE)]
    steps, length = [], len(TUNE) * step
    for seed in range(3):
        shipped.forget()
        settings = Settings(mode="echo", rest=0.6)
        played = perform(sorted(keys), settings, shipped, seed, tail=length + 2)
        begun = sorted({note.start for owner, note in played.notes if owner == "network"})
        assert abs(begun[-1] - begun[0] - length) < 1.5 * step
        steps += [b - a for a, b in zip(begun, begun[1:], strict=False) if b - a > 0.03]
    assert median(steps) == pytest.approx(step, rel=0.07)


def test_it_stops_when_you_begin_and_answers_the_new_phrase() -> None:
    stage = Stage(mode="echo")
    phrase(stage, 16)
    stage.crank(1.0)
    stage.down(40)
    assert stage.sounding() == {(0, 40)}
    stage.crank(0.2)
    assert stage.sounding() == {(0, 40)}
    stage.up(40)
    again = stage.now
    stage.crank(2.0)
    assert answers(stage, again)


def test_it_answers_on_the_instruments_of_the_phrase() -> None:
    stage = Stage(mode="echo", player="violin")
    phrase(stage)
    stage.crank(0.6)
    assert {i for _, ask, _ in stage.asked for i in ask.on} <= {41}
    assert stage.instrument.questions.asked > 0


def test_a_brain_that_comes_late_answers_no_old_phrase_but_the_next_one() -> None:
    stage = Stage(mode="echo", awake=False)
    phrase(stage)
    stage.crank(5.0)
    stage.instrument.brain_ready(stage.now)
    stage.crank(5.0)
    assert stage.instrument.questions.asked == 0 and stage.sounding() == set()
    phrase(stage)
    stage.crank(2.0)
    assert stage.instrument.questions.asked > 0


def test_an_answer_that_loses_its_brain_ends_and_is_not_taken_up_again() -> None:
    stage = Stage(mode="echo")
    phrase(stage, 16)
    stage.crank(1.0)
    assert stage.instrument.questions.asked > 0
    stage.instrument.brain_lost(stage.now)
    assert stage.sounding() == set()
    stage.instrument.brain_ready(stage.now)
    struck = len(stage.struck())
    stage.crank(5.0)
    assert len(stage.struck()) == struck and stage.sounding() == set()
