"""A switch: the first edge counts at once, its bounce does not, and no press or release is lost."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_py.panel.switch import LOCK, Switch


def seen(switch, edges, last):
    """What a switch says of edges (closed, time), ticked when it asks to be, until `last`."""
    said = []
    for closed, at in [*edges, (None, last)]:
        while switch.due is not None and switch.due <= at:
            said.append(switch.tick(switch.due))
        if closed is not None:
            said.append(switch.changed(closed, at))
    return [s for s in said if s is not None]


def test_a_press_counts_at_once():
    assert Switch().changed(True, 5.0) is True


def test_the_bounce_of_a_press_is_one_press():
    edges = [(n % 2 == 0, n * 0.001) for n in range(9)]
    assert seen(Switch(), edges, 1.0) == [True]


def test_a_tap_shorter_than_the_bounce_is_a_press_and_a_release():
    assert seen(Switch(), [(True, 0.0), (False, LOCK / 2)], 1.0) == [True, False]


def test_a_slow_press_and_release_are_one_each():
    assert seen(Switch(), [(True, 0.0), (False, 0.5)], 1.0) == [True, False]


def test_it_knows_since_when_it_is_held():
    switch = Switch()
    switch.changed(True, 2.5)
    assert switch.pressed_at == 2.5


@given(st.lists(st.floats(0.0001, 0.05), max_size=80))
def test_presses_and_releases_take_turns_and_the_last_state_is_told(gaps):
    at, edges = 0.0, []
    for n, gap in enumerate(gaps):
        at += gap
        edges.append((n % 2 == 0, at))
    said = seen(Switch(), edges, at + 1.0)
    assert said == [n % 2 == 0 for n in range(len(said))]
    assert (len(said) % 2 == 1) == (len(gaps) % 2 == 1)
