"""Hours of everything in simulated time: no note without its end, no fault, nothing grows."""

import logging
import sys
from random import Random

import pytest

from firmware_py.settings import MODES
from firmware_py.soak.performer import movement
from firmware_py.soak.vitals import growth
from tests.firmware_py.soak.whole_box import SHELF, WholeBox

MOVEMENT, DIES_AWAY = 58.0, 2.0  # seconds
DIES = 0.0001  # how often the brain is lost, after something was done
BLOCKS = 1000  # of Python's memory, about an object each: one for a hundred notes, were it a leak
CONTACTS = (5, 6, 13, 19, 22, 17, 27)  # of buttons, the encoder's push, and the encoder


@pytest.fixture
def box(tmp_path, monkeypatch):
    made = WholeBox(tmp_path, monkeypatch)
    yield made
    made.close()


def fiddle(box, chance, acts):
    """The movement with the board's contacts touched meanwhile, bounce and all; open at the end."""
    for at, act in acts:
        if at > MOVEMENT - 1:
            for contact in CONTACTS:
                box.pins.pin(contact).drive_high()
        elif chance.random() < 0.05:
            pin = box.pins.pin(chance.choice(CONTACTS))
            for _ in range(chance.randrange(1, 4)):
                pin.drive_low()
                pin.drive_high()
            if chance.random() < 0.5:
                pin.drive_low()
        yield at, act


@pytest.mark.parametrize(
    ("seed", "minutes"),
    [
        (1, 2), *(pytest.param(seed, 60, marks=pytest.mark.soak) for seed in (2, 3, 4)),
        pytest.param(5, 480, marks=pytest.mark.overnight),
    ],
)  # fmt: skip
def test_hours_of_everything_leaves_no_note_raises_nothing_and_takes_no_more_memory(
    box, caplog, seed, minutes
):
    caplog.set_level(logging.ERROR)  # what is logged pytest keeps, 20 blocks a line
    chance, taken, modes, brains = Random(seed), [], set(), set()
    for minute in range(minutes):
        begins = box.now()
        acts = movement(Random(chance.random()), MOVEMENT)
        for at, act in fiddle(box, chance, acts):
            box.crank(begins + at - box.now())
            box.do(act)
            modes.add(box.instrument.scene.settings.mode)
            brains.add(box.link.manifest.get("name"))
            if chance.random() < DIES:
                box.brain.lose()
        box.crank(begins + MOVEMENT + DIES_AWAY - box.now())
        assert box.left() == {}, f"minute {minute}"
        assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
        caplog.clear()
        box.unlearn()
        taken.append(box.takes())
    notes = sum(ear.notes for ear in box.table.ears.values())
    sys.stdout.write(f"{minutes} minutes, {notes:,} notes heard; blocks of memory and descriptors "
                     f"after a third: {taken[minutes // 3]}, at the end: {taken[-1]}")  # fmt: skip
    assert all(ear.notes > 100 * minutes for ear in box.table.ears.values())
    assert len(modes) > len(MODES) / 2 and len(brains) > 1
    if minutes >= 60:
        assert modes == set(MODES) and brains >= set(SHELF)
        blocks, descriptors = zip(*taken, strict=True)
        assert growth(blocks) < BLOCKS, blocks
        assert growth(descriptors) <= 0, descriptors
