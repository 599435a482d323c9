"""The whole box and its cables: real JACK ports that come and go, DIN over a pair of terminals."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from firmware_py.cli import main
from firmware_py.clock import MonotonicClock
from firmware_py.message import control, is_note_on, note_off, note_on
from firmware_py.midi.backend import open_backend
from firmware_py.midi.jack import JackServer
from firmware_py.midi.ports import Inputs, Output
from firmware_py.midi.stream import StreamParser
from firmware_py.sessions.record import Call
from firmware_py.sessions.replay import replay
from firmware_py.sessions.session import read
from firmware_py.soak.vitals import children
from tests.firmware_py.test_live import until

NOW = MonotonicClock().now

BASS_LEFT = """
[[input]]
device = "keys"
split = "C4"
[input.left]
role = "second player"
plays = "fingered bass"

[[output]]
device = "low"
parts = ["bass"]
channel = 9
[[output]]
device = "high"
parts = ["piano"]
"""


class Box:
    """A running box without ports of its own to connect to."""

    def __init__(self, brain, folder, *options, mode="thru"):
        command = [sys.executable, "-m", "firmware_py.cli", "run", "--api", "jack", "--no-din"]
        command += ["--mode", mode, "--brain", str(brain), "--state", str(folder), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL, env={**os.environ, "XDG_CONFIG_HOME": str(folder)},
        )  # fmt: skip
        self.lines, self.folder = [], folder
        threading.Thread(target=self._read, daemon=True).start()
        until(lambda: self.lines)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def stop(self):
        """Have it end in order."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)

    def brain_pid(self):
        """The brain's process."""
        return children(self.process.pid)[0]


@pytest.fixture
def box(tiny_brain, tmp_path):
    made = []

    def make(*options, mode="thru"):
        made.append(Box(tiny_brain, tmp_path, *options, mode=mode))
        return made[-1]

    yield make
    for each in made:
        each.process.kill()
        each.process.wait()
        each.process.stdout.close()
        each.process.stderr.close()


@contextmanager
def keyboard(name="keys"):
    with open_backend("jack", name) as system:
        output = Output(system, virtual=True)
        try:
            yield output
        finally:
            output.close()


class Synth:
    """A synth on JACK, and what it has heard: with the times."""

    def __init__(self, name):
        self.system = open_backend("jack", name)
        self.inputs = Inputs(self.system, NOW, virtual=True)
        self.heard = []

    def messages(self):
        self.heard += [(at, message) for at, _, message in self.inputs.drain()]
        return [message for _, message in self.heard]

    def notes(self):
        return [message for message in self.messages() if message[0] & 0xF0 in (0x80, 0x90)]


@contextmanager
def synth(name="synth"):
    made = Synth(name)
    try:
        yield made
    finally:
        made.inputs.close()
        made.system.close()


@pytest.mark.jack
def test_a_keyboard_is_played_within_a_second_and_its_held_notes_end_when_it_is_pulled(jack, box):
    running = box()
    with synth() as ears:
        until(lambda: "plugged in: synth-in:in" in running.lines)
        with keyboard() as keys:
            begun = NOW()
            while not ears.notes():
                keys.send(note_on(0, 60, 80))
                time.sleep(0.02)
            took = NOW() - begun
        until(lambda: ears.notes()[-1:] == [note_off(0, 60)])
    assert took < 1.0
    assert "unplugged: keys:out" in running.lines
    assert running.stop() == 0


@pytest.mark.jack
def test_the_left_hand_is_a_bass_on_one_synth_and_the_right_a_piano_on_another(jack, box, tmp_path):
    (tmp_path / "mine.toml").write_text(BASS_LEFT)
    with keyboard() as keys, synth("low") as low, synth("high") as high:
        running = box("--rig", str(tmp_path / "mine.toml"))
        until(lambda: (keys.send(note_on(0, 72, 80)), high.notes())[1])
        keys.send(note_on(0, 40, 80))
        keys.send(note_off(0, 40))
        until(lambda: len(low.notes()) == 2)
        assert low.notes() == [note_on(8, 40, 80), note_off(8, 40)]
        assert {message[1] for message in high.notes()} == {72}
        running.stop()
    session = read(next((tmp_path / "sessions").glob("*.session")))
    seats = [r.arguments for r in session.records if isinstance(r, Call) and r.name == "seat"]
    assert ["keys:out (left)", 34, True] in [list(seat) for seat in seats]
    assert replay(session).difference == ""


@pytest.mark.jack
def test_din_goes_in_and_out_beside_jack(jack, box):
    far, near = os.openpty()
    with synth() as ears:
        running = box("--din", os.ttyname(near))
        assert running.lines[0] == "playing: DIN → synth-in:in, DIN"
        os.write(far, bytes(note_on(0, 60, 80)))
        until(lambda: note_on(0, 60, 80) in ears.messages())
        parser, carried = StreamParser(), []
        while note_on(0, 60, 80) not in carried and select.select([far], [], [], 2)[0]:
            carried += parser.feed(os.read(far, 100))
        assert note_on(0, 60, 80) in carried
        running.stop()
        while note_on(0, 60, 0) not in carried and select.select([far], [], [], 2)[0]:
            carried += parser.feed(os.read(far, 100))
        assert carried[-1] == note_on(0, 60, 0)
    os.close(far), os.close(near)


@pytest.mark.jack
@pytest.mark.dies
def test_a_jack_server_that_dies_takes_the_music_along_and_brings_it_back(jackd, box):
    server = JackServer("notochord-dies-too")
    with server:
        with keyboard() as keys, synth():
            running = box()
            until(lambda: running.lines and "keys:out" in running.lines[0])
            keys.send(note_on(0, 60, 80))
        server.kill()
        until(lambda: "unplugged: keys:out" in running.lines)
    with server, keyboard() as keys, synth() as ears:
        until(lambda: (keys.send(note_on(0, 60, 80)), ears.notes())[1])
        assert running.stop() == 0


@pytest.mark.jack
def test_panic_by_midi_silences_within_50_ms_while_the_brain_hangs(jack, box):
    far, near = os.openpty()
    with keyboard() as keys, synth() as ears:
        running = box("--din", os.ttyname(near), mode="harmonize")
        until(lambda: "the network is awake" in running.lines, 60.0)
        os.kill(running.brain_pid(), signal.SIGSTOP)
        for pitch in range(48, 72):
            keys.send(note_on(0, pitch, 80))
        until(lambda: len([m for m in ears.messages() if is_note_on(m)]) >= 24)
        parser, carried, silent = StreamParser(), [], control(0, 123, 0)
        while select.select([far], [], [], 0.2)[0]:
            carried += parser.feed(os.read(far, 1000))
        ears.heard.clear()
        carried.clear()
        pressed = NOW()
        keys.send(control(0, 120, 0))
        missing = {note_on(0, pitch, 0) for pitch in range(48, 72)} | {silent}
        while missing and select.select([far], [], [], 2)[0]:
            missing -= set(parser.feed(os.read(far, 1000)))
        by_din = NOW() - pressed
        until(lambda: silent in ears.messages())
        by_jack = next(at for at, message in ears.heard if message == silent) - pressed
        ended = {message[1] for message in ears.messages() if message[0] == 0x80}
        assert ended == set(range(48, 72)) and not missing
        assert by_jack < 0.05 and by_din < 0.05
        os.kill(running.brain_pid(), signal.SIGCONT)
    os.close(far), os.close(near)


@pytest.mark.jack
def test_a_spoilt_rig_does_not_keep_a_box_from_starting_by_itself(jack, box, tmp_path):
    (tmp_path / "rig.toml").write_text('[[input]]\ndevice = "keys"\nrole = "singer"')
    running = box()
    assert running.lines[0].startswith("playing: ")
    running.stop()
    assert "no role is called 'singer'; there are player" in running.process.stderr.read()


def test_a_rig_that_is_named_and_wrong_is_one_line_with_exit_code_2(tmp_path, capsys):
    path = tmp_path / "rig.toml"
    path.write_text("[[input]]")
    for command in (["run", "--rig", str(path)], ["rig", "check", "--rig", str(path)]):
        assert main([*command, "--state", str(tmp_path)]) == 2
        text = capsys.readouterr().err
        assert "input 1: it names no device" in text and text.count("\n") == 1


@pytest.mark.jack
def test_the_rig_is_shown_and_a_keyboard_measured(jack, tmp_path, capsys):
    with keyboard() as keys:
        path = tmp_path / "rig.toml"
        played = threading.Event()

        def play():
            until(lambda: "play eight notes softly" in capsys.readouterr().out)
            for velocity in [20] * 8 + [50] * 8 + [90] * 8:
                keys.send(note_on(0, 60, velocity))
                keys.send(note_off(0, 60))
                time.sleep(0.005)
            played.set()

        player = threading.Thread(target=play)
        player.start()
        assert main(["rig", "curve", "--rig", str(path), "--state", str(tmp_path),
                     "--api", "jack", "--input", "keys"]) == 0  # fmt: skip
        player.join()
        assert played.is_set() and "curve = [[20, 49], [50, 80], [90, 112]]" in path.read_text()
        assert main(["rig", "show", "--state", str(tmp_path)]) == 0
    assert "keys:out: player, with a curve" in capsys.readouterr().out
