"""Starts that fail, again and again: pauses that grow, and a lamp that says so."""

import fcntl
import re
import struct
import subprocess

import pytest

from firmware_py.box import again
from firmware_py.box.install import SOURCE
from firmware_py.panel.pinmap import load

PINS = SOURCE / "firmware_py/panel/pins.toml"


def test_two_starts_may_fail_at_once_and_then_the_pauses_grow_up_to_what_a_start_may_take():
    assert [again.pause(n) for n in range(9)] == [0, 0, 0, 1, 2, 4, 8, 15, 15]


def test_what_failed_is_counted_and_nothing_known_is_nothing_failed(tmp_path):
    assert again.failures(tmp_path / "failed") == 0
    (tmp_path / "failed").write_bytes(b"xx")
    assert again.failures(tmp_path / "failed") == 3
    (tmp_path / "link").symlink_to("failed")
    assert again.failures(tmp_path / "link") == 0


def test_the_unit_counts_every_end_that_is_no_success_and_waits_for_nothing_after_the_first(
    tmp_path,
):
    """By its own lines, as the service manager's shell carries them out."""
    unit = (SOURCE / "systemd/notochord-box.service").read_text().replace("%t/notochord-box/", "")
    (count,) = re.findall(r"^ExecStopPost=-/bin/sh -c '(.*)'$", unit, re.MULTILINE)
    (before,) = re.findall(r"sh -c '(.*) \|\| exec .*again\.py failed'$", unit, re.MULTILINE)

    def end(result):
        environment = {"SERVICE_RESULT": result}
        subprocess.run(["sh", "-c", count], cwd=tmp_path, env=environment, check=True)
        at_once = subprocess.run(["sh", "-c", before], cwd=tmp_path).returncode == 0
        return again.failures(tmp_path / "failed"), at_once

    results = ("success", "signal", "success", "watchdog", "exit-code")
    assert [end(result) for result in results] == [
        (0, True), (1, True), (1, True), (2, False), (3, False)
    ]  # fmt: skip


def test_the_lamp_is_that_of_the_panel(tmp_path):
    lamp = load(PINS).lamp
    assert again.lamp(PINS) == (lamp.red, lamp.green, lamp.blue)
    assert again.lamp(tmp_path / "none") is None


@pytest.fixture
def chips(tmp_path, monkeypatch):
    """Two chips, of which the second has the header's pins; and the requests for lines of it."""
    for name in ("gpiochip0", "gpiochip1"):
        (tmp_path / name).touch()
    asked = []

    def ioctl(file, what, buffer):
        if what == again._CHIP_INFO:
            label = b"pinctrl-bcm2711" if file.name.endswith("1") else b"raspberrypi-exp-gpio"
            struct.pack_into("32s32sI", buffer, 0, b"x", label, 58)
            return
        asked.append((file.name[-9:], bytes(buffer)))
        with open(tmp_path / "lines", "wb", buffering=0) as lines:
            struct.pack_into("i", buffer, 588, fcntl.fcntl(lines, fcntl.F_DUPFD, 100))

    monkeypatch.setattr(again.fcntl, "ioctl", ioctl)
    return tmp_path, asked


def test_it_waits_with_a_red_lamp_and_gives_the_pins_back(chips):
    devices, asked = chips
    slept = []
    again.wait(5, slept.append, devices, PINS)
    assert slept == [4.0]
    ((chip, request),) = asked
    assert chip == "gpiochip1"
    assert struct.unpack_from("3I", request) == (16, 20, 21)
    assert struct.unpack_from("=Q", request, 288) == (8,)  # outputs
    assert struct.unpack_from("=IIQQ", request, 320) == (2, 0, 0b001, 0b111)  # red, of three
    assert struct.unpack_from("=I", request, 560) == (3,)


def test_a_first_failure_is_not_waited_for(chips):
    devices, asked = chips
    again.wait(2, lambda seconds: pytest.fail("slept"), devices, PINS)
    assert asked == []


def test_a_box_without_a_lamp_waits_as_well(tmp_path):
    slept = []
    again.wait(4, slept.append, tmp_path, PINS)
    again.wait(4, slept.append, tmp_path, tmp_path / "none")
    assert slept == [2.0, 2.0]
