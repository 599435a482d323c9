"""A performance by chance: all of it happens, in order; at its end nothing is held or pulled."""

from random import Random

import pytest

from firmware_py.message import (
    CLOCK,
    START,
    STOP,
    is_all_off,
    is_channel_message,
    is_note_off,
    is_note_on,
    kind,
)
from firmware_py.soak.acts import DRUMS, KEYBOARDS, PLAYERS, SYNTHS, Play, Plug, Pull
from firmware_py.soak.ear import Ear
from firmware_py.soak.performer import ALONE, PANEL, TURNED, movement, recall

SECONDS = 58.0


def acts(seed):
    return list(movement(Random(seed), SECONDS))


@pytest.mark.parametrize("seed", range(20))
def test_it_is_in_order_of_time_and_ends_with_the_network_leaving_you_alone(seed):
    times = [at for at, _ in acts(seed)]
    assert times == sorted(times) and times[-1] == SECONDS
    assert acts(seed)[-1] == (SECONDS, recall(ALONE))


@pytest.mark.parametrize("seed", range(20))
def test_at_its_end_every_device_is_plugged_in_and_every_key_and_pedal_up(seed):
    pulled, ears = set(), {device: Ear() for device in KEYBOARDS}
    for _, act in acts(seed):
        match act:
            case Pull(device):
                assert device not in pulled
                pulled.add(device)
                if device in ears:
                    ears[device].lost_power()  # what is held on it is lost
            case Plug(device):
                pulled.remove(device)
            case Play(device, message):
                assert device not in pulled
                if device in ears:
                    ears[device].hear(message)
    assert not pulled and all(not ear.left for ear in ears.values())


def test_the_same_seed_is_the_same_performance_and_another_is_not():
    assert acts(1) == acts(1) != acts(2)


def test_in_a_few_minutes_all_of_it_happens():
    every = [act for seed in range(20) for _, act in acts(seed)]
    assert {act.device for act in every if isinstance(act, Pull)} == {*KEYBOARDS, SYNTHS[1]}
    played = [act for act in every if isinstance(act, Play)]
    assert {act.device for act in played} == set(PLAYERS)
    notes = [act.message for act in played if act.device in KEYBOARDS]
    assert {kind(message) for message in notes} == {0x80, 0x90, 0xB0, 0xC0, 0xD0, 0xE0}
    assert any(is_all_off(message) for message in notes)
    assert sum(is_note_on(m) for m in notes) > 1000 < sum(is_note_off(m) for m in notes)
    turned = {m[1] for _, m in ((a.device, a.message) for a in played)
              if is_channel_message(m) and m[0] == 0xB0 | PANEL - 1}  # fmt: skip
    assert len(turned) == len(TURNED)
    clock = [act.message[0] for act in played if act.device == DRUMS]
    assert {START, STOP, CLOCK} < set(clock)
