"""The brain's own process, over a socket."""

import gc
import json
import socket
import subprocess
import sys
from threading import Thread

import pytest

from firmware_py.brain_link import LARGEST
from firmware_py.brain_process import serve


@pytest.fixture
def brain(tiny_brain):
    """A socket to a brain that has said that it is ready, and what it said."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        thread = Thread(target=serve, args=(theirs, str(tiny_brain)))
        thread.start()
        yield ours, json.loads(ours.recv(LARGEST))
        ours.close()
        thread.join()
        gc.unfreeze()


def test_it_says_that_it_is_ready_and_what_it_is(brain):
    _, said = brain
    assert said["ready"]["network"] == "notochord" and len(said["sha256"]) == 64


def test_what_was_loaded_is_never_looked_through_for_garbage_between_answers(brain):
    assert gc.get_freeze_count() > 50_000
    gc.collect()
    assert len(gc.get_objects()) < 10_000


def test_it_answers_a_ping_until_the_player_goes_away(brain):
    ours, _ = brain
    ours.send(json.dumps({"ping": True}).encode())
    assert json.loads(ours.recv(LARGEST)) == {"pong": True}


def test_it_loads_nothing_for_a_player_that_has_gone_already():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()
    with theirs:
        command = ["-X", "importtime", "-m", "firmware_py.brain_process", "--brain", "none"]
        done = subprocess.run(
            [sys.executable, *command, "--fd", str(theirs.fileno())],
            pass_fds=[theirs.fileno()], capture_output=True, text=True,
        )  # fmt: skip
    assert done.returncode == 0 and "firmware_py.brain_link" in done.stderr
    assert "notochord.brain" not in done.stderr
