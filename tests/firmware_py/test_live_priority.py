"""The loop runs before everything else, where it may; then those that it may wait for, and after
them what it starts."""

import os
import subprocess
import sys
import threading

import pytest

from firmware_py.midi.listening import Called, Polled
from firmware_py.midi.lookout import Lookout
from firmware_py.priority import BESIDE, PRIORITY, take_priority
from firmware_py.scribe import Scribe
from tests.firmware_py.midi.test_listening import NOTE, Queue

ASK = "import os; print(os.sched_getscheduler(0))"


def found_in_a_thread():
    """Whether priority was given, the thread's policy then, and that of a process it starts."""
    found = []

    def run():
        given = take_priority()
        child = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True)
        found.extend((given, os.sched_getscheduler(0), int(child.stdout)))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found


def test_the_loop_has_real_time_priority_where_it_may_and_its_children_have_not():
    before = os.sched_getscheduler(0)
    given, policy, child = found_in_a_thread()
    assert policy == (os.SCHED_FIFO | os.SCHED_RESET_ON_FORK if given else before)
    assert child == before
    assert os.sched_getscheduler(0) == before


def in_the_loops_thread(work):
    """Something done by a thread that has the loop's priority."""

    def run():
        take_priority()
        work()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def noted(found):
    """How this thread is scheduled, noted."""
    found.append((os.sched_getscheduler(0), os.sched_getparam(0).sched_priority))


def beside():
    """How a thread is scheduled that has Python's lock now and then, where it may be."""
    found = []

    def run():
        take_priority(BESIDE)
        noted(found)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found


def the_scribe(found):
    scribe = Scribe()
    scribe.start()
    scribe.soon(lambda: noted(found))
    scribe.close()


def the_lookout(found):
    looked = threading.Event()

    class Backend:
        left = False

        def look(self):
            if not looked.is_set():
                noted(found)
            looked.set()

    lookout = Lookout(Backend(), lambda: None, every=0.001)
    lookout.start()
    assert looked.wait(5)
    lookout.close()


@pytest.mark.parametrize("thread", [the_scribe, the_lookout])
def test_a_thread_beside_the_loop_goes_before_the_brain_and_after_the_loop(thread):
    found = []
    in_the_loops_thread(lambda: thread(found))
    assert found == beside()
    assert BESIDE < PRIORITY


def test_a_thread_in_which_keys_come_has_the_loops_priority():
    """One that was kept waiting with Python's lock in its hand would keep the loop waiting."""
    loops, polls, calls = [], [], []
    in_the_loops_thread(lambda: noted(loops))
    came = threading.Event()
    polled = Polled(lambda name, message: (noted(polls), came.set()))
    polled.begin(Queue(NOTE), "keys")
    assert came.wait(5)
    polled.close()
    called = Called(lambda name, message: noted(calls))
    rtmidis = threading.Thread(target=called._called, args=(([*NOTE], 0.0), "keys"))
    rtmidis.start()
    rtmidis.join()
    assert polls == calls == loops


def test_who_calls_from_the_loops_own_thread_leaves_its_priority_alone():
    before, found = os.sched_getscheduler(0), []
    called = Called(lambda name, message: found.append(os.sched_getscheduler(0)))
    called._called(([*NOTE], 0.0), "keys")
    assert found == [before]


def test_without_permission_the_loop_runs_as_everything_else_does(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    before = os.sched_getscheduler(0)
    assert found_in_a_thread() == [False, before, before]
