"""What the box claims: cores by rule, and real processes that are moved."""

import os
import select
import signal
import subprocess
import sys

import pytest

from firmware_py.box.claims import GOES_FIRST, place_brain, resident, split


@pytest.mark.parametrize(
    ("cores", "player", "brain"),
    [({0, 1, 2, 3}, {3}, {0, 1, 2}), ({0, 1}, {1}, {0}), ({0}, {0}, {0}), ({2, 5}, {5}, {2})],
)
def test_the_player_has_the_last_core_for_itself(cores, player, brain):
    assert split(cores) == (player, brain)


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"],
                               stdin=subprocess.PIPE)  # fmt: skip
    yield process
    process.kill()
    process.wait()


def test_the_brain_is_put_on_its_cores_and_goes_first_when_memory_is_short(sleeper):
    core = {min(os.sched_getaffinity(0))}
    place_brain(sleeper.pid, core)
    assert os.sched_getaffinity(sleeper.pid) == core
    with open(f"/proc/{sleeper.pid}/oom_score_adj", encoding="ascii") as file:
        assert int(file.read()) == GOES_FIRST


def test_a_brain_that_has_died_already_is_no_fault(sleeper):
    sleeper.kill()
    sleeper.wait()
    place_brain(sleeper.pid, {0})
    assert resident(sleeper.pid) == 0


def test_a_brain_ends_with_its_player_whatever_it_is_doing():
    brain = "import os; from firmware_py.box.claims import end_with_parent; end_with_parent();"
    brain += "print(os.getpid(), flush=True)\nwhile True: pass"
    player = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {brain!r}])"
    with subprocess.Popen([sys.executable, "-c", player], stdout=subprocess.PIPE) as process:
        pid = int(process.stdout.readline())
        lives = os.pidfd_open(pid)
        process.kill()
        has_ended = bool(select.select([lives], [], [], 30.0)[0])
        if not has_ended:
            os.kill(pid, signal.SIGKILL)
    os.close(lives)
    assert has_ended


def test_the_size_of_a_process_is_what_the_kernel_says(sleeper):
    assert 1 << 20 < resident(os.getpid()) < 1 << 40


def test_locking_memory_tells_whether_it_was_permitted():
    code = "from firmware_py.box.claims import lock_memory; print(lock_memory());"
    code += "print(*(x.split()[1] for x in open('/proc/self/status') if 'VmLck' in x))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    locked, kilobytes = out.stdout.split()
    assert (locked == "True") == (int(kilobytes) > 0)


def test_memory_that_may_not_be_locked_stops_nothing():
    code = "import resource; resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0));"
    code += "from firmware_py.box.claims import lock_memory;"
    code += "import ctypes, os; os.geteuid() or os.setuid(65534); print(lock_memory())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
