"""Taps become a tempo and a beat."""

import random

import pytest

from firmware_py.tempo.tap import PAUSE, Taps


def tapped(times):
    taps = Taps()
    return [taps.tap(at) for at in times][-1]


@pytest.mark.parametrize("bpm", [20, 60, 97.3, 180, 300])
def test_steady_taps_give_their_tempo_and_put_the_beat_on_them(bpm):
    times = [5 + n * 60 / bpm for n in range(6)]
    line = tapped(times)
    assert line.bpm == pytest.approx(bpm)
    assert line.beat_at(times[-1]) == pytest.approx(round(line.beat_at(times[-1])))


def test_one_tap_gives_no_tempo_and_two_do():
    assert tapped([1.0]) is None
    assert tapped([1.0, 1.5]).bpm == pytest.approx(120)


def test_the_unsteadiness_of_a_hand_is_averaged():
    for seed in range(20):
        rng = random.Random(seed)
        line = tapped([n * 0.5 + rng.uniform(-0.015, 0.015) for n in range(8)])
        assert line.bpm == pytest.approx(120, rel=0.02)
        assert abs(line.nearest(3.5, 1) - 3.5) < 0.02


@pytest.mark.parametrize("stray", [1.15, 1.2, 1.3, 1.35])
def test_a_stray_tap_is_left_out(stray):
    assert tapped([0, 0.5, 1.0, stray, 1.5, 2.0]).bpm == pytest.approx(120)


def test_a_beat_that_was_not_tapped_is_counted():
    line = tapped([0, 0.5, 1.0, 2.0, 2.5])
    assert line.bpm == pytest.approx(120) and line.beat_at(2.5) == pytest.approx(5)


def test_a_finger_that_bounces_is_one_tap():
    assert tapped([0, 0.03, 0.5, 0.54, 1.0, 1.02]).bpm == pytest.approx(120)


@pytest.mark.parametrize("beat", [0.25, 0.35, 0.75, 1.0])
def test_three_taps_of_another_tempo_are_that_tempo(beat):
    times = [0, 0.5, 1.0, 1.5, *(1.5 + beat * n for n in (1, 2, 3))]
    assert tapped(times).bpm == pytest.approx(60 / beat, rel=0.02)


@pytest.mark.parametrize("pause", [1.4, PAUSE + 0.1, 100.0])
def test_the_first_tap_after_a_long_pause_begins_anew(pause):
    taps = Taps()
    for n in range(4):
        taps.tap(n * 0.5)
    assert taps.tap(1.5 + pause) is None
    assert taps.tap(1.5 + pause + 0.4).bpm == pytest.approx(150)


def test_the_slowest_tempo_can_be_tapped():
    assert tapped([0, 3, 6]).bpm == pytest.approx(20)


def test_the_tempo_stays_within_its_range():
    assert tapped([n * 0.13 for n in range(6)]).bpm == pytest.approx(300)
    assert tapped([0, 3.15]).bpm == pytest.approx(20)
