"""The shelf and its budget: numbers, what goes first, and what is never touched."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.sessions.budget import too_many, trim
from firmware_py.sessions.session import SessionError
from firmware_py.sessions.shelf import Shelf, Volume


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def begin(shelf, size, kept=False):
    descriptor, path = shelf.begin(kept)
    os.write(descriptor, bytes(size))
    os.close(descriptor)
    return path


def numbers(shelf):
    return [volume.number for volume in shelf.volumes()]


def test_the_oldest_go_first_until_the_rest_fit(shelf):
    for _ in range(5):
        begin(shelf, 100)
    trim(shelf, 250)
    assert numbers(shelf) == [4, 5]


def test_kept_ones_go_last_and_that_is_told(shelf, caplog):
    begin(shelf, 100, kept=True)
    begin(shelf, 100)
    begin(shelf, 100, kept=True)
    trim(shelf, 200)
    assert numbers(shelf) == [1, 3] and not caplog.messages
    trim(shelf, 100)
    assert numbers(shelf) == [3] and "session 1 was kept" in caplog.messages[0]


def test_what_fits_stays(shelf):
    for _ in range(3):
        begin(shelf, 100)
    trim(shelf, 300)
    assert numbers(shelf) == [1, 2, 3]


def test_a_session_that_is_being_played_is_never_deleted(shelf):
    descriptor, _ = shelf.begin()
    os.write(descriptor, bytes(1000))
    begin(shelf, 100)
    trim(shelf, 50)
    assert numbers(shelf) == [1]
    with pytest.raises(SessionError, match="being played"):
        shelf.delete(1)
    os.close(descriptor)
    shelf.delete(1)
    assert numbers(shelf) == []


def test_other_files_in_the_folder_are_left_alone(shelf, tmp_path):
    begin(shelf, 100)
    others = ["notes.txt", "1.session", "0001.session.bak", "000x.session"]
    for name in others:
        (tmp_path / name).write_bytes(bytes(1000))
    trim(shelf, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_numbers_go_on_after_the_highest_and_are_never_used_again_while_it_is_there(shelf):
    for _ in range(3):
        begin(shelf, 1)
    shelf.delete(2)
    assert begin(shelf, 1).name == "0004.session"


def test_keeping_a_session_renames_it_also_while_it_is_being_played(shelf, tmp_path):
    descriptor, _ = shelf.begin()
    shelf.keep(1)
    shelf.keep(1)
    os.write(descriptor, b"more")
    os.close(descriptor)
    assert (tmp_path / "0001.kept.session").read_bytes() == b"more"


def test_a_number_that_is_not_there_is_told_with_those_that_are(shelf):
    with pytest.raises(SessionError, match="none yet"):
        shelf.find(3)
    begin(shelf, 1)
    with pytest.raises(SessionError, match="there are 1 to 1"):
        shelf.find(3)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1000))), st.integers(0, 10_000))
def test_what_is_left_fits_and_nothing_more_than_needed_goes(made, budget):
    there = [Volume(n, kept, None, size) for n, (kept, size) in enumerate(made, 1)]
    going = too_many(there, budget)
    left = [volume for volume in there if volume not in going]
    assert sum(volume.size for volume in left) <= budget
    if going:
        assert sum(volume.size for volume in [*left, going[-1]]) > budget
    if any(volume.kept for volume in going):
        assert all(volume.kept for volume in left)
