"""Solo: it plays alone."""

from __future__ import annotations

from tests.firmware_py.stage import Stage


def test_it_begins_by_itself_when_the_brain_is_ready() -> None:
    stage = Stage(mode="solo", awake=False)
    stage.crank(2.0)
    assert stage.struck() == []
    stage.instrument.brain_ready(stage.now)
    stage.crank(2.0)
    assert stage.struck()


def test_it_begins_when_the_mode_is_chosen() -> None:
    stage = Stage(mode="thru")
    stage.instrument.set("mode", "solo", stage.now)
    stage.crank(2.0)
    assert stage.struck()


def test_it_plays_the_palette() -> None:
    stage = Stage(mode="solo", palette="violin, cello")
    stage.crank(0.1, answering=False)
    assert [sorted(ask.on) for _, ask, _ in stage.asked] == [[41, 43]]


def test_it_goes_on_beside_what_you_play() -> None:
    stage = Stage(mode="solo")
    stage.crank(2.0)
    before = len(stage.struck())
    stage.down(20)
    stage.crank(2.0)
    assert len(stage.struck()) > before + 1
    assert (0, 20) in stage.sounding()


def test_it_is_silent_when_another_mode_is_chosen() -> None:
    stage = Stage(mode="solo")
    stage.crank(3.0)
    stage.instrument.set("mode", "thru", stage.now)
    assert stage.sounding() == set()
    stage.crank(3.0)
    assert stage.sounding() == set()
