"""Questions to a brain, as values that travel."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notochord.ask import Ask, Pattern, Temperatures, pitch_range, pitch_set, pitches_in

PITCH_SETS = st.sets(st.integers(0, 127)).map(pitch_set)
MAPS = st.dictionaries(st.integers(1, 320), PITCH_SETS, max_size=4)


@given(MAPS, MAPS, st.permutations("iptv").map("".join), st.floats(0, 10), st.floats(0, 10))
def test_an_ask_survives_json(on, off, order, low, temperature):
    ask = Ask(
        order=order, on=on, off=off, time=(low, 10.0), velocities=(3, 90), top_p=0.9,
        temperature=Temperatures(pitch=temperature), weights={41: 2.5}, haste=-0.5,
        groove=3.0, leaders=(1, 41),
    )  # fmt: skip
    assert Ask.from_json(json.loads(json.dumps(ask.as_json()))) == ask


def test_an_ask_with_given_sub_events_survives_json():
    ask = Ask(order="p", instrument=41, dt=0.0, velocity=70, on={41: 1 << 60})
    assert Ask.from_json(json.loads(json.dumps(ask.as_json()))) == ask


def test_an_ask_for_a_pattern_survives_json_and_any_other_says_nothing_of_one():
    pattern = Pattern(0.5, (0.0,) * 8 + (-1.0,), 0.3, 1.0, 7)
    ask = Ask(on={129: 1 << 36}, beat=(0.5, -3.25), pattern=pattern)
    assert Ask.from_json(json.loads(json.dumps(ask.as_json()))) == ask
    assert not {"beat", "pattern"} & set(Ask().as_json())


@pytest.mark.parametrize("order", ["", "ipt", "iptvv", "iptx", "iptv "])
def test_an_order_that_makes_no_event_is_refused(order):
    with pytest.raises(ValueError, match="must name each"):
        Ask(order=order)


def test_an_order_that_names_what_is_given_is_refused():
    with pytest.raises(ValueError, match="must name each"):
        Ask(order="iptv", pitch=60)


@given(st.sets(st.integers(0, 127)))
def test_a_pitch_set_holds_its_pitches(pitches):
    assert pitches_in(pitch_set(pitches)) == sorted(pitches)


@given(st.integers(-5, 140), st.integers(-5, 140))
def test_a_pitch_range_holds_both_ends_and_no_more(low, high):
    assert pitches_in(pitch_range(low, high)) == [p for p in range(128) if low <= p <= high]
