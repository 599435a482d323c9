"""A brain in score time: exact constraints, note values, ends on time, led to a beat."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notochord.ask import Ask, Temperatures, pitch_range, pitch_set
from notochord.brain import Brain, BrainError
from notochord.event import Event
from notochord.kinds import BACHPROP
from notochord.score import QUARTER, WAITS
from notochord.tempo_heard import USUAL
from tests.notochord.music import random_events, uniforms
from tests.notochord.scores import score_brain
from tests.notochord.test_brain import MAPS, NUMBERS, allowed

KEYS = {1: pitch_range(36, 84)}
DRAWN = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def brain(tmp_path_factory):
    return score_brain(tmp_path_factory.mktemp("score"))


def state_after(brain, n, seed=0):
    state = brain.start()
    for event in random_events(n, seed):
        state = brain.tell(state, event)
    return state


def played(brain, events, seed=0, **more):
    """So many events of its own, from nothing, each told as it is answered."""
    state, held, out = brain.start(), set(), []
    rng = np.random.default_rng(seed)
    for _ in range(events):
        sounding = pitch_set(held)
        ask = Ask(
            "tvip", on={1: KEYS[1] & ~sounding}, off={1: sounding} if held else {},
            time=(0.0, 4.0), **more,
        )  # fmt: skip
        event = brain.ask(state, ask, rng.random(8).tolist())
        state = brain.tell(state, event)
        (held.add if event.velocity else held.discard)(event.pitch)
        out.append(event)
    return out, state


@DRAWN
@given(MAPS, MAPS, NUMBERS, st.integers(0, 6), st.data())
def test_an_answer_is_always_one_that_is_allowed(brain, on, off, numbers, heard, data):
    low, high = sorted(data.draw(st.tuples(st.floats(0, 10), st.floats(0, 10))))
    soft, loud = sorted(data.draw(st.tuples(st.integers(1, 127), st.integers(1, 127))))
    ask = Ask(
        order="tvip", on=on, off=off, time=(low, high), velocities=(soft, loud),
        top_p=data.draw(st.sampled_from([0.3, 0.95, 1.0])),
        temperature=Temperatures(*data.draw(st.tuples(*[st.sampled_from([0, 0.5, 1, 10])] * 4))),
        weights=data.draw(st.dictionaries(st.integers(1, 320), st.floats(0.05, 20), max_size=3)),
        haste=data.draw(st.floats(-4, 4)), quarter=data.draw(st.sampled_from([0.0, 0.2, 0.9])),
    )  # fmt: skip
    answer = brain.ask(state_after(brain, heard), ask, numbers)
    assert answer is None or allowed(ask, answer)
    melodic = [bits for i, bits in on.items() if not 129 <= i <= 256 and i < 289]
    assert (answer is None) == (not any([*melodic, *off.values()]))


@DRAWN
@given(st.floats(0, 10), st.integers(1, 127), NUMBERS)
def test_given_a_time_and_a_velocity_it_answers_with_exactly_these(brain, dt, velocity, numbers):
    answer = brain.ask(brain.start(), Ask(order="ip", dt=dt, velocity=velocity, on=KEYS), numbers)
    assert answer.dt == dt and answer.velocity == velocity


def test_given_velocity_0_it_ends_a_note_and_begins_none(brain):
    state = brain.tell(brain.start(), Event(1, 60, 0.0, 80))
    ask = Ask(order="itp", velocity=0, on=KEYS, off={1: pitch_set([60])})
    assert brain.ask(state, ask, uniforms(0))[:2] == (1, 60)


def test_an_answer_when_nothing_is_allowed_is_none(brain):
    state = brain.start()
    assert brain.ask(state, Ask(), uniforms(0)) is None
    assert brain.ask(state, Ask(on=KEYS, time=(2.0, 1.0)), uniforms(0)) is None
    assert brain.ask(state, Ask(on={129: pitch_set([36])}), uniforms(0)) is None
    assert brain.ask(state, Ask(on=KEYS, velocities=(90, 80)), uniforms(0)) is None


def test_all_that_it_plays_begins_and_ends_on_note_values(brain):
    events, state = played(brain, 200)
    begun, now, moment = {}, 0.0, 0.0
    for event in events:
        now += event.dt
        if event.velocity:
            ticks = (now - moment) / state.quarter * QUARTER
            assert min(abs(ticks - wait) for wait in WAITS) < 0.2
            moment, begun[event.pitch] = now, now
        else:
            assert now > begun.pop(event.pitch)
    assert state.quarter == USUAL  # its own playing does not move it


def test_a_note_lasts_as_long_as_was_drawn_when_it_began(brain):
    events, _ = played(brain, 60)
    state, now, due = brain.start(), 0.0, {}
    for event in events:
        now += event.dt
        state = brain.tell(state, event)
        if event.velocity:
            due[event.pitch] = state.held[1, event.pitch].ends(state.quarter)
        else:
            assert now == pytest.approx(due.pop(event.pitch), abs=0.02)


def test_a_note_cut_short_by_an_end_is_drawn_as_often_as_it_was(brain):
    state = brain.tell(brain.start(), Event(1, 60, 0.0, 80))
    held = state.held[1, 60]
    until = held.ends(state.quarter) - state.now

    def waits(after, gone, low):
        ask = Ask("tvip", on=KEYS, time=(low, 10.0))
        return [brain.ask(after, ask, uniforms(s)).dt + gone for s in range(600)]

    ended = brain.tell(state, Event(1, 60, until, 0))
    whole = [dt for dt in waits(state, 0.0, 0.0) if dt > until - 1e-3]
    again = waits(ended, until, 0.0)
    for wait in sorted(set(np.round(whole, 3))):
        share = np.mean(np.isclose(whole, wait, atol=2e-3))
        assert np.mean(np.isclose(again, wait, atol=2e-3)) == pytest.approx(share, abs=0.12)


def test_the_same_numbers_give_the_same_answer_and_others_another(brain):
    state = state_after(brain, 5)
    answers = [brain.ask(state, Ask(on=KEYS), uniforms(seed)) for seed in range(20)]
    assert answers == [brain.ask(state, Ask(on=KEYS), uniforms(seed)) for seed in range(20)]
    assert len(set(answers)) > 5


def test_it_plays_as_loud_as_was_heard_last(brain):
    state = brain.tell(brain.start(), Event(1, 60, 0.0, 33))
    assert brain.ask(state, Ask(order="itpv", on=KEYS), uniforms(1)).velocity == 33
    assert brain.ask(state, Ask(on=KEYS, velocities=(50, 60)), uniforms(1)).velocity == 50


def test_with_a_beat_it_is_led_to_it_and_keeps_its_note_values(brain):
    _, plain = played(brain, 200)
    _, state = played(brain, 200, quarter=0.62)
    assert state.quarter == pytest.approx(0.62, rel=0.02)
    assert plain.quarter == USUAL


def test_haste_makes_short_waits_likelier(brain):
    state = brain.tell(brain.start(), Event(1, 60, 0.0, 80))
    mean = {
        haste: np.mean([
            brain.ask(state, Ask("tvip", on=KEYS, time=(0.05, 4.0), haste=haste), uniforms(s)).dt
            for s in range(200)
        ])
        for haste in (-2.0, 0.0, 2.0)
    }  # fmt: skip
    assert mean[2.0] < mean[0.0] < mean[-2.0]


def test_a_favoured_instrument_gets_its_share_of_who_plays(brain):
    ask = Ask(on={i: KEYS[1] for i in (1, 41, 42, 43)}, favoured=(43,), share=0.8)
    players = [brain.ask(brain.start(), ask, uniforms(s)).instrument for s in range(200)]
    assert players.count(43) == pytest.approx(160, abs=25) and len(set(players)) > 1


def test_it_says_what_it_cannot_be_asked(brain):
    assert brain.manifest["modes"] == ["continue", "chorale"]
    with pytest.raises(BrainError, match="it is a bachprop"):
        brain.pitch_log_probs(brain.start(), Event(1, 60, 0.0, 80))


def test_in_int8_it_is_the_same_brain_after_it_is_loaded_again(tmp_path):
    first = score_brain(tmp_path, int8=True)
    second = Brain.load(tmp_path / "score-True.brain")
    assert played(first, 40)[0] == played(second, 40)[0]
    assert first.manifest["network"] == BACHPROP.name and first.manifest["format"] == 4
