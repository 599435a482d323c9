"""A report says what is wrong, and nothing where nothing is."""

from dataclasses import replace

import pytest

from firmware_py.soak.report import MB, Report
from firmware_py.soak.vitals import Vitals

FLAT = [{"player": Vitals(35 * MB, 20, 5), "brain": Vitals(275 * MB, 4, 2)}] * 10
GOOD = Report(10, 0, vitals=FLAT, exit_code=0, before={"notes_lost": 0}, after={"notes_lost": 0})


def growing(process, **more):
    """Ten minutes in which something of a process grows by so much each minute."""
    return [
        {**row, process: replace(row[process], **{
            what: getattr(row[process], what) + n * by for what, by in more.items()
        })}
        for n, row in enumerate(FLAT)
    ]  # fmt: skip


def test_where_nothing_is_wrong_it_says_so():
    assert GOOD.faults() == [] and list(GOOD.lines())[-1] == "nothing is wrong"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"left": ["minute 3: synth: channel 1 pitch 60"]}, "still sounding after minute 3"),
        ({"errors": ["Traceback (most recent call last):"]}, "log says: Traceback"),
        ({"exit_code": None}, "the box died"),
        ({"exit_code": 2}, "ended with code 2"),
        ({"after": {"notes_lost": 2}}, "2 keys did not sound when measured after"),
        ({"vitals": growing("player", memory=2 * MB)}, "the player grows: 7.0 MB"),
        ({"vitals": growing("brain", memory=8 * MB)}, "the brain grows"),
        ({"vitals": growing("player", descriptors=1)}, "more and more descriptors"),
        ({"vitals": growing("brain", threads=1)}, "more and more threads"),
    ],
)
def test_what_is_wrong_is_said(wrong, says):
    (fault,) = replace(GOOD, **wrong).faults()
    assert says in fault


def test_a_cable_that_was_pulled_while_it_was_opened_is_no_fault():
    line = "notochord-box: cannot open MIDI port pad:out: 'pad:out' is not in list"
    assert replace(GOOD, errors=[line]).faults() == []


def test_a_port_that_is_open_just_as_one_looks_is_no_growth():
    counts = (42, 43, 42, 43, 43, 43, 43)
    rows = [{**FLAT[0], "player": replace(FLAT[0]["player"], descriptors=n)} for n in counts]
    assert replace(GOOD, vitals=rows).faults() == []


def test_it_can_be_written_as_json():
    assert GOOD.as_json()["vitals"][0]["player"]["memory"] == 35 * MB
