"""The image's user space under its own systemd: sandbox, users, and what outlives a kill."""

import os
import signal

import pytest

from tests.appliance.conftest import image
from tests.appliance.container import PATIENCE, Container, impossible, until
from tests.appliance.inside.box import AWAKE
from tests.appliance.inside.player import KEY, Player, now

pytestmark = [
    pytest.mark.appliance,
    pytest.mark.skipif(bool(impossible()), reason=impossible() or "-"),
]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A box that has been switched on, and when its keys sounded first."""
    box = Container(image("amd64"), tmp_path_factory.mktemp("box"))
    try:
        player = Player(box, box)
        box.thru = player.until_it_sounds(PATIENCE)
        box.player = player
        yield box
        player.synth.close()
    finally:
        box.close()


def test_it_plays_before_its_network_is_awake(box, figures):
    assert box.thru is not None
    figures["power-on to thru, s"] = round(box.thru - box.began, 2)
    assert AWAKE not in box.property_of("StatusText")


def test_every_note_sounds(box, figures):
    passage = box.player.passage(100)
    figures["notes played over DIN, one by one"] = passage
    assert passage["sounded"] == 100


def test_the_network_wakes_in_its_sandbox_and_answers(box, figures):
    until(lambda: AWAKE in box.property_of("StatusText"))
    figures["power-on to the brain awake, s"] = round(now() - box.began, 2)
    first = len(box.player.synth.heard)
    for pitch in (60, 64, 67, 72, 67, 64):
        box.player.note(pitch, held=0.2)
    until(lambda: any(touch != 77 for _, _, touch in list(box.player.synth.heard)[first:]))


def test_nothing_that_the_image_starts_has_failed(box):
    until(lambda: box.say("systemctl", "is-system-running") in ("running", "degraded"))
    assert box.say("systemctl", "--failed", "--plain", "--no-legend") == ""
    assert box.say("systemctl", "is-active", "performance.target") == "active"


def test_the_box_is_nobody_who_may_do_much(box):
    (pid,) = box.processes("firmware_py.cli run")
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status") if ":\t" in line)
    assert status["Uid"].split()[0] != "0"
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"


def test_a_brain_that_is_killed_is_not_missed_by_the_keys(box):
    (brain,) = until(lambda: box.processes("brain_process"))
    os.kill(brain, signal.SIGKILL)
    assert box.player.passage(20)["sounded"] == 20
    until(lambda: [pid for pid in box.processes("brain_process") if pid != brain])


def test_a_player_that_is_killed_leaves_nothing_sounding_and_is_back(box, figures):
    (pid,) = box.processes("firmware_py.cli run")
    box.player.send(0x90, KEY, 77)
    until(lambda: (0, KEY) in box.player.synth.sounding)
    began = now()
    os.kill(pid, signal.SIGKILL)
    until(lambda: (0, KEY) not in box.player.synth.sounding)
    figures["player killed to silence, s"] = round(now() - began, 2)
    assert box.player.until_it_sounds(PATIENCE) is not None
    figures["player killed to thru, s"] = round(now() - began, 2)


def test_a_box_that_is_stopped_is_silent(box):
    box.player.send(0x90, KEY, 77)
    until(lambda: (0, KEY) in box.player.synth.sounding)
    box.say("systemctl", "stop", "notochord-box.service")
    assert box.player.synth.sounding == set()
