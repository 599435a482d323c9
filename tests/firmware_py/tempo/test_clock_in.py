"""A clock comes in, unsteady, and a steady beat comes out."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.message import CLOCK, CONTINUE, SONG, START, STOP
from firmware_py.tempo.clock_in import ClockIn, State
from tests.firmware_py.tempo.drummer import play, ticks

MS = 0.001


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("bpm", [20, 40, 120, 240, 300])
def test_jitter_of_three_milliseconds_moves_the_beat_by_less_than_that(bpm, seed):
    errors = [e for e in play(ClockIn(), bpm, 60, 3 * MS, seed) if e[0] >= 2]
    assert max(abs(place) for _, place, _ in errors) < 2.8 * MS
    assert sum(place**2 for _, place, _ in errors) / len(errors) < (0.8 * MS) ** 2
    assert max(abs(tempo) for _, _, tempo in errors) < 0.0001 * bpm + 0.001


@pytest.mark.parametrize("bpm", [20, 77.7, 300])
def test_a_steady_clock_is_followed_exactly(bpm):
    errors = [e for e in play(ClockIn(), bpm, 8) if e[0] >= 1]
    assert max(abs(place) for _, place, _ in errors) < 1e-6
    assert max(abs(tempo) for _, _, tempo in errors) < 1e-6


def test_the_beat_runs_after_six_ticks_and_not_before():
    clock = ClockIn()
    known = []
    for heard, _, _ in ticks(120, 0.5):
        clock.heard((CLOCK,), heard)
        known.append(clock.runs())
    assert known == [False] * 5 + [True] * 7


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("bpm", [40, 120, 240])
def test_the_beat_goes_on_through_a_second_without_ticks_and_no_tick_is_miscounted(bpm, seed):
    clock, gap = ClockIn(), None
    for heard, at, beat in ticks(bpm, 40, 3 * MS, seed):
        if 20 <= beat < 20 + bpm / 60:
            gap = gap or heard
            line = clock.line(heard)
            assert abs(at - line.time_of(beat)) < 5 * MS
            continue
        clock.heard((CLOCK,), heard)
        if beat > 2:
            assert abs(at - clock.line(heard).time_of(beat)) < 4.5 * MS
    assert gap is not None


@pytest.mark.parametrize("bpm", [20, 40, 120, 300])
def test_a_pulled_cable_is_noticed_within_a_second_and_the_tempo_stays(bpm):
    clock = ClockIn()
    play(clock, bpm, 8)
    end = 10 + (8 * 24 - 1) / 24 * 60 / bpm
    assert clock.present(end + 0.2)
    assert not clock.present(end + 1.0)
    assert clock.runs() and clock.line(end + 5).bpm == pytest.approx(bpm)


@pytest.mark.parametrize("bpm", [40, 120, 240])
@pytest.mark.parametrize("seed", range(4))
def test_ticks_that_are_lost_or_come_twice_do_not_move_the_beat(bpm, seed):
    clock, rng = ClockIn(), random.Random(seed)
    for heard, at, beat in ticks(bpm, 60, 1 * MS, seed):
        fate = rng.random() if beat > 2 else 1.0
        if fate > 0.02:
            clock.heard((CLOCK,), heard)
        if 0.02 < fate < 0.04:
            clock.heard((CLOCK,), heard + 0.3 * MS)
        if beat > 2:
            assert abs(at - clock.line(heard + 0.3 * MS).time_of(beat)) < 2 * MS


def test_ticks_held_up_and_delivered_in_a_burst_do_not_move_the_beat():
    clock, held = ClockIn(), []
    for heard, at, beat in ticks(120, 20, 1 * MS):
        if 10 <= beat < 10.25:
            held.append(heard)
            continue
        for n in range(len(held)):
            clock.heard((CLOCK,), heard - 2 * MS + n * 0.2 * MS)
        held.clear()
        clock.heard((CLOCK,), heard)
        if beat > 11:
            assert abs(at - clock.line(heard).time_of(beat)) < 3 * MS


@pytest.mark.parametrize(("before", "after"), [
    (120, 60), (60, 120), (120, 90), (90, 120), (120, 132), (60, 240), (240, 60), (200, 110),
])  # fmt: skip
@pytest.mark.parametrize("jitter", [0.0, 2 * MS])
def test_after_a_jump_of_the_tempo_every_tick_is_still_counted(before, after, jitter):
    clock = ClockIn()
    errors = play(clock, lambda beat: before if beat < 8 else after, 24, jitter)
    assert max(abs(place) for beat, place, _ in errors if beat > 9.2) < 3.5 * MS
    assert max(abs(tempo) for beat, _, tempo in errors if beat > 9.5) < 0.02


@pytest.mark.parametrize(("slow", "fast"), [(60, 90), (120, 160), (200, 280)])
def test_a_ramp_of_the_tempo_is_followed(slow, fast):
    def ramp(beat):
        return slow + (fast - slow) * min(max((beat - 8) / 16, 0), 1)

    errors = play(ClockIn(), ramp, 32, 2 * MS)
    assert max(abs(place) for beat, place, _ in errors if beat > 2) < 6 * MS
    assert max(abs(tempo) for beat, _, tempo in errors if beat > 2) < 0.05
    assert abs(errors[-1][1]) < 2.2 * MS and abs(errors[-1][2]) < 0.01


def test_the_first_tick_after_start_is_beat_nought():
    clock = ClockIn()
    play(clock, 120, 3.5)
    clock.heard((START,), 11.745)
    play(clock, 120, 2, begins=11.75)
    assert clock.state is State.PLAYING
    assert clock.line(12.7).beat_at(12.75) == pytest.approx(2)


def test_a_clock_whose_ticks_begin_anew_at_start_is_followed_from_there():
    clock = ClockIn()
    play(clock, 120, 4)
    clock.heard((START,), 11.98)
    errors = play(clock, 120, 4, begins=11.987, jitter=1 * MS)
    assert max(abs(place) for _, place, _ in errors) < 2 * MS


def test_a_stopped_clock_does_not_run_and_continues_where_it_stood():
    clock = ClockIn()
    clock.heard((START,), 9.9)
    play(clock, 120, 3)  # the ticks of beats 0 to 3 without the one at 3
    clock.heard((STOP,), 11.49)
    assert not clock.runs() and clock.position == 3
    play(clock, 120, 5, begins=11.5)  # ticks go on, the song does not
    assert not clock.runs() and clock.position == 3
    clock.heard((CONTINUE,), 13.99)
    play(clock, 120, 1, begins=14.0)
    assert clock.runs() and clock.line(14.5).beat_at(14.5) == pytest.approx(4)


@pytest.mark.parametrize("sixteenths", [0, 1, 7, 128, 16383])
def test_a_song_position_counts_sixteenths(sixteenths):
    clock = ClockIn()
    play(clock, 120, 2)
    clock.heard((STOP,), 11.0)
    clock.heard((SONG, sixteenths & 0x7F, sixteenths >> 7), 11.0)
    assert clock.position == sixteenths / 4
    clock.heard((CONTINUE,), 11.2)
    play(clock, 120, 1, begins=11.25)
    assert clock.line(11.7).beat_at(11.25) == pytest.approx(sixteenths / 4)


def test_a_clock_that_ticks_only_while_it_plays_is_followed_from_its_first_beat():
    clock = ClockIn()
    clock.heard((START,), 9.999)
    play(clock, 97, 1)
    line = clock.line(10.6)
    assert clock.runs() and line.bpm == pytest.approx(97) and line.time_of(0) == pytest.approx(10)


MESSAGES = st.sampled_from([(CLOCK,), (START,), (STOP,), (CONTINUE,), (SONG, 5, 0), (SONG, 0, 127)])


@given(st.lists(st.tuples(st.floats(0, 5), MESSAGES), max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_sequence_of_messages_leaves_a_beat_within_the_range_or_none(steps):
    clock, now = ClockIn(), 0.0
    for wait, message in steps:
        now += wait
        clock.heard(message, now)
        line = clock.line(now + 1)
        assert not clock.runs() or line is not None
        assert line is None or 17 < line.bpm < 333
