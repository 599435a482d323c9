"""The whole box, live: its own process, real JACK ports, a real brain that is really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from itertools import cycle

import pytest

from firmware_py.clock import MonotonicClock
from firmware_py.message import is_note_on, note_off, note_on, program
from firmware_py.midi.backend import PortError, open_backend
from firmware_py.midi.ports import Inputs, Output
from firmware_py.presets.files import store
from firmware_py.presets.preset import Preset
from firmware_py.sessions.record import Out
from firmware_py.sessions.replay import replay
from firmware_py.sessions.session import read
from firmware_py.settings import Settings
from firmware_py.soak.vitals import children

NOW = MonotonicClock().now
PATIENT = "deadline=500"  # so that a busy machine costs time, and no notes
pytestmark = pytest.mark.jack


def comes(what, seconds):
    """Wait for something to be true; what it is, or None when it takes too long."""
    end = NOW() + seconds
    while NOW() < end:
        found = what()
        if found:
            return found
        time.sleep(0.01)  # a real port, in real time
    return None


def until(what, seconds=60.0):
    """Wait for something to be true; fails when it takes far too long."""
    found = comes(what, seconds)
    assert found, f"waited {seconds} s in vain"
    return found


class Box:
    """A running box with a keyboard and a synth plugged in."""

    def __init__(self, brain, folder, mode, *knobs):
        command = [sys.executable, "-m", "firmware_py.cli", "run", "--virtual", "--api", "jack"]
        command += ["--mode", mode, "--brain", str(brain), "--knob", "rest=0.3"]
        command += ["--state", str(folder / "state"), "--knob", "preset_channel=16"]
        command += [word for knob in knobs for word in ("--knob", knob)]
        environment = {**os.environ, "XDG_CONFIG_HOME": str(folder)}
        self.lines, self.heard, self.state = [], [], folder / "state"
        with ExitStack() as opened:  # what was opened is closed, however far this comes
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env=environment,
            )  # fmt: skip
            opened.callback(self._kill)
            threading.Thread(target=self._read, daemon=True).start()
            keys, ears = (
                opened.enter_context(open_backend("jack", f"live-{n}")) for n in ("keys", "ears")
            )
            self.keyboard = until(lambda: self._open(lambda: Output(keys, "notochord-box-in:in")))
            opened.callback(self.keyboard.close)
            listen = lambda: Inputs(ears, NOW, ["notochord-box:out"])  # noqa: E731
            self._synth = until(lambda: self._open(listen))
            opened.callback(self._synth.close)
            self._opened = opened.pop_all()

    @staticmethod
    def _open(attempt):
        try:
            return attempt()
        except PortError:
            return None

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def messages(self):
        """Everything that the synth has heard so far."""
        self.heard += [message for _, _, message in self._synth.drain()]
        return self.heard

    def awake(self, times=1):
        """Wait until the brain has announced itself so many times."""
        until(lambda: self.lines.count("the network is awake") >= times, 120.0)

    def brain_pid(self):
        """The brain's process."""
        return children(self.process.pid)[0]

    def sounding(self):
        """What sounds, by the messages heard."""
        notes = set()
        for message in self.messages():
            if message[0] & 0xF0 in (0x80, 0x90):
                place = message[0] & 0xF, message[1]
                (notes.add if is_note_on(message) else notes.discard)(place)
        return notes

    def networks(self):
        """How many notes of the network the synth has heard: those that are not as loud as ours."""
        return sum(is_note_on(message) and message[2] != 80 for message in self.messages())

    def answers(self, pitch):
        """Play a key until the network plays something; whether it does, within two seconds."""
        before = self.networks()
        self.keyboard.send(note_on(0, pitch, 80))
        answered = comes(lambda: self.networks() > before, 2.0)
        self.keyboard.send(note_off(0, pitch))
        return answered

    def stop(self):
        """Tell it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def _kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def close(self):
        """Pull everything out."""
        self._opened.close()


@pytest.fixture
def box(jack, tiny_brain, tmp_path, request):
    choir = Settings(mode="harmonize", voices=4, deadline=500)
    store(tmp_path / "state" / "presets", Preset(5, "choir", choir))
    with closing(Box(tiny_brain, tmp_path, *request.param.split())) as box:
        yield box


@pytest.mark.parametrize("box", ["harmonize"], indirect=True)
def test_keys_sound_before_during_and_after_the_death_of_the_brain(box):
    box.keyboard.send(note_on(0, 60, 80))
    until(lambda: note_on(0, 60, 80) in box.messages())
    box.awake()
    os.kill(box.brain_pid(), signal.SIGKILL)
    box.keyboard.send(note_on(0, 64, 80))
    until(lambda: note_on(0, 64, 80) in box.messages())
    box.awake(times=2)
    box.keyboard.send(note_on(0, 72, 80))
    until(lambda: len(box.sounding()) == 5)  # three keys, and two voices for the last
    for pitch in (60, 64, 72):
        box.keyboard.send(note_off(0, pitch))
    until(lambda: not box.sounding())


@pytest.mark.parametrize("box", ["duet"], indirect=True)
def test_nothing_sounds_after_the_box_is_told_to_stop(box):
    box.awake()
    box.keyboard.send(note_on(0, 60, 80))
    until(lambda: len(box.sounding()) > 1)
    assert box.stop() == 0
    until(lambda: not box.sounding())


@pytest.mark.parametrize("box", ["continue"], indirect=True)
def test_the_network_goes_on_when_you_rest_and_lets_go_when_you_play(box):
    box.awake()
    for pitch in (60, 64, 67):
        box.keyboard.send(note_on(0, pitch, 80))
        box.keyboard.send(note_off(0, pitch))
    until(lambda: sum(map(is_note_on, box.messages())) > 5)
    box.keyboard.send(note_on(0, 40, 80))
    pressed = NOW()
    until(lambda: box.sounding() == {(0, 40)})
    assert NOW() - pressed < 1.0  # far more than the 0.1 s that it is; a busy machine may stall


@pytest.mark.parametrize("box", [f"duet {PATIENT}"], indirect=True)
def test_what_was_played_live_is_recorded_and_replayed_message_for_message(box):
    keys = cycle(range(60, 84))
    box.awake()
    for _ in range(6):
        until(lambda: box.answers(next(keys)))
    box.keyboard.send(note_on(0, 48, 80))  # held while the preset comes: harmonize
    box.keyboard.send(program(15, 4))
    until(lambda: "preset 5: choir" in box.lines)
    box.keyboard.send(note_off(0, 48))
    for _ in range(5):
        until(lambda: box.answers(next(keys)))
    assert box.stop() == 0
    session = read(box.state / "sessions" / "0001.session")
    done = replay(session)
    assert done.difference == "" and not done.broken_off
    sent = [r.message for r in session.records if isinstance(r, Out)]
    until(lambda: len(box.messages()) >= len(sent))  # the last may still be on their way
    assert box.messages()[-len(sent):] == sent  # before that, only the sweep at the start
    assert session.brains[0]["name"] == "tiny" and len(session.brains[0]["sha256"]) == 64


@pytest.mark.parametrize("box", ["thru"], indirect=True)
def test_a_box_that_is_killed_leaves_a_session_that_can_be_read(box):
    for pitch in range(40, 60):  # the same one at once again would be taken for an echo
        box.keyboard.send(note_on(0, pitch, 80))
        box.keyboard.send(note_off(0, pitch))
    path = box.state / "sessions" / "0001.session"
    until(lambda: path.exists() and sum(isinstance(r, Out) for r in read(path).records) >= 40)
    box.process.kill()
    box.process.wait()
    assert replay(read(path)).difference == ""


@pytest.mark.parametrize("box", ["thru clock_out=on"], indirect=True)
def test_a_clock_is_sent_through_a_real_port_and_stops_with_the_box(box):
    until(lambda: box.messages().count((0xF8,)) >= 48)
    clock = {message for message in box.messages() if message[0] >= 0xF0}
    assert clock <= {(0xFA,), (0xF8,)}  # it may have started before we listened
    assert box.stop() == 0
    until(lambda: box.messages()[-1] == (0xFC,))
