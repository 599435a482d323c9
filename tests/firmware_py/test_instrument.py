import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.message import is_note_on, note_off, note_on, program
from firmware_py.settings import MODES, SettingError, Settings
from notochord.event import Event, instrument_named
from tests.firmware_py.stage import Stage

SOUNDING_MODES = [mode for mode in MODES if mode != "autopitch"]


@pytest.mark.parametrize("mode", SOUNDING_MODES)
def test_a_key_sounds_at_once_in_every_mode_that_plays_it_as_it_is(mode):
    stage = Stage(mode=mode)
    stage.down(60, 80)
    assert stage.sent[-1] == (0.0, note_on(0, 60, 80))


@pytest.mark.parametrize("mode", MODES)
def test_keys_sound_without_a_brain(mode):
    stage = Stage(awake=False, mode=mode)
    stage.down(60, 80)
    assert stage.sounding() == {(0, 60)}
    stage.up(60)
    assert stage.sounding() == set()


@pytest.mark.parametrize("mode", MODES)
def test_notes_of_one_millisecond_never_stick(mode):
    stage = Stage(mode=mode)
    for n in range(60):
        stage.down(48 + n % 24)
        stage.now += 0.001
        stage.up(48 + n % 24)
        stage.crank(0.02)
    stage.crank(1.0)
    stage.instrument.silence(stage.now)
    assert stage.sounding() == set()


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("after", MODES)
def test_a_key_held_across_a_mode_change_still_gets_its_note_off(before, after):
    stage = Stage(mode=before)
    stage.down(60)
    stage.crank(0.1)
    stage.instrument.set("mode", after, stage.now)
    stage.up(60)
    stage.instrument.set("mode", "thru", stage.now)
    assert stage.sounding() == set()


def test_a_key_held_across_a_panic_is_silenced_and_its_off_does_no_harm():
    stage = Stage(mode="harmonize")
    stage.down(60)
    stage.crank(0.1)
    stage.instrument.panic(stage.now)
    assert stage.sounding() == set()
    stage.up(60)
    assert stage.sounding() == set()


def test_a_key_that_waits_for_its_pitch_is_silent_after_a_panic():
    stage = Stage(mode="autopitch")
    stage.down(60)
    stage.instrument.panic(stage.now)
    stage.crank(1.0)
    stage.up(60)
    assert stage.struck() == []


def test_what_a_mode_left_to_a_held_key_is_silent_after_a_panic():
    stage = Stage(mode="harmonize")
    stage.down(60)
    stage.crank(0.02)
    stage.instrument.set("mode", "thru", stage.now)
    assert len(stage.sounding()) == 3
    stage.instrument.panic(stage.now)
    assert stage.sounding() == set()
    stage.up(60)
    assert stage.sounding() == set()


def test_panic_tells_every_channel_to_fall_silent():
    stage = Stage()
    stage.instrument.panic(0.0)
    for channel in range(16):
        assert {(0xB0 | channel, 123, 0), (0xB0 | channel, 120, 0), (0xB0 | channel, 64, 0)} <= {
            message for _, message in stage.sent
        }


def test_unplugging_a_keyboard_ends_its_keys_and_no_others():
    stage = Stage(mode="thru")
    stage.down(60, port="a")
    stage.down(64, port="b")
    stage.instrument.unplugged("a", 1.0)
    assert stage.sounding() == {(0, 64)}


def test_an_exception_in_a_mode_costs_its_notes_and_nothing_else(caplog):
    stage = Stage(mode="harmonize")
    stage.down(60)
    stage.answer()
    stage.instrument.mode.key_down = None  # calling this raises
    with caplog.at_level(logging.ERROR):
        stage.down(62)
    assert "begins anew" in caplog.text
    assert stage.sounding() == {(0, 60), (0, 62)}
    stage.up(62)
    stage.down(64)
    stage.crank(0.01)
    assert len(stage.sounding()) > 2
    stage.up(60)
    stage.up(64)
    assert stage.sounding() == set()


@pytest.mark.parametrize("mode", MODES)
def test_no_backlog_grows_while_the_brain_is_slow(mode):
    stage = Stage(mode=mode)
    for n in range(1500):  # 150 events a second for ten seconds, and no answer
        (stage.down if n % 2 == 0 else stage.up)(40 + n // 2 % 40)
        stage.crank(1 / 150, answering=False)
    waiting = len(stage.asked)
    assert waiting <= (8 if mode != "autopitch" else 750)
    assert sum(is_note_on(m) for _, m in stage.sent) >= 740  # and every key has sounded


@pytest.mark.parametrize(
    "nonsense",
    [
        Event(1, 200, 0.0, 80), Event(400, 60, 0.0, 80), Event(1, 50, float("nan"), 80),
        Event(1, 50, -1.0, 80), Event(1, 50, 0.0, 300), Event(1, 50, 0.0, -1),
        Event(0, 50, 0.0, 80), Event(1, 50.5, 0.0, 80), (1, 2),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_event_is_dropped(nonsense):
    stage = Stage(script=lambda ask, u: nonsense, mode="harmonize")
    stage.down(60)
    stage.answer()
    assert stage.struck() == [60]


def test_a_late_answer_is_dropped_and_counted():
    stage = Stage(mode="harmonize")
    stage.down(60)
    stage.now = 0.2
    stage.answer()
    assert stage.instrument.questions.late == 1
    assert stage.sounding() == {(0, 60)}


def test_a_brain_that_comes_back_is_told_what_it_missed():
    stage = Stage(mode="thru")
    for pitch in (60, 62, 64):
        stage.down(pitch)
        stage.up(pitch)
    stage.instrument.brain_lost(1.0)
    stage.told.clear()
    stage.instrument.brain_ready(2.0)
    assert [told.event.pitch for told in stage.told] == [60, 60, 62, 62, 64, 64]
    assert stage.told[0].after == 0


def test_the_brain_hears_a_pedalled_key_end_when_the_pedal_comes_up():
    stage = Stage(mode="thru")
    stage.pedal(True)
    stage.down(60)
    stage.now = 0.5
    stage.up(60)
    assert [told.event.velocity for told in stage.told] == [80]
    stage.now = 1.5
    stage.pedal(False)
    assert stage.told[-1].event == Event(instrument_named("piano"), 60, 1.5, 0)


def test_controllers_pass_on_the_channel_that_the_player_sounds_on():
    stage = Stage(mode="thru")
    stage.down(60, channel=3)
    stage.instrument.heard("kbd", (0xB3, 1, 77), 0.0)
    stage.instrument.heard("kbd", (0xE3, 0, 64), 0.0)
    assert stage.sent[-2:] == [(0.0, (0xB0, 1, 77)), (0.0, (0xE0, 0, 64))]


def test_a_program_change_changes_what_you_play():
    stage = Stage(mode="thru")
    stage.instrument.heard("kbd", (0xC0, 40), 0.0)
    stage.down(60)
    assert stage.told[-1].event.instrument == instrument_named("violin")


def test_keys_on_channel_ten_are_drums():
    stage = Stage(mode="thru")
    stage.down(38, channel=9)
    assert stage.told[-1].event.instrument == instrument_named("drums")
    assert stage.sounding() == {(9, 38)}


def test_a_knob_out_of_range_changes_nothing():
    stage = Stage()
    with pytest.raises(SettingError):
        stage.instrument.set("temperature", 50, 0.0)
    assert stage.instrument.scene.settings.temperature == Settings().temperature


def test_the_same_keys_and_seed_give_the_same_bytes():
    def played():
        stage = Stage(mode="duet")
        for pitch in (60, 64, 67, 72):
            stage.down(pitch)
            stage.crank(0.3)
            stage.up(pitch)
            stage.crank(0.1)
        return stage.sent

    assert played() == played()


@given(st.lists(st.lists(st.integers(0, 255), max_size=4), max_size=80), st.sampled_from(MODES))
@settings(max_examples=60, deadline=None)
def test_random_bytes_never_raise_and_never_leave_a_note_on(messages, mode):
    stage = Stage(mode=mode)
    for message in messages:
        stage.instrument.heard("kbd", tuple(message), stage.now)
        stage.crank(0.01)
    stage.instrument.silence(stage.now)
    assert stage.sounding() == set()


KEYS = st.tuples(st.just("key"), st.booleans(), st.integers(55, 66), st.integers(0, 1))
STEPS = st.one_of(
    KEYS,
    KEYS,
    st.tuples(st.just("wait"), st.floats(0, 3)),
    st.tuples(st.just("pedal"), st.booleans()),
    st.tuples(st.just("mode"), st.sampled_from(MODES)),
    st.tuples(st.just("palette"), st.sampled_from(["auto", "same", "violin, drums", "same, tuba"])),
    st.tuples(st.just("voices"), st.integers(1, 8)),
    st.tuples(st.just("polyphony"), st.integers(1, 16)),
    st.tuples(st.just("panic")),
    st.tuples(st.just("unplug")),
    st.tuples(st.just("lost")),
    st.tuples(st.just("ready")),
)


def _step(stage, step):
    kind, *values = step
    instrument = stage.instrument
    if kind == "key":
        pressed, pitch, channel = values
        (stage.down if pressed else stage.up)(pitch, channel=channel)
    elif kind == "wait":
        stage.crank(values[0])
    elif kind == "pedal":
        stage.pedal(values[0])
    elif kind in ("mode", "palette", "voices", "polyphony"):
        instrument.set(kind, values[0], stage.now)
    elif kind == "unplug":
        instrument.unplugged("kbd", stage.now)
    else:
        happen = {"panic": "panic", "lost": "brain_lost", "ready": "brain_ready"}[kind]
        getattr(instrument, happen)(stage.now)


@given(st.lists(STEPS, max_size=50))
@settings(max_examples=120, deadline=None)
def test_any_sequence_of_keys_knobs_modes_and_faults_ends_silent(steps):
    stage = Stage()
    for step in steps:
        _step(stage, step)
        stage.answer()
        story = stage.instrument.scene.story
        assert len(stage.sounding()) == stage.instrument.sounding
        assert set(stage.instrument.scene.own) <= set(story.sounding)
    stage.instrument.silence(stage.now)
    assert stage.sounding() == set()
    assert not stage.instrument.scene.story.sounding


@given(st.lists(KEYS, max_size=40), st.sampled_from(MODES))
@settings(max_examples=60, deadline=None)
def test_letting_go_of_every_key_ends_every_key(keys, mode):
    stage = Stage(mode=mode)
    for _, pressed, pitch, _ in keys:
        (stage.down if pressed else stage.up)(pitch)
        stage.crank(0.05)
    for pitch in range(128):
        stage.up(pitch)
    stage.instrument.set("mode", "thru", stage.now)
    assert stage.sounding() == set()


@given(st.lists(KEYS, max_size=30), st.sampled_from(MODES), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_brain_that_answers_nonsense_never_leaves_a_note_on(keys, mode, seed):
    import random

    rng = random.Random(seed)

    def nonsense(ask, uniforms):
        event = Event(rng.randrange(400), rng.randrange(300), rng.random() * 20, rng.randrange(200))
        return rng.choice([None, event])

    stage = Stage(script=nonsense, mode=mode)
    for _, pressed, pitch, _ in keys:
        (stage.down if pressed else stage.up)(pitch)
        stage.crank(0.2)
    stage.instrument.silence(stage.now)
    assert stage.sounding() == set()


def test_the_off_of_a_key_that_never_sounded_sends_nothing():
    stage = Stage(mode="thru")
    stage.instrument.heard("kbd", note_off(0, 60), 0.0)
    assert stage.sent == []


def test_begun_anew_it_plays_as_when_it_was_switched_on_but_as_it_is_set():
    stages = [Stage(mode="autopitch"), Stage(mode="duet")]
    stages[1].instrument.set("mode", "autopitch", 0.0)
    stages[1].crank(2.0)
    for stage in stages:
        stage.down(62)
        stage.crank(1.0)
        stage.up(62)
        stage.instrument.begin_anew(stage.now)
        stage.sent.clear()
        stage.down(60)
        stage.crank(0.5)
        stage.up(60)
    assert [m for _, m in stages[0].sent] == [m for _, m in stages[1].sent] != []


def test_begun_anew_it_remembers_which_instrument_a_keyboard_plays():
    stage = Stage(mode="thru")
    stage.instrument.heard("kbd", program(0, 40), 0.0)
    stage.instrument.begin_anew(1.0)
    stage.down(60)
    assert program(0, 40) in [message for _, message in stage.sent]
