"""Velocity curves, and what is fitted to soft, medium and hard playing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.rig.curve import SHAPES, STROKES, Curve, CurveError, Gauge, fitted, shaped

VELOCITY = st.integers(1, 127)
POINTS = st.lists(st.tuples(VELOCITY, VELOCITY), max_size=8, unique_by=lambda p: p[0]).map(
    lambda points: [*zip(sorted(x for x, _ in points), sorted(y for _, y in points), strict=True)]
)


def test_without_points_a_velocity_is_what_it_was() -> None:
    assert [Curve([])(velocity) for velocity in range(128)] == list(range(128))


@given(POINTS)
def test_every_curve_rises_goes_through_its_points_and_keeps_ends_apart_from_notes(
    points: list[tuple[int, int]],
) -> None:
    curve = Curve(points)
    table = [curve(velocity) for velocity in range(128)]
    assert table == sorted(table) and table[0] == 0 and min(table[1:]) >= 1 and max(table) <= 127
    assert all(curve(x) == y for x, y in points)


@pytest.mark.parametrize(
    "points", [[(20, 30), (20, 40)], [(20, 30), (10, 40)], [(20, 50), (30, 40)], [(0, 5)],
               [(5, 128)]],
)  # fmt: skip
def test_points_that_are_no_curve_are_refused(points: list[tuple[int, int]]) -> None:
    with pytest.raises(CurveError):
        Curve(points)


def test_a_soft_curve_makes_a_light_touch_louder_and_a_hard_one_softer() -> None:
    soft, linear, hard = (shaped(shape)(40) for shape in ("soft", "linear", "hard"))
    assert soft > 50 and linear == 40 and hard < 30
    assert {shaped(shape)(127) for shape in SHAPES} == {127}
    with pytest.raises(CurveError, match="there are linear, soft, hard"):
        shaped("steep")


@pytest.mark.parametrize("middles", [(20, 45, 90), (60, 90, 125), (15, 40, 127)])
def test_a_keyboard_that_was_measured_gives_p_mf_and_ff(middles: tuple[int, int, int]) -> None:
    chance, gauge = random.Random(1), Gauge()
    for middle in middles:
        for n in range(STROKES):
            spread = chance.randrange(0, 3) * (1 if n % 2 else -1)
            gauge.struck(min(max(middle + spread, 1), 127))
    assert gauge.wants is None
    curve = gauge.curve()
    for middle, meant in zip(middles, (49, 80, 112), strict=True):
        if middle < 127:
            assert abs(curve(middle) - meant) <= 6


def test_one_wild_stroke_spoils_no_measurement() -> None:
    assert fitted([20] * 7 + [127], [50] * 8, [90] * 7 + [1])(50) == 80


def test_touches_that_are_alike_are_refused_with_what_was_played() -> None:
    with pytest.raises(CurveError, match=r"softly \(50\) and in between \(52\)"):
        fitted([50] * 8, [52] * 8, [100] * 8)


def test_it_is_asked_for_soft_then_medium_then_hard() -> None:
    gauge, asked = Gauge(), []
    while (touch := gauge.wants) is not None:
        asked.append(touch)
        gauge.struck(64)
    assert asked == ["softly"] * 8 + ["in between"] * 8 + ["hard"] * 8
