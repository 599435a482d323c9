"""A brain that plays drums to a groove: what it hears, what it answers, and the seams."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notochord.ask import Ask, Pattern, pitch_set
from notochord.brain import Brain
from notochord.cli import main
from notochord.event import MAX_DT, Event, is_sane
from notochord.groove import KEYS, MEMORY_BARS, N, Stroke
from notochord.groove_brain import MOST, SAME, Grid, groove_of, memory_before

PIANO, KIT = 1, 129
ALL = (1 << 128) - 1
STEP = 0.125  # seconds, at 120 beats a minute
BAR = 16 * STEP


@pytest.fixture(scope="module")
def brain(groove_brain):
    return Brain.load(groove_brain)


class Playing:
    """A brain that is told and asked as the player does, on a grid from 0 s on."""

    def __init__(self, brain, keys=(), **wish):
        self.brain, self.state, self.now = brain, brain.start(), 0.0
        self.wish, self.on = Pattern(**wish), {KIT: ALL}
        self.keys = sorted(keys)  # when the player strikes
        self.strokes = []

    def tell(self, at, instrument, pitch, velocity):
        event = Event(instrument, pitch, max(at - self.now, 0.0), velocity)
        self.state, self.now = self.brain.tell(self.state, event), max(at, self.now)

    def ask(self, low, high):
        ask = Ask(on=self.on, time=(low - self.now, high - self.now), beat=(0.5, -self.now),
                  pattern=self.wish)  # fmt: skip
        return self.brain.ask(self.state, ask, ())

    def play(self, until, window=0.2):
        """Ask on in windows of so many seconds; a key is struck when its time comes."""
        at = 0.0
        while at < until:
            end = min(at + window, self.keys[0] if self.keys else until, until)
            while (answer := self.ask(at, end)) is not None:
                at = self.now + answer.dt
                self.tell(at, *answer[:2], answer.velocity)
                self.strokes.append((round(at, 6), answer.pitch, answer.velocity))
            at = end
            if self.keys and at >= self.keys[0]:
                self.tell(self.keys.pop(0), PIANO, 60, 80)
        return self.strokes


def taps(bars, steps=(0, 3, 6, 8, 12), first=0):
    return [(first + bar) * BAR + step * STEP for bar in range(bars) for step in steps]


def test_while_nothing_was_struck_there_is_no_answer(brain):
    assert Playing(brain).play(3 * BAR) == []


def test_it_waits_for_a_bar_and_plays_from_the_next(brain):
    strokes = Playing(brain, taps(4)).play(4 * BAR - STEP)
    assert strokes and strokes[0][0] >= BAR - STEP / 2
    assert {int((at + STEP / 2) // BAR) for at, _, _ in strokes} == {1, 2, 3}


def test_a_bar_is_what_was_heard_before_its_cut_and_nothing_later(brain):
    end = 4 * BAR - STEP
    plain = Playing(brain, taps(3)).play(end)
    more = Playing(brain, [*taps(3), *(3 * BAR + n * 0.31 * STEP for n in range(-1, 48))])
    assert more.play(end) == plain  # keys from just after the cut of the last bar on
    earlier = [*taps(3), *(3 * BAR - 2 * STEP + n * 0.31 * STEP for n in range(4))]
    assert Playing(brain, earlier).play(end) != plain


@settings(max_examples=8, deadline=None)
@given(st.floats(0.1, 1.9), st.floats(0, 1))
def test_however_far_ahead_it_is_asked_the_strokes_are_the_same(brain, window, swing):
    often = Playing(brain, taps(2), swing=swing).play(6 * BAR, 0.07)
    seldom = Playing(brain, taps(2), swing=swing)
    seldom.play(2 * BAR, 0.07)
    assert seldom.play(6 * BAR, window) == often


@pytest.mark.parametrize("at", [-0.45, -0.2, 0.0, 0.3, 15.0, 15.45])
@pytest.mark.parametrize("keys", [0, 7])
def test_at_the_seam_no_stroke_is_lost_and_none_doubled(brain, monkeypatch, at, keys):
    bar = sorted([Stroke(at, 0, 90), Stroke(4.2, 1, 80)], key=lambda s: s.at)
    monkeypatch.setattr(brain, "make", lambda *a: bar)
    brain._made.clear()
    around = [n * BAR + k * 0.07 * STEP - STEP / 2 for n in range(1, 5) for k in range(keys)]
    strokes = Playing(brain, [*taps(1), *around]).play(5.4 * BAR, 0.21)
    kicks = [t for t, pitch, _ in strokes if pitch == 36]
    brain._made.clear()
    wanted = [n * BAR + at * STEP for n in range(1, 7)]
    assert kicks == pytest.approx([t for t in wanted if t < 5.4 * BAR], abs=1e-5)


def test_where_the_beat_wavers_a_stroke_is_not_doubled(brain, monkeypatch):
    monkeypatch.setattr(brain, "make", lambda *a: [Stroke(n * 2.0, 2, 70) for n in range(8)])
    brain._made.clear()
    playing, rng = Playing(brain, taps(1)), np.random.default_rng(0)
    playing.play(BAR - STEP)
    at, struck = BAR - STEP, []
    while at < 3 * BAR - STEP:
        ask = Ask(on={KIT: ALL}, time=(at - playing.now, at + 0.3 - playing.now),
                  beat=(0.5, rng.uniform(-0.004, 0.004) - playing.now))  # fmt: skip
        answer = brain.ask(playing.state, ask, ())
        at = at + 0.1 if answer is None else playing.now + answer.dt
        if answer is not None:
            playing.tell(at, *answer[:2], answer.velocity)
            struck.append(at)
    brain._made.clear()
    assert struck == pytest.approx([BAR + n * 2 * STEP for n in range(len(struck))], abs=SAME)
    assert len(struck) >= 15


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(35, 59), max_size=8))
def test_a_key_that_is_not_allowed_is_never_answered(brain, allowed):
    playing = Playing(brain, taps(3), variation=1.0)
    playing.on = {KIT: pitch_set(allowed)}
    assert {pitch for _, pitch, _ in playing.play(3 * BAR)} <= allowed


def test_a_voice_whose_first_key_is_not_allowed_is_played_on_its_next(brain):
    plain = Playing(brain, taps(3)).play(3 * BAR)
    playing = Playing(brain, taps(3))
    playing.on = {KIT: ALL & ~pitch_set(keys[0] for keys in KEYS)}
    other = {keys[0]: keys[1] for keys in KEYS}
    assert playing.play(3 * BAR) == [(at, other[pitch], loud) for at, pitch, loud in plain]


def test_velocities_are_kept_to_the_range_that_is_asked_for(brain):
    playing = Playing(brain, taps(2))
    playing.play(2 * BAR)
    ask = Ask(on={KIT: ALL}, time=(0.0, 1.0), velocities=(50, 51), beat=(0.5, -playing.now))
    assert brain.ask(playing.state, ask, ()).velocity in (50, 51)


def test_the_end_of_a_drum_is_answered_where_it_is_asked_for(brain):
    state = brain.tell(brain.start(), Event(KIT, 36, 0.0, 90))
    ask = Ask(off={KIT: pitch_set([36])}, time=(0.0, 1.0))
    assert brain.ask(state, ask, ()) == Event(KIT, 36, 0.1, 0)
    assert brain.ask(brain.tell(state, Event(KIT, 36, 0.1, 0)), ask, ()) is None


def test_one_seed_is_one_performance_and_another_is_another(brain):
    same = [Playing(brain, taps(2), variation=1.0, seed=5).play(4 * BAR) for _ in range(2)]
    assert same[0] == same[1]
    assert same[0] != Playing(brain, taps(2), variation=1.0, seed=6).play(4 * BAR)
    assert Playing(brain, taps(2)).play(4 * BAR) == Playing(brain, taps(2), seed=6).play(4 * BAR)


def test_swing_delays_what_is_off_the_beat_and_nothing_on_it(brain, monkeypatch):
    bar = [Stroke(float(step), 2, 70) for step in range(16)]
    monkeypatch.setattr(brain, "make", lambda *a: bar)
    brain._made.clear()
    at = [t for t, _, _ in Playing(brain, taps(1), swing=1.0).play(2 * BAR)]
    brain._made.clear()
    beat = [0.0, 0.5 / 3, 1 / 3, 0.5 / 3 + 0.25]
    assert at[:8] == pytest.approx([BAR + t + 0.5 * b for b in range(2) for t in beat], abs=1e-5)


@given(st.floats(-40, 40), st.floats(0, 1), st.floats(0.2, 3.0), st.floats(-100, 100))
def test_the_swing_that_is_put_in_is_taken_out(place, swing, quarter, line):
    grid = Grid(line, quarter, swing)
    assert float(grid.place(grid.time(place), True)) == pytest.approx(place, abs=1e-6)


def test_after_a_wait_too_long_to_be_told_nothing_is_remembered(brain):
    playing = Playing(brain, taps(3))
    playing.play(3 * BAR)
    state = brain.tell(playing.state, Event(PIANO, 60, MAX_DT, 80))
    assert len(state.onsets) == 1


def test_what_is_remembered_is_bounded(brain):
    state = brain.start()
    for n in range(MOST + 50):
        state = brain.tell(state, Event(PIANO, 60, 0.02, 1 + n % 127))
    assert len(state.onsets) == MOST
    for _ in range(100):
        state = brain.tell(state, Event(PIANO, 60, 2.0, 80))
    assert len(state.onsets) <= 77  # of 150 s


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 320), st.integers(0, 127), st.floats(0, 3),
                          st.integers(0, 127)), max_size=30),
       st.floats(0.2, 3.0), st.floats(-20, 20), st.floats(-1, 1))  # fmt: skip
def test_whatever_it_was_told_what_it_answers_is_sane(brain, events, quarter, line, turn):
    state = brain.start()
    for event in events:
        state = brain.tell(state, Event(*event))
    ask = Ask(on={KIT: ALL}, off={KIT: ALL}, time=(0.0, 5.0), beat=(quarter, line),
              pattern=Pattern(turn, (turn,) * N, abs(turn), abs(turn)))  # fmt: skip
    answer = brain.ask(state, ask, ())
    assert answer is None or (is_sane(answer) and answer.dt <= 5.0 and answer.instrument == KIT)


@pytest.mark.parametrize("command", [["sample", "--out", "a.mid"], ["temperature"]])
def test_what_has_it_play_by_itself_is_refused_in_one_line(
    command, groove_brain, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main([*command, "--brain", str(groove_brain)]) == 2
    error = capsys.readouterr().err
    assert "cannot play by itself" in error and error.count("\n") == 1


def groove_steps(strokes):
    groove = groove_of(strokes)
    return None if groove is None else np.flatnonzero(groove[:, 0]).tolist()


def test_the_groove_is_that_of_the_two_bars_before():
    strokes = [Stroke(-32.0, 0, 90), Stroke(-20.0, 5, 80), Stroke(-16.2, 5, 70), Stroke(-1.0, 0, 9)]
    assert groove_steps(strokes) == [0, 12, 16, 31]
    assert groove_of(strokes)[16] == pytest.approx([1, 70 / 127, -0.2], abs=1e-6)


def test_a_bar_in_which_nothing_was_struck_is_as_the_one_beside_it():
    assert groove_steps([Stroke(-12.0, 0, 90)]) == [4, 20]
    assert groove_steps([Stroke(-28.0, 0, 90)]) == [4, 20]


def test_while_you_rest_the_groove_goes_on_two_bars_by_two():
    strokes = [Stroke(-64.0, 0, 90), Stroke(-44.0, 0, 90)]
    assert groove_steps(strokes) == [0, 20]
    assert groove_steps([Stroke(s.at - 16, 0, 90) for s in strokes]) == [4, 20]
    assert groove_steps([]) is None


def test_of_several_keys_at_once_the_loudest_is_the_groove():
    groove = groove_of([Stroke(-16.0, 0, 50), Stroke(-15.9, 3, 100), Stroke(-16.1, 1, 60)])
    assert groove[16] == pytest.approx([1, 100 / 127, 0.1], abs=1e-6)


@pytest.mark.parametrize("bars", [0, 1, 3, MEMORY_BARS])
def test_as_many_bars_are_remembered_as_were_played_without_a_pause(bars):
    strokes = [Stroke(-16.0 * n - 4, 1, 90) for n in range(bars)]
    known = memory_before([*strokes, Stroke(-16.0 * (bars + 2) - 4, 0, 90)])[:, -1]
    assert known.sum() == min(4 * bars, 32) and not known[: 32 - 4 * bars].any()
