"""What a process takes, and whether it grows: what settles or shakes does not."""

import os
import random
import threading

import pytest

from firmware_py.soak.vitals import Vitals, growth


def test_a_descriptor_and_a_thread_more_are_seen(tmp_path):
    before, ending = Vitals.of(os.getpid()), threading.Event()
    thread = threading.Thread(target=ending.wait)
    thread.start()
    with open(tmp_path / "file", "w", encoding="ascii"):
        now = Vitals.of(os.getpid())
    ending.set()
    thread.join()
    assert now.descriptors == before.descriptors + 1 and now.threads == before.threads + 1
    assert now.memory > 1 << 20


def test_a_process_that_is_gone_is_an_error():
    with pytest.raises(OSError):
        Vitals.of(2**22 + 1)


def test_what_rises_steadily_grows_and_what_settles_or_shakes_does_not():
    shakes = random.Random(1)
    assert growth([10.0 * n for n in range(60)]) == pytest.approx(200.0)
    assert growth([min(n, 15) for n in range(60)]) == 0
    assert abs(growth([100 + shakes.uniform(-5, 5) for _ in range(60)])) < 3
    assert growth([100.0] * 40 + [500.0] + [100.0] * 19) == 0


def test_of_a_short_row_nothing_is_said():
    assert growth([1.0, 2.0, 3.0, 4.0, 5.0]) == 0
