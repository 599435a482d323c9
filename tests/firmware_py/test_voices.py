"""The voices by themselves: what a beginning and an end mean to synth, story, brain and magnet."""

import pytest

from firmware_py.keys import Key
from firmware_py.message import is_note_off, is_note_on
from firmware_py.modes.mode import Damp, Scene, Strike, Stroke
from firmware_py.settings import Settings
from firmware_py.sounding import Sounding
from firmware_py.tempo.beat import Beat
from firmware_py.voices import Voices
from notochord.event import Event, instrument_named

PIANO, VIOLIN = (instrument_named(name) for name in ("piano", "violin"))
KEY = Key("kbd", 0, 60)
STROKE = Stroke(KEY, PIANO, 60, 80)


class Room:
    """Voices with nothing real around them."""

    def __init__(self, **settings):
        self.sent, self.told, self.watched, self.plan = [], [], [], []
        self.scene = Scene(settings=Settings(**settings))
        self.voices = Voices(
            self.sent.append, lambda *note: self.watched.append(note), self, self.scene,
            Sounding(self.scene.settings.layout), Beat(120.0), lambda: self.plan,
        )  # fmt: skip

    def tell(self, told):
        self.told.append(told.event)

    def planned(self, pitch, at, velocity=64, instrument=VIOLIN):
        """A note that was planned, and of which the brain knows."""
        story = self.scene.story
        told = story.imagine(story.head, Event(instrument, pitch, at - (story.time or 0), velocity))
        return Strike((instrument, pitch), velocity, told, at, ahead=True)

    def sounding(self):
        on = [m[1] for m in self.sent if is_note_on(m)]
        for m in self.sent:
            if is_note_off(m):
                on.remove(m[1])
        return on


def test_a_key_sounds_before_story_and_brain_know_of_it():
    room = Room()
    room.voices.key(STROKE, 1.0)
    assert room.sounding() == [60] and room.told == [] and not room.scene.story.sounding
    room.voices.know_key(STROKE, 1.0)
    assert room.told == [Event(PIANO, 60, 0.0, 80)]
    assert room.watched == [("player", (PIANO, 60), None)]


def test_a_planned_note_is_not_told_again_and_its_watcher_knows_when_it_was_due():
    room = Room()
    room.voices.strike(room.planned(70, 1.0), 1.004)
    assert room.sounding() == [70] and room.told == []
    assert room.watched == [("network", (VIOLIN, 70), 1.0)]
    assert room.scene.own == {(VIOLIN, 70): 1.0}


def test_a_note_that_was_not_planned_is_told():
    room = Room()
    room.voices.strike(Strike((VIOLIN, 70), 64), 1.0)
    assert room.told == [Event(VIOLIN, 70, 0.0, 64)]


def test_a_note_struck_again_ends_first_for_synth_and_brain():
    room = Room()
    room.voices.strike(Strike((VIOLIN, 70), 64), 1.0)
    room.voices.strike(Strike((VIOLIN, 70), 50), 1.5)
    assert room.sounding() == [70]
    assert [event.velocity for event in room.told] == [64, 0, 50]


def test_a_key_takes_a_pitch_over_from_the_network():
    room = Room()
    room.voices.strike(Strike((PIANO, 60), 64), 1.0)
    room.voices.key(STROKE, 1.5)
    assert room.sounding() == [60] and not room.scene.own
    room.voices.end((PIANO, 60))
    assert room.sounding() == [60]
    room.voices.end(KEY)
    assert room.sounding() == []


def test_what_is_left_to_a_key_ends_with_that_key_and_no_other():
    room = Room()
    room.voices.strike(Strike((VIOLIN, 70), 64), 1.0)
    room.voices.leave({(VIOLIN, 70): KEY})
    room.voices.end_network(1.1)
    room.voices.key_ended(Stroke(Key("kbd", 0, 62), PIANO, 62, 80), 1.2)
    assert room.sounding() == [70] and room.voices.networks == [(VIOLIN, 70)]
    room.voices.key_ended(STROKE, 1.3)
    assert room.sounding() == [] and room.voices.networks == []
    assert room.told[-1][3] == 0


def test_the_end_of_a_key_does_not_end_a_pitch_that_is_the_networks_by_now():
    room = Room()
    room.voices.strike(Strike((PIANO, 60), 64), 1.0)
    room.voices.key_ended(STROKE, 1.2)
    assert room.sounding() == [60] and room.told[-1][3] == 64


def test_what_is_unsaid_ends_on_the_synth_and_nobody_is_told():
    room = Room()
    room.voices.strike(Strike((VIOLIN, 70), 64), 1.0)
    told = list(room.told)
    room.voices.unsay(room.voices.networks)
    assert room.sounding() == [] and room.voices.networks == [] and room.told == told


@pytest.mark.parametrize("end", ["end_network", "end_all"])
def test_whose_notes_end(end):
    room = Room()
    room.voices.key(STROKE, 1.0)
    room.voices.know_key(STROKE, 1.0)
    room.voices.strike(Strike((VIOLIN, 70), 64), 1.0)
    getattr(room.voices, end)(2.0)
    assert room.sounding() == ([60] if end == "end_network" else [])
    assert list(room.scene.story.sounding) == ([(PIANO, 60)] if end == "end_network" else [])


def test_a_note_that_the_magnet_holds_is_heard_when_it_is_pulled_to():
    room = Room(magnet=1.0, grid="1/4")
    room.voices.strike(room.planned(70, 0.3), 0.3)  # on its own time: too early to be heard
    assert room.sounding() == [] and room.scene.own and room.voices.next_due == pytest.approx(0.5)
    room.voices.pull(0.5)
    assert room.sounding() == [70]


def test_what_the_magnet_holds_ends_when_nothing_is_planned_any_more():
    room = Room(magnet=1.0, grid="1/4")
    note = room.planned(70, 0.6)
    room.plan = [(0.6, note.told)]
    room.voices.pull(0.3)
    room.voices.pull(0.5)
    assert room.sounding() == [70] and room.scene.ahead == {(VIOLIN, 70)}
    room.plan = None
    room.voices.pull(0.52)
    assert room.sounding() == [] and room.scene.ahead == frozenset()


def test_on_a_synth_of_one_voice_a_key_ends_the_networks_note_for_the_brain_too():
    room = Room(synth="mono")
    room.voices.strike(Strike((PIANO, 64), 64), 1.0)
    room.voices.key(STROKE, 1.5)
    assert len(room.sounding()) == 1 and not room.scene.own
    assert room.told[-1] == Event(PIANO, 64, 0.5, 0)


def test_on_a_synth_of_one_voice_a_second_note_of_its_own_is_given_up_to_the_ear_alone():
    room = Room(synth="mono")
    room.voices.strike(Strike((PIANO, 64), 64), 1.0)
    room.voices.strike(Strike((PIANO, 67), 64), 1.5)
    assert len(room.sounding()) == 1
    assert list(room.scene.own) == [(PIANO, 64), (PIANO, 67)]


def test_ending_what_does_not_sound_is_nothing():
    room = Room()
    room.voices.end((VIOLIN, 70))
    room.voices.damp(Damp((VIOLIN, 70)), 1.0)
    assert room.sent == [] and room.told == []
