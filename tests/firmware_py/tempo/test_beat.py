"""Who leads the beat, and where it is."""

import pytest

from firmware_py.message import CLOCK, CONTINUE, START, STOP
from firmware_py.tempo.beat import Beat


def hear(beat, bpm, beats, begins, port="drums", sending=False):
    for n in range(round(beats * 24)):
        beat.heard(port, (CLOCK,), begins + n * 60 / bpm / 24, sending)
    return begins + beats * 60 / bpm


def test_the_internal_tempo_leads_while_nothing_else_does():
    beat = Beat(90)
    assert beat.lead() == "internal" and beat.line(5).bpm == pytest.approx(90)


def test_a_tapped_tempo_leads_over_the_internal_one():
    beat = Beat(90)
    assert [beat.tap(t) for t in (1.0, 1.5, 2.0)] == [None, pytest.approx(120), pytest.approx(120)]
    assert beat.lead() == "tap"
    assert beat.line(9).beat_at(2.0) == pytest.approx(round(beat.line(9).beat_at(2.0)))


def test_a_single_tap_moves_the_beat_and_keeps_the_tempo():
    beat = Beat(60)
    beat.tap(7.3)
    assert beat.line(8).beat_at(7.3) == pytest.approx(7) and beat.line(8).bpm == pytest.approx(60)


def test_a_clock_leads_over_a_tapped_tempo_and_a_tap_does_not_disturb_it():
    beat = Beat(90)
    beat.tap(1.0)
    beat.tap(1.5)
    end = hear(beat, 140, 4, 10)
    assert beat.lead() == "clock" and beat.line(end).bpm == pytest.approx(140)
    assert beat.tap(end) is None and beat.line(end).bpm == pytest.approx(140)


def test_a_clock_that_says_stop_leaves_the_lead_to_the_tapped_tempo():
    beat = Beat(90)
    beat.tap(1.0)
    beat.tap(1.5)
    end = hear(beat, 140, 4, 10)
    beat.heard("drums", (STOP,), end)
    assert beat.lead() == "tap" and beat.line(end).bpm == pytest.approx(120)
    beat.heard("drums", (CONTINUE,), end)
    hear(beat, 140, 1, end)
    assert beat.lead() == "clock"


def test_a_clock_that_was_pulled_out_leads_on_until_you_tap_or_set_a_tempo():
    for take in (lambda b, t: b.tap(t), lambda b, t: b.set_tempo(100, t)):
        beat = Beat(90)
        end = hear(beat, 140, 4, 10)
        assert beat.lead() == "clock" and beat.line(end + 10).bpm == pytest.approx(140)
        take(beat, end + 10)
        assert beat.lead() == "internal"


def test_a_tempo_that_is_set_goes_on_from_where_the_beat_is():
    beat = Beat(60)
    beat.set_tempo(120, 10.25)
    assert beat.line(11).beat_at(10.25) == pytest.approx(10.25)
    assert beat.line(11).beat_at(10.75) == pytest.approx(11.25)


def test_the_first_of_two_clocks_is_followed_until_it_is_gone():
    beat = Beat(90)
    for n in range(96):
        beat.heard("drums", (CLOCK,), 10 + n / 48)
        assert not beat.heard("laptop", (CLOCK,), 10 + n / 48 + 0.007)
    assert beat.line(12).bpm == pytest.approx(120)
    end = hear(beat, 80, 4, 13, port="laptop")
    assert beat.line(end).bpm == pytest.approx(80)


def test_while_we_send_a_clock_its_echo_is_not_followed():
    beat = Beat(120)
    hear(beat, 118, 8, 10, sending=True)
    assert beat.lead() == "internal"


def test_while_we_send_a_clock_another_that_starts_is_followed():
    beat = Beat(120)
    beat.heard("drums", (START,), 9.99, True)
    end = hear(beat, 118, 4, 10, sending=True)
    assert beat.lead() == "clock" and beat.line(end).beat_at(10) == pytest.approx(0)
    beat.heard("drums", (STOP,), end, True)
    assert beat.lead() == "internal"


def test_a_clock_that_is_followed_already_stays_when_we_begin_to_send():
    beat = Beat(120)
    end = hear(beat, 100, 4, 10)
    end = hear(beat, 100, 4, end + 2, sending=True)  # back after a dropout
    assert beat.lead() == "clock" and beat.line(end).bpm == pytest.approx(100)


def test_a_tap_does_not_wake_a_clock_that_was_stopped_and_still_ticks():
    beat = Beat(90)
    end = hear(beat, 140, 4, 10)
    beat.heard("drums", (STOP,), end)
    beat.tap(end + 0.001)
    hear(beat, 140, 4, end + 0.01)
    assert beat.lead() == "internal"
