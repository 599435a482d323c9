"""How large the original is, and which sizes make it as large as ours."""

import pytest

from notochord.versus.sizes import DEFAULT, parameters, sizes_of


def test_the_default_size_has_the_parameters_that_its_network_has():
    assert parameters(**DEFAULT) == 17_744_100


def test_the_default_count_gives_the_default_size():
    assert sizes_of(17_744_100) == DEFAULT


@pytest.mark.parametrize("wanted", [300_000, 1_000_000, 2_500_000, 4_000_000, 5_123_456])
def test_the_count_is_met_within_one_per_cent(wanted):
    assert parameters(**sizes_of(wanted)) == pytest.approx(wanted, rel=0.01)


def test_no_size_in_its_proportions_comes_nearer():
    wanted, found = 4_000_000, sizes_of(4_000_000)
    off = abs(parameters(**found) - wanted)
    for e in range(8, 600, 8):
        for h in range(8, 1400, 8):
            if 1.75 <= h / e <= 2.25:
                assert abs(parameters(e, h) - wanted) >= off
