"""What a running box remembers, all together: presets and sessions on a real disk."""

import logging

from firmware_py.bindings.binding import source_in
from firmware_py.instrument import Instrument
from firmware_py.memory import Memory
from firmware_py.places import state_folder
from firmware_py.sessions.replay import replay
from firmware_py.sessions.session import read
from firmware_py.sessions.shelf import Shelf
from firmware_py.settings import Settings
from tests.firmware_py.stage import Stage


def staged(memory, **settings):
    """A stage with an instrument made by this memory."""
    stage = Stage(awake=False)
    stage.instrument = memory.instrument(
        Settings(**settings), stage._send, stage, 0, lambda *_: None, lambda: stage.now, dict
    )
    stage.instrument.brain_ready(0.0)
    return stage


def test_what_is_stored_and_played_is_there_after_the_box_was_switched_off(tmp_path):
    with Memory(tmp_path, records=True, budget=1 << 20) as memory:
        stage = staged(memory, mode="harmonize")
        stage.down(60)
        stage.crank(0.1)
        stored = memory.bank.store(Settings(mode="thru", voices=7))
        assert memory.keep(stage.now) == "keeping the last 5 minutes"
        stage.up(60)
    again = Memory(tmp_path, records=False, budget=0)
    assert again.bank.recall(stored.number) == stored
    running, kept = Shelf(tmp_path / "sessions").volumes()
    assert kept.kept and replay(read(running.path)).sent == len(stage.sent)
    assert replay(read(kept.path)).difference == ""
    assert not running.is_being_played()


def test_a_box_that_does_not_record_writes_nothing_and_says_so(tmp_path):
    with Memory(tmp_path / "state", records=False, budget=1 << 20) as memory:
        stage = staged(memory)
        stage.down(60)
        assert type(stage.instrument) is Instrument
        assert "nothing is being recorded" in memory.keep(0.0)
    assert not (tmp_path / "state").exists()


def test_a_place_that_cannot_be_written_to_costs_lines_and_no_note(tmp_path, caplog):
    (tmp_path / "state").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING), Memory(tmp_path / "state", True, 1 << 20) as memory:
        stage = staged(memory)
        stage.down(60)
        memory.bank.store(Settings(mode="thru", voices=7))
        memory.keep(0.0)
        stage.up(60)
    assert stage.sent and stage.sounding() == set()
    assert caplog.messages and not any(r.exc_info for r in caplog.records)
    assert all("\n" not in message for message in caplog.messages)


def test_the_state_folder_is_the_services_else_the_players_own(tmp_path):
    assert str(state_folder({"STATE_DIRECTORY": "/var/lib/box:/other"})) == "/var/lib/box"
    own = state_folder({"XDG_STATE_HOME": str(tmp_path)})
    assert own == tmp_path / "notochord-box"
    assert state_folder({}).parts[-3:] == (".local", "state", "notochord-box")


def test_a_binding_that_was_learnt_is_there_after_the_box_was_switched_off(tmp_path):
    with Memory(tmp_path, records=False, budget=0) as memory:
        memory.book.bind(source_in("cc 1:74"), "density")
    assert Memory(tmp_path, records=False, budget=0).book.names == (("cc 1:74", "density"),)


def test_the_number_of_the_session_is_known_once_it_is_being_written(tmp_path):
    with Memory(tmp_path, records=True, budget=1 << 20) as memory:
        assert memory.session() is None
        stage = staged(memory)
        stage.down(60)
        memory._scribe.soon(memory._recorder.write)
        memory._scribe.close()
        assert memory.session() == 1 == Shelf(tmp_path / "sessions").volumes()[0].number
    assert Memory(tmp_path, records=False, budget=0).session() is None
