"""What the loop has seen of itself becomes glances; notes and lines are handed out once."""

from types import SimpleNamespace

import pytest

from firmware_py.bindings.binding import source_in
from firmware_py.bindings.book import Book
from firmware_py.bindings.learner import Learner
from firmware_py.brain_choice import BrainChoice
from firmware_py.desk import Desk
from firmware_py.message import control, note_off, note_on
from firmware_py.panel.change import StorePreset, Turn
from firmware_py.panel.glance import NoteSeen
from firmware_py.panel.lamps import Sign
from firmware_py.panel.viewer import NOTES, Viewer
from firmware_py.presets.bank import Bank
from firmware_py.settings import MODES
from tests.firmware_py.stage import Stage


class Room:
    """A viewer of an instrument on a stage."""

    def __init__(self, **settings):
        self.stage = Stage(awake=False, **settings)
        self.viewer = Viewer(lambda: 12)
        instrument = self.stage.instrument
        self.learner = Learner(Book({source_in("cc 1:7"): "rest"}), instrument.scene.settings)
        self.desk = Desk(instrument, lambda: self.stage.now, self.viewer.told, Bank({}),
                         self.learner)  # fmt: skip

    def look(self):
        return self.viewer.glance(self.stage.instrument, self.desk, self.learner, self.stage.now)


def test_notes_and_lines_are_handed_out_once():
    room = Room()
    room.viewer.watch("network", (1, 60), None)
    room.viewer.sent(note_on(2, 60, 80), 1.0)
    room.viewer.sent(control(2, 7, 1), 1.1)
    room.viewer.sent(note_off(2, 60), 1.5)
    room.viewer.told("hello")
    glance = room.look()
    assert glance.notes == (NoteSeen(1.0, "network", 2, 60, 80), NoteSeen(1.5, "", 2, 60, 0))
    assert glance.lines == ("hello",)
    assert room.look().notes == () == room.look().lines


def test_while_nobody_looks_what_waits_is_bounded():
    room = Room()
    for n in range(10 * NOTES):
        room.viewer.sent(note_on(0, n % 128, 80), float(n))
    assert len(room.look().notes) == NOTES


def test_the_sign_says_what_the_network_does():
    room = Room(mode="harmonize")
    assert room.look().sign is Sign.WAKING
    room.viewer.fault = True
    assert room.look().sign is Sign.FAULT
    room.stage.instrument.brain_ready(0.0)
    assert room.look().sign is Sign.LISTENING
    room.stage.down(60)
    room.stage.answer()
    glance = room.look()
    assert glance.sign is Sign.ANSWERING and glance.you and glance.network
    room.desk.obey(StorePreset())
    assert room.look().sign is Sign.DONE and room.look().preset == "1 harmonize"
    room.stage.now = 9.0
    room.desk.obey(Turn("mode", "thru"))
    assert room.look().sign is Sign.THRU


def test_the_answer_time_is_the_median_of_the_last_answers():
    room = Room()
    assert room.look().answer_ms is None
    for seconds in [9.0] * 100 + [0.004] * 40 + [0.006] * 24:
        room.viewer.answered(seconds)
    assert room.look().answer_ms == pytest.approx(4.0)


def test_what_is_bound_and_what_was_turned_and_the_session_are_there_to_see():
    room = Room()
    room.desk.obey(Turn("rest", 2.0))
    room.learner.listen(True)
    glance = room.look()
    assert glance.bound == (("cc 1:7", "rest"),) and glance.listens
    assert glance.turned == ("rest", 2.0) and glance.session == 12 and glance.settings.rest == 2.0


def test_a_glance_shows_the_modes_that_the_brain_plays():
    room = Room()
    assert room.look().modes == MODES
    link = SimpleNamespace(manifest={"name": "tapped", "modes": ["drums"]})
    room.desk = Desk(room.stage.instrument, lambda: 0.0, room.viewer.told, Bank({}),
                     room.learner, choice=BrainChoice(link))  # fmt: skip
    assert room.look().modes == ("thru", "drums")
