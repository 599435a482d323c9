import pytest

from firmware_py.tempo.line import Line, drawn_through


def test_a_beat_and_its_time_are_each_others_inverse():
    line = Line(3.0, 7.5, 0.4)
    assert line.time_of(line.beat_at(12.34)) == pytest.approx(12.34)
    assert line.beat_at(3.0) == 7.5 and line.bpm == pytest.approx(150)


@pytest.mark.parametrize(("time", "nearest"), [(0.1, 0.0), (0.13, 0.25), (0.25, 0.25), (-0.1, 0.0)])
def test_the_nearest_of_every_half_beat(time, nearest):
    assert Line(0.0, 0.0, 0.5).nearest(time, 0.5) == pytest.approx(nearest)


def test_the_line_through_points_has_their_slope_and_place():
    line = drawn_through([(n, 2 + 0.1 * n) for n in (0, 1, 2, 5, 9)])
    assert line.seconds == pytest.approx(0.1) and line.time_of(0) == pytest.approx(2)


def test_with_a_slope_that_is_given_only_the_place_is_averaged():
    line = drawn_through([(0, 1.0), (1, 1.3)], 0.2)
    assert line.seconds == 0.2 and line.time_of(0.5) == pytest.approx(1.15)
