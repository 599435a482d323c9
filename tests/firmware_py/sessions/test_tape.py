"""The tape: bounded, in order, and the loop's thread never touches a file."""

import builtins
import io
import os
import threading

import pytest

from firmware_py.sessions import record
from firmware_py.sessions.record import Gap, Heard, Mark
from firmware_py.sessions.tape import Tape
from tests.firmware_py.sessions.music import TapedStage, play

KEY = (0x90, 60, 80)


def read(data):
    return list(record.records(record.MAGIC + data))


def test_what_was_taken_down_is_handed_over_once_with_how_much_it_was():
    tape = Tape()
    tape.heard("kbd", KEY, 1.0)
    tape.heard("kbd", (0x80, 60, 0), 2.0)
    assert read(tape.take()[0]) == [Heard(1.0, "kbd", KEY), Heard(2.0, "kbd", (0x80, 60, 0)),
                                 Mark(2.0, 1, 0)]  # fmt: skip
    assert tape.take() == [b""]


def test_memory_is_bounded_when_nobody_takes_what_waits():
    tape = Tape(limit=10_000)
    for n in range(100_000):
        tape.heard("kbd", KEY, float(n))
    assert tape.waiting <= 10_000 + len(record.gap())
    assert len(tape.take()[0]) <= 10_000 + len(record.gap()) + len(tape.mark())


def test_memory_stays_bounded_over_many_takes():
    tape = Tape(limit=10_000)
    for n in range(50_000):
        tape.heard("kbd", KEY, float(n))
        if n % 100 == 0:
            tape.take()
        assert tape.waiting < 3_000


def test_what_is_lost_is_marked_as_a_gap_once_and_what_follows_is_taken_down():
    tape = Tape(limit=100)
    for n in range(50):
        tape.heard("kbd", KEY, float(n))
    (data,) = tape.take()
    tape.heard("new", KEY, 60.0)
    found = read(data + tape.take()[0])
    assert [type(r) for r in found].count(Gap) == 1
    assert Heard(60.0, "new", KEY) in found


def test_a_port_first_heard_in_a_gap_has_its_name_after_it():
    tape = Tape(limit=100)
    for n in range(50):
        tape.heard("a" if n < 20 else "b", KEY, float(n))
    (data,) = tape.take()
    tape.heard("b", KEY, 60.0)
    assert Heard(60.0, "b", KEY) in read(data + tape.take()[0])


@pytest.mark.parametrize("message", [(), (0x90,), (300, 1, 2), (-1,), (0xF0, *range(128)) * 600])
def test_anything_at_all_may_be_heard(message):
    tape = Tape()
    tape.heard("kbd", message, 1.0)
    tape.heard("kbd", KEY, 2.0)
    assert Heard(2.0, "kbd", KEY) in read(tape.take()[0])


def test_the_loop_touches_no_file_and_starts_no_thread_whatever_is_played(monkeypatch):
    stage = TapedStage()

    def forbidden(*_, **__):
        raise AssertionError("the loop reached for the disk")

    with monkeypatch.context() as patch:
        for owner, names in (
            (builtins, ["open"]), (io, ["open"]), (threading.Thread, ["start"]),
            (os, ["open", "write", "fsync", "replace", "rename", "mkdir", "unlink", "stat"]),
        ):  # fmt: skip
            for name in names:
                patch.setattr(owner, name, forbidden)
        play(stage, seed=3, happenings=200)
    assert stage.tape.waiting > 5_000


def test_one_thread_may_put_while_another_takes():
    tape, taken, done = Tape(), [], threading.Event()

    def take():
        while not done.is_set():
            taken.append(tape.take()[0])

    taker = threading.Thread(target=take)
    taker.start()
    for n in range(20_000):
        tape.heard("kbd", KEY, float(n))
    done.set()
    taker.join()
    taken.append(tape.take()[0])
    heard = [r.at for r in read(b"".join(taken)) if isinstance(r, Heard)]
    assert heard == [float(n) for n in range(20_000)] and tape.waiting == 0


def test_another_session_has_bytes_of_its_own_that_can_be_read_alone():
    tape = Tape()
    for n in range(3):
        tape.begin({"at": 10.0 * n})
        tape.heard("kbd", KEY, 10.0 * n + 1)
    sessions = [read(data) for data in tape.take()]
    kinds = [[type(r).__name__ for r in found] for found in sessions]
    assert kinds == [["Start", "Heard", "Mark"]] * 3
    assert [found[1].at for found in sessions] == [1.0, 11.0, 21.0]
    assert all(found[2].keys == 1 for found in sessions)
    tape.heard("kbd", KEY, 99.0)
    assert len(tape.take()) == 1


def test_a_session_after_a_gap_begins_whole():
    tape = Tape(limit=400)
    tape.begin({"at": 0.0})
    for n in range(50):
        tape.heard("kbd", KEY, float(n))
    first = tape.take()
    tape.begin({"at": 60.0})
    tape.heard("kbd", KEY, 61.0)
    rest = tape.take()
    assert Gap() in read(first[0] + rest[0])
    assert [type(r).__name__ for r in read(rest[1])] == ["Start", "Heard", "Mark"]
