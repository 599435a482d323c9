"""The loop runs before everything else, where it may; what it starts does not."""

import os
import subprocess
import sys
import threading

from firmware_py.priority import take_priority
from firmware_py.scribe import Scribe

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


def test_the_scribe_that_the_loops_thread_starts_runs_as_everything_else_does():
    before, found = os.sched_getscheduler(0), []

    def run():
        take_priority()
        scribe = Scribe()
        scribe.start()
        scribe.soon(lambda: found.append(os.sched_getscheduler(0)))
        scribe.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [before]


def test_without_permission_the_loop_runs_as_everything_else_does(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    before = os.sched_getscheduler(0)
    assert found_in_a_thread() == [False, before, before]
