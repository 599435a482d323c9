"""Files are written whole or not at all."""

import errno
from pathlib import Path

import pytest

from notochord.wholefile import check_folder, write_whole


def test_a_file_is_written_and_nothing_else(tmp_path):
    write_whole(tmp_path / "a", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"new")]


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    written = Path.write_bytes

    def half(self, data):
        written(self, data[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space") as caught:
        write_whole(tmp_path / "a", b"new")
    assert caught.value.filename == str(tmp_path / "a")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"old")]


def test_a_missing_folder_is_told_before_the_work(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        check_folder(tmp_path / "none" / "a")


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path):
    with pytest.raises(IsADirectoryError):
        check_folder(tmp_path)
