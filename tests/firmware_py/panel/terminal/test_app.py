"""The terminal panel, driven by its own pilot: letters and mouse, lamps and lines."""

import asyncio
from dataclasses import replace

import pytest
from textual.widget import Widget

from firmware_py.panel.change import (
    ACTIONS,
    Forget,
    Listen,
    Panic,
    Quit,
    StepBrain,
    StepPalette,
    Tap,
    Turn,
    Undo,
)
from firmware_py.panel.glance import Glance, NoteSeen
from firmware_py.panel.lamps import Sign
from firmware_py.panel.terminal.app import KEYS, PanelApp
from firmware_py.panel.terminal.knobs import OTHERS
from firmware_py.presets.remote import Step
from firmware_py.settings import MODES, Settings, changed

GLANCE = Glance(at=10.0, sign=Sign.LISTENING, settings=Settings(), session=12, answer_ms=4.7)


class Desk:
    """The instrument's side: takes changes, and turns the knobs as it is told."""

    def __init__(self, app):
        self.sent, self.app, self.now = [], app, 10.0

    def obey(self, change):
        self.sent.append(change)
        glance = self.app.glance
        if isinstance(change, Turn):
            settings = changed(glance.settings, change.setting, change.value)
            self.app.show(replace(glance, settings=settings))
        elif isinstance(change, Listen):
            self.app.show(replace(glance, listens=change.on))


def drive(play, size=(80, 24), glance=GLANCE):
    """Have somebody play with a panel of a size; returns what was sent."""

    async def run():
        desk = Desk(None)
        desk.app = PanelApp(desk.obey, lambda: desk.now)
        async with desk.app.run_test(size=size) as pilot:
            desk.app.show(glance)
            await pilot.pause()
            await play(pilot, desk)
            await pilot.pause()
        return desk.sent

    return asyncio.run(run())


def seen(app):
    """What stands on the screen, line by line."""
    strips = app.screen._compositor.render_strips(app.size)
    return ["".join(segment.text for segment in strip) for strip in strips]


def pressed(*keys, **options):
    async def play(pilot, desk):
        await pilot.press(*keys)

    return drive(play, **options)


@pytest.mark.parametrize("key", KEYS)
def test_each_letter_does_what_it_says(key):
    (change,) = pressed(key)
    assert change == ACTIONS[KEYS[key]](10.0)


def test_q_and_ctrl_c_end_the_instrument():
    assert pressed("q") == [Quit()] == pressed("ctrl+c")


def test_the_arrows_turn_the_knob_that_was_walked_to_however_fast_they_come():
    sent = pressed("right", "right", "down", "left", "2", "3", "shift+left", "up", "right")
    assert [(c.setting, c.value) for c in sent] == [
        ("temperature", 0.988), ("temperature", 1.026), ("density", 11.147), ("high", 83),
        ("density", 12.0),
    ]  # fmt: skip


def test_every_setting_can_be_walked_to_and_turned():
    keys = [key for _ in range(20) for key in ("left", "right", "down")]
    assert len({change.setting for change in pressed(*keys)}) == 20


def test_a_click_on_a_mode_chooses_it():
    async def play(pilot, desk):
        for mode in MODES:
            line = seen(desk.app)[1]
            await pilot.click(offset=(line.index(f" {mode} ") + 2, 1))

    assert drive(play) == [Turn("mode", mode) for mode in MODES]


def test_only_the_modes_that_the_brain_plays_are_there_to_be_clicked():
    async def play(pilot, desk):
        desk.app.show(replace(GLANCE, modes=("thru", "drums")))
        await pilot.pause()
        line = seen(desk.app)[1]
        assert line.split() == ["m", "thru", "drums"]
        await pilot.click(offset=(line.index(" drums ") + 2, 1))

    assert drive(play) == [Turn("mode", "drums")]


def test_a_click_beside_palette_preset_brain_and_tempo_steps_and_taps():
    async def play(pilot, desk):
        line = seen(desk.app)[2]
        for what in ("auto", "palette", "–", "preset", "small", "brain", "120"):
            await pilot.click(offset=(line.index(what) + 1, 2))

    assert drive(play, glance=replace(GLANCE, settings=Settings(brain="small"))) == [
        StepPalette(1), StepPalette(-1), Step(1), Step(-1), StepBrain(1), StepBrain(-1), Tap(10.0),
    ]  # fmt: skip


def test_a_click_on_a_bar_and_the_wheel_turn_it():
    async def play(pilot, desk):
        await pilot.click("#knob-temperature", offset=(0, 1))
        await pilot.click("#knob-rhythm", offset=(21, 0))

    sent = drive(play)
    assert sent == [Turn("temperature", 0.1), Turn("rhythm", 2.0)]


def test_a_click_on_a_button_does_what_it_says():
    async def play(pilot, desk):
        line = seen(desk.app)[22]
        for what in ("undo", "panic", "quit"):
            await pilot.click(offset=(line.index(what) + 1, 22))

    assert drive(play) == [Undo(10.0), Panic(), Quit()]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_all_there_is_to_see_is_seen(size):
    async def play(pilot, desk):
        desk.app.show(replace(GLANCE, preset="3 choir", lines=("mode duet", "tempo 97.0")))
        await pilot.pause()
        screen = seen(desk.app)
        for line, *words in (
            (0, "listens", "MIDI", "you", "it", "answers in 4.7 ms", "session 12"), (1, *MODES),
            (2, "palette", "auto", "3 choir", "brain", "120.0 bpm"),
            (3, "temperature", "0.95", "density", "12", "high", "96", "balance", "0.9"),
            (size[1] - 2, "alone", "tap", "undo", "again", "keep", "store", "panic", "bind",
             "forget", "quit"),
            (size[1] - 1, "tempo 97.0"),
        ):  # fmt: skip
            assert [word for word in words if word not in screen[line]] == []
        assert any("rhythm" in line and "0.7" in line for line in screen)

    drive(play, size=size)


def test_a_long_palette_is_written_out_where_the_terminal_is_wide():
    palette = "string ensemble*2 40..70, violin, cello, drums"
    long = replace(GLANCE, settings=Settings(palette=palette))
    for size, whole in (((80, 24), False), ((120, 40), True)):

        async def play(pilot, desk, whole=whole):
            line = seen(desk.app)[2]
            assert (f"‹{palette}›" in line) == whole
            await pilot.click(offset=(line.index("tempo") + 2, 2))

        assert drive(play, size=size, glance=long) == [Tap(10.0)]


def test_no_name_of_a_knob_runs_into_its_bar():
    async def play(pilot, desk):
        column = "\n".join(line[44:] for line in seen(desk.app))
        for name in OTHERS:
            assert f" {name} " in f" {column} ".replace("\n", " ")

    drive(play, size=(80, 40))


@pytest.mark.parametrize("sign", [s for s in Sign if s is not Sign.PRESETS])
def test_the_lamp_says_what_the_network_does(sign):
    lines = []

    async def play(pilot, desk):
        lines.append(seen(desk.app)[0])
        desk.app.show(replace(GLANCE, sign=sign))
        await pilot.pause()
        lines.append(seen(desk.app)[0])

    drive(play)
    assert (lines[0] == lines[1]) == (sign is Sign.LISTENING)


def test_notes_are_seen_on_the_roll_and_scroll_away():
    async def play(pilot, desk):
        notes = (NoteSeen(9.5, "player", 0, 60, 80), NoteSeen(9.9, "", 0, 60, 0))
        desk.app.show(replace(GLANCE, notes=notes))
        await pilot.pause(0.3)
        assert any("▀" in line or "▄" in line for line in seen(desk.app)[6:22])
        desk.now = 60.0
        await pilot.pause(0.3)
        assert not any("▀" in line or "▄" in line for line in seen(desk.app)[6:22])

    drive(play)


def test_b_binds_a_controller_to_the_knob_that_was_walked_to_and_ends_when_it_is_bound():
    async def play(pilot, desk):
        await pilot.press("down", "b")
        assert "bind density" in seen(desk.app)[23]
        desk.app.show(replace(desk.app.glance, bound=(("cc 1:74", "density"),)))

    assert drive(play) == [Listen(True, "density", keys=True), Listen(False)]


def test_after_b_another_letter_is_what_is_bound_and_is_not_done():
    assert pressed("b", "u", "b") == [
        Listen(True, "temperature", keys=True), Listen(True, "undo", keys=True), Listen(False)
    ]  # fmt: skip


def test_f_lets_go_what_is_bound_to_the_knob():
    bound = (("cc 1:7", "temperature"), ("note 1:9", "temperature=1.2"), ("cc 1:8", "rest"))
    sent = pressed("f", glance=replace(GLANCE, bound=bound))
    assert sent == [Forget("cc 1:7"), Forget("note 1:9")]


def test_what_is_bound_is_shown_beside_its_knob():
    async def play(pilot, desk):
        assert any("rhythm" in line and "cc 1:7" in line for line in seen(desk.app))

    drive(play, glance=replace(GLANCE, bound=(("cc 1:7", "rhythm"),)))


def test_nothing_is_drawn_anew_while_nothing_changes():
    drawn = []

    async def play(pilot, desk):
        refresh = Widget.refresh
        Widget.refresh = lambda self, *a, **k: drawn.append(self) or refresh(self, *a, **k)
        try:
            desk.app.show(replace(GLANCE, at=10.2))
            desk.app.show(replace(GLANCE, at=10.4))
        finally:
            Widget.refresh = refresh

    drive(play)
    assert drawn == []
