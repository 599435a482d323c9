"""The instrument on synths of every kind: what is sent where, and that it ends."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.message import is_note_on, note_off, note_on, program
from firmware_py.settings import MODES
from firmware_py.synths.shelf import shipped
from notochord.event import Event, instrument_named
from tests.firmware_py.stage import Stage

PIANO, VIOLIN = instrument_named("piano"), instrument_named("violin")


def synth(*parts: dict) -> str:
    return json.dumps({"part": list(parts)})


UP = synth({"channels": [4], "transpose": 12})
SAMPLER = synth(
    {"plays": "drums", "channels": [10], "drums": {"36": 60, "35": 60, "38": [2, 61]}},
    {"plays": "melodic", "channels": [3], "transpose": -24, "low": 30, "high": 60, "voices": 1},
)
SYNTHS = [*shipped(), UP, SAMPLER]


def test_a_transposed_key_ends_where_it_began():
    stage = Stage(mode="thru", synth=UP)
    stage.down(60)
    stage.up(60)
    assert [m for _, m in stage.sent] == [note_on(3, 72, 80), note_off(3, 72)]


def test_the_network_is_told_the_key_and_not_what_is_sent_for_it():
    stage = Stage(mode="thru", synth=UP)
    stage.down(60)
    assert stage.told[-1].event.pitch == 60


def test_a_key_held_over_a_change_of_layout_ends_where_it_began():
    stage = Stage(mode="thru", synth=UP)
    stage.down(60)
    stage.instrument.set("synth", "general-midi", 0.0)
    stage.down(64)
    stage.up(60)
    stage.up(64)
    assert stage.sounding() == set()
    assert [m for _, m in stage.sent if is_note_on(m)] == [note_on(3, 72, 80), note_on(0, 64, 80)]


def test_a_pedal_held_over_a_change_of_layout_comes_up_where_it_went_down():
    stage = Stage(mode="thru", synth=UP)
    stage.down(60)
    stage.pedal(True)
    stage.instrument.set("synth", "general-midi", 0.0)
    stage.sent.clear()
    stage.pedal(False)
    assert {m for _, m in stage.sent if m[1:] == (64, 0)} >= {(0xB3, 64, 0)}


def test_a_drum_goes_to_the_note_and_channel_of_its_own():
    stage = Stage(mode="thru", synth=SAMPLER)
    stage.down(38, channel=9)
    stage.up(38, channel=9)
    assert [m for _, m in stage.sent] == [note_on(1, 61, 80), note_off(1, 61)]


def test_two_drums_on_one_note_leave_nothing_sounding():
    stage = Stage(mode="thru", synth=SAMPLER)
    for pitch in (35, 36):
        stage.down(pitch, channel=9)
    for pitch in (35, 36):
        stage.up(pitch, channel=9)
    assert stage.sounding() == set()


def test_the_network_plays_no_drum_that_the_machine_has_not():
    stage = Stage(mode="solo", palette="drums", synth=SAMPLER)
    stage.crank(5.0)
    played = {m[:2] for _, m in stage.sent if is_note_on(m)}
    assert played and played <= {(0x99, 60), (0x91, 61)}


def test_the_network_leaves_out_what_the_synth_has_no_part_for():
    stage = Stage(mode="solo", palette="drums", synth="mono")
    stage.crank(3.0)
    assert stage.struck() == []


def test_your_keys_sound_on_a_synth_that_has_no_part_for_them():
    stage = Stage(mode="thru", synth="mono")
    stage.down(38, channel=9)
    assert stage.sounding() == {(0, 38)}


def test_a_synth_without_programs_is_sent_none():
    stage = Stage(mode="solo", palette="violin, cello, tuba", synth="one-channel")
    stage.crank(4.0)
    assert len(stage.struck()) > 4
    assert {m[0] for _, m in stage.sent} <= {0x90, 0x80}


def test_a_bank_and_program_are_sent_once_before_the_first_note():
    stage = Stage(mode="thru", synth=synth({"channels": [2], "program": 9, "bank": [1, 2]}))
    for pitch in (60, 62):
        stage.down(pitch)
    setup = [(0xB1, 0, 1), (0xB1, 32, 2), program(1, 8)]
    assert [m for _, m in stage.sent] == [*setup, note_on(1, 60, 80), note_on(1, 62, 80)]


def on_one_channel(stage: Stage) -> int:
    """The most notes that ever sounded at once on channel 1."""
    held = most = 0
    for _, message in stage.sent:
        if message[0] == 0x90:
            held, most = held + 1, max(most, held + 1)
        elif message[0] == 0x80:
            held -= 1
    return most


@pytest.mark.parametrize("mode", ["solo", "duet", "continue", "accompany", "echo", "chorale"])
def test_the_network_plays_a_mono_synth_one_note_at_a_time(mode):
    stage = Stage(mode=mode, palette="saw lead, synth bass", synth="mono", rest=0.2)
    stage.down(60)
    stage.crank(0.5)
    stage.up(60)
    stage.crank(6.0)
    assert len(stage.struck()) > 2
    assert on_one_channel(stage) == 1


def test_your_key_ends_the_networks_note_on_a_mono_synth():
    stage = Stage(mode="solo", palette="saw lead", synth="mono")
    for _ in range(100):
        stage.crank(0.05)
        if stage.sounding():
            break
    assert len(stage.sounding()) == 1
    stage.down(20)
    assert stage.sounding() == {(0, 20)}
    assert not stage.instrument.scene.own


def test_the_network_is_silent_while_you_hold_a_key_on_a_mono_synth():
    stage = Stage(mode="solo", palette="saw lead", synth="mono")
    stage.down(60)
    stage.crank(4.0)
    assert stage.struck() == [60]
    stage.up(60)
    stage.crank(4.0)
    assert len(stage.struck()) > 1


def test_two_keys_on_a_mono_synth_are_yours_to_hold():
    stage = Stage(mode="thru", synth="mono")
    stage.down(60)
    stage.down(64)
    assert stage.sounding() == {(0, 60), (0, 64)}


def test_harmonize_adds_no_voice_where_there_is_none():
    stage = Stage(mode="harmonize", synth="mono")
    stage.down(60)
    stage.crank(0.1)
    assert stage.struck() == [60]


def test_the_network_keeps_to_the_range_of_the_part_as_it_is_sent():
    stage = Stage(mode="solo", palette="violin", synth=SAMPLER)
    stage.crank(6.0)
    sent = [m for _, m in stage.sent if is_note_on(m)]
    assert sent and all(30 <= m[1] <= 60 and m[0] == 0x92 for m in sent)


def test_a_weight_makes_a_part_begin_more_of_the_notes():
    def share(weight: float) -> float:
        stage = Stage(mode="solo", palette=f"violin*{weight}, cello", share=0.0)
        weights = []
        stage.script = lambda ask, u: weights.append(ask.weights) or None
        stage.crank(0.5)
        return weights[0].get(VIOLIN, 1.0)

    assert share(4) == 4.0
    assert share(1) == 1.0


def test_a_heavy_part_has_its_turn_sooner():
    def rests(weight: float) -> float:
        cello = instrument_named("cello")

        def script(ask, uniforms):  # the cello begins, and then the violin alone
            if cello in ask.on and not stage.instrument.scene.story.sounding:
                return Event(cello, 50, 0.0, 60)
            return Event(VIOLIN, 70, 0.1, 60) if ask.on.get(VIOLIN, 0) >> 70 & 1 else (
                Event(VIOLIN, 70, 0.1, 0) if ask.off.get(VIOLIN, 0) >> 70 & 1 else
                Event(cello, 50, 0.1, 0) if ask.off.get(cello, 0) else None
            )

        stage = Stage(script, mode="solo", palette=f"violin, cello*{weight}", density=40)
        waits: list[float] = []
        ask_of = stage.ask

        def listening(number, after, ask, uniforms, deadline):
            if cello in ask.favoured and stage.instrument.scene.story.time is not None:
                waits.append(stage.now)
            ask_of(number, after, ask, uniforms, deadline)

        stage.instrument._link.ask = listening
        stage.crank(6.0)
        return waits[0] if waits else 99.0

    assert rests(4.0) < rests(0.5)


KEYS = st.tuples(st.just("key"), st.booleans(), st.integers(0, 127), st.sampled_from([0, 1, 9]))
STEPS = st.one_of(
    KEYS,
    KEYS,
    st.tuples(st.just("wait"), st.floats(0, 2)),
    st.tuples(st.just("pedal"), st.booleans()),
    st.tuples(st.just("synth"), st.sampled_from(SYNTHS)),
    st.tuples(st.just("mode"), st.sampled_from(MODES)),
    st.tuples(st.just("palette"), st.sampled_from(
        ["auto", "same", "band", "strings*2, drums", "mono synth", "two synths", "any"])),
    st.tuples(st.just("magnet"), st.sampled_from([0.0, 1.0])),
)  # fmt: skip


@given(st.lists(STEPS, max_size=40), st.sampled_from(SYNTHS))
@settings(max_examples=60, deadline=None)
def test_any_change_of_layout_palette_and_mode_while_playing_ends_silent(steps, first):
    stage = Stage(mode="duet", synth=first)
    for kind, *values in steps:
        if kind == "key":
            pressed, pitch, channel = values
            (stage.down if pressed else stage.up)(pitch, channel=channel)
        elif kind == "wait":
            stage.crank(values[0])
        elif kind == "pedal":
            stage.pedal(values[0])
        else:
            stage.instrument.set(kind, values[0], stage.now)
        stage.answer()
        assert len(stage.sounding()) == stage.instrument.sounding
    stage.instrument.silence(stage.now)
    assert stage.sounding() == set()
    assert not stage.instrument.scene.story.sounding
