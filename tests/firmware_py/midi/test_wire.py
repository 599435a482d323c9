"""What waits for a DIN cable: the order, the bytes, and what is given up under pressure."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_py.message import (
    CLOCK,
    CONTINUE,
    SONG,
    Message,
    control,
    is_note_off,
    is_note_on,
    note_off,
    note_on,
    program,
    silence,
)
from firmware_py.midi.stream import StreamParser
from firmware_py.midi.wire import BYTE_SECONDS, LIMIT, REFRESH, Wire

KEYS, CHANNELS = st.integers(60, 64), st.integers(0, 1)
NOTES = st.one_of(
    st.builds(note_on, CHANNELS, KEYS, st.integers(1, 127)),
    st.builds(note_off, CHANNELS, KEYS),
)
ANY = st.one_of(
    NOTES,
    st.builds(control, CHANNELS, st.sampled_from([1, 7, 64, 120, 123]), st.integers(0, 127)),
    st.builds(program, CHANNELS, st.integers(0, 127)),
    st.sampled_from([(CLOCK,), (SONG, 1, 2), (CONTINUE,), (0xF0, 1, 2, 3, 4, 5, 6, 0xF7)]),
    st.tuples(st.just(0xE0), st.integers(0, 127), st.integers(0, 127)),
)


def all_of(wire: Wire, now: float = 0.0) -> bytes:
    """Everything that waits, as it goes out."""
    data = b""
    while piece := wire.take(now):
        data += piece
    return data


def put(wire: Wire, *messages: Message) -> None:
    for message in messages:
        wire.put(message)


def test_the_status_is_left_out_while_it_stays_the_same_and_an_end_keeps_it_running() -> None:
    wire = Wire()
    put(wire, note_on(0, 60, 80), note_on(0, 64, 81), note_off(0, 60), control(0, 64, 127))
    assert all_of(wire) == bytes([0x90, 60, 80, 64, 81, 60, 0, 0xB0, 64, 127])


def test_a_status_is_sent_again_after_a_while_for_a_cable_that_was_just_put_in() -> None:
    wire = Wire()
    put(wire, note_on(0, 60, 80))
    assert wire.take(1.0) == bytes([0x90, 60, 80])
    put(wire, note_off(0, 60))
    assert wire.take(1.0 + REFRESH) == bytes([0x90, 60, 0])


def test_a_clock_goes_before_notes_that_wait_and_leaves_the_status_running() -> None:
    wire = Wire()
    put(wire, note_on(0, 60, 80), note_on(0, 62, 80))
    assert wire.take(0.0) == bytes([0x90, 60, 80])
    put(wire, (CLOCK,))
    assert all_of(wire) == bytes([CLOCK, 62, 80])


def test_a_song_position_stays_before_the_continue_that_it_is_for() -> None:
    wire = Wire()
    put(wire, note_on(0, 60, 80), (SONG, 4, 0), (CONTINUE,), note_on(0, 62, 80))
    assert all_of(wire) == bytes([SONG, 4, 0, CONTINUE, 0x90, 60, 80, 62, 80])


def test_clocks_go_between_the_bytes_of_a_sysex_and_notes_after_it() -> None:
    wire = Wire()
    put(wire, (0xF0, *range(8), 0xF7))
    first = wire.take(0.0)
    put(wire, note_on(0, 60, 80), (CLOCK,))
    assert first + all_of(wire) == bytes(
        [0xF0, 0, 1, CLOCK, 2, 3, 4, 5, 6, 7, 0xF7, 0x90, 60, 80]
    )


def test_of_a_knob_that_is_turned_faster_than_the_wire_only_the_newest_value_goes() -> None:
    wire = Wire()
    put(wire, *(control(0, 7, value) for value in range(100)), control(0, 1, 5))
    assert all_of(wire) == bytes([0xB0, 7, 99, 1, 5])


def test_notes_go_before_knobs_that_wait() -> None:
    wire = Wire()
    put(wire, control(0, 7, 1), note_on(0, 60, 80))
    assert all_of(wire) == bytes([0x90, 60, 80, 0xB0, 7, 1])


def test_the_parts_of_a_parameter_number_stay_together_in_their_order() -> None:
    wire = Wire()
    said = ((101, 0), (100, 0), (6, 12), (101, 127), (100, 127))
    bend_range = [control(0, number, value) for number, value in said]
    put(wire, *bend_range)
    assert StreamParser().feed(all_of(wire)) == bend_range


def test_under_pressure_notes_that_would_come_too_late_do_not_begin_and_every_end_goes() -> None:
    wire = Wire()
    begun = [n for n in range(128) if wire.put(note_on(0, n, 80))]
    ended = [n for n in range(128) if wire.put(note_off(0, n))]
    assert len(begun) == LIMIT // 3 and ended == list(range(128))
    assert wire.dropped_notes == 128 - len(begun)


def test_a_dump_longer_than_the_wire_may_keep_waiting_is_refused_whole() -> None:
    wire = Wire()
    assert not wire.put((0xF0, *[1] * 5000, 0xF7)) and all_of(wire) == b""


def test_all_sound_off_goes_first_with_the_ends_of_what_has_begun_and_nothing_more_begins() -> None:
    wire = Wire()
    put(wire, note_on(0, 60, 80))
    begun = wire.take(0.0)
    put(wire, note_on(0, 61, 80), note_on(1, 61, 80), note_off(0, 60), note_off(0, 61))
    put(wire, control(0, 120, 0))
    assert StreamParser().feed(begun + all_of(wire))[1:] == [
        note_on(0, 60, 0), control(0, 120, 0), note_on(1, 61, 80)
    ]  # fmt: skip


def test_a_panic_of_forty_notes_on_six_channels_is_on_the_wire_within_50_ms_in_a_flood() -> None:
    wire = Wire()
    held, heard = [(n % 6, 30 + n) for n in range(40)], StreamParser()
    put(wire, *(note_on(channel, pitch, 80) for channel, pitch in held))
    heard.feed(all_of(wire))
    for n in range(500):  # a flood that the wire cannot carry
        put(wire, note_on(n % 6, 80 + n % 40, 80), note_off(n % 6, 80 + n % 40))
        put(wire, control(n % 6, n % 60, 1), (0xF0, *[1] * 50, 0xF7))
    put(wire, *(note_off(channel, pitch) for channel, pitch in sorted(held)))
    put(wire, *(message for channel in range(6) for message in silence(channel)))
    sent = 0
    missing = {*(note_on(c, p, 0) for c, p in held), *(m for c in range(6) for m in silence(c))}
    while missing:
        piece = wire.take(sent * BYTE_SECONDS)
        sent += len(piece)
        missing -= set(heard.feed(piece))
    assert sent * BYTE_SECONDS < 0.05


def sounding_after(data: bytes) -> set[tuple[int, int]]:
    """Channel and pitch of what sounds on a synth that was sent these bytes."""
    notes: set[tuple[int, int]] = set()
    for message in StreamParser().feed(data):
        place = message[0] & 0xF, message[1] if len(message) > 1 else 0
        if message[0] < 0xF0 and is_note_on(message):
            notes.add(place)
        elif message[0] < 0xF0 and is_note_off(message):
            notes.discard(place)
        elif message[0] & 0xF0 == 0xB0 and message[1] in (120, 123):
            notes = {note for note in notes if note[0] != place[0]}
    return notes


@settings(max_examples=300)
@given(st.lists(st.one_of(ANY, st.integers(1, 3)), max_size=400))
def test_whatever_is_sent_at_whatever_pace_no_note_is_left_without_its_end(
    steps: list[Message | int],
) -> None:
    wire, data, held = Wire(), b"", set()
    for step in steps:
        if isinstance(step, int):
            data += b"".join(wire.take(0.0) for _ in range(step))
            continue
        kept = wire.put(step)
        place = step[0] & 0xF, step[1] if len(step) > 1 else 0
        if step[0] < 0xF0 and is_note_on(step):
            held |= {place} if kept else set()
        elif step[0] < 0xF0 and is_note_off(step):
            assert kept
            held.discard(place)
        elif step[0] & 0xF0 == 0xB0 and step[1] in (120, 123):
            held = {note for note in held if note[0] != place[0]}
    data += all_of(wire)
    assert sounding_after(data) == held and not wire


@given(st.lists(ANY, max_size=100))
def test_what_goes_out_is_read_as_whole_messages_in_the_order_of_the_notes(
    messages: list[Message],
) -> None:
    wire, heard = Wire(), []
    parser = StreamParser()
    for message in messages:
        wire.put(message)
        heard += parser.feed(all_of(wire))  # a wire that is free: nothing is given up
    ends = [note_on(m[0] & 0xF, m[1], 0) if m[0] & 0xF0 == 0x80 else m for m in messages]
    assert heard == ends


@given(st.lists(NOTES, max_size=3000))
@settings(max_examples=20)
def test_however_much_is_sent_what_waits_is_bounded(messages: list[Message]) -> None:
    wire = Wire()
    for _ in range(3):
        put(wire, *messages)
    assert len(all_of(wire)) <= 2 * LIMIT + 2 * 2048
