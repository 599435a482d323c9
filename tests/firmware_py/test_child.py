"""A process that is started, watched and ended without anybody waiting for it."""

import os
import socket
import sys
import threading
from unittest.mock import patch

import pytest

from firmware_py import child as module
from firmware_py.child import NEVER_RAN, Child

SAYS = "import socket, sys; socket.socket(fileno=int(sys.argv[-1])).send(b'here')"


@pytest.fixture
def sockets():
    ours, theirs = socket.socketpair()
    ours.settimeout(10.0)
    yield ours, theirs
    ours.close()
    theirs.close()


def test_it_inherits_the_socket_that_it_is_handed_which_is_closed_here(sockets):
    ours, theirs = sockets
    child = Child([sys.executable, "-c", SAYS], theirs, lambda pid: None)
    assert ours.recv(99) == b"here"
    assert ours.recv(99) == b""  # it has ended, and nobody else holds its end
    child.wait()
    assert (child.ended, child.end) == (0, "exit code 0")


def test_who_starts_it_plays_on_while_it_is_not_running_yet(sockets):
    begun, real = threading.Event(), module.subprocess.Popen

    def slow(*arguments, **options):
        begun.wait(10.0)
        return real(*arguments, **options)

    with patch.object(module.subprocess, "Popen", slow):
        child = Child([sys.executable, "-c", "input()"], sockets[1], lambda pid: None)
        assert (child.pid, child.ended, child.end) == (None, None, "it lives")
        child.kill()  # already
        begun.set()
        child.wait()
    assert child.ended == -9 and child.end == "SIGKILL"


def test_its_parent_never_stands_still_as_vfork_would_have_it():
    assert module.subprocess._USE_VFORK is False


def test_it_is_put_in_its_place_before_anybody_knows_of_it(sockets):
    placed = []
    child = Child([sys.executable, "-c", SAYS], sockets[1], placed.append)
    sockets[0].recv(99)
    child.wait()
    assert placed == [child.pid]


def test_what_cannot_be_started_has_ended(sockets):
    ours, theirs = sockets
    child = Child([os.devnull], theirs, lambda pid: None)
    assert ours.recv(99) == b""
    child.wait()
    assert child.ended == NEVER_RAN and "cannot be started" in child.end
    child.kill()
