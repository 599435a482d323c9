"""Glances and changes travel to a panel's process and back, whole."""

import json
from dataclasses import replace

import pytest

from firmware_py.panel.change import (
    Again,
    DropPreset,
    Forget,
    Keep,
    Listen,
    OpenAccess,
    Panic,
    PutPreset,
    Quit,
    Restart,
    StepMode,
    TakeBrain,
    Tap,
    Turn,
    Undo,
)
from firmware_py.panel.glance import Glance, NoteSeen
from firmware_py.panel.lamps import Sign
from firmware_py.panel.wire import change_bytes, change_in, glance_bytes, glance_in
from firmware_py.presets.remote import Recall, Step
from firmware_py.settings import Settings

FULL = Glance(
    12.5, Sign.ANSWERING, Settings(mode="echo", temperature=0.3), "3 café", ("tempo", 97.0), True,
    True, 4.7, 12, "493027118204", "clock", True, (("cc 1:74", "rest"),),
    (NoteSeen(12.4, "network", 9, 36, 80),), ("mode echo",), ("thru", "echo", "solo"),
)  # fmt: skip


def test_a_glance_arrives_whole():
    assert glance_in(glance_bytes(FULL, None), Glance()) == FULL


def test_of_a_second_glance_only_what_changed_travels():
    after = replace(FULL, at=13.0, you=False, notes=(), lines=(), turned=None)
    data = glance_bytes(after, FULL)
    assert set(json.loads(data)) == {"at", "you", "notes", "lines", "turned"}
    assert glance_in(data, FULL) == after


@pytest.mark.parametrize(
    "change",
    [Turn("mode", "duet"), Turn("tempo", 90.5), StepMode(-2), Tap(3.25), Undo(4.0), Again(),
     Panic(), Keep(), Listen(True, "undo", keys=True), Forget("cc 1:1"), Step(1), Recall(7),
     Quit(), Restart(), OpenAccess(), PutPreset(3, "name = 'a'"), DropPreset(3), TakeBrain("ab"),
     TakeBrain(None)],
)  # fmt: skip
def test_a_change_arrives_as_it_was(change):
    assert change_in(change_bytes(change)) == change


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"change": "Explode"}', b"\xff",
                                  b'{"change": "Turn", "warp": 1}'])  # fmt: skip
def test_nonsense_is_no_change(data):
    assert change_in(data) is None
