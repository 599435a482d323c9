"""The session file: what is written is read, and a file spoilt anywhere is read up to there."""

import random

from hypothesis import given
from hypothesis import strategies as st

from firmware_py.sessions import record
from firmware_py.sessions.record import (
    Answered,
    Brain,
    Call,
    Excerpt,
    Gap,
    Heard,
    Mark,
    Out,
    Start,
    Tick,
)
from notochord.event import Event

times = st.floats(allow_nan=False)
bytes7 = st.lists(st.integers(0, 255), max_size=6).map(tuple)

WHOLE = [
    record.start({"seed": 3}), record.port(0, "keys é"), record.heard(1.25, 0, (0x90, 60, 80)),
    record.answered(1.5, 7, Event(33, 40, 0.125, 90)), record.answered(1.5, 8, None),
    record.tick(1.6), record.call(1.7, "set", "mode", "duet"), record.brain({"name": "base"}),
    record.out(1.8, "network", 33, (0x90, 40, 90)), record.gap(),
    record.excerpt(0.5, 1.8), record.mark(1.8, 1, 2),
]  # fmt: skip
READ = [
    Start({"seed": 3}), Heard(1.25, "keys é", (0x90, 60, 80)),
    Answered(1.5, 7, Event(33, 40, 0.125, 90)), Answered(1.5, 8, None),
    Tick(1.6), Call(1.7, "set", ("mode", "duet")), Brain({"name": "base"}),
    Out(1.8, "network", 33, (0x90, 40, 90)), Gap(), Excerpt(0.5, 1.8), Mark(1.8, 1, 2),
]  # fmt: skip
FILE = record.MAGIC + b"".join(WHOLE)


def test_every_kind_of_record_comes_back_as_it_was():
    assert list(record.records(FILE)) == READ


@given(times, st.integers(0, 2**32 - 1), st.floats(0, 10), st.integers(0, 127))
def test_times_and_answers_come_back_to_the_last_bit(at, number, dt, velocity):
    event = Event(320, 127, dt, velocity)
    data = record.MAGIC + record.answered(at, number, event)
    assert list(record.records(data)) == [Answered(at, number, event)]


@given(times, st.text(st.characters()), bytes7)
def test_any_message_of_any_port_comes_back(at, name, message):
    data = record.MAGIC + record.port(0, name) + record.heard(at, 0, message)
    assert list(record.records(data)) == [Heard(at, name, message)]


def test_a_port_whose_name_is_no_text_comes_back_too():
    data = record.MAGIC + record.port(0, "keys\udcff") + record.heard(1.0, 0, ())
    assert list(record.records(data)) == [Heard(1.0, "keys\udcff", ())]


def test_a_file_torn_anywhere_is_read_up_to_its_last_whole_record():
    counts = [len(list(record.records(FILE[:n]))) for n in range(len(FILE) + 1)]
    assert counts == sorted(counts) and counts[-1] == len(READ)
    for n in range(len(FILE)):
        found = list(record.records(FILE[:n]))
        assert found == READ[: len(found)]


def test_zeros_or_rubbish_after_a_power_cut_are_not_taken_for_records():
    chance = random.Random(1)
    for rubbish in (bytes(500), chance.randbytes(500), b"H" * 500):
        assert list(record.records(FILE + rubbish)) == READ


def test_a_spoilt_byte_ends_the_file_there():
    at = len(record.MAGIC) + sum(map(len, WHOLE[:3])) + 4
    spoilt = FILE[:at] + bytes([FILE[at] ^ 1]) + FILE[at + 1 :]
    assert list(record.records(spoilt)) == READ[:2]


@given(st.binary(max_size=400))
def test_no_bytes_at_all_make_the_reader_raise(data):
    list(record.records(data))
    list(record.records(record.MAGIC + data))
    record.ending(data)


def test_the_end_of_a_whole_file_tells_its_length_without_reading_the_rest():
    assert record.ending(FILE[-64:]) == READ[-2:]
    assert record.ending((record.MAGIC + b"".join([*WHOLE[:9], WHOLE[-1]]))[-64:]) == READ[-1:]
    assert record.ending(FILE[-64:-1]) == []


def test_a_note_takes_about_as_many_bytes_as_a_line_of_text():
    assert len(record.heard(1.0, 0, (0x90, 60, 80))) < 20
    assert len(record.out(1.0, "network", 1, (0x90, 60, 80))) < 20
