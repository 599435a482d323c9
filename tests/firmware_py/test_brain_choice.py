"""Choosing a brain: only what it can play is offered, and no note is cut when it changes."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from firmware_py.bindings.book import Book
from firmware_py.bindings.learner import Learner
from firmware_py.box.brains import shelf
from firmware_py.brain_choice import PATIENCE, BrainChoice, offered
from firmware_py.brain_link import Report
from firmware_py.desk import PALETTES, Desk
from firmware_py.live import Loop
from firmware_py.panel.change import StepBrain, StepMode, StorePreset, TakeOver, Turn
from firmware_py.presets.bank import Bank
from firmware_py.presets.preset import Preset
from firmware_py.presets.remote import Recall
from firmware_py.settings import MODES, Settings
from notochord.event import Event
from notochord.kinds import EVERY_MODE
from tests.firmware_py.stage import Stage

PLAIN, ROLL = {"name": "base"}, {"name": "roll", "modes": ["continue", "echo", "solo"]}
SHELF = {"auto": Path("base"), "base": Path("base"), "roll": Path("roll")}
PRESETS = (
    Preset(3, "old", Settings(mode="duet", temperature=0.5)),
    Preset(4, "a roll", Settings(mode="echo", temperature=0.6, brain="roll"), names_brain=True),
    Preset(5, "gone", Settings(mode="solo", brain="lost"), names_brain=True),
    Preset(6, "beyond it", Settings(mode="duet", brain="roll"), names_brain=True),
)


class FakeChange:
    """The changing of brains, without any."""

    def __init__(self, manifest):
        self.manifest, self.waiting = manifest, None
        self.changed, self.kept, self.hushed = [], 0, False

    def change(self, path):
        self.changed.append(path)

    def keep(self):
        self.kept += 1

    def hush(self):
        self.hushed = True

    def take(self):
        self.manifest, self.waiting = self.waiting, None


def room(manifest=PLAIN, **settings):
    stage, link, lines = Stage(**settings), FakeChange(manifest), []
    choice = BrainChoice(link, SHELF)
    loop = Loop(
        stage.instrument, None, link, SimpleNamespace(now=lambda: stage.now), lines.append,
        bank=Bank({preset.number: preset for preset in PRESETS}), choice=choice,
    )  # fmt: skip
    return SimpleNamespace(stage=stage, link=link, choice=choice, loop=loop, lines=lines,
                           obey=loop._desk.obey)  # fmt: skip


def mode(room):
    return room.stage.instrument.scene.settings.mode


def test_a_brain_offers_what_its_manifest_declares_and_keys_always_sound():
    assert offered(ROLL) == ("thru", "continue", "echo", "solo")
    assert offered(PLAIN) == ("thru", *(mode for mode in MODES if mode in EVERY_MODE))
    assert offered({"name": "tapped", "modes": ["drums"]}) == ("thru", "drums")


def test_while_no_brain_is_known_every_mode_is_offered():
    assert offered({}) == BrainChoice().modes == MODES


def test_the_mode_knob_offers_only_what_the_brain_can_play():
    here = room(ROLL, mode="thru")
    seen = []
    for _ in range(4):
        here.obey(StepMode(1))
        seen.append(mode(here))
    assert seen == ["continue", "echo", "solo", "thru"]


def test_a_mode_that_the_brain_cannot_play_is_refused_in_one_line():
    here = room(ROLL, mode="solo")
    here.obey(Turn("mode", "harmonize"))
    assert mode(here) == "solo"
    assert here.lines == ["the brain 'roll' cannot harmonize; it knows thru, continue, echo, solo"]


def test_a_preset_in_a_mode_that_the_brain_cannot_play_is_recalled_in_the_present_one():
    here = room(ROLL, mode="solo")
    here.obey(Recall(3))
    settings = here.stage.instrument.scene.settings
    assert (settings.mode, settings.temperature) == ("solo", 0.5)


def wakes(here, manifest=ROLL):
    """The brain that was wanted is awake; it takes over when it may."""
    here.link.waiting = manifest
    for _ in range(200):
        here.loop._change_brain(here.stage.now)
        here.stage.crank(0.05)
    assert here.link.manifest is manifest


def test_a_preset_brings_its_brain_and_what_the_one_before_cannot_play_comes_with_it():
    here = room({"name": "tapped", "modes": ["drums"]}, mode="drums")
    here.obey(Recall(4))
    settings = here.stage.instrument.scene.settings
    assert (settings.mode, settings.temperature, settings.brain) == ("drums", 0.6, "roll")
    assert here.link.changed == [Path("roll")]
    assert here.lines == ["preset 4: a roll", "its brain, roll, wakes; then mode echo"]
    wakes(here)
    assert mode(here) == "echo" and "the brain 'roll' plays now" in here.lines


def test_a_mode_that_both_brains_play_is_there_at_once_and_no_note_of_it_is_cut_by_the_brain():
    here = playing("solo")
    here.obey(Recall(4))
    assert mode(here) == "echo"
    here.stage.down(64)
    here.stage.crank(0.5)
    here.stage.up(60)
    here.stage.up(64)
    here.stage.crank(1.3)
    sounding, sent = here.stage.sounding(), len(here.stage.sent)
    assert sounding
    here.link.waiting = ROLL
    here.loop._change_brain(here.stage.now)
    assert here.link.manifest is ROLL and here.stage.sent[sent:] == [] and mode(here) == "echo"
    assert here.stage.sounding() == sounding


def test_a_key_held_over_a_preset_with_another_brain_sounds_until_it_is_let_go():
    here = playing("duet")
    here.obey(Recall(4))
    wakes(here)
    assert mode(here) == "echo" and (0, 60) in here.stage.sounding()
    here.stage.up(60)
    here.obey(Turn("mode", "thru"))
    here.stage.crank(1.0)
    assert here.stage.sounding() == set()


def test_who_chooses_a_mode_meanwhile_has_it_kept():
    here = room({"name": "tapped", "modes": ["drums"]}, mode="drums")
    here.obey(Recall(4))
    here.obey(Turn("mode", "thru"))
    wakes(here)
    assert mode(here) == "thru"


def test_a_preset_whose_brain_is_not_there_is_recalled_with_the_one_that_plays():
    here = room(mode="duet")
    here.obey(Recall(5))
    settings = here.stage.instrument.scene.settings
    assert (settings.mode, settings.brain) == ("solo", "auto") and here.link.changed == []
    assert here.lines[0] == "there is no brain called 'lost'; there are auto, base, roll"


def test_a_preset_whose_brain_cannot_be_had_leaves_the_mode_and_the_brain_that_play():
    here = room({"name": "tapped", "modes": ["drums"]}, mode="drums")
    here.obey(Recall(4))
    here.loop._serve(Report("kept", text="roll.brain: cut short"))
    assert mode(here) == "drums" and here.stage.instrument.scene.settings.brain == "auto"
    here.loop._desk.brain_changed()
    assert mode(here) == "drums"


def test_a_preset_whose_brain_cannot_play_its_mode_says_so_and_plays_another():
    here = room(mode="solo")
    here.obey(Recall(6))
    wakes(here)
    assert mode(here) == "continue"
    assert any("the brain 'roll' cannot duet" in line for line in here.lines)


def test_a_preset_recalled_while_the_first_brain_wakes_waits_for_its_own():
    here = room({}, mode="duet")
    here.obey(Recall(4))
    here.link.manifest = {"name": "tapped", "modes": ["drums"]}
    here.loop._serve(Report("ready"))  # the first one
    assert mode(here) == "drums"
    wakes(here)
    assert mode(here) == "echo" and not any("cannot" in line for line in here.lines)


def test_what_is_stored_remembers_its_brain_and_a_preset_that_names_none_leaves_it():
    here = room(mode="solo", brain="roll")
    here.obey(Recall(3))
    assert here.stage.instrument.scene.settings.brain == "roll"
    here.obey(StorePreset())
    here.obey(Turn("brain", "base"))
    here.obey(Recall(1))
    assert here.stage.instrument.scene.settings.brain == "roll"


def test_taking_over_goes_back_to_a_mode_that_the_brain_can_play():
    here = room(ROLL, mode="thru")
    here.loop._desk.brain_changed()
    here.obey(TakeOver())
    assert mode(here) == "continue"


def test_a_brain_that_is_awake_and_cannot_play_the_mode_plays_another():
    here = room(ROLL, mode="duet")
    here.loop._serve(Report("ready"))
    assert mode(here) == "continue" and "cannot duet" in here.lines[0]


def test_turning_the_setting_wakes_another_brain():
    here = room()
    here.obey(Turn("brain", "roll"))
    assert here.link.changed == [Path("roll")]
    here.obey(Turn("brain", "base"))  # the file that plays already
    assert here.link.changed == [Path("roll")] and here.link.kept == 1


def test_a_brain_that_is_not_there_is_refused_in_one_line():
    here = room()
    here.obey(Turn("brain", "none"))
    assert here.link.changed == [] and here.stage.instrument.scene.settings.brain == "auto"
    assert here.lines == ["there is no brain called 'none'; there are auto, base, roll"]


def test_a_button_steps_through_the_brains():
    here = room()
    for _ in range(3):
        here.obey(StepBrain(1))
    assert [line for line in here.lines] == ["brain base", "brain roll", "brain auto"]


def test_a_brain_that_cannot_be_had_leaves_the_setting_at_the_one_that_plays():
    here = room()
    here.obey(Turn("brain", "roll"))
    here.loop._serve(Report("kept", text="roll.brain: cut short"))
    assert here.stage.instrument.scene.settings.brain == "auto"
    assert here.lines[-1] == "roll.brain: cut short; the brain before plays on"
    here.obey(Turn("brain", "roll"))  # and may be asked for again
    assert len(here.link.changed) == 2


def long_notes(ask, uniforms):
    """Begins a note as soon as it may, and ends none."""
    for instrument, bits in sorted(ask.on.items(), reverse=True):
        if bits:
            return Event(instrument, bits.bit_length() - 1, max(ask.time[0], 0.1), 70)
    return None


def playing(name, **settings):
    """A room in which the network has begun notes that last, and a key is held."""
    here = room(mode=name, **settings)
    here.stage.script = long_notes
    here.stage.down(60)
    here.stage.crank(1.0)
    return here


def ends(stage, since):
    """When note-offs were sent since then."""
    return [at for at, m in stage.sent[since:] if m[0] & 0xF0 == 0x80]


def test_a_brain_that_knows_the_mode_takes_over_at_once_and_cuts_no_note():
    here = playing("solo")
    sounding, sent = here.stage.sounding(), len(here.stage.sent)
    assert len(sounding) > 2
    here.obey(Turn("brain", "roll"))
    here.link.waiting = ROLL
    here.loop._change_brain(here.stage.now)
    assert here.link.manifest is ROLL and not here.link.hushed
    assert here.stage.sent[sent:] == [] and here.stage.sounding() == sounding
    assert here.lines[-1] == "the brain 'roll' plays now"


def test_a_brain_that_takes_over_from_one_that_was_lost_is_told_what_has_sounded():
    here = playing("solo")
    heard = [told.event for told in here.stage.told if told.event.velocity]
    here.loop._serve(Report("lost"))
    here.stage.told.clear()
    here.link.waiting = ROLL
    here.loop._change_brain(here.stage.now)
    again = [told.event for told in here.stage.told]
    assert again and again[0] in heard and here.stage.instrument.scene.brain


def test_no_answer_of_the_brain_before_is_taken_after_it_was_changed():
    here = playing("solo")
    here.stage.crank(0.3, answering=False)
    number, *_ = here.stage.asked[-1]
    here.link.waiting = ROLL
    here.loop._change_brain(here.stage.now)
    assert here.stage.instrument.questions.answered(number, None, here.stage.now) is None


def test_in_a_mode_that_it_does_not_know_a_brain_waits_until_the_network_s_notes_have_ended():
    here = playing("duet", palette="violin, cello")
    own = set(here.stage.instrument.scene.own)
    assert own
    began = here.stage.now
    here.link.waiting = ROLL
    here.stage.script = lambda ask, u: None if here.link.hushed else long_notes(ask, u)
    while here.link.waiting is not None:
        here.loop._change_brain(here.stage.now)
        if here.link.waiting is not None:
            here.stage.crank(0.05)
    assert here.link.hushed and mode(here) == "continue"
    longest = Settings().longest
    assert longest - 1.0 <= here.stage.now - began <= longest + PATIENCE
    assert not here.stage.instrument.scene.own
    assert (0, 60) in here.stage.sounding()  # the key sounds on
    lasted = {}
    for at, message in here.stage.sent:
        lasted.setdefault((message[0] & 0xF, message[1]), []).append(at)
    cut = [times for place, times in lasted.items() if place != (0, 60) and len(times) == 2
           and times[1] - times[0] < longest - 0.01]  # fmt: skip
    assert cut == []


def test_a_note_that_will_not_end_is_waited_for_a_while_and_no_longer():
    here = playing("duet")
    here.link.waiting = ROLL
    here.stage.instrument.scene.own[1, 40] = 1e9  # as nothing should leave it
    here.loop._change_brain(here.stage.now)
    assert here.link.waiting is not None
    here.stage.now += Settings().longest + PATIENCE
    here.loop._change_brain(here.stage.now)
    assert here.link.waiting is None and mode(here) == "continue"


@pytest.mark.parametrize("name", MODES)
def test_a_held_key_sounds_through_a_change_of_brain_in_every_mode(name):
    here = room(mode=name)
    here.stage.down(60)
    here.stage.crank(0.3)
    keys = here.stage.sounding()
    here.link.waiting = ROLL
    for _ in range(200):
        here.loop._change_brain(here.stage.now)
        here.stage.crank(0.05)
    assert here.link.waiting is None
    if name != "autopitch":  # whose key sounds another pitch
        assert (0, 60) in keys and (0, 60) in here.stage.sounding()
    here.stage.up(60)
    here.obey(Turn("mode", "thru"))
    here.stage.crank(1.0)
    assert here.stage.sounding() == set()


def test_an_answer_of_echo_goes_on_with_another_brain():
    here = room(mode="echo")
    here.stage.script = long_notes
    here.stage.down(60)
    here.stage.crank(0.5)
    here.stage.up(60)
    here.stage.crank(1.3)
    own = here.stage.sounding()
    assert own
    here.link.waiting = ROLL
    here.loop._change_brain(here.stage.now)
    assert here.stage.sounding() == own
    here.stage.crank(8.0)
    assert here.stage.sounding() == set()


def test_the_shelf_holds_what_was_shipped_and_what_was_brought(tmp_path):
    shipped = tmp_path / "shipped"
    for folder, names in ((shipped, ("base", "small")), (tmp_path / "brains", ("mine", "a b"))):
        folder.mkdir()
        for name in names:
            (folder / f"{name}.brain").touch()
    found = shelf(tmp_path, shipped, shipped / "base.brain")
    assert list(found) == ["auto", "base", "small", "mine"]
    assert found["auto"] == shipped / "base.brain"
    (tmp_path / "brains/own.brain").touch()
    assert shelf(tmp_path, shipped, shipped / "base.brain")["auto"].name == "own.brain"


def test_a_desk_without_brains_to_choose_offers_every_mode():
    stage, lines = Stage(), []
    settings = stage.instrument.scene.settings
    learner = Learner(Book(), settings, PALETTES)
    desk = Desk(stage.instrument, lambda: 0.0, lines.append, Bank({}), learner)
    for _ in MODES:
        desk.obey(StepMode(1))
    desk.obey(StepBrain(1))
    assert len(set(lines)) == len(MODES) + 1 and "no brains" in lines[-1]
