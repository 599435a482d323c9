"""A brain over tokens: exact constraints, the article's temperature, and the same brain again."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notochord.ask import Ask, Temperatures, pitch_range, pitch_set
from notochord.brain import Brain, BrainError
from notochord.event import Event
from notochord.export import export
from notochord.models.performance_rnn import CONFIGS, PerformanceRNN
from notochord.performance import PIANO, STEP, bin_of
from tests.notochord.conftest import ABOUT
from tests.notochord.music import random_events, uniforms
from tests.notochord.test_brain import MAPS, NUMBERS, allowed

PIANO_KEYS = {1: pitch_range(*PIANO)}
PLAIN = Temperatures(1.0, 1.0, 1.0, 1.0)
DRAWN = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def a_brain(folder, size, int8=False):
    torch.manual_seed(0)
    net = PerformanceRNN(CONFIGS[size]).eval()
    with torch.no_grad():
        net.head.weight.mul_(6)  # clear preferences
    path = folder / f"{size}.brain"
    export(net, path, ABOUT, int8)
    return Brain.load(path)


@pytest.fixture(scope="module", params=["tiny", "tiny88"])
def tokens(request, tmp_path_factory):
    return a_brain(tmp_path_factory.mktemp("tokens"), request.param)


def state_after(brain, n, seed=0):
    state = brain.start()
    for event in random_events(n, seed):
        state = brain.tell(state, event)
    return state


@DRAWN
@given(MAPS, MAPS, NUMBERS, st.integers(0, 3), st.data())
def test_an_answer_is_always_one_that_is_allowed(tokens, on, off, numbers, heard, data):
    low, high = sorted(data.draw(st.tuples(st.floats(0, 10), st.floats(0, 10))))
    soft, loud = sorted(data.draw(st.tuples(st.integers(1, 127), st.integers(1, 127))))
    ask = Ask(
        order="tvip", on=on, off=off, time=(low, high), velocities=(soft, loud),
        top_p=data.draw(st.sampled_from([0.3, 0.95, 1.0])),
        temperature=Temperatures(*data.draw(st.tuples(*[st.sampled_from([0, 0.5, 1, 10])] * 4))),
        weights=data.draw(st.dictionaries(st.integers(1, 320), st.floats(0.05, 20), max_size=3)),
        haste=data.draw(st.floats(-4, 4)),
    )  # fmt: skip
    answer = tokens.ask(state_after(tokens, heard), ask, numbers)
    assert answer is None or allowed(ask, answer)
    v = tokens.vocabulary
    keys = pitch_range(v.low, v.high)
    melodic = [bits for i, bits in on.items() if not 129 <= i <= 256 and i < 289]
    assert (answer is None) == (not any(bits & keys for bits in [*melodic, *off.values()]))


@DRAWN
@given(st.floats(0, 10), st.integers(1, 127), NUMBERS)
def test_given_a_time_and_a_velocity_it_answers_with_exactly_these(tokens, dt, velocity, numbers):
    ask = Ask(order="ip", dt=dt, velocity=velocity, on=PIANO_KEYS)
    answer = tokens.ask(tokens.start(), ask, numbers)
    assert answer.dt == dt and answer.velocity == velocity


@DRAWN
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), NUMBERS)
def test_the_time_of_an_answer_is_whole_steps_from_the_performance_s_beginning(
    tokens, waits, numbers
):
    state, now = tokens.start(), 0.0
    for dt in waits:
        state, now = tokens.tell(state, Event(1, 60, dt, 70)), now + dt
    answer = tokens.ask(state, Ask(on=PIANO_KEYS), numbers)
    steps = (now + answer.dt) / STEP
    assert answer.dt == 0.0 or abs(steps - round(steps)) < 1e-4


def test_an_answer_when_nothing_is_allowed_is_none(tokens):
    state = tokens.start()
    assert tokens.ask(state, Ask(), uniforms(0)) is None
    assert tokens.ask(state, Ask(on=PIANO_KEYS, time=(2.0, 1.0)), uniforms(0)) is None
    assert tokens.ask(state, Ask(on={129: pitch_set([36])}), uniforms(0)) is None  # no drums
    loud = Ask(on=PIANO_KEYS, velocities=(90, 80))
    assert tokens.ask(state, loud, uniforms(0)) is None


def test_the_same_numbers_give_the_same_answer_and_others_another(tokens):
    state, ask = state_after(tokens, 5), Ask(on=PIANO_KEYS, off={1: pitch_set([60])})
    answers = [tokens.ask(state, ask, uniforms(seed)) for seed in range(20)]
    assert answers == [tokens.ask(state, ask, uniforms(seed)) for seed in range(20)]
    assert len(set(answers)) > 10


@pytest.mark.parametrize("temperature", [0.8, 1.0, 2.0])
def test_one_temperature_for_all_is_that_of_the_article(tokens, temperature):
    state = state_after(tokens, 6)
    logits = tokens._logits(state.network)
    sampler = tokens._sampler
    mask = np.ones(len(logits), dtype=bool)
    ask = Ask(temperature=Temperatures(*[temperature] * 4))
    weights = sampler.weights(logits, mask, ask)
    softmax = np.exp(logits / temperature - (logits / temperature).max())
    assert np.allclose(weights / weights.sum(), softmax / softmax.sum())


def test_haste_makes_short_waits_likelier_and_leaves_at_once_alone(tokens):
    logits = np.zeros(tokens.vocabulary.size)
    sampler, mask = tokens._sampler, np.ones(len(logits), dtype=bool)
    plain, hasty = (sampler.weights(logits, mask, Ask(haste=h)) for h in (0.0, 2.0))
    assert hasty.sum() == pytest.approx(plain.sum())
    shifts = hasty[sampler.shifts]
    assert shifts[0] > 4 * shifts[-1] > 0
    assert np.allclose(hasty[sampler.ons], plain[sampler.ons])


def test_it_plays_at_once_as_often_as_the_network_foresees(tokens):
    state, v = tokens.start(), tokens.vocabulary
    for pitch in (60, 64, 67, 64):
        state = tokens.tell(state, Event(1, pitch, 0.1, 80))
    chances = np.exp(tokens._logits(state.network))
    chances[v.first_velocity + bin_of(80)] = 0.0  # said already
    for first in (0, v.first_off):  # the keys that are not allowed
        for pitch in set(range(v.low, v.high + 1)) - set(range(PIANO[0], PIANO[1] + 1)):
            chances[first + pitch - v.low] = 0.0
    waits = chances[v.first_shift : v.first_velocity].sum() / chances.sum()
    ask = Ask(on=PIANO_KEYS, off=PIANO_KEYS, temperature=PLAIN)
    drawn = [tokens.ask(state, ask, uniforms(seed)).dt > STEP / 2 for seed in range(300)]
    assert np.mean(drawn) == pytest.approx(waits, abs=0.1) and 0.02 < waits < 0.98


def test_a_favoured_instrument_gets_its_share_of_who_plays(tokens):
    state = tokens.start()
    on = {i: pitch_range(*PIANO) for i in (1, 41, 42, 43)}
    ask = Ask(on=on, favoured=(43,), share=0.8)
    players = [tokens.ask(state, ask, uniforms(seed)).instrument for seed in range(200)]
    assert players.count(43) == pytest.approx(160, abs=25) and len(set(players)) > 1


def test_a_velocity_is_drawn_within_its_range_though_another_was_told(tokens):
    state = tokens.tell(tokens.start(), Event(1, 60, 0.0, 127))
    for seed in range(20):
        answer = tokens.ask(state, Ask(on=PIANO_KEYS, velocities=(10, 11)), uniforms(seed))
        assert bin_of(answer.velocity) == bin_of(10) and answer.velocity in (10, 11)


@DRAWN
@given(st.lists(st.tuples(*[st.floats()] * 4), max_size=5), NUMBERS)
def test_whatever_it_is_told_it_goes_on_answering(tokens, told, numbers):
    state = tokens.start()
    for event in told:
        state = tokens.tell(state, Event(*event))
    assert tokens.ask(state, Ask(on=PIANO_KEYS), numbers) is not None


def test_it_says_what_it_can_be_asked(tokens):
    assert tokens.manifest["modes"] == ["continue", "echo", "solo"]
    assert tokens.manifest["asks"] == {"given": "itv", "order": "its own"}


def test_what_it_cannot_do_is_told_in_one_line(tokens):
    with pytest.raises(BrainError, match="performance_rnn") as caught:
        tokens.pitch_log_probs(tokens.start(), Event(1, 60, 0.1, 80))
    assert "\n" not in str(caught.value)
    with pytest.raises(BrainError, match="performance_rnn"):
        tokens.likelihood(tokens.start(), Event(1, 60, 0.1, 80))


def test_in_int8_it_foresees_nearly_the_same(tmp_path):
    plain, int8 = a_brain(tmp_path, "tiny"), a_brain(tmp_path, "tiny", int8=True)
    events = [e for e in random_events(60, 3) if e.instrument == 1]
    (exact, spelt), (rounded, again) = plain.token_nats(events), int8.token_nats(events)
    assert spelt == again and len(exact) == len(spelt)
    assert abs(exact.mean() - rounded.mean()) < 0.05 * exact.mean()


def test_its_nats_are_those_of_the_tokens_one_after_another(tokens):
    events = [e for e in random_events(20, 1) if tokens.vocabulary.holds(e)]
    nats, spelt = tokens.token_nats(events)
    network, each = tokens.start().network, []
    for token in spelt:
        logits = tokens._logits(network)
        each.append(np.logaddexp.reduce(logits) - logits[token])
        network = tokens._fed(network, [token])
    assert np.allclose(nats, each, atol=1e-4) and len(nats) > 10
