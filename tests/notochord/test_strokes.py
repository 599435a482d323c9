"""Which strokes of a pattern are played: the controls say how many, the network where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notochord.ask import Pattern
from notochord.groove import N
from notochord.strokes import FULL, MOST, SPARSEST, choose, likeliest, strokes_in, targets

LIKES = np.random.default_rng(5).normal(-2.0, 2.0, (16, 3, N))
LIKES[:, 1] = 1 / (1 + np.exp(-LIKES[:, 1]))
LIKES[:, 2] = 0.5 * np.tanh(LIKES[:, 2])
TURNS = st.floats(-1, 1)


def bar(wish, asked=None):
    """The strokes of a bar of a network that always writes the same."""

    def decode(controls, given):
        if asked is not None:
            asked.append((controls, given))
        return LIKES

    return choose(decode, wish, np.random.default_rng([wish.seed, 0]))


def voices(strokes):
    return np.bincount([stroke.voice for stroke in strokes], minlength=N)


def test_left_alone_it_is_what_the_network_writes_and_no_control_is_given():
    asked = []
    found = bar(Pattern(), asked)
    assert found == strokes_in(LIKES, LIKES[:, 0] > 0)
    ((controls, is_given),) = asked
    assert not controls.any() and not is_given.any()


def test_more_density_is_more_strokes_from_next_to_none_to_full():
    counts = [len(bar(Pattern(density=d))) for d in np.linspace(-1, 1, 21)]
    assert counts == sorted(counts) and len(set(counts)) > 12
    assert counts[0] == pytest.approx(counts[10] * SPARSEST, abs=1) and counts[-1] == FULL


@pytest.mark.parametrize("voice", range(N))
def test_a_voice_goes_from_none_to_as_many_as_anybody_plays(voice):
    turns = [tuple(t if v == voice else 0.0 for v in range(N)) for t in np.linspace(-1, 1, 21)]
    counts = [voices(bar(Pattern(voices=t)))[voice] for t in turns]
    assert counts == sorted(counts) and counts[0] == 0
    assert counts[-1] == max(MOST[voice], counts[10])


def test_the_network_is_told_of_what_is_turned_and_of_nothing_else():
    asked = []
    bar(Pattern(voices=(-1.0,) + (0.0,) * 8), asked)
    controls, is_given = asked[1]
    assert is_given.tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0] and controls[1] == 0
    bar(Pattern(density=0.5), asked)
    controls, is_given = asked[3]
    assert is_given[0] == 1 and not is_given[1:].any()
    assert controls[0] == pytest.approx(len(bar(Pattern(density=0.5))) / (16 * N), abs=0.01)


def test_one_seed_is_one_bar_and_without_variation_every_seed_is():
    assert bar(Pattern(variation=1.0, seed=3)) == bar(Pattern(variation=1.0, seed=3))
    assert bar(Pattern(variation=1.0, seed=3)) != bar(Pattern(variation=1.0, seed=4))
    assert bar(Pattern(seed=3)) == bar(Pattern(seed=4))


def test_more_variation_is_farther_from_what_the_network_likes_best():
    plain = LIKES[:, 0] > 0

    def apart(variation):
        bars = [bar(Pattern(variation=variation, seed=seed)) for seed in range(200)]
        placed = [{(round(s.at - LIKES[round(s.at), 2, s.voice]), s.voice) for s in b}
                  for b in bars]  # fmt: skip
        likes = {(int(step), int(voice)) for step, voice in np.argwhere(plain)}
        return np.mean([len(p ^ likes) for p in placed])

    found = [apart(v) for v in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert found == sorted(found) and found[0] < found[1]


@given(st.lists(st.integers(0, 16), min_size=N, max_size=N), TURNS,
       st.lists(TURNS, min_size=N, max_size=N), st.floats(0, 0.99))  # fmt: skip
def test_as_many_strokes_are_taken_as_are_wanted(counts, density, turns, rounding):
    turns = np.array(turns)
    wanted, total = targets(np.array(counts, float), density, turns)
    hits = likeliest(LIKES[:, 0], wanted, total, turns != 0, rounding)
    for voice in np.flatnonzero(turns):
        assert abs(hits[:, voice].sum() - wanted[voice]) < 1
    room = 16 * (turns == 0).sum()
    left = total - wanted[turns != 0].sum()
    assert hits[:, turns == 0].sum() == pytest.approx(min(left, room), abs=1)
