"""Accompany: bass, chords and drums under you."""

from __future__ import annotations

from firmware_py.modes.accompany import VAMPS
from notochord.ask import Ask, pitches_in
from notochord.event import instrument_named
from tests.firmware_py.stage import Stage

BASS, KEYS, DRUMS = (
    instrument_named(name) for name in ("fingered bass", "electric piano", "drums")
)


def first_ask(stage: Stage) -> Ask:
    return stage.asked[0][1]


def held(stage: Stage, *pitches: int) -> None:
    for pitch in pitches:
        stage.down(pitch)


def test_it_begins_with_your_first_key() -> None:
    stage = Stage(mode="accompany")
    stage.crank(3.0)
    assert stage.instrument.questions.asked == 0
    stage.down(60)
    assert stage.instrument.questions.asked == 1


def test_bass_and_chords_keep_to_your_chord_and_to_their_ranges() -> None:
    stage = Stage(mode="accompany")
    held(stage, 60, 64, 67)
    stage.answer()
    stage.crank(0.5, answering=False)
    ask = stage.asked[-1][1] if stage.asked else None
    for _ in range(20):
        stage.crank(0.2, answering=False)
        if stage.asked:
            ask = first_ask(stage)
            for instrument, low, high in ((BASS, 28, 50), (KEYS, 50, 76)):
                pitches = pitches_in(ask.on.get(instrument, 0))
                assert {p % 12 for p in pitches} <= {0, 4, 7}
                assert all(low <= p <= high for p in pitches)
        stage.answer()
    assert ask is not None


def test_the_bass_plays_one_note_at_a_time() -> None:
    stage = Stage(mode="accompany", polyphony=16)
    held(stage, 60, 64, 67)
    for _ in range(100):
        stage.crank(0.1)
        own = stage.instrument.scene.own
        assert sum(instrument == BASS for instrument, _ in own) <= 1
        assert sum(instrument == KEYS for instrument, _ in own) <= 3


def test_it_plays_on_through_a_short_rest_and_ends_after_a_long_one() -> None:
    stage = Stage(mode="accompany")
    held(stage, 60, 64, 67)
    stage.crank(2.0)
    for pitch in (60, 64, 67):
        stage.up(pitch)
    began = len(stage.struck())
    stage.crank(VAMPS / 2)
    middle = len(stage.struck())
    assert middle > began
    stage.crank(VAMPS)
    assert stage.sounding() == set()
    ended = len(stage.struck())
    stage.crank(10.0)
    assert len(stage.struck()) == ended


def test_it_begins_again_with_your_next_key() -> None:
    stage = Stage(mode="accompany")
    stage.down(60)
    stage.up(60)
    stage.crank(3 * VAMPS)
    before = len(stage.struck())
    stage.down(62)
    stage.crank(2.0)
    assert len(stage.struck()) > before + 1


def test_chosen_while_keys_are_held_it_takes_them_up() -> None:
    stage = Stage(mode="thru")
    held(stage, 60, 64, 67)
    stage.instrument.set("mode", "accompany", stage.now)
    ask = first_ask(stage)
    assert {p % 12 for p in pitches_in(ask.on[BASS])} == {0, 4, 7}


def test_a_palette_of_your_own_keeps_the_parts() -> None:
    stage = Stage(mode="accompany", palette="slap bass, violin")
    held(stage, 60, 64, 67)
    on = first_ask(stage).on
    assert max(pitches_in(on[instrument_named("slap bass")])) <= 50
    assert min(pitches_in(on[instrument_named("violin")])) >= 50
