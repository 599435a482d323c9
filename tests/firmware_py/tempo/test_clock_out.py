"""The clock that is sent: which byte, and when."""

import pytest

from firmware_py.message import CLOCK, CONTINUE, SONG, START, STOP
from firmware_py.tempo.clock_in import ClockIn
from firmware_py.tempo.clock_out import ClockOut
from firmware_py.tempo.line import Line


class Wire:
    """A clock cranked along lines, and what it sent."""

    def __init__(self, bpm=120.0, now=0.3):
        self.clock, self.line, self.now, self.sent = ClockOut(), Line(0, 0, 60 / bpm), now, []

    def crank(self, until, step=0.0, waits=False):
        """Serve it when it is due; or, with `step`, only so often."""
        while True:
            self.sent += self.clock.due(self.line, self.now, waits)
            due = self.clock.next if step == 0 else self.now + step
            if due is None or due > until:
                break
            self.now = max(self.now, due)
        self.now = until

    def ticks(self):
        return [at for at, message in self.sent if message == (CLOCK,)]


@pytest.mark.parametrize("bpm", [20, 120, 300])
def test_ticks_come_24_a_beat_at_their_own_times_from_a_whole_beat_on(bpm):
    wire = Wire(bpm)
    wire.clock.begin(wire.line, wire.now, counted=False)
    wire.crank(20.0)
    beats = [wire.line.beat_at(at) for at in wire.ticks()]
    assert beats == pytest.approx([beats[0] + n / 24 for n in range(len(beats))], abs=1e-9)
    assert beats[0] == pytest.approx(round(beats[0])) and beats[-1] > wire.line.beat_at(20) - 1 / 23


def test_start_comes_before_the_first_tick_and_once():
    wire = Wire()
    wire.clock.begin(wire.line, wire.now, counted=False)
    wire.crank(3.0)
    assert wire.sent[0][1] == (START,) and wire.sent[1] == (pytest.approx(0.5), (CLOCK,))
    assert wire.sent[0][0] == pytest.approx(0.5 - 0.5 / 48)
    assert [m for _, m in wire.sent].count((START,)) == 1


def test_a_beat_that_is_counted_continues_at_its_song_position():
    wire = Wire(now=100.3)  # beat 200.6; it begins at 201, which is 804 sixteenths
    wire.clock.begin(wire.line, wire.now, counted=True)
    wire.crank(101.0)
    assert [m for _, m in wire.sent[:3]] == [(SONG, 804 & 127, 804 >> 7), (CONTINUE,), (CLOCK,)]


def test_stop_is_sent_once_when_it_ends():
    wire = Wire()
    assert wire.clock.end() == []
    wire.clock.begin(wire.line, wire.now, counted=False)
    assert wire.clock.end() == [(STOP,)] and wire.clock.end() == []
    wire.crank(5.0)
    assert wire.sent == []


@pytest.mark.parametrize("shift", [-0.24, -0.1, 0.003, 0.1, 0.24, 3.1])
def test_after_the_beat_moved_the_ticks_find_it_again_and_none_is_left_out(shift):
    wire = Wire()
    wire.clock.begin(wire.line, wire.now, counted=False)
    wire.crank(4.0)
    wire.line = Line(wire.line.at + shift, 0, 0.5)
    wire.crank(9.0)
    ticks = wire.ticks()
    gaps = [b - a for a, b in zip(ticks, ticks[1:], strict=False)]
    assert min(gaps) > 0.49 / 48 and max(gaps) < 2.01 / 48
    followed = len(ticks) - 1  # from beat 1: whoever counts is on a whole beat where we are
    beat = wire.line.beat_at(ticks[-1]) - followed / 24
    assert beat == pytest.approx(round(beat), abs=1e-6)


def test_ticks_that_could_not_be_sent_in_time_are_made_up_for_one_by_one():
    wire = Wire()
    wire.clock.begin(wire.line, wire.now, counted=False)
    wire.crank(4.0)
    wire.now = 4.2  # nothing was served for 0.2 s
    wire.crank(4.2)
    assert len(wire.ticks()) - len([t for t in wire.ticks() if t < 4.01]) <= 2
    wire.crank(8.0)
    assert len(wire.ticks()) == pytest.approx(24 * 15, abs=1)


def test_a_leader_that_starts_is_passed_on_and_the_ticks_wait_for_its_first():
    wire = Wire()
    wire.clock.begin(wire.line, wire.now, counted=False)
    wire.crank(4.0)
    assert wire.clock.follow((START,), 0.0) == [(START,)]
    before = len(wire.ticks())
    wire.crank(4.05, step=0.001, waits=True)
    assert len(wire.ticks()) == before
    wire.line, wire.now = Line(4.06, 0, 0.4), 4.06
    wire.crank(6.06, step=0.001)
    ticks = wire.ticks()[before:]
    assert ticks[0] == pytest.approx(4.06, abs=0.001)
    assert ticks[24] == pytest.approx(4.46) and ticks[72] == pytest.approx(5.26)


def test_the_ticks_of_a_leader_are_not_passed_on_twice():
    wire = Wire()
    wire.clock.begin(wire.line, wire.now, counted=False)
    assert wire.clock.follow((CLOCK,), None) == []


def test_while_it_is_off_nothing_is_passed_on():
    assert ClockOut().follow((START,), 0.0) == []


def test_whoever_follows_our_clock_has_our_beat():
    wire, follower = Wire(93), ClockIn()
    wire.clock.begin(wire.line, wire.now, counted=True)
    wire.crank(10.0)
    for at, message in wire.sent:
        follower.heard(message, at)
    assert follower.line(10).beat_at(10.0) == pytest.approx(wire.line.beat_at(10.0))


def test_a_leader_whose_first_ticks_made_its_tempo_known_has_lost_none_of_them():
    wire = Wire()
    wire.clock.begin(wire.line, wire.now, counted=False)
    wire.crank(4.0)
    wire.clock.follow((START,), 0.0)
    before = len(wire.ticks())
    wire.line, wire.now = Line(4.1, 0, 0.5), 4.1 + 5.01 / 48  # known at its sixth tick
    wire.crank(7.11)
    ticks = wire.ticks()[before:]
    assert len(ticks) == 6 * 24 + 1 and ticks[-1] == pytest.approx(7.1)
    assert min(b - a for a, b in zip(ticks[1:], ticks[2:], strict=False)) > 0.49 / 48


def test_a_leader_that_starts_and_never_ticks_leaves_the_beat_as_it_was():
    wire = Wire()
    wire.clock.begin(wire.line, wire.now, counted=False)
    wire.crank(4.0)
    wire.clock.follow((START,), 0.0)
    wire.crank(5.0, step=0.01, waits=True)
    wire.crank(7.0, step=0.01)
    assert wire.ticks()[-1] == pytest.approx(7.0, abs=0.03) and len(wire.ticks()) < 6.5 / 0.5 * 24
