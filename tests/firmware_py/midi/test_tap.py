"""A witness is told what left for whom, as it left, and never keeps the box waiting."""

import os

import pytest

from firmware_py.cli import main
from firmware_py.message import note_off, note_on
from firmware_py.midi.backend import PortError
from firmware_py.midi.tap import ROOM, Tap, Witness


@pytest.fixture
def both(tmp_path):
    witness = Witness(tmp_path / "sent")
    tap = Tap(tmp_path / "sent")
    yield tap, witness
    tap.close()
    witness.close()


def test_what_was_sent_is_told_in_order_with_whom_it_was_for(both):
    tap, witness = both
    tap.sent("synth-in:in", note_on(0, 60, 80))
    tap.sent('a "strange" name', (0xF8,))
    assert list(witness.drain()) == [("synth-in:in", (0x90, 60, 80)), ('a "strange" name', (0xF8,))]
    tap.sent("synth-in:in", note_off(0, 60))
    assert list(witness.drain()) == [("synth-in:in", note_off(0, 60))]
    assert list(witness.drain()) == []


def test_a_witness_who_does_not_read_costs_what_is_told_and_no_time(both):
    tap, witness = both
    line = len('["synth-in:in", 144, 60, 80]\n')
    for _ in range(ROOM // line + 100):
        tap.sent("synth-in:in", note_on(0, 60, 80))
    assert tap.untold >= 100
    told = list(witness.drain())
    assert set(told) == {("synth-in:in", (0x90, 60, 80))}
    assert len(told) + tap.untold == ROOM // line + 100


def test_a_witness_who_has_gone_is_told_nothing(tmp_path):
    witness = Witness(tmp_path / "sent")
    tap = Tap(tmp_path / "sent")
    witness.close()
    tap.sent("synth-in:in", note_on(0, 60, 80))
    assert tap.untold == 1
    tap.close()


def test_without_a_witness_there_is_no_tap(tmp_path):
    os.mkfifo(tmp_path / "unread")
    (tmp_path / "file").write_text("kept")
    with pytest.raises(PortError, match="read it"):
        Tap(tmp_path / "unread")
    with pytest.raises(PortError, match="mkfifo"):
        Tap(tmp_path / "none")
    with pytest.raises(PortError, match="no named pipe"):
        Tap(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "kept"


def test_a_file_instead_of_a_pipe_is_one_line_with_exit_code_2(tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    assert main(["run", "--state", str(tmp_path), "--sent", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
