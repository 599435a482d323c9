"""What is kept when the loop is slower than the keyboard."""

from __future__ import annotations

import select

from hypothesis import given
from hypothesis import strategies as st

from firmware_py.message import Message, control, is_note_on, note_off, note_on
from firmware_py.midi.inbox import PULLED, Inbox, is_release

CLOCK = (0xF8,)


def readable(inbox: Inbox) -> bool:
    return bool(select.select([inbox], [], [], 0)[0])


def test_it_wakes_the_loop_and_gives_everything_in_order() -> None:
    inbox = Inbox()
    assert not readable(inbox)
    inbox.put(1.0, "a", note_on(0, 60, 9))
    inbox.put(2.0, "b", note_off(0, 60))
    assert readable(inbox)
    assert inbox.drain() == [(1.0, "a", note_on(0, 60, 9)), (2.0, "b", note_off(0, 60))]
    assert not readable(inbox) and inbox.drain() == []
    inbox.close()


def test_clock_and_controls_are_refused_before_notes_and_notes_before_releases() -> None:
    inbox = Inbox(capacity=8)
    for number in range(5):
        inbox.put(number, "a", CLOCK)
    assert inbox.dropped_controls == 1
    for number in range(3):
        inbox.put(number, "a", note_on(0, number, 9))
    assert inbox.dropped_notes == 1
    for number in range(5):
        inbox.put(10 + number, "a", note_off(0, number))
    heard = [message for _, _, message in inbox.drain()]
    assert heard == [CLOCK] * 4 + [note_on(0, n, 9) for n in (0, 1)] + [
        note_off(0, n) for n in range(5)
    ]
    inbox.close()


def test_the_pedal_coming_up_and_all_notes_off_count_as_releases() -> None:
    assert is_release(control(0, 64, 0)) and is_release(control(0, 123, 0))
    assert is_release((0x90, 60, 0)) and is_release((0x80, 60, 64))
    assert not is_release(control(0, 64, 127)) and not is_release(note_on(0, 60, 1))
    assert not is_release(control(0, 1, 0)) and not is_release(CLOCK)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.booleans()), max_size=200))
def test_no_note_is_left_on_however_full_it_gets(plays: list[tuple[int, int, bool]]) -> None:
    inbox = Inbox(capacity=16)
    try:
        assert not sounding_after(inbox, plays)
    finally:
        inbox.close()


def sounding_after(inbox: Inbox, plays: list[tuple[int, int, bool]]) -> set[int]:
    """Play with a loop that looks now and then; every key is let go at the end."""
    sounding: set[int] = set()
    at = 0.0
    messages: list[Message] = []
    for channel, pitch, looks in plays:
        messages.append(note_on(channel, pitch, 64))
        messages.append(CLOCK if looks else note_off(channel, pitch))
    messages += [(0x90 | channel, pitch, 0) for channel, pitch, _ in plays]
    for message in messages:
        at += 1
        inbox.put(at, "keys", message)
        if at % 50 == 0:
            follow(sounding, inbox)
    follow(sounding, inbox)
    return sounding


def follow(sounding: set[int], inbox: Inbox) -> None:
    waiting = inbox.drain()
    assert len(waiting) <= 16 + 4 * 41
    for _, _, message in waiting:
        note = (message[0] & 0x0F) * 128 + message[1] if len(message) == 3 else -1
        (sounding.add if is_note_on(message) else sounding.discard)(note)


def test_a_pulled_cable_is_never_lost_however_full_the_inbox_is() -> None:
    inbox = Inbox(capacity=8)
    for n in range(50):
        inbox.put(n * 0.001, "keys", note_on(0, n, 80))
        inbox.put(n * 0.001, "keys", note_off(0, n))
    inbox.put(1.0, "DIN", PULLED)
    assert inbox.drain()[-1] == (1.0, "DIN", PULLED)
    inbox.close()
