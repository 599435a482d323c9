"""Presets by MIDI: which messages are for them, and which go on to the instrument."""

from firmware_py.message import control, note_on, program
from firmware_py.presets.remote import Recall, Remote, Step
from firmware_py.settings import Settings

ON_16 = Settings(preset_channel=16)
PEDALS = Settings(preset_next=80, preset_previous=81)


def test_by_default_everything_passes():
    remote = Remote()
    for message in (program(0, 5), program(15, 5), control(0, 80, 127), control(0, 0, 127)):
        assert remote.heard("kbd", message, Settings()) is None


def test_a_program_change_on_the_channel_set_recalls_counted_from_one():
    assert Remote().heard("kbd", program(15, 0), ON_16) == [Recall(1)]
    assert Remote().heard("kbd", program(15, 127), ON_16) == [Recall(128)]


def test_a_program_change_on_another_channel_passes():
    assert Remote().heard("kbd", program(0, 0), ON_16) is None


def test_pedals_step_forth_and_back():
    assert Remote().heard("kbd", control(0, 80, 127), PEDALS) == [Step(1)]
    assert Remote().heard("kbd", control(3, 81, 64), PEDALS) == [Step(-1)]


def test_a_continuous_pedal_steps_once_each_time_it_goes_down():
    remote = Remote()
    values = [0, 30, 63, 64, 90, 127, 127, 80, 20, 0, 100]
    found = [remote.heard("kbd", control(0, 80, value), PEDALS) for value in values]
    assert [step for steps in found for step in steps] == [Step(1), Step(1)]


def test_two_keyboards_have_pedals_of_their_own():
    remote = Remote()
    for port in ("a", "b"):
        assert remote.heard(port, control(0, 80, 127), PEDALS) == [Step(1)]


def test_what_is_no_channel_message_passes():
    for message in ((), (0xF8,), (0xC0,), (0xBF, 80), (0xCF, 200), note_on(15, 60, 9)):
        assert Remote().heard("kbd", message, ON_16) is None
