"""A MIDI control's name, and what it may do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.bindings.binding import BindingError, Source, check, source_in, source_of
from firmware_py.message import control, note_off, note_on, program


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (control(0, 74, 3), "cc 1:74"),
        (note_on(9, 36, 100), "note 10:36"),
        (program(15, 0), "program 16:1"),
    ],
)
def test_a_control_is_named_as_players_count(message, name):
    assert str(source_of(message)) == name and source_in(name) == source_of(message)


@pytest.mark.parametrize(
    "message",
    [note_off(0, 60), note_on(0, 60, 0), control(0, 64, 127), control(3, 123, 0), (0xE0, 1, 2),
     (0xF8,), (), (0x90, 60)],
)  # fmt: skip
def test_what_is_no_control_has_no_name(message):
    assert source_of(message) is None


@given(st.sampled_from(["cc", "note", "program"]), st.integers(1, 16), st.integers(1, 119))
def test_every_name_is_read_as_it_is_written(kind, channel, number):
    source = Source(kind, channel, number)
    if source != Source("cc", channel, 64):
        assert source_in(str(source)) == source


@pytest.mark.parametrize(
    "name", ["", "cc", "cc 74", "cc 0:74", "cc 17:74", "cc 1:128", "program 1:0", "bend 1:1",
             "cc 1:64", "cc 2:120", "note 1:-3", "cc 1:7 4"],
)  # fmt: skip
def test_a_name_that_means_nothing_is_refused_in_one_line(name):
    with pytest.raises(BindingError) as caught:
        source_in(name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "does"),
    [("cc 1:1", "temperature"), ("cc 1:1", "mode"), ("cc 1:1", "palette"), ("cc 1:1", "undo"),
     ("cc 1:1", "grid"), ("note 1:1", "undo"), ("program 1:1", "mode=duet"),
     ("note 1:1", "tempo=90")],
)  # fmt: skip
def test_what_a_control_may_do(source, does):
    check(source_in(source), does)


@pytest.mark.parametrize(
    ("source", "does", "says"),
    [
        ("note 1:1", "temperature", "a note cannot turn temperature; bind it to temperature=VALUE"),
        ("program 1:1", "mode", "a program cannot turn mode"),
        ("cc 1:1", "dance", "nothing is called 'dance'"),
        ("cc 1:1", "player", "nothing is called 'player'"),
        ("cc 1:1", "tempo=9", "tempo=9: must be from 20.0 to 300.0"),
        ("note 1:1", "mode=waltz", "no mode called 'waltz'"),
    ],
)
def test_what_it_may_not_do_is_told_in_one_line(source, does, says):
    with pytest.raises(BindingError) as caught:
        check(source_in(source), does)
    assert says in str(caught.value) and "\n" not in str(caught.value)
