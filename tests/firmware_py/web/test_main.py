"""The web's own process, for real: with us in systemd's and in the player's place."""

import http.client
import re
import socket
import subprocess
import sys

import pytest

from firmware_py.panel.access import Access
from firmware_py.panel.glance import Glance
from firmware_py.web.__main__ import handed_over
from firmware_py.web.player import Gone
from tests.firmware_py.web.house import CODE, NUMBER


@pytest.fixture
def started(tmp_path):
    """The process, started as systemd does when somebody knocks: the socket is descriptor 3."""
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ear.bind(str(tmp_path / "s"))
    ear.listen()
    access = Access(str(tmp_path / "s"), lambda: NUMBER)
    assert "open" in access.open()
    (tmp_path / "upload").mkdir()
    script = f'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" "$@" 3<&{ear.fileno()}'
    command = ["bash", "-c", script, sys.executable, "-m", "firmware_py.web", "--port", "0",
               "--state", str(tmp_path), "--number", str(tmp_path / "number"),
               "--at", "127.0.0.1%lo", "--at", "10.66.77.1%lo"]  # fmt: skip
    process = subprocess.Popen(command, pass_fds=[ear.fileno()], stderr=subprocess.PIPE, text=True)
    yield process, access
    access.close()
    process.kill()
    process.wait()
    ear.close()


def test_from_knocking_to_the_end_of_the_player(started, tmp_path):
    process, access = started
    port = int(re.search(r"http://127.0.0.1:(\d+)/", process.stderr.readline())[1])
    assert (tmp_path / "number").read_text() == NUMBER
    assert (tmp_path / "number").stat().st_mode & 0o077 == 0
    access.show(Glance())
    browser = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    browser.request("POST", "/enter", f"code={CODE}")
    answer = browser.getresponse()
    assert answer.status == 303 and "visitor=" in answer.headers["Set-Cookie"]
    access.close()
    assert process.wait(20) == 0
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_started_by_hand_it_says_that_it_is_not_started_by_hand():
    command = [sys.executable, "-m", "firmware_py.web"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "asked for at the box" in done.stderr


def test_what_is_handed_to_another_process_is_not_ours():
    with pytest.raises(Gone):
        handed_over({"LISTEN_PID": "1", "LISTEN_FDS": "1"})
