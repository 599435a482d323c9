"""Drums: it waits for a bar, keeps the box's beat, and ends at a bar line when you have rested."""

import pytest

from firmware_py.message import CLOCK, START, is_note_on
from firmware_py.modes.drums import EARLY, RESTS, wish
from firmware_py.settings import Settings, changed
from firmware_py.steering.measure import BrainHere
from notochord.ask import Pattern, pitches_in
from notochord.event import FIRST_ANONYMOUS_DRUM, MOMENT, Event
from tests.firmware_py.stage import Stage

BAR, EIGHTH = 2.0, 0.25  # seconds, at 120 bpm
KIT = 129


def eighths(ask, uniforms):
    """Answers with a hat on the next eighth of the beat that is asked for."""
    quarter, line = ask.beat
    ((kit, allowed),) = ask.on.items()
    since = max(MOMENT, ask.time[0])
    dt = line + quarter / 2 * -((line - since) // (quarter / 2))
    hat = 42 if 42 in pitches_in(allowed) else 44
    return Event(kit, hat, max(dt, 0.0), 70) if dt <= ask.time[1] else None


class Drummer(Stage):
    """A stage whose brain plays eighths."""

    def __init__(self, **settings):
        super().__init__(eighths, mode="drums", **settings)

    def tap_groove(self, bars=2, pitch=60):
        for _ in range(bars * 4):
            self.down(pitch)
            self.crank(0.2)
            self.up(pitch)
            self.crank(0.3)

    def struck_at(self):
        return [at for at, m in self.sent if is_note_on(m) and m[0] & 0xF == 9]

    def asks(self):
        """The questions of the next half second, each with when its first bar line is."""
        seen, script, mode = [], self.script, self.instrument.mode
        line = lambda ask: mode._tip_time + ask.beat[1]  # noqa: E731
        self.script = lambda ask, u: seen.append((line(ask), ask)) or script(ask, u)
        self.crank(0.5)
        self.script = script
        return seen


def test_before_you_play_it_asks_nothing_and_the_loop_sleeps():
    stage = Drummer()
    stage.crank(10.0)
    assert stage.instrument.questions.asked == 0 and stage.instrument.next_due is None


def test_every_stroke_is_on_its_eighth_whatever_you_play_meanwhile():
    stage = Drummer()
    stage.crank(0.37)
    for n in range(60):
        stage.down(60 + n % 5)
        stage.crank(0.0713)
        stage.up(60 + n % 5)
    struck = [at for at in stage.struck_at() if at < stage.now - 0.05]
    wanted = [0.37 + EIGHTH * n for n in range(1, len(struck) + 1)]
    assert struck == pytest.approx(wanted, abs=0.001) and len(struck) >= 15


def test_each_stroke_has_its_end_soon():
    stage = Drummer()
    stage.tap_groove()
    stage.crank(1.1)
    assert all(stage.now - since <= 0.1 + 1e-9 for since in stage.instrument.scene.own.values())


def test_when_you_rest_it_plays_four_bars_more_and_ends_at_a_bar_line():
    stage = Drummer()
    stage.tap_groove(bars=2)  # the last key is let go in the second bar
    stage.crank(60.0)
    line = (2 + RESTS) * BAR
    assert stage.struck_at()[-1] == pytest.approx(line - EIGHTH)
    assert stage.sounding() == set() and stage.instrument.next_due is None


def test_while_a_key_is_held_it_plays_on():
    stage = Drummer()
    stage.down(60)
    stage.crank(30.0)
    assert stage.struck_at()[-1] > 29.0
    stage.up(60)
    stage.crank(30.0)
    assert stage.struck_at()[-1] < 30.0 + (1 + RESTS) * BAR


def bar_line(stage):
    """When a bar line is, as the brain is asked."""
    stage.down(60)
    ask = stage.asked[-1][1]
    story = stage.instrument.scene.story
    return story.time + ask.beat[1], ask.beat[0]


def test_to_a_tempo_that_is_only_set_a_bar_begins_with_your_first_key():
    stage = Drummer(tempo=100.0)
    stage.crank(1.234)
    line, quarter = bar_line(stage)
    assert quarter == pytest.approx(0.6) and line == pytest.approx(1.234)


def test_to_a_tapped_tempo_a_bar_begins_on_the_beat_nearest_to_your_first_key():
    stage = Drummer()
    for _ in range(5):
        stage.instrument.tap(stage.now)
        stage.crank(0.5)
    stage.crank(0.07)  # the first key is late
    line, quarter = bar_line(stage)
    assert quarter == pytest.approx(0.5) and line == pytest.approx(2.5)


def test_a_midi_clock_says_where_the_bars_begin():
    stage = Drummer()
    stage.instrument.heard("clock", (START,), stage.now)
    for _ in range(24 * 5):
        stage.instrument.heard("clock", (CLOCK,), stage.now)
        stage.crank(0.025)
    line, quarter = bar_line(stage)
    assert quarter == pytest.approx(0.6, abs=0.005)
    assert line % (4 * quarter) == pytest.approx(0.0, abs=0.02) or (
        4 * quarter - line % (4 * quarter) == pytest.approx(0.0, abs=0.02)
    )


def test_a_tempo_that_is_turned_while_it_plays_moves_no_bar():
    stage = Drummer()
    stage.tap_groove(bars=1)
    stage.instrument.set("tempo", 60.0, stage.now)  # at the second bar's line
    line, ask = stage.asks()[-1]
    assert ask.beat[0] == 1.0 and line + 4.0 == pytest.approx(BAR)


def test_a_bar_is_settled_at_its_cut_and_what_is_planned_beyond_is_planned_anew():
    stage = Drummer()
    stage.tap_groove(bars=1)
    stage.crank(BAR - EARLY * 0.5 - 0.03)  # just before the cut of the next bar
    later = [at for at, told in stage.instrument.mode.coming if told.event.velocity]
    assert later
    stage.script = lambda ask, u: None  # and now the brain has thought of nothing
    stage.down(60)
    stage.crank(0.3)
    assert max(stage.struck_at()) < 2 * BAR - EARLY * 0.5


def test_a_stroke_that_was_about_to_sound_is_not_lost_when_you_play():
    stage = Drummer()
    stage.tap_groove(bars=1)
    stage.crank(EIGHTH - 0.02)
    stage.script = lambda ask, u: None
    stage.down(60)
    stage.crank(0.3)
    assert BAR + EIGHTH in [pytest.approx(at) for at in stage.struck_at()]


def test_where_you_play_the_drums_it_plays_on_a_kit_that_can_be_told_from_yours():
    stage = Drummer()
    stage.down(36, channel=9)
    assert set(stage.asked[-1][1].on) == {FIRST_ANONYMOUS_DRUM}
    stage.crank(BAR)
    assert {m[0] & 0xF for _, m in stage.sent} == {9}


def test_what_you_hold_of_the_drums_is_yours():
    stage = Drummer()
    stage.down(42, channel=9)
    stage.crank(0.1)
    stage.up(42, channel=9)
    stage.down(36, channel=9)
    assert 42 in pitches_in(stage.asked[-1][1].on[FIRST_ANONYMOUS_DRUM])


def test_the_palette_chooses_the_kit():
    stage = Drummer(palette="strings, drums (kit 25)")
    stage.down(60)
    assert set(stage.asked[-1][1].on) == {KIT + 25}


def test_on_a_synth_without_drums_it_asks_nothing():
    stage = Drummer(synth="moog-minitaur")
    stage.tap_groove()
    assert stage.instrument.questions.asked == 0 and stage.struck_at() == []


def test_when_the_brain_is_lost_its_drums_end_and_when_it_is_back_it_plays_on():
    stage = Drummer()
    stage.tap_groove()
    stage.crank(0.02)
    stage.instrument.brain_lost(stage.now)
    assert {place for place in stage.sounding() if place[0] == 9} == set()
    before = len(stage.struck_at())
    stage.crank(0.6)
    assert len(stage.struck_at()) == before
    stage.asked.clear()
    stage.instrument.brain_ready(stage.now)
    stage.crank(1.0)
    assert len(stage.struck_at()) > before


def test_an_answer_that_never_comes_costs_a_stroke_and_no_more():
    stage = Drummer()
    stage.tap_groove()
    stage.crank(0.3, answering=False)
    for number, _, _ in stage.asked:
        stage.instrument.answered(number, None, stage.now)  # past its deadline
    stage.asked.clear()
    before = len(stage.struck_at())
    stage.crank(1.0)
    assert len(stage.struck_at()) >= before + 3


def test_the_same_bar_has_the_same_seed_and_another_answer_another():
    stage = Drummer()
    stage.tap_groove()
    seeds = {ask.pattern.seed for _, ask in stage.asks()}
    stage.instrument.again(stage.now)
    again = {ask.pattern.seed for _, ask in stage.asks()}
    assert len(seeds) == len(again) == 1 and seeds != again


def test_after_an_undo_it_waits_until_you_play():
    stage = Drummer()
    stage.tap_groove()
    assert stage.instrument.undo(stage.now) > 0
    before = len(stage.struck_at())
    stage.crank(5.0)
    assert len(stage.struck_at()) == before
    stage.down(60)
    stage.crank(1.0)
    assert len(stage.struck_at()) > before


def test_a_held_key_is_taken_up_when_the_mode_begins():
    stage = Drummer()
    stage.instrument.set("mode", "thru", stage.now)
    stage.down(60)
    stage.crank(1.0)
    stage.crank(0.1)
    stage.instrument.set("mode", "drums", stage.now)  # after 1.1 s
    stage.crank(1.0)
    assert stage.struck_at()[0] == pytest.approx(1.25)  # an eighth from when the key was struck


def test_the_magnet_pulls_its_strokes_to_the_grid():
    stage = Drummer(magnet=1.0, grid="1/4")
    stage.tap_groove()
    beats = [at / 0.5 for at in stage.struck_at()]
    assert beats == pytest.approx([round(beat) for beat in beats], abs=0.03)


def test_balance_and_the_range_of_velocities_are_what_is_heard():
    stage = Drummer(softest=20, loudest=30)
    stage.tap_groove()
    loud = {m[2] for _, m in stage.sent if is_note_on(m) and m[0] & 0xF == 9}
    assert loud and loud <= set(range(20, 31))


def test_knobs_at_their_middle_leave_the_pattern_to_the_network():
    assert wish(Settings(variation=0.0), 3) == Pattern(seed=3)


@pytest.mark.parametrize(
    "knob, voices",
    [("kick", {0}), ("snare", {1}), ("hats", {2, 3}), ("toms", {4, 5, 6}), ("cymbals", {7, 8})],
)
def test_each_knob_turns_its_voices(knob, voices):
    for value, turn in ((0.0, -1.0), (1.0, 1.0)):
        turned = wish(changed(Settings(), knob, value), 0).voices
        assert {voice for voice in range(9) if turned[voice]} == voices
        assert {turned[voice] for voice in voices} == {turn}


def test_density_goes_from_none_over_the_networks_own_to_all():
    turns = [wish(Settings(density=d), 0).density for d in (1.0, 6.0, 12.0, 24.0, 40.0)]
    assert turns == sorted(turns) and [turns[n] for n in (0, 2, 4)] == pytest.approx([-1, 0, 1])


def test_a_brain_that_makes_patterns_is_played_to_the_end_with_every_note_off(groove_brain):
    link = BrainHere(groove_brain)
    stage = Stage(mode="drums", variation=1.0)

    def answer(ask, uniforms):
        raise AssertionError("the brain is asked itself")

    stage.script = answer
    instrument = stage.instrument
    for name in ("tell", "forget"):
        setattr(stage, name, getattr(link, name))
    stage.ask = lambda *a: link.ask(*a)
    stage.answer = lambda: [
        instrument.answered(r.number, r.answer, stage.now) for r in link.wait(0.0)
    ]
    instrument.brain_ready(0.0)
    for _ in range(16):
        stage.down(60)
        stage.crank(0.1)
        stage.up(60)
        stage.crank(0.4)
    stage.crank(30.0)
    drums = [at for at, m in stage.sent if is_note_on(m) and m[0] & 0xF == 9]
    assert drums and drums[0] >= BAR - EARLY * 0.5
    assert stage.sounding() == set() and instrument.next_due is None
