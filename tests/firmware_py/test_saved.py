"""Settings on the disk, as a power cut at any moment would leave them."""

import pytest

from firmware_py import settings as knobs
from firmware_py.saved import Saved
from firmware_py.settings import Settings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "notochord-box.json"


def test_what_was_turned_is_on_the_disk_at_the_next_turn(path):
    now, saved = [Settings()], Saved(path)
    assert saved.load() == Settings()
    saved.follow(lambda: now[0])
    now[0] = Settings(mode="echo", temperature=1.5)
    saved.turn()
    assert knobs.load(path) == now[0]


def test_nothing_is_written_while_nothing_is_turned(path):
    saved = Saved(path)
    saved.follow(lambda: saved.load())
    saved.turn()
    assert not path.exists()


def test_a_disk_that_was_full_has_them_later(path, monkeypatch):
    def full(settings, path):
        raise OSError(28, "No space left on device")

    saved = Saved(path)
    saved.load()
    saved.follow(lambda: Settings(mode="solo"))
    with monkeypatch.context() as patched:
        patched.setattr(knobs, "save", full)
        with pytest.raises(OSError, match="No space"):
            saved.turn()
    saved.turn()
    assert knobs.load(path).mode == "solo"


def test_a_file_that_cannot_be_read_is_put_aside_and_the_box_plays_with_defaults(path):
    path.parent.mkdir()
    path.write_bytes(b"\x00\xff half a fi")
    saved = Saved(path)
    assert saved.load() == Settings()
    saved.follow(lambda: Settings(mode="solo"))
    saved.turn()
    assert knobs.load(path).mode == "solo"
    assert path.with_suffix(".bad").read_bytes() == b"\x00\xff half a fi"
