"""The power goes while a whole guest plays and writes: nothing that was saved is lost, nothing is
unreadable, and the box plays again."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.appliance import blocks, kills, power
from tests.appliance.conftest import REPORTS, image
from tests.appliance.guest import MACHINES

pytestmark = [
    pytest.mark.appliance,
    pytest.mark.skipif(bool(blocks.impossible()), reason=blocks.impossible() or "-"),
]
KILLS = int(os.environ.get("NOTOCHORD_GUEST_KILLS", "5"))
BOOTS_EVERY = 25  # of the kills, the first included, that are booted in a guest too
REPAIRED = 5.0  # seconds for the check, as in test_power_cuts
THRU = 20.0  # seconds from power-on, as in test_boots
REPORT = REPORTS / "appliance-kills.json"


@pytest.fixture(scope="module")
def lives():
    """What every kill left, and what the box made of it; kept as JSON."""
    machine = MACHINES["amd64"]
    if shutil.which(machine.program) is None:
        pytest.skip(f"{machine.program} is not here (apt-get install {machine.package})")
    cache, found = image("amd64").parent, []
    REPORTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        warm = kills.Lives(cache, Path(work))
        for number in range(KILLS):
            found.append(warm.one(seed=number + 1, boots=number % BOOTS_EVERY == 0))
            REPORT.write_text(json.dumps(kills.summary(found), indent=1) + "\n", encoding="utf-8")
    return found


def test_nothing_that_was_saved_is_lost(lives):
    assert len(lives) == KILLS
    assert [life["lost"] for life in lives if life["lost"]] == []


def test_nothing_is_unreadable(lives):
    assert [life["left"]["unreadable"] for life in lives if life["left"]["unreadable"]] == []
    replayed = [why for life in lives for _, why in life["left"]["sessions"].values()]
    assert {why for why in replayed if why and power.EMPTY not in why} == set()


def test_every_box_plays_again(lives):
    assert all(life["mounted"] and life["repaired"] <= REPAIRED for life in lives)
    assert all(life["thru"] is not None for life in lives)


def test_the_whole_guest_boots_into_playing_again(lives):
    booted = [life["guest"] for life in lives if "guest" in life]
    assert booted
    assert all(boot["thru"]["seconds"] <= THRU for boot in booted)
    assert all(boot["state"]["state"].startswith("rw") for boot in booted)
