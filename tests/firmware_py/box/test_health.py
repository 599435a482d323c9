"""Temperature and power, read from trees made up like a Raspberry Pi's /sys."""

import pytest

from firmware_py.box.health import (
    COOL,
    COOLED,
    HOT,
    STRONG,
    THROTTLED,
    TOO_HOT,
    TOO_WEAK,
    Health,
    Watch,
    look,
)  # fmt: skip


@pytest.fixture
def machine(tmp_path):
    """A machine's /sys: its temperature in °C and the firmware's bits can be set."""

    def set_to(celsius=None, bits=None):
        for path, text in (
            ("sys/class/thermal/thermal_zone0/temp", celsius and f"{int(celsius * 1000)}\n"),
            (THROTTLED, bits is not None and f"{bits:x}\n"),
        ):
            if text:
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).write_text(text)
        return tmp_path

    return set_to


def test_a_raspberry_pi_is_read(machine):
    health = look(machine(48.2, 0x50005))
    assert health.celsius == pytest.approx(48.2)
    assert health.weak and health.was_weak and health.slowed


def test_what_happened_before_is_told_apart_from_what_happens_now(machine):
    health = look(machine(48.2, 0x50000))
    assert health.was_weak and not health.weak and not health.slowed


def test_the_hottest_of_several_sensors_counts(machine):
    root = machine(40.0)
    other = root / "sys/class/thermal/thermal_zone1"
    other.mkdir()
    (other / "temp").write_text("71000\n")
    assert look(root).celsius == 71.0


def test_a_machine_without_sensors_is_taken_to_be_well(tmp_path):
    assert look(tmp_path) == Health(None, 0)


def test_a_sensor_that_reads_nonsense_is_left_out(machine):
    root = machine(40.0, 0)
    (root / THROTTLED).write_text("what?\n")
    (root / "sys/class/thermal/thermal_zone0/temp").write_text("\n")
    assert look(root) == Health(None, 0)


def test_each_change_is_told_once_and_the_lamp_stays_until_it_is_over():
    now = [Health(50.0)]
    watch = Watch(lambda: now[0])
    story = []
    for health in (Health(50.0), Health(HOT), Health(HOT + 5), Health(COOL + 1), Health(50.0, 1),
                   Health(50.0, 1), Health(50.0)):  # fmt: skip
        now[0] = health
        watch.turn()
        story.append((watch.news(), watch.strained))
    assert story == [
        ([], False), ([f"{TOO_HOT} (80 °C)"], True), ([], True), ([], True),
        ([COOLED, TOO_WEAK], True), ([], True), ([STRONG], False),
    ]  # fmt: skip
