"""What systemd is told, heard at a socket of our own."""

import os
import socket

import pytest

from firmware_py.box.notify import Notifier


@pytest.fixture
def systemd(tmp_path):
    """A socket as systemd listens at."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.setblocking(False)
        yield ear


def heard(ear):
    words = []
    while True:
        try:
            words.append(ear.recv(4096).decode())
        except BlockingIOError:
            return words


def test_ready_status_and_the_end_are_told(systemd):
    notifier = Notifier(systemd.getsockname())
    notifier.ready()
    notifier.status("the network\nis awake")
    notifier.stopping()
    assert heard(systemd) == ["READY=1", "STATUS=the network is awake", "STOPPING=1"]


def test_a_player_that_plays_takes_away_what_counts_the_starts_that_failed(systemd, tmp_path):
    (tmp_path / "failed").write_text("xx")
    environment = {"NOTIFY_SOCKET": systemd.getsockname(), "RUNTIME_DIRECTORY": str(tmp_path)}
    notifier = Notifier.from_environment(environment)
    assert (tmp_path / "failed").exists()
    notifier.ready()
    notifier.ready()  # there is none to take away
    assert not (tmp_path / "failed").exists() and heard(systemd) == ["READY=1"] * 2


def test_signs_of_life_come_twice_in_the_time_that_the_watchdog_waits(systemd):
    environment = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "4000000"}
    notifier = Notifier.from_environment(environment)
    for tenth in range(100):  # ten seconds of a loop that turns ten times a second
        notifier.alive(tenth / 10)
    assert heard(systemd) == ["WATCHDOG=1"] * 5
    assert notifier.next_due == 10.0


def test_an_idle_loop_is_woken_in_time_for_the_watchdog(systemd):
    notifier = Notifier(systemd.getsockname(), every=2.0)
    notifier.alive(7.0)
    assert notifier.next_due == 9.0


def test_a_watchdog_that_waits_for_another_process_is_not_fed(systemd):
    environment = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "4000000",
                   "WATCHDOG_PID": str(os.getpid() + 1)}  # fmt: skip
    notifier = Notifier.from_environment(environment)
    assert notifier.next_due is None
    notifier.alive(0.0)
    notifier.alive(1e9)
    assert heard(systemd) == ["WATCHDOG=1"]  # the first, which does no harm


def test_the_brain_does_not_inherit_the_socket(systemd):
    environment = {"NOTIFY_SOCKET": systemd.getsockname()}
    Notifier.from_environment(environment)
    assert "NOTIFY_SOCKET" not in environment


def test_without_systemd_nothing_is_said_and_nobody_woken():
    notifier = Notifier.from_environment({"WATCHDOG_USEC": "4000000"})
    notifier.ready()
    notifier.alive(0.0)
    assert notifier.next_due is None


def test_an_abstract_socket_is_found():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0notochord-box-test")
        Notifier("@notochord-box-test").ready()
        assert ear.recv(100) == b"READY=1"


def test_a_socket_that_is_gone_or_full_stops_nothing(systemd, tmp_path):
    Notifier(str(tmp_path / "gone")).ready()
    notifier = Notifier(systemd.getsockname())
    for _ in range(100_000):  # nobody reads them
        notifier.ready()
    assert heard(systemd)
