"""Whatever goes wrong with a box's network, its keys sound."""

import pytest

from tests.appliance import faults
from tests.appliance.container import impossible
from tests.appliance.faults import KILLS

pytestmark = [
    pytest.mark.appliance,
    pytest.mark.skipif(bool(impossible()), reason=impossible() or "-"),
]
KEY = 0.25  # seconds that a key may take to sound, beyond what the machine takes by itself


def test_the_keys_do_not_miss_a_brain_that_hangs(box, seen):
    seen["brain stopped (SIGSTOP)"] = found = faults.brain_stopped(box, 5)
    assert found["sounded"] == found["played"]
    assert found["beyond"] <= KEY and found["stuck"] == 0


def test_the_keys_do_not_miss_a_brain_that_is_killed(box, seen):
    seen["kill -9 of the brain"] = found = faults.brain_killed(box, KILLS)
    assert found["sounded"] == found["played"]
    assert found["beyond"] <= KEY and found["stuck"] == 0
