"""notochord-box sessions: what it says, and the one line when something is wrong."""

import os

import mido
import pytest

from firmware_py.cli import main
from firmware_py.sessions.recorder import Recorder
from firmware_py.sessions.shelf import Shelf
from tests.firmware_py.sessions.music import TapedStage


@pytest.fixture
def state(tmp_path):
    """A box's memory with a session of 25 minutes, and its last five minutes, kept."""
    stage = TapedStage(mode="thru")
    recorder = Recorder(stage.tape, Shelf(tmp_path / "state" / "sessions"))
    for n in range(150):
        stage.now = 10.0 * n
        stage.down(40 + n % 40)
        stage.now += 1.0
        stage.up(40 + n % 40)
    recorder.write()
    recorder.keep(stage.now)
    recorder.close()
    return tmp_path / "state"


def sessions(state, *arguments):
    return main(["sessions", "--state", str(state), *map(str, arguments)])


def test_the_list_has_a_line_for_each_with_length_and_what_was_played(state, capsys):
    for arguments in ((), ("list",)):
        assert sessions(state, *arguments) == 0
        whole, kept = capsys.readouterr().out.splitlines()
        assert whole.split()[0] == "1" and "0:24:51" in whole and "150 keys" in whole
        assert kept.split()[0] == "2" and "0:05:00" in kept and "keys" not in kept
        assert kept.endswith("kept")


def test_a_torn_session_and_a_broken_one_are_listed_too(state, capsys):
    os.truncate(state / "sessions" / "0001.session", 3000)
    (state / "sessions" / "0003.session").write_bytes(b"rubbish")
    assert sessions(state) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "torn" in lines[0] and "cannot be read" in lines[2]


def test_no_session_at_all_is_told(tmp_path, capsys):
    assert sessions(tmp_path) == 0
    assert "no session yet" in capsys.readouterr().out


def test_export_writes_a_midi_file(state, tmp_path, capsys):
    assert sessions(state, "export", 1, tmp_path / "all.mid") == 0
    assert mido.MidiFile(tmp_path / "all.mid").length == pytest.approx(1491.0)
    assert sessions(state, "export", 2, tmp_path / "five.mid") == 0
    assert mido.MidiFile(tmp_path / "five.mid").length == pytest.approx(300.0, abs=10.0)
    assert "tracks: you: piano" in capsys.readouterr().out


@pytest.mark.parametrize("number", [1, 2])
def test_replay_says_that_every_message_is_the_same(state, capsys, number):
    assert sessions(state, "replay", number) == 0
    assert "301 messages sent, every one the same" in capsys.readouterr().out


def test_keep_and_delete_do_what_they_say(state):
    assert sessions(state, "keep", 1) == 0
    assert sessions(state, "delete", 2) == 0
    assert [path.name for path in (state / "sessions").iterdir()] == ["0001.kept.session"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("export", 9, "x.mid"), "no session 9; there are 1 to 2"),
        (("replay", 9), "no session 9"),
        (("keep", 9), "no session 9"),
        (("delete", 9), "no session 9"),
        (("export", 1, "nowhere/x.mid"), "nowhere: no such folder"),
    ],
)
def test_a_mistake_is_one_line_with_exit_code_2(state, capsys, arguments, says):
    assert sessions(state, *arguments) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_a_session_that_goes_another_way_is_told_with_its_version(state, capsys, monkeypatch):
    monkeypatch.setattr("firmware_py.message.NOTE_ON", 0xA0)
    assert sessions(state, "replay", 1) == 2
    error = capsys.readouterr().err
    assert "goes another way" in error and error.count("\n") == 1
