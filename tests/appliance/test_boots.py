"""From power-on to playing, in an emulated machine: the times are the guest's own."""

import pytest

from firmware_py.panel import pinmap
from tests.appliance.guest import PLUGS
from tests.appliance.inside.web import IN, KEPT_OUT

pytestmark = pytest.mark.appliance
THRU = 20.0  # seconds from power-on, at a thousand million instructions a second
BRAIN = 60.0
REPLUGGED = 1.5
RESTARTED = 8.0
HELD = ("clients", "descriptors", "threads")
FAULTS = (
    "brain stopped", "brain killed", "clock +15 years", "clock -30 years", "out of memory",
    "converter gone",
)  # fmt: skip


def test_the_box_boots_into_playing(found):
    assert found["ready"]["seconds"] <= THRU
    assert found["thru"]["seconds"] <= THRU


def test_every_note_sounds_before_the_network_is_awake_and_after(found):
    for passage in (found["plain"], found["with the brain"]):
        assert passage["sounded"] == passage["played"]


def test_the_network_wakes_and_answers(found):
    assert found["brain"]["seconds"] <= BRAIN
    assert found["answers"]["answers"] >= 1


@pytest.mark.parametrize("device", ["keyboard", "synth"])
def test_what_is_pulled_and_put_back_is_used_again_and_leaves_nothing_sounding(cables, device):
    cycles = cables[f"replug {device}"]["cycles"]
    assert len(cycles) == 5
    assert all(cycle["seconds"] is not None for cycle in cycles)
    assert max(cycle["seconds"] for cycle in cycles) <= REPLUGGED
    if device == "keyboard":
        assert not any(cycle["stuck"] for cycle in cycles)


def test_the_panel_turns_the_mode_stores_a_preset_and_keeps_what_was_played(found):
    assert found["encoder"]["seconds"] is not None
    assert found["encoder"]["status"].startswith("mode ")
    assert found["store"]["presets"] == ["001.toml"]
    assert len(found["keep"]["sessions"]) == 1


def test_knobs_on_a_converter_turn_their_settings_over_the_whole_travel(found):
    for knob in pinmap.load(pinmap.DEFAULT).knobs:
        name, low, high = knob.travel.setting, knob.travel.value(0.0), knob.travel.value(1.0)
        assert (found["knobs"]["low"][name], found["knobs"]["high"][name]) == (low, high)


def test_there_is_no_network_until_web_access_is_asked_for_at_the_box(found):
    assert found["no web"] | {"at": 0} == {"at": 0, "listens": [], "devices": ["lo"]}


def test_a_phone_joins_the_hotspot_with_the_number_alone_and_sees_the_door(found):
    phone = found["hotspot"]
    assert (phone["wrong_password"], phone["password"]) == (KEPT_OUT, IN)
    assert phone["door"] == 200 and phone["uninvited"] == 403


def test_a_computer_on_the_usb_cable_gets_in_with_the_number_alone(found):
    visit = found["web"]
    assert visit["door"] == 200 and visit["uninvited"] == visit["wrong_number"] == 403
    assert visit["home"] == 200 and visit["midi"] == "MThd"
    assert visit["sounded"] == visit["played"] == 20


def test_when_web_access_is_over_so_is_its_network(found):
    assert found["web over"]["devices"] == ["lo"] and found["web over"]["listens"] == []
    assert found["web over"]["number"] is False


def test_the_lamp_is_blue_until_the_network_is_awake_and_then_not(found):
    assert found["lamp"]["levels"] == [0, 0, 1]
    red, green, blue = found["lamp awake"]["levels"]
    assert green > 0 and red == blue == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_every_key_sounds_and_nothing_else(found, fault):
    assert found[fault]["sounded"] == found[fault]["played"]
    assert found[fault]["stuck"] == 0


def test_a_brain_that_takes_too_much_memory_is_what_the_kernel_ends(found):
    assert found["out of memory"]["brain_gone"] is not None


def test_a_player_that_is_killed_plays_again(found):
    cycles = found["player killed"]["cycles"]
    assert len(cycles) == 3 and not any(cycle["stuck"] for cycle in cycles)
    assert max(cycle["seconds"] for cycle in cycles) <= RESTARTED


def test_a_flood_that_is_lost_on_its_way_leaves_no_key_down(cables):
    floods = [cables[f"babble {turn}"] for turn in (1, 2, 3)]
    assert all(flood["let_go"] == flood["held"] > 0 for flood in floods)
    assert all(flood["lost"] > 0 for flood in floods)
    assert not any(flood["stuck"] for flood in floods)
    assert all(flood["sounded"] == flood["played"] for flood in floods)  # right after it


def test_plugging_in_and_out_leaves_the_player_with_what_it_held(cables):
    plugged = cables["plugging"]
    before, after = plugged["before"], plugged["after"]
    assert plugged["cycles"] == PLUGS and plugged["slowest"] <= REPLUGGED
    assert [after[what] for what in HELD] == [before[what] for what in HELD]


def test_nothing_sounds_after_the_end(found):
    assert found["stopped"]["stuck"] == []


def test_the_root_is_only_read_and_what_is_written_has_a_partition_of_its_own(found):
    assert found["system"]["root_is_only_read"]
    assert found["system"]["state"].startswith("rw")
    assert found["system"]["failed_units"] == [""]


def test_the_service_may_have_its_threads_come_before_everything_else(found):
    assert found["system"]["real_time_threads"] >= 3  # the loop, the lookout, the scribe; MIDI in
