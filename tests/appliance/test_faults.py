"""Whatever goes wrong in a box, its keys sound, and nothing sounds that should not."""

import pytest

from tests.appliance import faults
from tests.appliance.container import impossible
from tests.appliance.faults import KILLS

pytestmark = [
    pytest.mark.appliance,
    pytest.mark.skipif(bool(impossible()), reason=impossible() or "-"),
]
AGAIN = 2.0  # seconds until keys sound after the player's end, in nine of ten
# The pause that a player may be resting in when it is put right, and its start.
RESTED = 20.0


def test_a_player_that_is_killed_is_silenced_and_plays_again(box, seen):
    seen["kill -9 of the player"] = found = faults.player_killed(box, KILLS)
    assert found["times"] == KILLS
    assert found["stuck"] == 0 and found["silent_p90"] <= AGAIN


def test_a_full_disk_is_played_from(box, seen):
    seen["disk full"] = found = faults.disk_full(box, 5)
    assert found["sounded"] == found["played"] and found["stuck"] == 0


def test_a_spoilt_state_is_put_aside_and_the_box_plays(box, seen):
    seen["settings, presets, brain spoilt"] = found = faults.state_spoilt(box, 5)
    assert found["stuck"] == 0 and int(found["seen"]) >= 1


def test_random_bytes_on_a_cable_leave_nothing_behind(box, seen):
    seen["random bytes on DIN at wire rate"] = found = faults.nonsense_on_din(box, 20.0)
    assert found["sounded"] == found["played"]


def test_a_player_that_cannot_start_is_not_started_without_end(box, seen):
    seen["a player that cannot start"] = found = faults.never_ready(box, 30.0)
    assert 2 <= found["starts"] <= 8
    assert found["silent"] <= RESTED


def test_a_box_that_is_stopped_is_silent(box, seen):
    seen["stopped, a key held"] = found = faults.stopped(box)
    assert found["stuck"] == 0
