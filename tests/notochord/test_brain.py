"""Asking a brain: exact constraints, the caller's randomness, and nothing that breaks it."""

import math
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notochord.ask import Ask, Temperatures, pitch_set, pitches_in
from notochord.event import Event
from tests.notochord.music import FULL, random_events, uniforms

ORDERS = ["".join(letters) for letters in permutations("iptv")]
DRAWN = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PITCHES = st.sets(st.integers(0, 127), max_size=6).map(pitch_set)
MAPS = st.dictionaries(st.integers(1, 320), PITCHES, max_size=3)
NUMBERS = st.lists(st.floats(0, 1, exclude_max=True), min_size=8, max_size=8)


def state_after(brain, n, seed=0):
    state = brain.start()
    for event in random_events(n, seed):
        state = brain.tell(state, event)
    return state


def allowed(ask, event):
    """Whether an event is within everything that the ask demands of it."""
    pairs = ask.on if event.velocity else ask.off
    loud = ask.velocities[0] <= event.velocity <= ask.velocities[1] or event.velocity == 0
    low, high = ask.time
    in_time = low - 1e-6 <= event.dt <= high + 1e-6
    return bool(pairs.get(event.instrument, 0) >> event.pitch & 1) and loud and in_time


def beaten(brain):
    """The state after ten beats at half a second, 0.1 s after the last of them."""
    state = brain.start()
    for beat in range(10):
        state = brain.tell(state, Event(1, 60 + beat, 0.5, 80))
    return brain.tell(state, Event(1, 60, 0.1, 0))


def waits(brain, state, groove, **more):
    """The waits drawn that are not at once."""
    ask = Ask(order="tvip", groove=groove, **{"on": FULL, **more})
    drawn = [brain.ask(state, ask, uniforms(seed)).dt for seed in range(300)]
    return [dt for dt in drawn if dt > 0]


def test_the_more_groove_the_more_often_the_wait_ends_on_the_beat(brain):
    on_the_beat = []
    for groove in (0, 2, 8, 32):
        drawn = np.array(waits(brain, beaten(brain), groove))
        on_the_beat.append(float(np.mean(np.abs((drawn + 0.1 + 0.25) % 0.5 - 0.25) < 0.015)))
    assert on_the_beat == sorted(on_the_beat) and on_the_beat[-1] > 3 * on_the_beat[0] > 0


def test_groove_leaves_as_many_events_at_once(brain):
    assert len(waits(brain, beaten(brain), 0)) == len(waits(brain, beaten(brain), 32))


def test_groove_does_nothing_where_only_notes_can_end(brain):
    ends = {"on": {}, "off": FULL}
    assert waits(brain, beaten(brain), 32, **ends) == waits(brain, beaten(brain), 0, **ends)


def test_who_leads_is_kept_to_and_not_what_the_others_play(brain):
    state, now = brain.start(), 0.0
    steady = [(1, beat) for beat in np.arange(1, 9) * 0.5]
    others = [(41, beat) for beat in np.arange(1, 9) * 0.37 + 1.0]
    for instrument, at in sorted(steady + others, key=lambda onset: onset[1]):
        state = brain.tell(state, Event(instrument, 60, at - now, 80))
        now = at

    def on_the_beat(leaders):
        drawn = np.array(waits(brain, state, 32, leaders=leaders))
        return np.mean(np.abs((drawn + 0.25) % 0.5 - 0.25) < 0.015)

    assert on_the_beat((1,)) > 2 * on_the_beat((41,))


def test_where_nobody_leads_everybody_is_kept_to(brain):
    led = waits(brain, beaten(brain), 8, leaders=(41,))
    assert led == waits(brain, beaten(brain), 8)


def test_groove_does_nothing_where_no_rhythm_was_heard(brain):
    state = state_after(brain, 3)
    assert waits(brain, state, 32) == waits(brain, state, 0)


@DRAWN
@given(MAPS, MAPS, st.sampled_from(ORDERS), NUMBERS, st.data())
def test_an_answer_is_always_one_that_is_allowed(brain, on, off, order, numbers, data):
    low, high = sorted(data.draw(st.tuples(st.floats(0, 10), st.floats(0, 10))))
    soft, loud = sorted(data.draw(st.tuples(st.integers(1, 127), st.integers(1, 127))))
    ask = Ask(
        order=order, on=on, off=off, time=(low, high), velocities=(soft, loud),
        top_p=data.draw(st.sampled_from([0.3, 0.95, 1.0])),
        temperature=Temperatures(*data.draw(st.tuples(*[st.sampled_from([0, 0.5, 1, 10])] * 4))),
        weights=data.draw(st.dictionaries(st.integers(1, 320), st.floats(0.05, 20), max_size=3)),
        haste=data.draw(st.floats(-4, 4)), groove=data.draw(st.floats(0, 16)),
    )  # fmt: skip
    answer = brain.ask(state_after(brain, 3), ask, numbers)
    if any(on.values()) or any(off.values()):
        assert answer is not None and allowed(ask, answer)
    else:
        assert answer is None


@DRAWN
@given(st.sets(st.sampled_from("iptv"), min_size=1, max_size=3), MAPS, MAPS, NUMBERS, st.data())
def test_what_is_given_is_kept_and_the_rest_fits_it(brain, letters, on, off, numbers, data):
    known = {
        "instrument": data.draw(st.sampled_from(sorted(on) or [1])) if "i" in letters else None,
        "pitch": data.draw(st.integers(0, 127)) if "p" in letters else None,
        "dt": data.draw(st.floats(0, 10, width=32)) if "t" in letters else None,
        "velocity": data.draw(st.integers(0, 127)) if "v" in letters else None,
    }
    order = "".join(letter for letter in "vpti" if letter not in letters)
    answer = brain.ask(state_after(brain, 3), Ask(order=order, on=on, off=off, **known), numbers)
    fitting = [
        (i, p)
        for pairs, wanted in ((on, known["velocity"] != 0), (off, not known["velocity"]))
        if wanted
        for i, pitches in pairs.items()
        for p in pitches_in(pitches)
        if known["instrument"] in (None, i) and known["pitch"] in (None, p)
    ]
    assert (answer is None) == (not fitting)
    if answer is not None:
        assert (answer.instrument, answer.pitch) in fitting
        for name, value in known.items():
            assert value is None or getattr(answer, name) == pytest.approx(value)


@pytest.mark.parametrize("order", ORDERS)
def test_no_note_ends_that_may_only_begin_nor_the_other_way_round(brain, order):
    state, off = state_after(brain, 5), {1: pitch_set([61, 62]), 34: pitch_set([40])}
    ask = Ask(order=order, on={1: pitch_set([60]), 41: pitch_set([60, 72])}, off=off)
    answers = [brain.ask(state, ask, uniforms(seed)) for seed in range(40)]
    assert all(allowed(ask, answer) for answer in answers)
    assert {answer.velocity > 0 for answer in answers} == {True, False}


def test_a_cold_draw_of_time_keeps_to_its_bounds(brain):
    frozen = Temperatures(pitch=0, rhythm=0, timing=0, velocity=0)
    for n in range(12):
        ask = Ask(off={253: 1 << 55}, time=(1.0, 2.0), temperature=frozen)
        answer = brain.ask(state_after(brain, n), ask, [0.0] * 8)
        assert 1.0 <= answer.dt <= 2.0


def test_nothing_allowed_is_answered_with_none(brain):
    state = brain.start()
    for ask in (
        Ask(),
        Ask(on={1: 0}),
        Ask(off={5: 0}),
        Ask(on=FULL, time=(2.0, 1.0)),
        Ask(on=FULL, velocities=(90, 80)),
        Ask(order="ipt", velocity=0, on=FULL),
        Ask(order="ipt", velocity=64, off=FULL),
        Ask(order="ptv", instrument=7, on=FULL),
    ):
        assert brain.ask(state, ask, uniforms(0)) is None


def test_velocity_limits_together_with_held_notes_never_raise(brain):
    state = state_after(brain, 10)
    for seed in range(100):
        low, high = sorted(np.random.default_rng(seed).integers(1, 128, 2).tolist())
        ask = Ask(order=ORDERS[seed % 24], on=FULL, off={1: 1 << 60}, velocities=(low, high))
        answer = brain.ask(state, ask, uniforms(seed))
        assert answer is not None and allowed(ask, answer)


@pytest.mark.parametrize("held", [{}, {1: 1 << 60, 41: 1 << 62, 34: 1 << 40}])
def test_a_fixed_velocity_on_many_voices_is_answered_at_once(brain, held):
    state = state_after(brain, 10)
    for seed in range(40):
        ask = Ask(order=ORDERS[seed % 24], on=FULL, off=held, velocities=(64, 64))
        answer = brain.ask(state, ask, uniforms(seed))
        assert answer is not None and answer.velocity in ((0, 64) if held else (64,))


@pytest.mark.parametrize("temperature", [0.0, 10.0])
@pytest.mark.parametrize("order", ORDERS)
def test_temperatures_at_their_ends_are_answered(brain, temperature, order):
    heat = Temperatures(temperature, temperature, temperature, temperature)
    ask = Ask(order=order, on=FULL, off={1: 1 << 60}, temperature=heat)
    for seed in range(10):
        answer = brain.ask(state_after(brain, 4), ask, uniforms(seed))
        assert answer is not None and allowed(ask, answer) and math.isfinite(answer.dt)


def test_temperature_zero_takes_the_likeliest_pitch(brain):
    state, event = state_after(brain, 5), Event(1, 0, 0.0, 80)
    best = int(np.argmax(brain.pitch_log_probs(state, event, "itv")))
    ask = Ask(order="p", instrument=1, dt=0.0, velocity=80, on=FULL,
              temperature=Temperatures(pitch=0.0))  # fmt: skip
    assert {brain.ask(state, ask, uniforms(seed)).pitch for seed in range(20)} == {best}


def test_the_same_numbers_give_the_same_answer(brain):
    state, ask = state_after(brain, 5), Ask(on=FULL, off={1: 1 << 60})
    for seed in range(20):
        assert brain.ask(state, ask, uniforms(seed)) == brain.ask(state, ask, uniforms(seed))


def test_other_numbers_give_other_answers(brain):
    state = state_after(brain, 5)
    answers = {brain.ask(state, Ask(on=FULL), uniforms(seed)) for seed in range(20)}
    assert len(answers) > 15


def test_asking_leaves_the_state_as_it_was(brain):
    state = state_after(brain, 5)
    before = [part.clone() for part in state]
    brain.ask(state, Ask(on=FULL), uniforms(0))
    brain.likelihood(state, random_events(1)[0])
    brain.tell(state, random_events(1)[0])
    assert all(torch.equal(a, b) for a, b in zip(before, state, strict=True))


WILD = [math.nan, math.inf, -math.inf, -1, 1e300, 5000]


@pytest.mark.parametrize("wild", WILD)
@pytest.mark.parametrize("field", Event._fields)
def test_a_wild_value_leaves_the_state_finite(brain, field, wild):
    state = brain.tell(brain.start(), Event(1, 60, 0.1, 64)._replace(**{field: wild}))
    assert all(torch.isfinite(part).all() for part in state)
    assert brain.ask(state, Ask(on=FULL), uniforms(0)) is not None


def expected_share(counts, chances, n):
    """Pearson's statistic over what is expected five times or more, and its degrees of freedom."""
    expected = {k: n * p for k, p in chances.items() if n * p >= 5}
    chi = sum((counts[k] - e) ** 2 / e for k, e in expected.items())
    return chi, len(expected)


def test_pitches_are_drawn_as_often_as_they_are_likely(brain):
    state, n = state_after(brain, 5), 3000
    log_probs = brain.pitch_log_probs(state, Event(1, 0, 0.0, 80), "itv")
    ask = Ask(order="p", instrument=1, dt=0.0, velocity=80, on=FULL)
    counts = Counter(brain.ask(state, ask, uniforms(seed)).pitch for seed in range(n))
    chi, bins = expected_share(counts, {p: math.exp(x) for p, x in enumerate(log_probs)}, n)
    assert bins > 5
    assert chi < bins + 5 * math.sqrt(2 * bins)


def test_velocities_are_drawn_as_often_as_they_are_likely(brain):
    state, n = state_after(brain, 5), 3000
    given = [[0] * 4] * 3 + [[1, 1, 1, 0]]
    event = Event(1, 60, 0.25, 0)
    chances = {
        v: math.exp(brain.likelihood(state, event._replace(velocity=v), given)[3])
        for v in range(128)
    }
    ask = Ask(order="v", instrument=1, pitch=60, dt=0.25, on=FULL, off=FULL)
    counts = Counter(brain.ask(state, ask, uniforms(seed)).velocity for seed in range(n))
    chi, bins = expected_share(counts, chances, n)
    assert bins > 5
    assert chi < bins + 5 * math.sqrt(2 * bins)


def test_times_are_drawn_as_often_as_they_are_likely(brain):
    state, n = brain.start(), 3000
    for event in random_events(5):  # a time that is copied must lie in the middle of its bin
        state = brain.tell(state, event._replace(dt=round(event.dt, 2)))
    given = [[0] * 4, [0] * 4, [1, 1, 0, 1], [0] * 4]
    event = Event(1, 60, 0.0, 80)
    chances = {
        t: math.exp(brain.likelihood(state, event._replace(dt=t / 100), given)[2])
        for t in range(1001)
    }
    ask = Ask(order="t", instrument=1, pitch=60, velocity=80, on=FULL)
    drawn = [brain.ask(state, ask, uniforms(seed)).dt for seed in range(n)]
    chi, bins = expected_share(Counter(round(100 * t) for t in drawn), chances, n)
    assert bins > 5
    assert chi < bins + 5 * math.sqrt(2 * bins)


def test_note_ons_and_note_offs_are_drawn_as_often_as_they_are_likely(brain):
    state, n = state_after(brain, 5), 3000
    p_off = math.exp(brain.likelihood(state, Event(1, 60, 0.0, 0))[3])
    assert 0.1 < p_off < 0.9
    ask = Ask(order="vipt", on=FULL, off=FULL)
    off = sum(brain.ask(state, ask, uniforms(seed)).velocity == 0 for seed in range(n))
    assert abs(off - n * p_off) < 5 * math.sqrt(n * p_off * (1 - p_off)) + 1


def test_an_instrument_left_out_is_never_drawn_by_an_int8_brain(int8_brain):
    state = state_after(int8_brain, 8)
    ask = Ask(on={41: FULL[41], 34: 1 << 33}, off={129: 1 << 38})
    for seed in range(200):
        answer = int8_brain.ask(state, ask, uniforms(seed))
        assert answer is not None and allowed(ask, answer)


def chain(brain, state, event, order):
    """Log-probability of a whole event drawn in this order."""
    given = [
        [float(n in order[: order.index(m)]) for n in "iptv"]
        for m in "iptv"
    ]  # fmt: skip
    return sum(brain.likelihood(state, event, given))


@pytest.mark.parametrize("order", ["vipt", "pivt", "ivpt"])  # time last, as it is rounded below
def test_whole_events_are_drawn_as_often_as_they_are_likely(brain, order):
    # For any other distribution q, the mean of q(x) / p(x) over x drawn from p is 1.
    state, other = state_after(brain, 5), state_after(brain, 6)
    every = dict.fromkeys(range(321), (1 << 128) - 1)
    ask, ratios = Ask(order=order, on=every, off=every), []
    for seed in range(1500):
        event = brain.ask(state, ask, uniforms(seed))
        event = event._replace(dt=round(event.dt, 2))  # to the bins that likelihoods are of
        log_ratio = chain(brain, other, event, order) - chain(brain, state, event, order)
        ratios.append(math.exp(log_ratio))
    error = float(np.std(ratios)) / math.sqrt(len(ratios))
    assert 0.005 < error < 0.1
    assert abs(np.mean(ratios) - 1) < 4 * error


def test_a_weight_makes_an_instrument_so_many_times_as_likely_to_begin_a_note(brain):
    state, n = state_after(brain, 5), 2000

    def share(**options):
        ask = Ask(
            order="i", pitch=60, dt=0.0, velocity=80, on={1: FULL[1], 41: FULL[41]},
            temperature=Temperatures(pitch=3.0), **options,
        )  # fmt: skip
        return sum(brain.ask(state, ask, uniforms(seed)).instrument == 41 for seed in range(n)) / n

    plain, heavy = share(), share(weights={41: 3.0})
    expected = 3 * plain / (1 + 2 * plain)
    assert 0.02 < plain < 0.8
    assert abs(heavy - expected) < 5 * math.sqrt(expected * (1 - expected) / n)


def test_a_weight_says_nothing_about_which_note_ends(brain):
    state = state_after(brain, 5)
    asks = [
        Ask(order="tvip", on=FULL, off={1: 1 << 60, 41: 1 << 60}, weights=weights)
        for weights in ({}, {41: 20.0})
    ]
    for seed in range(200):
        one, other = (brain.ask(state, ask, uniforms(seed)) for ask in asks)
        if one.velocity == 0:
            assert one == other


def test_the_more_haste_the_shorter_the_waits_and_as_many_at_once(brain):
    state = state_after(brain, 5)

    def drawn(haste):
        ask = Ask(order="tvip", on=FULL, haste=haste)
        return [brain.ask(state, ask, uniforms(seed)).dt for seed in range(400)]

    times = [drawn(haste) for haste in (-3, -1.5, 0, 1.5, 3)]
    means = [float(np.mean(dts)) for dts in times]
    assert means == sorted(means, reverse=True) and means[0] > 1.5 * means[-1]
    assert len({sum(dt == 0 for dt in dts) for dts in times}) == 1
