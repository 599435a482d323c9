"""How long a quarter note is: heard through fingers that are out, and led to a beat."""

import numpy as np
import pytest

from notochord.tempo_heard import FASTEST, SLOWEST, USUAL, led, quarter_heard

RHYTHM = [1, 0.5, 0.5, 1, 1.5, 0.5, 2, 1, 0.5, 0.5, 1, 1]


def same_pulse(found, quarter):
    """Whether it is the quarter, or its half or double: on paper the same music."""
    octaves = np.log2(found / quarter)
    return abs(octaves - round(octaves)) < 0.06 and abs(octaves) < 1.1


@pytest.mark.parametrize("quarter", [0.35, 0.45, 0.6, 0.75, 0.95])
@pytest.mark.parametrize("seed", range(4))
def test_the_pulse_is_found_though_fingers_are_out(quarter, seed):
    rng = np.random.default_rng(seed)
    gaps, found = [], USUAL
    for value in RHYTHM:
        gaps.append(quarter * value * rng.normal(1, 0.03))
        found = quarter_heard(gaps, found)
    assert same_pulse(found, quarter)


def test_one_gap_that_fits_nothing_changes_little():
    gaps = [0.6 * value for value in RHYTHM]
    found = quarter_heard([*gaps[:6], 1.37, *gaps[6:11]], 0.6)
    assert found == pytest.approx(0.6, rel=0.02)


@pytest.mark.parametrize("odd", [3, 4, 9, 30, 42, 84, 120])
def test_our_own_playing_however_odd_its_values_does_not_move_it(odd):
    assert quarter_heard([0.61 * odd / 24] * 12, 0.61) == 0.61


def test_too_few_gaps_leave_it_as_it_was():
    assert quarter_heard([0.31, 0.31], 0.7) == 0.7
    assert quarter_heard([]) == USUAL


def test_it_follows_a_player_who_slows_down():
    gaps, quarter = [], 0.5
    for n in range(40):
        gaps.append(0.5 * 1.01**n)
        quarter = quarter_heard(gaps[-12:], quarter)
    assert quarter == pytest.approx(gaps[-1], rel=0.06)


def test_it_does_not_jump_an_octave_for_a_run_of_quavers():
    quarter = quarter_heard([0.8] * 6, 0.8)
    assert quarter_heard([0.8] * 3 + [0.4] * 9, quarter) == pytest.approx(0.8, rel=0.02)


@pytest.mark.parametrize("gaps", [[0.036] * 12, [9.9] * 12, [0.04, 9.0] * 6])
def test_no_gaps_give_a_tempo_that_nobody_plays(gaps):
    assert FASTEST <= quarter_heard(gaps) <= SLOWEST


@pytest.mark.parametrize("beat", [0.25, 0.5, 0.61, 1.1, 2.0])
def test_led_again_and_again_it_comes_to_the_beat_or_its_half_or_double(beat):
    quarter = 0.53
    for _ in range(12):
        after = led(quarter, beat)
        assert 1 / 1.1 - 1e-9 <= after / quarter <= 1.1 + 1e-9
        quarter = after
    octaves = np.log2(quarter / beat)
    assert octaves == pytest.approx(round(octaves), abs=1e-6)


def test_without_a_beat_it_is_left_alone():
    assert led(0.53, 0.0) == 0.53
