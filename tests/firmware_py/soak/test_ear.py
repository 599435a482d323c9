"""An ear: it believes note-offs alone."""

from firmware_py.message import control, note_off, note_on
from firmware_py.soak.ear import Ear


def heard(*messages):
    ear = Ear()
    for message in messages:
        ear.hear(message)
    return ear


def test_a_note_sounds_until_its_own_end():
    assert heard(note_on(0, 60, 80), note_off(1, 60), note_off(0, 61)).left == [
        "channel 1 pitch 60"
    ]
    assert heard(note_on(0, 60, 80), (0x90, 60, 0)).left == []


def test_all_notes_off_is_not_believed():
    assert heard(note_on(0, 60, 80), control(0, 120, 0), control(0, 123, 0)).left


def test_a_pedal_that_stays_down_is_left():
    assert heard(control(2, 64, 127)).left == ["channel 3 pedal"]
    assert heard(control(2, 64, 127), control(2, 64, 0)).left == []


def test_it_counts_the_notes_and_those_that_were_struck_twice():
    ear = heard(note_on(0, 60, 80), note_on(0, 60, 80), note_off(0, 60), note_on(0, 60, 1), (0xF8,))
    assert (ear.notes, ear.twice) == (3, 1)


def test_without_power_nothing_sounds():
    ear = heard(note_on(0, 60, 80), control(0, 64, 127))
    ear.lost_power()
    assert ear.left == [] and ear.notes == 1
