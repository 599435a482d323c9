"""Of what is left sounding it is told whether the box had ended it."""

from firmware_py.message import note_off, note_on
from firmware_py.soak.devices import ENDED, Devices


def test_a_note_that_the_box_never_ended_is_told_from_one_whose_end_was_lost():
    devices = Devices(lambda: 0.0)
    synth = devices.synths["synth"]
    for pitch in (60, 64):
        devices.told("synth-in:in", note_on(0, pitch, 80))
        synth.ear.hear(note_on(0, pitch, 80))
    devices.told("synth-in:in", note_off(0, 64))
    assert devices.left == ["synth: channel 1 pitch 60", f"synth: channel 1 pitch 64{ENDED}"]


def test_notes_that_were_sent_and_never_came_are_counted():
    devices = Devices(lambda: 0.0)
    devices.told("synth-in:in", note_on(0, 60, 80))
    devices.told("expander-in:in", note_on(0, 60, 80))  # it may have been pulled out
    assert devices.lost == 1
