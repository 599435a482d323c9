"""An encoder loses no detent, whatever its contacts bounce and however it turns back."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.panel.encoder import Encoder

ONE_WAY = [(0, 1), (0, 0), (1, 0), (1, 1)]
BACK = [(1, 0), (0, 0), (0, 1), (1, 1)]


def detents(encoder, contacts):
    return sum(encoder.moved(bool(a), bool(b)) for a, b in contacts)


def bouncing(path, chance):
    """The path with every edge bouncing an odd number of times in all."""
    before, out = (1, 1), []
    for now in path:
        for _ in range(chance.randrange(4)):
            out += [now, before]
        out.append(now)
        before = now
    return out


@pytest.mark.parametrize(("path", "way"), [(ONE_WAY, 1), (BACK, -1)])
def test_four_steps_are_one_detent(path, way):
    assert detents(Encoder(), path) == way


def test_half_a_turn_and_back_is_nothing():
    assert detents(Encoder(), [(0, 1), (0, 0), (0, 1), (1, 1)]) == 0


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 2**32))
def test_no_detent_is_lost_in_bounce_and_reversal(ways, seed):
    chance, encoder = random.Random(seed), Encoder()
    for way in ways:
        path = bouncing(ONE_WAY if way else BACK, chance)
        assert detents(encoder, path) == (1 if way else -1)


def test_a_step_that_is_missed_at_speed_goes_on_as_before():
    encoder = Encoder()
    assert detents(encoder, ONE_WAY * 3) == 3
    assert detents(encoder, [(0, 1), (1, 0), (1, 1)]) == 1  # (0, 0) was never seen


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=200))
def test_contacts_at_random_never_raise(contacts):
    encoder = Encoder()
    for a, b in contacts:
        assert abs(encoder.moved(a, b)) <= len(contacts)
