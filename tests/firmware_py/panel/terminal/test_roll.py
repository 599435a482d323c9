"""The roll: notes in their place, in their colours, scrolling to the left."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_py.panel.glance import NoteSeen
from firmware_py.panel.terminal.roll import LEAST, STEP, Roll

OFF = 0


def played(*notes):
    """A roll with notes: (since, until or None, owner, channel, pitch)."""
    roll, seen = Roll(), []
    for since, until, owner, channel, pitch in notes:
        seen.append(NoteSeen(since, owner, channel, pitch, 80))
        if until is not None:
            seen.append(NoteSeen(until, "", channel, pitch, OFF))
    roll.take(sorted(seen, key=lambda note: note.at))
    return roll


def places(lines, owner):
    """Columns and half rows, from the top, where an owner is seen; drums left out."""
    return {
        (x, 2 * y + half)
        for y, line in enumerate(lines[:-1]) for x, cell in enumerate(line) for half in (0, 1)
        if cell[half] == owner
    }  # fmt: skip


def test_a_note_is_as_long_as_it_sounded_and_now_is_at_the_right():
    roll = played((1.05, 1.35, "player", 0, 60))
    columns = {x for x, _ in places(roll.lines(1.95, 20, 10), "player")}
    assert columns == {10, 11, 12, 13}  # of 0.1 s each; 19 is now


def test_a_note_that_sounds_reaches_to_now():
    roll = played((1.0, None, "network", 1, 60))
    assert max(x for x, _ in places(roll.lines(3.0, 20, 10), "network")) == 19


def test_a_higher_pitch_is_higher_and_each_has_its_owner():
    roll = played((1.0, 1.5, "player", 0, 60), (1.0, 1.5, "network", 1, 67))
    lines = roll.lines(1.5, 20, 20)
    low, high = ({y for _, y in places(lines, owner)} for owner in ("player", "network"))
    assert len(low) == len(high) == 1 and min(low) - min(high) == 7


def test_drums_have_a_line_of_their_own():
    roll = played((1.0, 1.1, "network", 9, 38))
    lines = roll.lines(1.4, 10, 5)
    assert places(lines, "network") == set()
    assert [x for x, cell in enumerate(lines[-1]) if cell[0]] == [5]


def test_what_is_long_gone_is_seen_no_more():
    roll = played((1.0, 1.5, "player", 0, 60))
    assert not roll.is_empty(3.0, 20)
    assert roll.is_empty(3.6, 20) and not places(roll.lines(3.6, 20, 10), "player")


def test_the_same_pitch_struck_again_ends_the_first():
    roll = Roll()
    roll.take([NoteSeen(1.0, "player", 0, 60, 80), NoteSeen(2.0, "network", 0, 60, 80)])
    lines = roll.lines(2.5, 20, 10)
    assert max(x for x, _ in places(lines, "player")) <= 14
    assert min(x for x, _ in places(lines, "network")) == 14


@given(
    st.lists(st.tuples(st.floats(0, 9), st.floats(0, 2), st.integers(0, 15), st.integers(0, 127))),
    st.integers(2, 90), st.integers(1, 40), st.floats(0, 12),
)  # fmt: skip
def test_whatever_is_played_fits(notes, width, height, now):
    roll = played(*((at, at + length, "player", c, p) for at, length, c, p in notes))
    lines = roll.lines(now, width, height)
    assert len(lines) == height + 1 and {len(line) for line in lines} == {width}


def test_pitches_that_lie_far_apart_share_half_letters():
    roll = played((1.0, 1.2, "player", 0, 0), (1.0, 1.2, "player", 0, 127))
    seen = places(roll.lines(1.5, 20, 8), "player")
    assert {y for _, y in seen} == {1, 15} or {y for _, y in seen} == {0, 15}
    assert LEAST < 127 and STEP > 0
