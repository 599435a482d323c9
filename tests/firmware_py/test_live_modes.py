"""Every mode, with a brain that plays it, on real ports: presets lead one box through them all."""

import shutil
from contextlib import closing

import pytest

from firmware_py.message import SUSTAIN, control, is_note_on, note_off, note_on, program
from firmware_py.presets.files import store
from firmware_py.presets.preset import Preset
from firmware_py.sessions.replay import replay
from firmware_py.sessions.session import read
from firmware_py.settings import MODES, Settings
from tests.firmware_py.test_live import Box, comes, until

pytestmark = pytest.mark.jack
HELD, STRUCK = 41, (60, 64, 67)  # keys; the first over each change
PLAYED = (
    *((mode, "auto") for mode in MODES if mode not in ("chorale", "drums")),
    ("drums", "tapped"), ("chorale", "voices"), ("continue", "voices"), ("thru", "auto"),
)  # fmt: skip


@pytest.fixture
def box(jack, tiny_brain, groove_brain, voices_brain, tmp_path):
    brains, presets = tmp_path / "state" / "brains", tmp_path / "state" / "presets"
    brains.mkdir(parents=True)
    shutil.copy(groove_brain, brains / "tapped.brain")
    shutil.copy(voices_brain, brains / "voices.brain")
    for number, (mode, brain) in enumerate(PLAYED, 1):
        settings = Settings(mode=mode, brain=brain, deadline=500, rest=0.3, tempo=240)
        store(presets, Preset(number, f"{mode} by {brain}", settings, names_brain=True))
    with closing(Box(tiny_brain, tmp_path, "thru")) as box:
        yield box


def begun(box):
    """The pitches of all notes that have begun."""
    return [message[1] for message in box.messages() if is_note_on(message)]


def plays(box, mode):
    """Strike three keys; whether what sounds because of them is what the mode would do."""
    before = len(begun(box))
    for pitch in STRUCK:
        box.keyboard.send(note_on(0, pitch, 80))
        comes(lambda: False, 0.15)
        box.keyboard.send(note_off(0, pitch))
    pitches = lambda: begun(box)[before:]  # noqa: E731
    if mode == "thru":
        comes(lambda: len(pitches()) > len(STRUCK), 0.5)
        return pitches() == list(STRUCK)
    if mode == "autopitch":
        return comes(lambda: len(pitches()) >= len(STRUCK), 2.0) and pitches() != list(STRUCK)
    return comes(lambda: len(pitches()) > len(STRUCK), 2.0)


def test_every_mode_is_played_and_a_key_and_a_pedal_outlast_each_change_of_mode_and_brain(box):
    box.awake()
    plays_now, mode_before = "auto", "thru"
    for number, (mode, brain) in enumerate(PLAYED, 1):
        changes = sum("plays now" in line for line in box.lines)
        for message in (control(0, SUSTAIN, 127), note_on(0, HELD, 80), program(15, number - 1)):
            box.keyboard.send(message)
        until(lambda: f"preset {number}: {mode} by {brain}" in box.lines)  # noqa: B023
        if brain != plays_now:
            taken = lambda: sum("plays now" in line for line in box.lines)  # noqa: E731
            until(lambda: taken() > changes, 240.0)  # noqa: B023
        if mode_before != "autopitch":  # where it sounds another pitch
            assert HELD in {pitch for _, pitch in box.sounding()}
        box.keyboard.send(note_off(0, HELD))
        box.keyboard.send(control(0, SUSTAIN, 0))
        until(lambda: plays(box, mode), 120.0)  # noqa: B023
        plays_now, mode_before = brain, mode
    until(lambda: not box.sounding())
    pedals = {}
    for message in box.messages():
        if message[0] & 0xF0 == 0xB0 and message[1] == SUSTAIN:
            pedals[message[0]] = message[2]
    assert pedals and set(pedals.values()) == {0}
    assert box.stop() == 0
    done = replay(read(box.state / "sessions" / "0001.session"))
    assert done.difference == "" and not done.broken_off
