"""A root that is only read is opened, and closed again whatever happens meanwhile."""

import os
import subprocess
from types import SimpleNamespace

import pytest

from firmware_py.box import remount as module
from firmware_py.box.remount import writable


@pytest.fixture
def only_read(monkeypatch, tmp_path):
    """A file system that is only read, mounted where the test's files are."""
    flags = SimpleNamespace(f_flag=os.ST_RDONLY)
    monkeypatch.setattr(module.os, "statvfs", lambda place: flags)
    monkeypatch.setattr(module.os.path, "ismount", lambda place: place == tmp_path)
    return tmp_path


def test_a_root_that_is_only_read_is_written_for_as_long_as_it_takes(only_read):
    commands = []
    with pytest.raises(ZeroDivisionError), writable(only_read / "opt", commands.append):
        commands.append("written")
        raise ZeroDivisionError
    mount = ["mount", "-o"]
    assert commands == [
        [*mount, "remount,rw", str(only_read)], "written", [*mount, "remount,ro", str(only_read)]
    ]  # fmt: skip


def test_a_root_that_can_be_written_is_left_as_it_is(tmp_path):
    commands = []
    with writable(tmp_path, commands.append):
        pass
    assert commands == []


def test_a_root_that_cannot_be_written_says_so_in_one_line(only_read):
    def refused(command):
        raise subprocess.CalledProcessError(32, command)

    with pytest.raises(OSError, match="only read"), writable(only_read, refused):
        pass
