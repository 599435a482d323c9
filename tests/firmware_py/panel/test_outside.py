"""A panel in a process of its own: however slow, the loop never waits for it."""

import logging
import os
import select
import socket

import pytest

from firmware_py.panel.change import Quit, Tap
from firmware_py.panel.glance import Glance, NoteSeen
from firmware_py.panel.outside import NOTES, Outside
from firmware_py.panel.wire import LARGEST, change_bytes, glance_in

IDLE = "import sys, socket; s = socket.socket(fileno=int(sys.argv[-1])); {}"
WAITS = IDLE.format("s.recv(1)")


class Made:
    """An outside panel with a clock that is cranked."""

    def __init__(self, program, **options):
        self.now = 0.0
        self.panel = Outside("panel", ["-c", program], lambda: self.now, **options)

    def glance(self, n):
        return Glance(at=float(n), notes=(NoteSeen(float(n), "player", 0, n % 128, 80),))


@pytest.fixture
def made():
    all_made = []

    def make(program, **options):
        all_made.append(Made(program, **options))
        return all_made[-1]

    yield make
    for each in all_made:
        each.panel.close()


def heard_by(made):
    """What the panel's process would read, read here instead."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.panel._socket.close()
    ours.setblocking(False)
    made.panel._socket = ours
    theirs.setblocking(False)
    return theirs


def read_all(end, last):
    found = []
    while True:
        try:
            data = end.recv(LARGEST)
        except BlockingIOError:
            return found
        last = glance_in(data, last)
        found.append(last)


def test_what_is_pressed_there_comes_back(made):
    data = change_bytes(Tap(3.5))
    table = made(IDLE.format(f"s.send({data!r}); s.recv(1)"))
    assert select.select([table.panel], [], [], 20)[0]
    assert table.panel.poll() == [Tap(3.5)]


def test_glances_leave_at_most_so_often_and_their_notes_wait(made):
    table = made(WAITS, every=0.1)
    end = heard_by(table)
    for n in range(4):
        table.now = 0.03 * n
        table.panel.show(table.glance(n))
    assert table.panel.next_due == pytest.approx(0.1)
    table.now = 0.3
    assert table.panel.poll() == [] and table.panel.next_due is None
    found = read_all(end, Glance())
    assert [glance.at for glance in found] == [0.0, 3.0]
    assert [note.at for glance in found for note in glance.notes] == [0.0, 1.0, 2.0, 3.0]


def test_a_panel_that_reads_nothing_keeps_nobody_waiting_and_memory_bounded(made):
    table = made(WAITS, every=0.0)
    end = heard_by(table)
    for n in range(5000):
        table.now = float(n)
        table.panel.show(table.glance(n))
    assert len(table.panel._notes) == NOTES
    found = read_all(end, Glance())
    table.panel.show(table.glance(5000))
    assert read_all(end, found[-1])[-1].notes[-1].at == 5000.0


def test_when_the_display_ends_the_box_plays_on_and_says_so(made, caplog):
    table = made(IDLE.format("sys.exit(3)"))
    assert select.select([table.panel], [], [], 20)[0]
    with caplog.at_level(logging.WARNING):
        assert table.panel.poll() == []
    assert table.panel.fileno() == -1 and "the box plays on" in caplog.text
    table.panel.show(Glance())
    assert table.panel.poll() == [] and table.panel.next_due is None
    assert table.panel.close() is False


def test_when_the_terminal_ends_the_instrument_ends(made):
    table = made(IDLE.format("pass"), quits=True)
    assert select.select([table.panel], [], [], 20)[0]
    assert table.panel.poll() == [Quit()] and table.panel.close() is True


def test_it_runs_behind_the_brain(made):
    table = made(WAITS)
    pid = table.panel._process.pid
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)


def test_closed_it_ends_its_process(made):
    table = made(WAITS)
    assert table.panel.close() is True and table.panel._process.returncode == 0
