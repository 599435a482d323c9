"""Whatever asks, the desk does it, says so, and tells everybody how the knobs stand."""

import pytest

from firmware_py.bindings.book import Book
from firmware_py.bindings.learner import Learner
from firmware_py.desk import PALETTES, SHOWN, TWICE, Desk
from firmware_py.panel.change import (
    Again,
    DropPreset,
    Forget,
    Keep,
    Listen,
    OpenAccess,
    Panic,
    PutPreset,
    Quit,
    Restart,
    StepMode,
    StepPalette,
    StorePreset,
    TakeBrain,
    TakeOver,
    Tap,
    Turn,
    Undo,
)
from firmware_py.panel.lamps import FLASH
from firmware_py.presets.bank import Bank
from firmware_py.presets.preset import Preset, write
from firmware_py.presets.remote import Recall, Step
from firmware_py.settings import MODES, Settings, changed
from tests.firmware_py.stage import Stage


class Office:
    """A desk, and a follower of it."""

    def __init__(self, restarts=False, **settings):
        self.brains, self.bank = [], Bank({3: Preset(3, "old", Settings())})
        self.stage, self.lines, self.seen = Stage(**settings), [], []
        self.ended, self.learnt_times = False, 0
        here = self.stage.instrument.scene.settings
        self.learner = Learner(Book(), here, PALETTES)
        self.desk = Desk(
            self.stage.instrument, lambda: self.stage.now, self.lines.append, self.bank,
            self.learner, lambda now: "kept", quit=self.end, access=lambda: "open",
            take_brain=self.brains.append, restarts=restarts,
        )  # fmt: skip
        self.desk.tell(self)

    @property
    def settings(self):
        return self.stage.instrument.scene.settings

    def end(self):
        self.ended = True

    def now_set(self, settings):
        self.seen.append(settings)

    def learnt(self):
        self.learnt_times += 1

    def obey(self, *changes):
        for change in changes:
            self.desk.obey(change)


@pytest.mark.parametrize("way", [1, -1])
def test_the_modes_are_stepped_through_and_round(way):
    office, seen = Office(mode=MODES[0]), []
    for _ in MODES:
        office.obey(StepMode(way))
        seen.append(office.settings.mode)
    assert sorted(seen) == sorted(MODES) and seen[-1] == MODES[0]
    assert office.lines == [f"mode {mode}" for mode in seen]


def test_every_palette_there_is_can_be_played():
    office = Office(mode="duet")
    for palette in PALETTES[1:]:
        office.obey(StepPalette(1))
        assert office.settings.palette == palette and office.lines[-1] == f"palette {palette}"
        assert changed(Settings(), "palette", palette)
    office.obey(StepPalette(1))
    assert office.settings.palette == PALETTES[0]


@pytest.mark.parametrize(("way", "to"), [(1, PALETTES[0]), (-1, PALETTES[-1])])
def test_from_a_palette_that_is_not_in_the_list_it_steps_to_its_end(way, to):
    office = Office(palette="banjo")
    office.obey(StepPalette(way))
    assert office.settings.palette == to


def test_take_over_leaves_you_alone_and_brings_the_mode_back_that_was_set_last():
    office = Office(mode="thru")
    office.obey(TakeOver())
    assert office.settings.mode == "duet"
    office.obey(Turn("mode", "echo"), TakeOver())
    assert office.settings.mode == "thru"
    office.obey(TakeOver())
    assert office.settings.mode == "echo"


def test_everybody_is_told_how_the_knobs_stand_once_for_each_change():
    office = Office(mode="duet")
    office.obey(Turn("temperature", 0.5), Panic(), Tap(1.0), Tap(1.5), Listen(True))
    assert [s.temperature for s in office.seen] == [0.5, 0.5] and office.seen[-1].tempo == 120


def test_a_value_that_is_not_allowed_is_one_line_and_changes_nothing():
    office = Office()
    office.obey(Turn("temperature", 99))
    assert office.settings == Settings() and not office.seen
    (line,) = office.lines
    assert line.startswith("temperature=99") and "\n" not in line


def test_what_a_knob_was_turned_to_is_shown_for_a_while():
    office = Office()
    office.obey(Turn("temperature", 0.5))
    assert office.desk.turned(0.0) == ("temperature", 0.5) and office.desk.next_due == SHOWN
    assert office.desk.turned(SHOWN) is None and office.desk.next_due is None


@pytest.mark.parametrize("change", [StorePreset(), Keep()])
def test_what_is_stored_or_kept_flashes(change):
    office = Office()
    office.obey(change)
    assert office.desk.flashes(0.9 * FLASH) and not office.desk.flashes(FLASH)
    assert office.desk.next_due is None


def test_two_undos_within_a_moment_answer_again_and_later_ones_take_back_more():
    office = Office(mode="harmonize")
    for pitch in (60, 64):
        office.stage.down(pitch)
        office.stage.crank(1.0)
        office.stage.up(pitch)
    at = office.stage.now
    office.obey(Undo(at), Undo(at + 0.9 * TWICE), Undo(at + TWICE), Undo(at + 3 * TWICE))
    assert office.lines == ["undone: 2 notes", "again", "undone: 2 notes",
                            "there is no answer to undo"]  # fmt: skip


def test_again_says_so():
    office = Office(mode="solo")
    office.obey(Again())
    assert office.lines == ["again"]


def test_what_was_touched_on_a_panel_is_what_a_controller_is_bound_to():
    office = Office()
    for change, name in (
        (Turn("density", 3.0), "density"), (StepMode(1), "mode"), (Undo(1.0), "undo"),
        (Tap(2.0), "tap tempo"), (TakeOver(), "take over"), (Listen(True), "take over"),
    ):  # fmt: skip
        office.desk.touch(change)
        assert office.learner.touched == name
    office.obey(Listen(True, "rest"))
    assert office.learner.touched == "rest" and office.learner.listens


def test_a_binding_that_is_not_there_is_said_not_to_be():
    office = Office()
    office.obey(Forget("cc 1:1"))
    assert office.lines == ["cc 1:1 is not bound"]


def test_quit_ends_the_instrument():
    office = Office()
    office.obey(Quit())
    assert office.ended


def test_a_restart_ends_the_instrument_where_somebody_starts_it_again():
    office = Office(restarts=True)
    office.obey(Panic(), Restart())
    assert office.ended and office.lines == ["panic: all silent", "starting anew"]


def test_where_nobody_would_start_it_again_a_restart_only_says_so():
    office = Office()
    office.obey(Restart())
    assert not office.ended and "nobody would start it again" in office.lines[0]


def test_web_access_and_an_uploaded_brain_are_handed_on():
    office = Office()
    office.obey(OpenAccess(), TakeBrain("ab"), TakeBrain(None))
    assert office.lines == ["open"] and office.brains == ["ab", None]


def test_a_preset_is_put_under_its_number_whatever_was_there_and_can_be_recalled():
    office = Office()
    office.obey(PutPreset(3, write(Preset(3, "late", Settings(mode="solo")))), Recall(3))
    assert office.settings.mode == "solo" and office.lines[0] == "preset 3 is now: late"


@pytest.mark.parametrize(
    ("number", "text", "says"),
    [
        (3, "[settings]\ntemperature = 9", "temperature=9: must be from"),
        (3, "[settings]\nwarmth = 1", "no setting called 'warmth'"),
        (3, "[[", "not TOML"),
        (129, "", "there is no preset 129"),
    ],
)
def test_a_preset_that_makes_no_sense_is_one_line_and_changes_nothing(number, text, says):
    office = Office()
    office.obey(PutPreset(number, text))
    assert says in office.lines[0] and "\n" not in office.lines[0]
    assert office.bank.recall(3).name == "old" and office.bank.recall(129) is None


def test_a_preset_that_is_deleted_is_not_stepped_to_any_more():
    office = Office()
    office.obey(Recall(3), DropPreset(3), DropPreset(3), Step(1))
    assert office.lines[1:] == ["preset 3 is deleted", "there is no preset"]
