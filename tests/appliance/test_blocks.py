"""What a power cut leaves, of a log that was made up."""

import struct

import pytest

from tests.appliance.blocks import FLUSH, SECTOR, Cut, cuts, leave, writes
from tests.appliance.power import Written


@pytest.fixture
def log(tmp_path):
    """Two writes, a flush, and a write of four sectors; on a disk of eight."""
    entries = [(0, b"a" * SECTOR), (1, b"b" * SECTOR), None, (2, b"c" * 4 * SECTOR)]
    data = bytes(SECTOR)
    for entry in entries:
        at, body = entry or (0, b"")
        head = struct.pack("<QQQQ", at, len(body) // SECTOR, 0 if entry else FLUSH, 0)
        data += head.ljust(SECTOR, b"\0") + body
    (tmp_path / "log").write_bytes(data + bytes(SECTOR))  # with room after its end
    (tmp_path / "disk").write_bytes(bytes(8 * SECTOR))
    return tmp_path / "log"


def left(log, cut):
    """The first letters of the sectors of what is left."""
    disk = log.with_name("left")
    disk.write_bytes(log.with_name("disk").read_bytes())
    leave(cut, writes(log), log, disk)
    data = disk.read_bytes()
    return "".join(chr(data[n * SECTOR] or 46) for n in range(8))


def test_a_log_is_read_to_its_end(log):
    assert [(w.sector, w.sectors, w.flags) for w in writes(log)] == [
        (0, 1, 0), (1, 1, 0), (0, 0, FLUSH), (2, 4, 0),
    ]  # fmt: skip


def test_when_only_the_computer_stops_all_that_was_written_is_there(log):
    assert left(log, Cut(4, 0.0, 1)) == "abcccc.."
    assert left(log, Cut(1, 0.0, 1)) == "a......."


def test_what_was_flushed_is_there_and_what_came_after_it_is_whole_torn_or_lost(log):
    seen = {left(log, Cut(4, 1.0, seed)) for seed in range(200)}
    assert all(disk.startswith("ab") for disk in seen)
    assert "ab......" in seen
    assert any(0 < disk.count("c") < 4 for disk in seen)


def test_before_its_flush_a_write_may_be_lost(log):
    assert "........" in {left(log, Cut(2, 1.0, seed)) for seed in range(200)}


def test_half_of_the_cuts_are_of_the_computer_alone_and_none_is_before_the_first(log):
    entries = writes(log)
    found = list(cuts(entries, entries[0].end, 100, seed=1))
    assert sum(cut.lost == 0.0 for cut in found) == 50
    assert {cut.after for cut in found} == {2, 3, 4}


def test_what_was_safe_and_is_older_or_gone_is_lost():
    written = Written()
    written.begin("preset 1", "old", 10)
    written.safe(20)
    written.begin("preset 1", "new", 30)
    written.safe(40)
    assert written.lost({}, 15) == []
    assert written.lost({}, 25) and written.lost({"preset 1": "older"}, 25)
    assert written.lost({"preset 1": "old"}, 35) == written.lost({"preset 1": "new"}, 35) == []
    assert written.lost({"preset 1": "old"}, 45)


def test_a_session_may_be_longer_than_it_was_and_not_shorter():
    written = Written()
    written.begin("session 0001.session", 100, 10)
    written.safe(20)
    assert written.lost({"session 0001.session": 120}, 30) == []
    assert written.lost({"session 0001.session": 99}, 30)
