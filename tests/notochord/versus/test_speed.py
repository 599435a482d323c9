"""Timing ours and the original: the same asks, in turns."""

import json

import pytest

from notochord.bench import HELD, full_ask, pitch_ask
from notochord.event import instrument_named
from notochord.versus.speed import COLD, TURN, alternate, asks, figures, over, table

PIANO = instrument_named("piano")


class Watch:
    """In place of a network: remembers its turns."""

    def __init__(self, name, turns):
        self.name, self.turns = name, turns

    def turn(self, events, kept=True):
        self.turns.append((self.name, events, kept))


def test_the_original_may_play_the_notes_that_our_brain_may():
    found, ask = json.loads(json.dumps(asks())), full_ask()
    for name, masks in (("note_on_map", ask.on), ("note_off_map", ask.off)):
        pairs = {(int(i), p) for i, pitches in found["full"][name].items() for p in pitches}
        assert pairs == {(i, p) for i, mask in masks.items() for p in range(128) if mask >> p & 1}
    assert (found["full"]["min_time"], found["full"]["max_time"]) == ask.time


def test_the_original_holds_what_our_brain_is_told_is_held():
    assert asks()["held"][str(PIANO)] == HELD["piano"]
    assert asks()["full"]["note_off_map"][str(PIANO)] == list(HELD["piano"])


def test_a_pitch_is_asked_under_the_same_givens():
    one, ask = asks()["one"], pitch_ask()
    assert (one["next_inst"], one["next_time"], one["next_vel"]) == (
        ask.instrument, ask.dt, ask.velocity,
    )  # fmt: skip
    assert one["include_pitch"] == list(range(55, 101))


def test_all_take_turns_and_the_first_events_of_a_turn_do_not_count():
    turns, empty = [], []
    alternate({"a": Watch("a", turns), "b": Watch("b", turns)}, 2 * (TURN - COLD), empty)
    counted = [name for name, _, kept in turns if kept]
    assert counted == ["a", "b"] * 2
    assert sum(events for name, events, kept in turns if kept and name == "a") == 2 * (TURN - COLD)
    assert turns[0] == ("a", COLD, False) and len(empty) == 3 * TURN


def test_an_event_is_its_own_feed_and_ask():
    ms = {"feed": [1.0, 3.0, 2.0], "ask": [5.0, 1.0, 3.0], "ask_one": [1.0], "stream": [0.5]}
    assert figures(ms)["event"]["p50"] == 5.0  # of 6, 4 and 5; not 2 + 3 of the medians


def test_the_table_tells_how_many_times_faster_ours_is():
    cell = lambda ms: {"p50": ms, "p99": 2 * ms}  # noqa: E731
    rows = ("feed", "ask", "ask_one", "event", "stream")
    ours, theirs = ({row: cell(ms) for row in rows} for ms in (0.5, 6.0))
    assert over(theirs, ours) == {row: 12.0 for row in rows[:-1]}
    text = table({
        "ms": {"int8": ours, "float": ours, "original": theirs}, "empty_ms": cell(0.0001),
        "original_over_int8": over(theirs, ours), "brain": "base", "machine": "m", "load": 0.5,
        "event_over_stream": {"int8": 2.0, "float": 2.0, "original": 2.0},
        "original": {"version": "0.8.0", "parameters": 17_744_100, "torch": "2"},
    })  # fmt: skip
    assert text.count("12.0 x") == 4 and "17.7 M" in text and "0.00010" in text


@pytest.mark.parametrize("row", ["feed", "ask"])
def test_a_row_without_figures_is_an_error(row):
    ms = {"feed": [1.0], "ask": [1.0], "ask_one": [1.0], "stream": [1.0], row: []}
    with pytest.raises((ValueError, IndexError)):
        figures(ms)
