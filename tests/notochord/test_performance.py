"""The vocabulary of Performance RNN: how a performance is spelt, and read again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notochord.event import Event
from notochord.performance import (
    BINS,
    PIANO,
    SHIFTS,
    STEP,
    Place,
    Vocabulary,
    bin_of,
    bins_in,
    velocity_of,
)

FULL, KEYS = Vocabulary(), Vocabulary(*PIANO)
EVENTS = st.lists(
    st.builds(
        Event, st.just(1), st.integers(*PIANO), st.floats(0, 10), st.integers(0, 127)
    ), max_size=40,
)  # fmt: skip


def test_there_are_as_many_tokens_as_the_description_counts():
    assert FULL.size == 128 + 128 + 100 + 32 == 388
    assert KEYS.size == 88 + 88 + 100 + 32 == 308


def test_a_note_is_spelt_as_its_wait_its_loudness_and_its_key():
    tokens, place = FULL.spell(Event(1, 60, 0.25, 100), Place())
    assert tokens == [FULL.first_shift + 24, FULL.first_velocity + bin_of(100), 60]
    assert place.velocity == bin_of(100)


def test_loudness_is_said_only_where_it_changes():
    _, place = FULL.spell(Event(1, 60, 0.0, 100), Place())
    assert FULL.spell(Event(1, 64, 0.0, 101), place)[0] == [64]
    assert len(FULL.spell(Event(1, 64, 0.0, 60), place)[0]) == 2


def test_the_end_of_a_note_says_no_loudness():
    assert FULL.spell(Event(1, 60, 0.0, 0), Place(velocity=3))[0] == [FULL.first_off + 60]


@pytest.mark.parametrize(
    "seconds, shifts", [(0, []), (0.01, [1]), (1, [100]), (2.5, [100, 100, 50])]
)
def test_a_wait_takes_the_longest_shifts_first(seconds, shifts):
    tokens, _ = FULL.spell(Event(1, 60, seconds, 0), Place())
    assert tokens[:-1] == [FULL.first_shift + shift - 1 for shift in shifts]


@given(EVENTS)
def test_what_was_spelt_reads_the_same_within_half_a_step(events):
    read = KEYS.read(KEYS.spelt(events))
    assert [e.pitch for e in read] == [e.pitch for e in events]
    assert [e.velocity > 0 for e in read] == [e.velocity > 0 for e in events]
    at = told = 0.0
    for mine, theirs in zip(read, events, strict=True):
        told += theirs.dt
        if theirs.dt + STEP > 10.0:  # longer waits are all one; the place is then no longer known
            return
        at += mine.dt
        assert abs(at - told) <= STEP / 2 + 1e-6
        if theirs.velocity:
            assert bin_of(mine.velocity) == bin_of(theirs.velocity)


@given(EVENTS)
def test_every_token_is_in_the_vocabulary(events):
    assert all(0 <= token < KEYS.size for token in KEYS.spelt(events))


@pytest.mark.parametrize("event", [Event(129, 60, 0.5, 90), Event(1, 20, 0.5, 90)])
def test_what_a_piano_cannot_play_is_not_spelt_but_its_time_passes(event):
    tokens, place = KEYS.spell(event, Place())
    assert tokens == [] and place.owed == 0.5
    assert KEYS.spell(Event(1, 60, 0.5, 0), place)[0][0] == KEYS.first_shift + SHIFTS - 1


def test_every_velocity_is_in_a_bin_whose_middle_is_near():
    assert {bin_of(v) for v in range(1, 128)} == set(range(BINS))
    assert all(abs(velocity_of(bin_of(v)) - v) <= 2 for v in range(1, 128))


def test_the_bins_of_a_range_hold_its_ends_and_nothing_beyond():
    assert list(bins_in(5, 8)) == [1, 2] and list(bins_in(9, 8)) == []
