"""A brain that crashes, hangs, grows or talks nonsense: real processes that do so, cranked time."""

import os
import select
import signal
import stat
import sys
from unittest.mock import patch

import pytest

from firmware_py.brain_link import CRASHES, DIES_WITHIN, GROWTH, HUNG, LOOK, REST, ProcessLink
from firmware_py.child import Child
from firmware_py.clock import CrankedClock
from notochord.ask import ALL_PITCHES, Ask

ANY = Ask(on={1: ALL_PITCHES}, off={1: 0})
READY = "say({'ready': {'name': 'fake'}, 'sha256': ''})"
FAKE = """#!{python}
import json, os, signal, socket, sys
connection = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
say = lambda message: connection.send(json.dumps(message).encode())
hear = lambda: json.loads(connection.recv(1 << 18) or sys.exit(0))
{does}
"""


@pytest.fixture
def link_to(tmp_path, monkeypatch):
    """A link to a brain process that does what it is told, with its clock and its size."""
    links = []

    def made(does):
        script = tmp_path / "brain"
        script.write_text(FAKE.format(python=sys.executable, does=does))
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(sys, "executable", str(script))
        clock, sizes = CrankedClock(100.0), [0]
        link = ProcessLink(tmp_path / "any.brain", clock.now, size=lambda pid: sizes[0])
        link.start()
        links.append(link)
        return link, clock, sizes

    yield made
    for link in links:
        link.close()


def came(link):
    """What is reported next, however long the process really takes."""
    return [report.kind for report in reported(link)]


def reported(link):
    """The same, whole."""
    for _ in range(100):
        if link.fileno() >= 0:
            select.select([link.fileno()], [], [], 10.0)
        elif link.state == "gone":
            link._child.wait()
        if reports := link.poll():
            return reports
    raise AssertionError("nothing was reported")


def crank(link, clock, seconds):
    """Let time pass, with the link polled as often as a loop does; what it reports."""
    kinds, end = [], clock.now() + seconds
    while clock.now() < end:
        clock.set(clock.now() + 0.5)
        if link.fileno() >= 0:
            select.select([link.fileno()], [], [], 0.05)
        kinds += [report.kind for report in link.poll()]
    return kinds


def test_a_brain_that_is_asked_nothing_and_hangs_is_started_anew(link_to):
    link, clock, _ = link_to(READY + "; signal.pause()")
    assert came(link) == ["ready"]
    assert "lost" in crank(link, clock, LOOK + HUNG + 1.0)


def test_a_brain_that_is_stopped_in_the_middle_of_nothing_is_started_anew(link_to):
    link, clock, _ = link_to(READY + "\nwhile True: hear(); say({'pong': True})")
    assert came(link) == ["ready"]
    os.kill(link.pid, signal.SIGSTOP)
    assert "lost" in crank(link, clock, LOOK + HUNG + 1.0)


def test_a_brain_that_lives_is_left_alone(link_to):
    link, clock, _ = link_to(READY + "\nwhile True: hear(); say({'pong': True})")
    assert came(link) == ["ready"]
    for _ in range(10):
        clock.set(clock.now() + LOOK)
        link.poll()  # asks whether it lives
        select.select([link.fileno()], [], [], 10.0)
        assert link.poll() == []
    assert link.state == "ready"


def test_a_brain_that_grows_without_end_is_started_anew(link_to):
    link, clock, sizes = link_to(READY + "\nwhile True: hear(); say({'pong': True})")
    sizes[0] = 300 << 20
    assert came(link) == ["ready"]
    sizes[0] += GROWTH
    clock.set(clock.now() + LOOK)
    assert link.poll() == []  # as large as it may be
    select.select([link.fileno()], [], [], 10.0)
    sizes[0] += 1
    clock.set(clock.now() + LOOK)
    assert [report.kind for report in link.poll()] == ["lost"]


@pytest.mark.parametrize(
    "nonsense",
    [
        "connection.send(b'\\xff\\x00 not JSON')",
        "say([])",
        "say({'answer': [7]})",
        "say({'answer': [7, [1, 300, 0.1, 80], 0.1]})",
        "say({'answer': [7, [1, 60, float('nan'), 80], 0.1]})",
        "say({'answer': [8, [1, 60, 0.1, 80], 0.1]})",  # which nobody asked
        "say({'ready': 7, 'sha256': ''})",
        "say({'hello': 1})",
    ],
)
def test_a_brain_that_talks_nonsense_is_started_anew(link_to, nonsense):
    link, clock, _ = link_to(f"{READY}; hear(); {nonsense}; signal.pause()")
    assert came(link) == ["ready"]
    link.ask(7, 0, ANY, [0.3] * 8, clock.now() + 1.0)
    assert came(link) == ["lost"]


def test_a_brain_that_never_wakes_is_tried_a_few_times_and_then_once_a_minute(link_to):
    link, clock, _ = link_to("sys.exit(1)")
    kinds = []
    while "failing" not in kinds:
        kinds += came(link)
        clock.set(max(clock.now(), min(link.next_due, clock.now() + REST / 2)))
    assert kinds == ["lost"] * CRASHES + ["failing"]
    assert link.poll() == [] and link.state == "stopped"
    clock.set(link.next_due)
    assert came(link) == ["lost", "failing"]


def test_a_brain_that_hangs_as_it_wakes_rests_as_well(link_to):
    link, clock, _ = link_to("signal.pause()")
    kinds = []
    for _ in range(2 * CRASHES):
        clock.set(link.next_due + 0.001)
        kinds += [report.kind for report in link.poll()]
        if "failing" in kinds:
            break
    assert kinds == ["lost"] * CRASHES + ["failing"]
    assert link.next_due == clock.now() + REST


def test_a_torch_that_is_not_for_this_processor_is_named_at_once(link_to):
    link, _, _ = link_to("os.kill(os.getpid(), signal.SIGILL)")
    lost, failing = reported(link)
    assert (lost.kind, failing.kind) == ("lost", "failing")
    assert "not for this processor" in failing.text


def test_a_torch_that_cannot_be_imported_is_refused_in_one_line(tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so.13: cannot\\n open')")
    (tmp_path / "any.brain").touch()
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.getcwd()}")
    link = ProcessLink(tmp_path / "any.brain", CrankedClock().now)
    link.start()
    try:
        select.select([link.fileno()], [], [], 60.0)
        (report,) = link.poll()
        assert report.kind == "refused" and "libcudart.so.13: cannot open" in report.text
        assert link.state == "refused"
    finally:
        link.close()


def test_each_new_process_is_put_in_its_place(tmp_path):
    placed = []
    link = ProcessLink(tmp_path / "none.brain", CrankedClock().now, place=placed.append)
    link.start()
    try:
        select.select([link.fileno()], [], [], 60.0)  # until it says that there is no such brain
        assert placed == [link.pid] != [None]
    finally:
        link.close()


def test_a_process_that_cannot_be_started_is_named_and_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    clock, kinds = CrankedClock(100.0), []
    link = ProcessLink(tmp_path / "any.brain", clock.now)
    link.start()
    while "failing" not in kinds:
        reports = reported(link)
        kinds += [report.kind for report in reports]
        clock.set(max(clock.now(), min(link.next_due, clock.now() + REST / 2)))
    assert kinds == ["lost"] * CRASHES + ["failing"]
    assert "cannot be started" in reports[-1].text and "No such file" in reports[-1].text


def test_how_a_brain_ended_is_not_waited_for_longer_than_a_moment(link_to):
    link, clock, _ = link_to("connection.close(); signal.pause()")
    select.select([link.fileno()], [], [], 10.0)
    assert link.poll() == [] and link.state == "gone"
    clock.set(link.next_due)
    assert [report.kind for report in link.poll()] == ["lost"]
    assert clock.now() == 100.0 + DIES_WITHIN


EITHER = "own = 'own.brain' in sys.argv[sys.argv.index('--brain') + 1]\n"


@pytest.mark.parametrize(
    "does", ["say({'refused': 'own.brain: damaged'})", "os.kill(os.getpid(), signal.SIGSEGV)"]
)
def test_a_brain_of_ones_own_that_is_of_no_use_leaves_its_place_to_the_shipped_one(
    link_to, tmp_path, does
):
    link, clock, _ = link_to(f"{EITHER}if own: {does}\nelse: {READY}\nhear()")
    link.close()
    link = ProcessLink(tmp_path / "own.brain", clock.now, instead=tmp_path / "base.brain")
    link.start()
    try:
        for _ in range(3 * CRASHES):
            kinds = came(link)
            if "ready" in kinds:
                break
            assert kinds == ["lost"]
            clock.set(clock.now() + 6.0)
        assert kinds == ["ready"] and link.state == "ready"
    finally:
        link.close()


def test_a_brain_that_takes_its_time_to_die_keeps_nobody_waiting(link_to):
    link, clock, _ = link_to(f"{READY}\nwhile True: signal.pause()")
    assert came(link) == ["ready"]
    first, pid = link._child, link.pid
    with patch.object(Child, "ended", None), patch.object(Child, "wait") as wait:
        assert crank(link, clock, LOOK + HUNG + 1.0) == ["lost"]
        assert not wait.called and link.pid != pid  # another one has been started
    first.wait()
    assert first.ended == -signal.SIGKILL
