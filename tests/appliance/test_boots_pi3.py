"""From power-on to playing on the one emulated machine that is a Raspberry Pi."""

import pytest

from tests.appliance.test_boots import THRU

pytestmark = pytest.mark.appliance


def test_the_emulated_pi_3_boots_from_its_card_into_playing(pi3):
    assert pi3["thru"]["seconds"] <= THRU
    assert pi3["system"]["root_is_only_read"] and pi3["system"]["state"].startswith("rw")
    assert pi3["plain"]["sounded"] == pi3["plain"]["played"]
    assert pi3["stopped"]["stuck"] == []
