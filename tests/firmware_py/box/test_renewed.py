"""What was brought to the box is told once, and an uploaded brain becomes its own."""

import hashlib
import os

import pytest

from firmware_py.box import brains
from firmware_py.box.renewed import FILE, Renewed


def test_a_line_that_was_left_is_told_once_and_is_gone(tmp_path):
    renewed = Renewed(tmp_path)
    renewed.turn()
    assert renewed.news() == []
    (tmp_path / FILE).write_text("release 2\nplays\n")
    renewed.turn()
    renewed.turn()
    assert renewed.news() == ["release 2 plays"] and renewed.news() == []
    assert not (tmp_path / FILE).exists()


def test_outside_a_service_there_is_nowhere_to_look(monkeypatch):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    Renewed.of_service().turn()


@pytest.fixture
def state(tmp_path):
    (tmp_path / "upload").mkdir()
    (tmp_path / brains.UPLOADED).write_bytes(b"a brain" * 1000)
    return tmp_path


SUM = hashlib.sha256(b"a brain" * 1000).hexdigest()


def test_an_uploaded_brain_is_the_boxs_own_until_it_is_dropped(state):
    assert brains.own(state) is None
    brains.take(state, SUM)
    assert brains.own(state).read_bytes() == b"a brain" * 1000
    brains.drop(state)
    brains.drop(state)
    assert brains.own(state) is None


def test_a_file_that_changed_after_it_was_checked_is_not_taken(state):
    brains.take(state, SUM)
    (state / brains.UPLOADED).write_bytes(b"another")
    with pytest.raises(brains.NotTaken, match="changed after it was checked"):
        brains.take(state, SUM)
    assert brains.own(state).read_bytes() == b"a brain" * 1000
    assert [p.name for p in (state / "brains").iterdir()] == ["own.brain"]


def test_neither_a_link_nor_a_pipe_is_taken_in_place_of_a_file(state):
    secret = state / "secret"
    secret.write_bytes(b"secret")
    (state / brains.UPLOADED).unlink()
    (state / brains.UPLOADED).symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        brains.take(state, hashlib.sha256(b"secret").hexdigest())
    (state / brains.UPLOADED).unlink()
    os.mkfifo(state / brains.UPLOADED)
    with pytest.raises(brains.NotTaken):
        brains.take(state, SUM)
    assert brains.own(state) is None
