"""The box as a service, for real: its own process on JACK, with us in systemd's place."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from firmware_py.clock import MonotonicClock
from firmware_py.message import SUSTAIN, control, note_on
from firmware_py.midi.backend import PortError, open_backend
from firmware_py.midi.ports import Inputs, Output
from firmware_py.soak.vitals import children

pytestmark = pytest.mark.jack
NOW = MonotonicClock().now
PLAYER = [sys.executable, "-m", "firmware_py.cli", "run", "--api", "jack", "--box"]


@pytest.fixture
def systemd(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(60.0)
        yield ear


@pytest.fixture
def box(jack, systemd, tiny_brain, tmp_path):
    environment = {**os.environ, "NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "2000000",
                   "XDG_CONFIG_HOME": str(tmp_path), "STATE_DIRECTORY": str(tmp_path)}  # fmt: skip
    command = [*PLAYER, "--virtual", "--mode", "thru", "--brain", str(tiny_brain)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def word(systemd, wanted):
    """Listen until a word is said that begins so; what was said before it."""
    before = []
    while not (said := systemd.recv(4096).decode()).startswith(wanted):
        before.append(said)
    return before


def brain_of(player):
    return children(player.pid)[0]


def test_it_is_ready_before_the_brain_is_awake_and_never_imports_torch_or_numpy(box, systemd):
    before = word(systemd, "READY=1")
    maps = Path(f"/proc/{box.pid}/maps").read_text()
    assert before == [] and "libtorch" not in maps and "numpy" not in maps
    word(systemd, "STATUS=the network is awake")
    assert "libtorch" not in Path(f"/proc/{box.pid}/maps").read_text()


def test_it_gives_signs_of_life_until_it_is_stopped_in_its_tracks(box, systemd):
    word(systemd, "READY=1")
    for _ in range(3):
        word(systemd, "WATCHDOG=1")
    os.kill(box.pid, signal.SIGSTOP)
    systemd.settimeout(2.5)
    with pytest.raises(TimeoutError):
        while True:
            systemd.recv(4096)


def test_player_and_brain_are_on_cores_of_their_own_and_the_brain_goes_first(box, systemd):
    word(systemd, "STATUS=the network is awake")
    brain, cores = brain_of(box), os.sched_getaffinity(0)
    if len(cores) > 1:
        assert os.sched_getaffinity(box.pid) == {max(cores)}
        assert os.sched_getaffinity(brain) == cores - {max(cores)}
    assert int(Path(f"/proc/{brain}/oom_score_adj").read_text()) == 800
    assert os.sched_getscheduler(brain) == os.SCHED_OTHER


def test_told_to_stop_it_says_so_and_ends_well(box, systemd):
    word(systemd, "READY=1")
    box.send_signal(signal.SIGTERM)
    word(systemd, "STOPPING=1")
    assert box.wait(timeout=60) == 0


def test_what_a_killed_player_left_sounding_is_silenced_after_it(jack):
    with (
        open_backend("jack", "box-synth") as backend,
        closing(Inputs(backend, NOW, virtual=True)) as synth,
    ):
        with (
            open_backend("jack", "box-dead") as dead,
            closing(Output(dead, "box-synth")) as output,  # as a kill does: without a note-off
        ):
            output.send(note_on(3, 60, 100))
            listen(synth, {note_on(3, 60, 100)})
        command = [sys.executable, "-m", "firmware_py.box.silence", "--box", "--mode", "thru",
                   "--output=box-synth", "--api", "jack"]  # fmt: skip
        assert subprocess.run(command).returncode == 0
        listen(synth, {control(3, SUSTAIN, 0), control(3, 123, 0), control(3, 120, 0)})


def listen(synth, wanted, seconds=60.0):
    """Wait until a synth has heard all that is wanted."""
    missing, end = set(wanted), NOW() + seconds
    while missing:
        assert NOW() < end, f"not heard: {missing}"
        missing -= {message for _, _, message in synth.drain()}
        time.sleep(0.005)  # a real port, in real time


def test_where_there_is_no_synth_or_no_midi_there_is_nothing_to_silence(monkeypatch, capfd):
    from firmware_py.box import silence

    def absent(api):
        raise PortError("no MIDI system here")

    monkeypatch.setattr(silence, "open_backend", absent)
    assert silence.main(["--output", "Moog"]) == 0
    assert capfd.readouterr().err == ""
