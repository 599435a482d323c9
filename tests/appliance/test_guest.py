"""The harness itself: what a console says, and what a synth hears."""

import os
import subprocess
import sys

import pytest

from tests.appliance.guest import INSIDE, findings, place, together
from tests.appliance.inside.player import Device, Synth


def test_a_line_that_the_kernel_wrote_into_is_no_finding():
    text = b'[ 1.0] x\r\n\r\nAPPLIANCE {"what": "thru", "at": 3.1, "seconds": 3}\r\n'
    text += b'APPLIANCE {"what": "rea[ 2.0] usb 1-1\r\n'
    assert findings(text) == {"thru": {"at": 3.1, "seconds": 3}}


def test_guests_have_come_to_an_end_when_all_have():
    first, second = {"thru": {"at": 1}, "end": {}}, {"thru": {"at": 2}, "babble": {"at": 3}}
    assert together([first, second]) == {"thru": {"at": 1}, "babble": {"at": 3}}
    assert "end" in together([first, {"end": {}}])


def test_what_is_laid_into_a_guest_needs_nothing_besides(tmp_path):
    for path in INSIDE.glob("*.py"):
        there = tmp_path / place(path)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(path.read_bytes())
    search = f"import sys; sys.path.insert(0, {str(tmp_path / 'appliance')!r}); "
    command = [sys.executable, "-I", "-S", "-c", search + "import tests.appliance.inside.scenario"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def synth():
    """A synth, and what writes to it."""
    ours, theirs = os.pipe()
    device = Device("synth", "")
    device.file = ours
    listening = Synth(device)
    yield listening, theirs
    listening.close()
    for end in (ours, theirs):
        os.close(end)


def test_a_synth_knows_what_sounds(synth):
    listening, cable = synth
    # A note, its end by running status with a clock in between, and another one.
    os.write(cable, bytes([0x90, 60, 77, 0xF8, 60, 0, 62, 0xF8, 77]))
    assert listening.wait_for(62, 0.0, 5.0) is not None
    assert listening.sounding == {(0, 62)}
    assert [note[1:] for note in listening.heard] == [(60, 77), (62, 77)]


def test_all_sound_off_ends_what_sounds_on_its_channel(synth):
    listening, cable = synth
    os.write(cable, bytes([0x91, 60, 9, 0x90, 60, 9, 0xC0, 5, 0xB1, 120, 0, 0x90, 61, 77]))
    assert listening.wait_for(61, 0.0, 5.0) is not None
    assert listening.sounding == {(0, 60), (0, 61)}


def test_another_touch_is_not_our_note(synth):
    listening, cable = synth
    os.write(cable, bytes([0x90, 60, 50]))
    assert listening.wait_for(60, 0.0, 0.2) is None
