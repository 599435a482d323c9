"""The instrument and the beat: clocks that come in and go out, taps, and the magnet."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.message import CLOCK, CONTINUE, SONG, START, STOP, is_note_on, note_off, note_on
from firmware_py.presets.preset import Preset
from firmware_py.settings import GRIDS, MODES, Settings
from firmware_py.tempo.clock_in import SOON
from firmware_py.tempo.magnet import ON_THE_BEAT
from tests.firmware_py.stage import Stage
from tests.firmware_py.test_instrument import STEPS, _step

TICK = 60 / 120 / 24


def hear_clock(stage, beats, bpm=120.0, port="drums"):
    for _ in range(round(beats * 24)):
        stage.instrument.heard(port, (CLOCK,), stage.now)
        stage.crank(60 / bpm / 24)


def clock_bytes(stage):
    return [(at, message) for at, message in stage.sent if message[0] >= 0xF0]


def melody(stage, notes=24, every=0.31):
    for n in range(notes):
        stage.down(60 + n * 5 % 17)
        stage.crank(every * 0.7)
        stage.up(60 + n * 5 % 17)
        stage.crank(every * 0.3)


# ── clock in ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("clock_out", ["off", "on"])
def test_a_clock_that_comes_in_is_followed_and_not_passed_through(clock_out):
    stage = Stage(mode="thru", clock_out=clock_out, tempo=90)
    hear_clock(stage, 8, bpm=140)
    assert stage.instrument.beat.lead() == ("clock" if clock_out == "off" else "internal")
    ticks = len(clock_bytes(stage))
    assert ticks == 0 if clock_out == "off" else ticks < 8 * 24 * 90 / 140


def test_start_and_stop_decide_who_leads():
    stage = Stage(mode="thru")
    stage.instrument.heard("drums", (START,), 0.0)
    hear_clock(stage, 2, bpm=97)
    beat = stage.instrument.beat
    assert beat.lead() == "clock" and beat.line(stage.now).beat_at(stage.now) == pytest.approx(2)
    stage.instrument.heard("drums", (STOP,), stage.now)
    assert beat.lead() == "internal" and beat.line(stage.now).bpm == pytest.approx(120)


@pytest.mark.parametrize("message", [(SONG, 1), (SONG, 200, 0), (CLOCK, 1), (0xF9,), (0xFF,), ()])
def test_what_is_no_clock_message_is_dropped(message):
    stage = Stage(mode="thru")
    stage.instrument.heard("drums", message, 0.0)
    assert stage.sent == []


# ── taps ────────────────────────────────────────────────────────────────────────────────────


def test_taps_set_the_tempo_and_the_setting_shows_it():
    stage = Stage(mode="thru")
    assert [stage.instrument.tap(t) for t in (1.0, 1.4, 1.8)] == [None, 150.0, 150.0]
    assert stage.instrument.scene.settings.tempo == 150.0
    assert stage.instrument.beat.lead() == "tap"


def test_a_tempo_that_is_set_takes_over_from_the_taps():
    stage = Stage(mode="thru")
    for t in (1.0, 1.4, 1.8):
        stage.instrument.tap(t)
    stage.instrument.set("tempo", 100, 2.0)
    assert stage.instrument.beat.lead() == "internal"
    assert stage.instrument.beat.line(2.0).bpm == pytest.approx(100)


# ── clock out ───────────────────────────────────────────────────────────────────────────────


def test_no_clock_is_sent_unless_it_is_asked_for():
    stage = Stage(mode="thru")
    stage.crank(3.0)
    assert clock_bytes(stage) == []


def test_the_clock_is_sent_at_the_beats_own_times():
    stage = Stage(mode="duet", clock_out="on", tempo=120)
    melody(stage)
    sent = clock_bytes(stage)
    assert sent[0][1] == (START,)
    ticks = [at for at, message in sent if message == (CLOCK,)]
    assert ticks == pytest.approx([ticks[0] + n * TICK for n in range(len(ticks))], abs=1e-6)
    assert len(ticks) > 300


def test_the_clock_starts_and_stops_as_it_is_set():
    stage = Stage(mode="thru")
    stage.instrument.set("clock_out", "on", 0.0)
    stage.crank(2.0)
    stage.instrument.set("clock_out", "off", stage.now)
    stage.instrument.tick(stage.now)
    assert clock_bytes(stage)[-1] == (2.0, (STOP,))
    before = len(stage.sent)
    stage.crank(2.0)
    assert len(stage.sent) == before


def test_the_clock_stops_when_the_instrument_ends():
    stage = Stage(mode="thru", clock_out="on")
    stage.crank(2.0)
    stage.instrument.end(stage.now)
    assert stage.sent[-1] == (2.0, (STOP,))


def test_a_clock_that_leads_is_sent_on_once_and_in_its_own_time():
    stage = Stage(mode="thru", clock_out="on")
    stage.crank(1.3)
    stage.instrument.heard("drums", (START,), stage.now)
    started = stage.now
    stage.crank(0.004)
    hear_clock(stage, 6, bpm=100)
    sent = [(at, m) for at, m in clock_bytes(stage) if at >= started]
    assert sent[0] == (started, (START,))
    ticks = [at for at, m in sent if m == (CLOCK,)]
    assert len(ticks) == pytest.approx(6 * 24, abs=1)
    stage.instrument.heard("drums", (STOP,), stage.now)
    assert stage.sent[-1][1] == (STOP,)
    stage.instrument.heard("drums", (CONTINUE,), stage.now)
    assert stage.sent[-1][1] == (CONTINUE,)


def test_a_clock_that_waits_in_vain_for_the_leaders_first_tick_goes_on_by_itself():
    stage = Stage(mode="thru", clock_out="on")
    stage.crank(1.0)
    stage.instrument.heard("drums", (START,), stage.now)
    before = len(stage.sent)
    assert stage.instrument.next_due == stage.now + SOON
    stage.crank(SOON - 0.01)
    assert len(stage.sent) == before
    stage.crank(1.0)
    assert len(stage.sent) > before + 40


def test_a_tap_moves_a_clock_that_is_about_to_start():
    stage = Stage(mode="thru", clock_out="on", tempo=20)
    stage.crank(0.5)
    late = stage.instrument.next_due
    for _ in range(3):
        stage.crank(0.25)
        stage.instrument.tap(stage.now)
    assert stage.instrument.next_due < late - 1.0


def test_a_clock_is_not_looked_at_before_its_next_tick_is_due():
    stage, chance = Stage(mode="thru", clock_out="on"), Random(3)
    stage.instrument.heard("drums", (START,), 0.0)
    for _ in range(24 * 5):
        stage.instrument.heard("drums", (CLOCK,), stage.now + chance.uniform(0, 0.003))
        stage.crank(60 / 97 / 24)
    for _ in range(200):  # the clock has gone, and the beat goes by another line
        stage.crank(0.002)
        due = stage.instrument.next_due
        stage.instrument.tick((stage.now + due) / 2)
        assert stage.instrument.next_due == due


# ── presets, and another sitting ────────────────────────────────────────────────────────────


def test_a_recalled_tempo_is_the_beats_and_takes_over_from_the_taps():
    stage = Stage(mode="thru")
    for t in (1.0, 1.4, 1.8):
        stage.instrument.tap(t)
    for mode in ("thru", "duet"):
        tempo = 100.0 if mode == "thru" else 90.0
        stage.instrument.recall(Settings(mode=mode, tempo=tempo), 2.0)
        assert stage.instrument.beat.lead() == "internal"
        assert stage.instrument.beat.line(2.0).bpm == pytest.approx(tempo)


def test_a_recalled_preset_of_the_same_tempo_leaves_the_taps_in_the_lead():
    stage = Stage(mode="thru")
    for t in (1.0, 1.4, 1.8):
        stage.instrument.tap(t)
    stage.instrument.recall(Settings(mode="duet", tempo=150.0), 2.0)
    assert stage.instrument.beat.lead() == "tap"


@pytest.mark.parametrize("clock_out", ["on", "off"])
def test_no_preset_starts_or_stops_a_clock(clock_out):
    stage = Stage(mode="thru", clock_out=clock_out)
    stage.crank(1.0)
    stored = Preset(1, "", Settings(mode="duet", clock_out="off" if clock_out == "on" else "on"))
    before = len(clock_bytes(stage))
    stage.instrument.recall(stored.onto(stage.instrument.scene.settings), stage.now)
    stage.crank(1.0)
    sent = [message for _, message in clock_bytes(stage)[before:]]
    assert set(sent) == ({(CLOCK,)} if clock_out == "on" else set())


def test_another_sitting_stops_the_clock_and_starts_it_anew():
    stage = Stage(mode="thru", clock_out="on", magnet=1)
    stage.crank(2.0)
    for t in (1.0, 1.4, 1.8):
        stage.instrument.tap(t)
    stage.instrument.begin_anew(stage.now)
    assert stage.sent[-1] == (2.0, (STOP,))
    assert stage.instrument.beat.lead() == "internal"
    before = len(stage.sent)
    stage.crank(1.0)
    assert stage.sent[before][1] == (START,)


# ── the magnet ──────────────────────────────────────────────────────────────────────────────


def played(**knobs):
    stage = Stage(**{"mode": "duet", **knobs})
    stage.questions = []
    script = stage.script
    stage.script = lambda ask, u: stage.questions.append((ask, u)) or script(ask, u)
    stage.history = []
    tell = stage.tell
    stage.tell = lambda told: stage.history.append(told) or tell(told)
    melody(stage)
    stage.crank(3.0)
    stage.instrument.end(stage.now)
    return stage


def onsets_of_the_network(stage):
    """Note-ons but those on the player's channel."""
    return [at for at, m in stage.sent if is_note_on(m) and m[0] & 0xF != 0]


def notes_of(stage):
    """Channel, pitch, beginning and end of each note sent."""
    open_, notes = {}, []
    for at, m in stage.sent:
        if m[0] & 0xF0 in (0x80, 0x90):
            if is_note_on(m):
                open_[m[0] & 0xF, m[1]] = at
            else:
                place = m[0] & 0xF, m[1]
                notes.append((*place, open_.pop(place), at))
    return notes


@pytest.mark.parametrize("knobs", [{"tempo": 77}, {"grid": "1/4"}, {"tempo": 200, "grid": "1/8t"}])
def test_with_the_magnet_at_nought_neither_tempo_nor_grid_change_a_byte(knobs):
    assert played(**knobs).sent == played().sent


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("tempo", [60, 120, 173])
def test_with_the_magnet_at_one_every_onset_of_the_network_is_on_the_grid(grid, tempo):
    stage = played(magnet=1, grid=grid, tempo=tempo)
    step = GRIDS[grid] * 60 / tempo
    onsets = onsets_of_the_network(stage)
    off = [at - round(at / step) * step for at in onsets]
    assert len(onsets) > 8
    assert -1e-9 < min(off) and max(off) < ON_THE_BEAT + 1e-9
    assert sum(abs(d) < 1e-9 for d in off) > 0.7 * len(off)
    assert stage.sounding() == set()


@pytest.mark.parametrize("strength", [0.3, 0.7, 1.0])
def test_the_magnet_changes_nothing_that_the_brain_is_told_or_asked(strength):
    plain, pulled = played(), played(magnet=strength)
    assert pulled.history == plain.history
    assert pulled.questions == plain.questions
    assert pulled.sent != plain.sent


def test_the_magnet_leaves_the_players_notes_alone():
    plain, pulled = played(), played(magnet=1)

    def keys(stage):
        return [(at, m) for at, m in stage.sent if m[0] & 0xF == 0 and is_note_on(m)]

    assert keys(pulled) == keys(plain)


def test_the_magnet_keeps_the_length_of_most_notes_and_none_ends_before_it_begins():
    plain = sorted(b - a for c, _, a, b in notes_of(played()) if c)
    pulled = sorted(b - a for c, _, a, b in notes_of(played(magnet=1)) if c)
    assert min(pulled) > 0
    middle = len(plain) // 2
    assert pulled[len(pulled) // 2] == pytest.approx(plain[middle], abs=0.05)


@pytest.mark.parametrize("mode", ["harmonize", "autopitch"])
def test_voices_that_belong_to_a_key_stay_with_it(mode):
    assert played(mode=mode, magnet=1).sent == played(mode=mode).sent


def test_continue_lets_go_at_once_of_notes_that_the_magnet_holds():
    stage = Stage(mode="continue", magnet=1, rest=0.3, grid="1/4")
    for pitch in (60, 64, 67):
        stage.down(pitch)
        stage.crank(0.1)
        stage.up(pitch)
    for n in range(40):
        stage.crank(0.5 + 0.037 * n)
        stage.down(36)
        assert stage.sounding() == {(0, 36)}
        stage.crank(0.05)
        assert stage.sounding() == {(0, 36)}
        stage.up(36)
        assert stage.sounding() == set()


def test_the_magnet_follows_the_clock_that_comes_in():
    stage = Stage(mode="duet", magnet=1)
    stage.crank(0.17)
    stage.instrument.heard("drums", (START,), stage.now)
    began = stage.now
    hear_clock(stage, 2, bpm=100)
    for _ in range(8):
        stage.down(60)
        hear_clock(stage, 1 / 3, bpm=100)
        stage.up(60)
        hear_clock(stage, 1.1, bpm=100)
    step = 0.6 / 4
    off = [(at - began) - round((at - began) / step) * step for at in onsets_of_the_network(stage)]
    assert len(off) > 8 and -1e-6 < min(off) and max(off) < ON_THE_BEAT + 1e-6


@pytest.mark.parametrize("before", ["harmonize", "autopitch"])
def test_what_the_network_holds_for_a_key_sounds_on_in_a_mode_that_the_magnet_pulls(before):
    stage = Stage(mode=before, magnet=1)
    stage.down(60)
    stage.crank(0.02)
    held = stage.sounding()
    stage.instrument.set("mode", "duet", stage.now)
    for _ in range(20):
        stage.crank(0.31)
        assert held <= stage.sounding()
    stage.up(60)
    assert not held & stage.sounding()


@pytest.mark.parametrize("how", ["panic", "mode"])
def test_what_was_heard_ahead_is_forgotten_when_the_network_falls_silent(how):
    for late in range(40):
        stage = Stage(mode="duet", magnet=1, grid="1/4")
        melody(stage, 4)
        stage.crank(0.05 * late)
        stage.instrument.set("magnet", 0, stage.now)
        ahead = stage.instrument.scene.ahead
        if ahead:
            break
    assert ahead
    if how == "panic":
        stage.instrument.panic(stage.now)
    else:
        stage.instrument.set("mode", "thru", stage.now)
    assert stage.instrument.scene.ahead == frozenset()


TEMPO_STEPS = st.one_of(
    STEPS,
    st.tuples(st.just("set"), st.just("magnet"), st.sampled_from([0, 0.4, 1])),
    st.tuples(st.just("set"), st.just("grid"), st.sampled_from(sorted(GRIDS))),
    st.tuples(st.just("set"), st.just("tempo"), st.floats(20, 300)),
    st.tuples(st.just("set"), st.just("clock_out"), st.sampled_from(["on", "off"])),
    st.tuples(st.just("tap")),
    st.tuples(st.just("hear"), st.sampled_from([(START,), (STOP,), (CONTINUE,), (SONG, 9, 0)])),
    st.tuples(st.just("ticks"), st.integers(1, 30), st.floats(20, 300)),
)


def tempo_step(stage, step):
    kind, *values = step
    if kind == "set":
        stage.instrument.set(*values, stage.now)
    elif kind == "tap":
        stage.instrument.tap(stage.now)
    elif kind == "hear":
        stage.instrument.heard("drums", values[0], stage.now)
    elif kind == "ticks":
        hear_clock(stage, values[0] / 24, values[1])
    else:
        _step(stage, step)


@given(st.lists(TEMPO_STEPS, max_size=30), st.sampled_from(MODES))
@settings(max_examples=100, deadline=None)
def test_a_tick_before_it_is_due_changes_nothing(steps, mode):
    plain, ticked = Stage(magnet=1, mode=mode), Stage(magnet=1, mode=mode)
    for step in steps:
        for stage in (plain, ticked):
            tempo_step(stage, step)
            stage.answer()
        due = ticked.instrument.next_due
        while due is not None and due <= ticked.now:
            for stage in (plain, ticked):
                stage.instrument.tick(stage.now)
                stage.answer()
            due = ticked.instrument.next_due
        ticked.instrument.tick(ticked.now)
        assert ticked.instrument.next_due == plain.instrument.next_due
    for stage in (plain, ticked):
        stage.crank(2.0)
    assert ticked.sent == plain.sent


@given(st.lists(TEMPO_STEPS, max_size=50), st.sampled_from(MODES))
@settings(max_examples=200, deadline=None)
def test_any_sequence_with_clocks_taps_and_magnet_ends_silent(steps, mode):
    stage = Stage(magnet=1, mode=mode)
    for step in steps:
        tempo_step(stage, step)
        stage.answer()
        story = stage.instrument.scene.story
        assert len(stage.sounding()) == stage.instrument.sounding
        assert set(stage.instrument.scene.own) <= set(story.sounding)
        assert all(b >= a for *_, a, b in notes_of(stage))
    stage.instrument.end(stage.now)
    assert stage.sounding() == set()
    assert not stage.instrument.scene.story.sounding


def test_a_key_takes_a_pitch_that_the_magnet_holds():
    stage = Stage(mode="duet", magnet=1, palette="same")
    melody(stage, 12)
    for pitch in range(40, 90):
        stage.instrument.heard("kbd", note_on(0, pitch, 80), stage.now)
        stage.crank(0.03)
        assert (0, pitch) in stage.sounding()
        stage.instrument.heard("kbd", note_off(0, pitch), stage.now)
        stage.crank(0.01)
    stage.instrument.end(stage.now)
    assert stage.sounding() == set()
