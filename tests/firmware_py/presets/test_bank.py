"""The bank: which preset is next, and where a new one goes."""

from firmware_py.presets.bank import Bank
from firmware_py.presets.preset import Preset
from firmware_py.settings import Settings


def bank(*numbers):
    return Bank({n: Preset(n, f"p{n}", Settings(voices=n % 8 + 1)) for n in numbers})


def test_next_goes_through_the_presets_there_are_and_round():
    steps = bank(2, 5, 128)
    assert [steps.step(1).number for _ in range(4)] == [2, 5, 128, 2]


def test_previous_begins_with_the_last():
    steps = bank(2, 5, 128)
    assert [steps.step(-1).number for _ in range(4)] == [128, 5, 2, 128]


def test_a_quick_turn_of_the_encoder_goes_as_many_presets_on():
    steps = bank(1, 2, 3, 4)
    steps.recall(1)
    assert steps.step(6).number == 3


def test_stepping_goes_on_from_what_was_recalled():
    steps = bank(1, 2, 3)
    steps.recall(2)
    assert steps.step(1).number == 3


def test_a_free_number_recalls_nothing_and_changes_nothing():
    steps = bank(1, 2)
    steps.recall(1)
    assert steps.recall(77) is None
    assert steps.step(1).number == 2


def test_an_empty_bank_has_nothing_to_step_to():
    assert Bank({}).step(1) is None


def test_storing_takes_the_first_free_number_and_hands_it_on_to_be_written():
    written = []
    presets = Bank({1: Preset(1, "", Settings())}, written.append)
    stored = presets.store(Settings(mode="thru"))
    assert stored.number == 2 and written == [stored]
    assert presets.step(1).number == 1 and presets.step(1) == stored


def test_storing_what_is_stored_already_finds_it():
    written = []
    mine = Preset(9, "mine", Settings(mode="thru"), names_brain=True)
    presets = Bank({9: mine}, written.append)
    assert presets.store(Settings(mode="thru", preset_next=80)).number == 9
    assert written == []


def test_a_preset_that_names_no_brain_is_not_all_that_is_stored():
    presets = Bank({9: Preset(9, "old", Settings(mode="thru"))})
    stored = presets.store(Settings(mode="thru"))
    assert stored.number == 1 and stored.names_brain


def test_a_full_bank_stores_nothing():
    full = bank(*range(1, 129))
    assert full.store(Settings(mode="thru", voices=3)) is None
