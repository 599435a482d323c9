"""What a reader in a guest saw, beside what was left of it when the power had gone."""

from firmware_py import settings
from firmware_py.presets import files
from firmware_py.presets.preset import Preset
from firmware_py.settings import Settings
from tests.appliance import kills
from tests.appliance.inside import writing
from tests.appliance.kills import Sight, lost, sights


def test_what_was_seen_long_enough_ago_must_be_there_or_something_newer():
    early = Sight(1.0, {"settings": 2.0, "preset 1": 2.0})
    seen = [early, Sight(1.9, {"settings": 3.0}), Sight(2.0, {})]
    assert lost(seen, {"settings": 2.0, "preset 1": 2.0}) == []
    assert lost(seen, {"settings": 2.5, "preset 1": 2.0}) == []
    assert lost(seen, {"settings": 1.0, "preset 1": 2.0}) == ["settings: 1.0 instead of 2.0"]
    assert lost(seen, {"settings": 2.0}) == ["preset 1: None instead of 2.0"]
    assert lost(seen, {"settings": 2.0, "preset 1": 9.0}) == ["preset 1: 9.0 instead of 2.0"]


def test_a_session_may_be_shorter_by_the_scribes_last_turn():
    seen = [Sight(1.0, {"session 1": 100}), Sight(3.0, {"session 1": 300}), Sight(4.5, {})]
    assert lost(seen, {"session 1": 100}) == []
    assert lost(seen, {"session 1": 99}) == ["session 1: 99 instead of 100"]


def test_what_was_seen_is_read_off_a_console_that_the_kernel_writes_on_too():
    console = b'[ 1.0] x\nAPPLIANCE {"what": "seen", "at": 2.5, "preset 3": 1.2}\nAPPLIANCE {"wh'
    assert sights(console) == [Sight(2.5, {"preset 3": 1.2})]


def test_what_a_reader_sees_has_the_names_of_what_is_left(tmp_path, monkeypatch):
    settings.save(Settings(density=1.5), tmp_path / "notochord-box.json")
    files.store(tmp_path / "presets", Preset(3, "late", Settings(density=1.7)))
    said = []
    monkeypatch.setattr(writing, "STATE", tmp_path)
    monkeypatch.setattr(writing, "say", lambda what, **figures: said.append((what, figures)))
    eye = writing.Eye()
    assert eye.look() == {"settings": 1.5, "preset 3": 1.7}
    eye.look()
    assert said == [("seen", {"settings": 1.5, "preset 3": 1.7}), ("seen", {})]
    sessions = {"0002.kept.session": [9, ""]}
    there = {"settings": 1.5, "presets": {"3": ["late", 1.7]}, "sessions": sessions}
    assert kills.names(there) == {"settings": 1.5, "preset 3": 1.7, "session 2": 9}
