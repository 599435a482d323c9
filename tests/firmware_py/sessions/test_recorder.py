"""From the tape to the disk: what a power cut leaves, what a full disk costs, what is kept."""

import logging
import os

import pytest

from firmware_py.scribe import Scribe
from firmware_py.sessions import record
from firmware_py.sessions.recorder import Recorder
from firmware_py.sessions.replay import replay
from firmware_py.sessions.session import SessionError, read
from firmware_py.sessions.shelf import Shelf
from firmware_py.sessions.tape import Tape
from tests.firmware_py.sessions.music import TapedStage, play


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "sessions")


def recorded(shelf, room=1 << 20, **settings):
    """A stage that is being recorded on a shelf, and its recorder."""
    stage = TapedStage(**settings)
    return stage, Recorder(stage.tape, shelf, room)


def test_what_was_played_is_on_the_disk_and_can_be_replayed(shelf):
    stage, recorder = recorded(shelf)
    for seed in range(3):
        play(stage, seed, happenings=100)
        recorder.write()
    recorder.close()
    (volume,) = shelf.volumes()
    session = read(volume.path)
    assert volume.number == 1 and not volume.kept
    done = replay(session)
    assert done.difference == "" and done.sent == len(stage.sent)
    assert session.brains == [{"name": "scripted", "sha256": "00"}] * len(session.brains)
    assert session.about["seed"] == 0 and session.about["settings"]["mode"] == "duet"


@pytest.mark.parametrize("cut", [1, 7, 100, 1000])
def test_a_session_torn_by_a_power_cut_is_read_and_replayed_up_to_there(shelf, cut):
    stage, recorder = recorded(shelf)
    play(stage, 1, happenings=100)
    recorder.write()
    recorder.close()
    (volume,) = shelf.volumes()
    os.truncate(volume.path, volume.size - cut)
    done = replay(read(volume.path))
    assert done.difference == "" and 0 < done.sent <= len(stage.sent)


def test_everything_written_is_synced_to_the_disk(shelf, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    stage, recorder = recorded(shelf)
    recorder.write()
    assert len(synced) == 1
    recorder.write()  # nothing new: the card is left alone
    assert len(synced) == 1
    stage.down(60)
    recorder.write()
    assert len(synced) == 2


def test_a_full_disk_costs_one_line_and_the_playing_goes_on(shelf, monkeypatch, caplog):
    stage, recorder = recorded(shelf, mode="thru")
    scribe = Scribe()
    scribe.regularly(recorder.write)
    stage.down(60)
    scribe.turn()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with caplog.at_level(logging.WARNING):
        for n in range(20):
            stage.down(61 + n)
            scribe.turn()
    monkeypatch.undo()
    assert len(stage.sounding()) == 21 and stage.tape.waiting == 0
    assert [m for m in caplog.messages if "no space left" in m] == caplog.messages
    assert len(caplog.messages) == 1
    (volume,) = shelf.volumes()
    assert replay(read(volume.path)).difference == ""


def test_a_folder_that_cannot_be_made_costs_one_line(tmp_path, caplog):
    (tmp_path / "state").write_text("a file where the folder should be")
    stage, recorder = recorded(Shelf(tmp_path / "state" / "sessions"), mode="thru")
    scribe = Scribe()
    scribe.regularly(recorder.write)
    with caplog.at_level(logging.WARNING):
        for n in range(5):
            stage.down(60 + n)
            scribe.turn()
    assert len(caplog.messages) == 1 and "the box plays on" in caplog.messages[0]
    assert len(stage.sounding()) == 5


def test_the_last_five_minutes_are_kept_with_what_led_to_them(shelf):
    stage, recorder = recorded(shelf, mode="thru")
    for n in range(60):
        stage.now = 10.0 * n
        stage.down(60 + n % 12)
        stage.up(60 + n % 12)
    recorder.keep(stage.now)
    stage.down(90)
    recorder.write()
    recorder.close()
    running, kept = shelf.volumes()
    session = read(kept.path)
    assert (running.kept, kept.kept) == (False, True)
    assert (session.since, session.until) == (290.0, 590.0)
    assert replay(session).difference == ""
    assert replay(read(running.path)).sent == len(stage.sent)


def test_five_minutes_kept_at_the_beginning_begin_with_the_session(shelf):
    stage, recorder = recorded(shelf, mode="thru")
    stage.now = 20.0
    stage.down(60)
    recorder.keep(20.0)
    assert read(shelf.volumes()[1].path).since == 0.0


def test_a_copy_that_finds_the_disk_full_leaves_no_half_of_it(shelf, monkeypatch):
    stage, recorder = recorded(shelf)
    recorder.write()
    real = os.pread

    def failing(*arguments):
        monkeypatch.setattr(os, "write", full)
        return real(*arguments)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(OSError, match="No space"):
        recorder.keep(1.0)
    monkeypatch.undo()
    assert len(shelf.volumes()) == 1
    stage.down(60)
    recorder.write()
    assert shelf.volumes()[0].size > 500


def test_a_session_that_takes_all_the_room_ends_there_and_says_so_once(shelf, caplog):
    stage, recorder = recorded(shelf, room=20_000, mode="thru")
    scribe = Scribe()
    scribe.regularly(recorder.write)
    with caplog.at_level(logging.WARNING):
        for n in range(2000):
            stage.down(60)
            stage.up(60)
            if n % 50 == 0:
                scribe.turn()
    assert len(caplog.messages) == 1 and "all the room" in caplog.messages[0]
    (volume,) = shelf.volumes()
    assert volume.size <= 20_000 and replay(read(volume.path)).difference == ""


def test_a_short_write_is_completed(shelf, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data[:7])))
    stage, recorder = recorded(shelf, mode="thru")
    stage.down(60)
    recorder.write()
    monkeypatch.undo()
    assert replay(read(shelf.volumes()[0].path)).sent == 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a session"),
        (b"MThd", "not a session"),
        (record.MAGIC, "nothing was recorded"),
        (record.MAGIC + record.start({"seed": "x"}), "makes no sense"),
        (record.MAGIC + record.tick(1.0), "nothing was recorded"),
    ],
)
def test_a_file_that_is_no_session_is_told_in_one_line(tmp_path, data, says):
    path = tmp_path / "0001.session"
    path.write_bytes(data)
    with pytest.raises(SessionError, match=says):
        read(path)


def test_a_tape_without_a_start_writes_nothing(shelf):
    Recorder(Tape(), shelf).write()
    assert shelf.volumes() == []


def test_a_sitting_after_a_long_rest_is_a_session_of_its_own_and_replayed_alone(shelf):
    stage, recorder = recorded(shelf)
    play(stage, 1, happenings=100)
    before = len(stage.sent)
    recorder.write()
    stage.now += 1000.0
    stage.instrument.begin_anew(stage.now)
    play(stage, 2, happenings=100)
    recorder.write()
    recorder.close()
    first, second = (read(volume.path) for volume in shelf.volumes())
    done = [replay(first), replay(second)]
    assert [d.difference for d in done] == ["", ""]
    assert sum(d.sent for d in done) == len(stage.sent) > before == done[0].sent


def test_another_session_is_written_when_the_disk_has_room_again(shelf, monkeypatch):
    stage, recorder = recorded(shelf)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        recorder.write()
    monkeypatch.undo()
    stage.down(60)
    recorder.write()
    assert shelf.volumes() == []
    stage.instrument.begin_anew(1000.0)
    stage.down(64)
    recorder.write()
    assert replay(read(shelf.volumes()[0].path)).sent > 0


def test_what_cannot_be_deleted_does_not_end_the_recording(shelf, monkeypatch):
    stage, recorder = recorded(shelf, mode="thru")

    def fails(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("firmware_py.sessions.budget.trim", fails)
    stage.down(60)
    with pytest.raises(OSError, match="not permitted"):
        recorder.write()
    stage.up(60)
    recorder.write()
    assert replay(read(shelf.volumes()[0].path)).sent == len(stage.sent)


def test_a_session_that_began_in_the_turn_in_which_the_disk_was_full_is_written(shelf, monkeypatch):
    stage, recorder = recorded(shelf, mode="thru")
    real, left = os.write, iter([False])

    def full_at_first(*arguments):
        if next(left, True):
            return real(*arguments)
        raise OSError(28, "No space left on device")

    stage.down(60)
    stage.instrument.begin_anew(1000.0)
    stage.down(64)
    monkeypatch.setattr(os, "write", full_at_first)
    with pytest.raises(OSError, match="No space"):
        recorder.write()
    (volume,) = shelf.volumes()
    assert replay(read(volume.path)).sent == 2
