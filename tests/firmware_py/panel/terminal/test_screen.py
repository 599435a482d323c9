"""The whole instrument in a terminal of its own, on real ports: however it ends, the terminal is as
it was, and no note sounds."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from contextlib import ExitStack

import pytest

from firmware_py.clock import MonotonicClock
from firmware_py.message import is_note_off, is_note_on, note_on
from firmware_py.midi.backend import open_backend
from firmware_py.midi.ports import Inputs, Output

AWAKE = b"the network is awake"


def _as_a_terminal_has_it():
    """A hang-up is heard, also where these tests themselves were begun with nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Terminal:
    """A terminal with the instrument in it."""

    def __init__(self, brain, folder, columns=80, rows=24):
        self.master, slave = pty.openpty()
        self.slave = slave
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.seen, self.clock = b"", MonotonicClock()
        command = [sys.executable, "-m", "firmware_py.cli", "run", "--virtual", "--api", "jack",
                   "--panel", "terminal", "--brain", str(brain), "--state", str(folder),
                   "--mode", "harmonize"]  # fmt: skip
        environment = {**os.environ, "TERM": "xterm-256color", "XDG_CONFIG_HOME": str(folder)}
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment,
            start_new_session=True, preexec_fn=_as_a_terminal_has_it,
        )  # fmt: skip

    def read_until(self, what, seconds=120.0):
        end = self.clock.now() + seconds
        while what not in self.seen and self.clock.now() < end:
            self.read(0.2)
        assert what in self.seen, self.seen[-2000:]

    def read(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.seen += os.read(self.master, 65536)

    def wait(self):
        """Its exit code, with all that it says read meanwhile; None when it does not end."""
        end = self.clock.now() + 60
        while self.process.poll() is None and self.clock.now() < end:
            self.read(0.1)
        self.read(0.1)
        return self.process.returncode

    def panel(self):
        """The process that draws."""
        found = subprocess.run(
            ["ps", "--ppid", str(self.process.pid), "-o", "pid=,args="],
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
        return next(int(line.split()[0]) for line in found if "panel.terminal" in line)

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(jack, tiny_brain, tmp_path):
    made = Terminal(tiny_brain, tmp_path)
    yield made
    made.close()


class Ears:
    """A keyboard and a synth on the instrument's ports."""

    def __init__(self, stack):
        now = MonotonicClock().now
        backend = stack.enter_context(open_backend("jack", "outside"))
        self.keyboard = Output(backend, "notochord-box")
        self.synth = Inputs(backend, now, ["notochord-box"])
        stack.callback(self.synth.close)
        stack.callback(self.keyboard.close)
        self.sounding = set()

    def hear(self, seconds):
        select.select([self.synth], [], [], seconds)
        for _, _, message in self.synth.drain():
            place = message[0] & 0xF, message[1] if len(message) > 1 else 0
            if is_note_on(message):
                self.sounding.add(place)
            elif is_note_off(message):
                self.sounding.discard(place)


ENDS = {
    "q": lambda terminal: os.write(terminal.master, b"q"),
    "ctrl-c": lambda terminal: os.write(terminal.master, b"\x03"),
    "SIGTERM": lambda terminal: terminal.process.send_signal(signal.SIGTERM),
    "SIGHUP": lambda terminal: terminal.process.send_signal(signal.SIGHUP),
    "its panel killed": lambda terminal: os.kill(terminal.panel(), signal.SIGKILL),
}


@pytest.mark.jack
@pytest.mark.parametrize("how", ENDS)
def test_however_it_ends_the_terminal_is_as_it_was_and_no_note_sounds(terminal, how):
    terminal.read_until(AWAKE)
    with ExitStack() as stack:
        ears = Ears(stack)
        clock = MonotonicClock()
        end = clock.now() + 10
        ears.keyboard.send(note_on(0, 60, 80))
        while (0, 60) not in ears.sounding and clock.now() < end:
            ears.hear(0.05)
            terminal.read(0.05)
        assert (0, 60) in ears.sounding
        ENDS[how](terminal)
        assert terminal.wait() == 0
        ears.hear(0.5)
        ears.hear(0.1)
        assert ears.sounding == set()
    assert termios.tcgetattr(terminal.slave) == terminal.before
    left, entered = (terminal.seen.rindex(b"\x1b[?1049" + end) for end in (b"l", b"h"))
    assert left > entered
    assert b"Traceback" not in terminal.seen


@pytest.mark.jack
def test_what_is_turned_in_the_terminal_is_turned_in_the_instrument(terminal, tmp_path):
    terminal.read_until(AWAKE)
    for keys, told in ((b"m", b"mode autopitch"), (b"p", b"palette same"),
                       (b"s", b"stored as preset 1"), (b"u", b"no answer to undo"),
                       (b"\x1b[C\x1b[C", b"1.026")):  # fmt: skip
        os.write(terminal.master, keys)
        terminal.read_until(told)
    os.write(terminal.master, b"q")
    assert terminal.wait() == 0
    assert (tmp_path / "presets" / "001.toml").exists()
