"""The power goes while a whole guest plays and writes: nothing that was saved is lost, nothing is
unreadable, and the box plays again."""

import json
import os
import tempfile
from pathlib import Path

import pytest

from firmware_py import settings
from firmware_py.presets import files
from firmware_py.presets.preset import Preset
from firmware_py.settings import Settings
from tests.appliance import blocks, kills, power
from tests.appliance.conftest import REPORTS, image
from tests.appliance.inside import writing
from tests.appliance.kills import Sight, lost, sights

KILLS = int(os.environ.get("NOTOCHORD_GUEST_KILLS", "5"))
BOOTS_EVERY = 10  # of the kills, the first included, that are booted in a guest too
REPAIRED = 5.0  # seconds for the check, as in test_power_cuts
THRU = 20.0  # seconds from power-on, as in test_boots
REPORT = REPORTS / "appliance-kills.json"
guests = [
    pytest.mark.appliance,
    pytest.mark.skipif(bool(blocks.impossible()), reason=blocks.impossible() or "-"),
]


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


@pytest.fixture(scope="module")
def lives():
    """What every kill left, and what the box made of it; kept as JSON."""
    cache, found = image("amd64").parent, []
    REPORTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        warm = kills.Lives(cache, Path(work))
        for number in range(KILLS):
            found.append(warm.one(seed=number + 1, boots=number % BOOTS_EVERY == 0))
            REPORT.write_text(json.dumps(kills.summary(found), indent=1) + "\n", encoding="utf-8")
    return found


class TestKills:
    """Of a running guest."""

    pytestmark = guests

    def test_nothing_that_was_saved_is_lost(self, lives):
        assert len(lives) == KILLS
        assert [life["lost"] for life in lives if life["lost"]] == []

    def test_nothing_is_unreadable(self, lives):
        assert [life["left"]["unreadable"] for life in lives if life["left"]["unreadable"]] == []
        replayed = [why for life in lives for _, why in life["left"]["sessions"].values()]
        assert {why for why in replayed if why and power.EMPTY not in why} == set()

    def test_every_box_plays_again(self, lives):
        assert all(life["mounted"] and life["repaired"] <= REPAIRED for life in lives)
        assert all(life["thru"] is not None for life in lives)

    def test_the_whole_guest_boots_into_playing_again(self, lives):
        booted = [life["guest"] for life in lives if "guest" in life]
        assert booted
        assert all(boot["thru"]["seconds"] <= THRU for boot in booted)
        assert all(boot["state"]["state"].startswith("rw") for boot in booted)
