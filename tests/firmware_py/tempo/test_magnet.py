"""The magnet moves what is heard, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.story import Told
from firmware_py.tempo.line import Line
from firmware_py.tempo.magnet import ON_THE_BEAT, Magnet, pulled
from notochord.event import Event

LINE, GRID = Line(0.0, 0.0, 0.5), 0.25  # a grid of 0.125 s
VOICE = (1, 60)


def planned(*events):
    return [(at, Told(n, 0, Event(*VOICE, 0.0, v))) for n, (at, v) in enumerate(events)]


@pytest.mark.parametrize(("strength", "heard"), [(0, 0.14), (0.5, 0.1325), (1, 0.125)])
def test_an_onset_known_in_time_is_pulled_as_far_as_the_strength_says(strength, heard):
    assert pulled(LINE, 0.14, 0.0, strength, GRID) == pytest.approx(heard)


def test_an_onset_that_is_too_late_to_be_pulled_back_waits_for_the_next_line():
    assert pulled(LINE, 0.15, 0.15, 1, GRID) == pytest.approx(0.25)


def test_an_onset_too_late_by_less_than_can_be_heard_sounds_at_once():
    assert pulled(LINE, 0.13, 0.13, 1, GRID) == 0.13


@given(
    st.floats(0, 20), st.floats(0, 0.3), st.floats(0, 1), st.sampled_from([1.0, 0.5, 1 / 3, 0.25]),
    st.floats(20, 300),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_an_onset_is_never_before_now_and_as_near_to_the_grid_as_the_strength_demands(
    at, late, strength, grid, bpm
):
    line, now = Line(0.1, 0, 60 / bpm), at + late - 0.15
    heard = pulled(line, at, now, strength, grid)
    loose = (1 - strength) * grid * line.seconds / 2
    off = heard - line.nearest(heard, grid)
    assert heard >= now
    assert -loose - 1e-9 <= off <= max(loose, ON_THE_BEAT) + 1e-9
    assert heard <= max(at, now) + grid * line.seconds + 1e-9


def test_a_note_pulled_back_is_heard_before_its_time_and_keeps_its_length():
    magnet = Magnet()
    plan = planned((0.16, 80), (0.30, 0))
    assert magnet.foresee(plan, 0.0, LINE, 1, GRID) == []
    assert magnet.next == pytest.approx(0.125)
    begin = magnet.due(0.125)
    assert [(c.voice, c.velocity) for c in begin] == [(VOICE, 80)] and magnet.ahead == {VOICE}
    assert magnet.strike(VOICE, 80, 0.16, 0.16, LINE, 1, GRID)
    magnet.foresee(plan[1:], 0.16, LINE, 1, GRID)
    assert magnet.next == pytest.approx(0.265)
    assert [c.velocity for c in magnet.due(0.27)] == [0] and not magnet.holds


def test_a_note_pulled_forward_is_heard_after_its_time_and_keeps_its_length():
    magnet = Magnet()
    assert magnet.strike(VOICE, 80, 0.2, 0.2, LINE, 1, GRID)
    assert magnet.damp(VOICE, 0.24)  # its own end comes before it is heard
    assert magnet.due(0.24) == [] and magnet.next == pytest.approx(0.25)
    assert [(c.velocity, c.at) for c in magnet.due(1.0)] == [
        (80, pytest.approx(0.25)), (0, pytest.approx(0.29)),
    ]  # fmt: skip


def test_a_note_that_is_planned_no_more_ends_if_it_is_heard_already():
    magnet = Magnet()
    magnet.foresee(planned((0.16, 80)), 0.0, LINE, 1, GRID)
    assert magnet.foresee([], 0.1, LINE, 1, GRID) == [] and magnet.next is None
    magnet.foresee(planned((0.16, 80)), 0.1, LINE, 1, GRID)
    magnet.due(0.125)
    assert [c.velocity for c in magnet.foresee([], 0.13, LINE, 1, GRID)] == [0]


def test_when_nothing_plays_by_itself_any_more_all_that_is_left_ends():
    magnet = Magnet()
    magnet.foresee(planned((0.16, 80)), 0.0, LINE, 1, GRID)
    magnet.due(0.125)
    assert [c.velocity for c in magnet.foresee(None, 0.13, LINE, 1, GRID)] == [0]
    assert not magnet.holds


def test_without_strength_no_note_is_held():
    magnet = Magnet()
    magnet.foresee(planned((0.16, 80)), 0.0, LINE, 0, GRID)
    assert not magnet.strike(VOICE, 80, 0.16, 0.16, LINE, 0, GRID)
    assert not magnet.damp(VOICE, 0.3) and not magnet.holds


def test_the_end_of_a_note_does_not_end_the_next_one_that_is_heard_early():
    magnet = Magnet()
    magnet.foresee(planned((0.25, 0), (0.29, 80)), 0.2, LINE, 1, GRID)
    assert [c.velocity for c in magnet.due(0.25)] == [80]
    assert magnet.damp(VOICE, 0.26)  # nothing is to be ended: the new note has taken its place
    assert magnet.ahead == {VOICE}
