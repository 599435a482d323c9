"""The scribe: whatever the disk does, the loop goes on."""

import logging
import threading

from firmware_py.scribe import Scribe


def test_handing_a_job_in_does_not_wait_for_the_one_before():
    scribe, gate, done = Scribe(), threading.Event(), []
    scribe.start()
    scribe.soon(gate.wait)  # a disk that hangs
    for n in range(1000):
        scribe.soon(lambda n=n: done.append(n))
    assert done == []
    gate.set()
    scribe.close()
    assert done == list(range(1000))


def test_closing_does_what_is_left_and_the_regular_jobs_once_more():
    scribe, done = Scribe(), []
    scribe.regularly(lambda: done.append("regular"))
    scribe.start()
    scribe.soon(lambda: done.append("job"))
    scribe.close()
    assert done[0] == "job" and done[-1] == "regular"


def test_a_disk_that_hangs_does_not_keep_the_box_from_stopping():
    scribe, gate = Scribe(), threading.Event()
    scribe.start()
    scribe.soon(gate.wait)
    scribe.close(patience=0.01)
    gate.set()


def test_a_fault_is_one_line_and_the_next_job_is_done(caplog):
    scribe, done = Scribe(), []

    def fails():
        raise PermissionError(13, "Permission denied", "/state")

    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            scribe.soon(fails)
        scribe.soon(lambda: 1 / 0)
        scribe.soon(lambda: done.append("next"))
        scribe.turn()
    assert done == ["next"] and len(caplog.messages) == 2
    assert caplog.messages[0] == "not written: /state: permission denied; the box plays on"
    assert caplog.records[0].exc_info is None
