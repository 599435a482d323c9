"""The power goes at any moment, two hundred times: nothing that was saved is lost, nothing is
unreadable, and the box plays."""

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from hardware.image.recipe import DATA_LABEL
from tests.appliance import blocks, power
from tests.appliance.conftest import REPORTS, image

pytestmark = [
    pytest.mark.appliance,
    pytest.mark.skipif(bool(blocks.impossible()), reason=blocks.impossible() or "-"),
]
CUTS = int(os.environ.get("NOTOCHORD_CUTS", "200"))
AT_ONCE = int(os.environ.get("NOTOCHORD_AT_ONCE", "2"))  # boxes that are booted beside each other
ROUNDS, SEED, MEGABYTES = 300, 6, 64
REPAIRED = 5.0  # seconds for the check; it replays what was being written
REPORT = REPORTS / "appliance-power.json"


@pytest.fixture(scope="module")
def boots(tmp_path_factory):
    """What every power cut left, and what the box made of it; kept as JSON."""
    work = tmp_path_factory.mktemp("power")
    with blocks.Disk(work, MEGABYTES, DATA_LABEL) as disk:
        first = disk.position
        written = power.play(disk, ROUNDS, SEED)
    entries, card = blocks.writes(disk.log), image("amd64")

    def booted(cut):
        left = work / f"left-{cut.seed}.ext4"
        shutil.copyfile(disk.begun, left)
        blocks.leave(cut, entries, disk.log, left)
        boot = power.boot(card, left)
        left.unlink()
        at = entries[cut.after - 1].end
        boot["lost"] = written.lost(power.names(boot["left"]), at) if "left" in boot else ["all"]
        return {"after": cut.after, "of": len(entries), "lost_of_cache": cut.lost, **boot}

    found = []
    REPORTS.mkdir(exist_ok=True)
    with ThreadPoolExecutor(AT_ONCE) as several:
        for boot in several.map(booted, blocks.cuts(entries, first, CUTS, SEED)):
            found.append(boot)
            REPORT.write_text(json.dumps(power.summary(found), indent=1) + "\n", encoding="utf-8")
    return found


def test_after_every_cut_the_partition_is_repaired_within_seconds(boots):
    assert len(boots) == CUTS
    assert all(boot["mounted"] for boot in boots)
    assert max(boot["repaired"] for boot in boots) <= REPAIRED


def test_nothing_that_was_saved_is_lost(boots):
    assert [boot["lost"] for boot in boots if boot["lost"]] == []


def test_nothing_is_unreadable(boots):
    assert [boot["left"]["unreadable"] for boot in boots if boot["left"]["unreadable"]] == []
    replayed = [why for boot in boots for _, why in boot["left"]["sessions"].values()]
    assert {why for why in replayed if why and power.EMPTY not in why} == set()


def test_every_box_plays(boots):
    assert all(boot["thru"] is not None for boot in boots)
