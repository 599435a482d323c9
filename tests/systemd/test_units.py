"""The units as systemd itself reads them, in a system made of its own and ours."""

import re
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from firmware_py.box.brains import UPLOADED
from firmware_py.box.install import FILES, SOURCE, UNITS
from firmware_py.midi.din import BAUD
from firmware_py.panel.access import ADDRESS
from firmware_py.panel.pinmap import load
from firmware_py.web.__main__ import ADDRESSES
from firmware_py.web.door import LASTS

FOLDER = SOURCE / "systemd"
SYSTEM = Path("/usr/lib/systemd/system")
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None or not (SYSTEM / "sysinit.target").exists(),
    reason="systemd-analyze is not here (apt-get install systemd)",
)
EXPOSURE = 8  # tenths; systemd/README.md says what each is for


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A root with systemd's units and ours, and something to run wherever they run something."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(SYSTEM, root / "usr/lib/systemd/system", symlinks=True)
    text = ""
    for unit in UNITS:
        place = root / FILES[unit]
        place.parent.mkdir(parents=True, exist_ok=True)
        text += shutil.copy(FOLDER / unit, place).read_text()
    for program in re.findall(r"^Exec\w+=[-+@!:]*(/\S+)", text, re.MULTILINE):
        (root / program[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / program[1:]).write_text("#!/bin/sh\n")
        (root / program[1:]).chmod(0o755)
    return root


def verified(root, unit):
    """What systemd has to say about a unit."""
    command = ["systemd-analyze", "verify", "--man=no", f"--root={root}", unit]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_has_nothing_to_say_about_a_unit(root, unit):
    assert verified(root, unit) == (0, "")


@needs_systemd
def test_systemd_would_say_so_if_something_were_wrong(root):
    wrong = root / "etc/systemd/system/wrong.service"
    wrong.write_text("[Service]\nExecStart=/bin/sh\nWatchdogSec=soon\n")
    assert "wrong.service:3" in verified(root, "wrong.service")[1]
    wrong.unlink()


@needs_systemd
def test_the_service_is_hardened_as_far_as_it_can_be(root):
    assert exposure(root, "notochord-box.service") <= EXPOSURE


@needs_systemd
@pytest.mark.parametrize(("unit", "tenths"), [
    ("notochord-box-web.service", 14), ("notochord-box-upload.service", 17),
    ("notochord-box-stick@sda1.service", 34),
])  # fmt: skip
def test_what_reads_a_strangers_files_is_fenced_in(root, unit, tenths):
    assert exposure(root, unit) <= tenths


def exposure(root, unit):
    """How systemd rates a unit, in tenths: 0 is best, 100 is worst."""
    command = ["systemd-analyze", "security", "--offline=true", f"--root={root}", unit]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"Overall exposure level for .*: ([0-9.]+)", done.stdout)
    assert found, done.stdout[-300:] + done.stderr
    return round(float(found[1]) * 10)


def values(unit, key):
    lines = (FOLDER / unit).read_text().splitlines()
    return [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]


def test_nothing_that_waits_for_a_network_a_login_or_swap_stands_before_the_player():
    assert values("notochord-box.service", "DefaultDependencies") == ["no"]
    before = " ".join(
        word for key in ("After", "Requires", "Wants", "BindsTo", "Requisite")
        for unit in ("notochord-box.service", "performance.target") for word in values(unit, key)
    )  # fmt: skip
    assert not re.search(r"network|login|getty|swap|multi-user|basic\.target|udev-settle", before)


def test_the_service_never_gives_up_and_is_back_at_once():
    assert values("notochord-box.service", "Restart") == ["always"]
    assert values("notochord-box.service", "RestartSec") == ["0"]
    assert values("notochord-box.service", "StartLimitIntervalSec") == ["0"]


def test_what_the_service_starts_is_not_run_before_everything_else():
    assert values("notochord-box.service", "CPUSchedulingPolicy") == ["fifo"]
    assert values("notochord-box.service", "CPUSchedulingResetOnFork") == ["yes"]


def test_the_player_outlives_the_brain_when_memory_is_short():
    assert values("notochord-box.service", "OOMPolicy") == ["continue"]


def test_the_early_lamp_is_the_lamp_of_the_panel():
    lamp = load().lamp
    commands = "\n".join(values("notochord-box-lamp.service", "ExecStart"))
    assert f"set {lamp.red},{lamp.green} op dl" in commands and f"set {lamp.blue} op dh" in commands
    config = (FOLDER / "config.txt").read_text().splitlines()
    assert f"gpio={lamp.red},{lamp.green}=op,dl" in config and f"gpio={lamp.blue}=op,dh" in config


def test_every_board_has_its_good_uart_on_the_header_with_the_clock_that_it_has():
    section, uart = "all", {}
    for line in (FOLDER / "config.txt").read_text().splitlines():
        if named := re.fullmatch(r"\[(\w+)\]", line):
            section = named[1]
        elif line in ("dtoverlay=miniuart-bt", "dtparam=uart0=on"):
            uart[section] = line
        # Those overlays make 25,431 baud of the 31,250 that the player asks for.
        assert not line.startswith("dtoverlay=midi-uart")
    assert set(uart) == {"pi3", "pi4", "pi02", "pi5"}
    assert BAUD == 31_250


def test_every_udev_rule_can_be_read():
    clause = r'(?:[A-Z]+|(?:ENV|ATTR)\{[^}]+\})(?:==|!=|\+?=)"[^"]*"'
    rules = [line for line in (FOLDER / "notochord-box.rules").read_text().splitlines()
             if line and not line.startswith("#")]  # fmt: skip
    assert len(rules) >= 7
    for rule in rules:
        assert re.fullmatch(rf"{clause}(?:, {clause})*", rule), rule


@pytest.mark.skipif(shutil.which("systemd-sysusers") is None, reason="no systemd-sysusers here")
def test_the_groups_that_the_service_names_are_made_where_they_are_missing(tmp_path):
    (tmp_path / "etc/sysusers.d").mkdir(parents=True)
    shutil.copy(FOLDER / "notochord-box.sysusers", tmp_path / "etc/sysusers.d/notochord-box.conf")
    (tmp_path / "etc/group").write_text("audio:x:29:\ndialout:x:20:\n")
    (tmp_path / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    command = ["systemd-sysusers", f"--root={tmp_path}", "notochord-box.conf"]
    subprocess.run(command, check=True, capture_output=True)
    groups = {line.split(":")[0] for line in (tmp_path / "etc/group").read_text().splitlines()}
    (named,) = values("notochord-box.service", "SupplementaryGroups")
    assert set(named.split()) <= groups
    assert "notochord:x:" in (tmp_path / "etc/passwd").read_text()


# ── web access, uploads, sticks ─────────────────────────────────────────────────────────────


def test_nothing_of_the_web_is_started_but_what_the_player_may_knock_at():
    enabled = {unit for unit in UNITS if values(unit, "WantedBy")}
    assert "notochord-box-web.socket" in enabled
    assert not {u for u in enabled if re.search(r"web\.service|network|upload|stick", u)}
    assert values("notochord-box-web.socket", "ListenSequentialPacket") == [ADDRESS]
    assert values("notochord-box-web.socket", "SocketMode") == ["0600"]
    assert values("notochord-box-web.socket", "SocketUser") == values("notochord-box.service",
                                                                      "User")  # fmt: skip
    assert not [key for key in ("ListenStream", "ListenDatagram") for unit in UNITS
                if values(unit, key)]  # fmt: skip


def test_web_access_is_another_user_than_the_player_and_ends_by_itself():
    (user,) = values("notochord-box-web.service", "User")
    assert user != values("notochord-box.service", "User")[0]
    assert f"u {user} " in (FOLDER / "notochord-box.sysusers").read_text()
    (most,) = values("notochord-box-web.service", "RuntimeMaxSec")
    assert LASTS < int(most) < LASTS + 120
    assert values("notochord-box-web.service", "Restart") == ["no"]


def test_web_access_may_be_reached_on_its_own_networks_alone():
    (allowed,) = values("notochord-box-web.service", "IPAddressAllow")
    assert values("notochord-box-web.service", "IPAddressDeny") == ["any"]
    networks = [ip_network(each) for each in allowed.split()]
    script = (FOLDER / "network").read_text()
    for place, network in zip(ADDRESSES, networks, strict=True):
        address, _, device = place.partition("%")
        assert ip_address(address) in network
        assert f"address={address}" in script and f"={device} " in script


def test_the_network_goes_with_web_access_and_so_does_what_waits_for_uploads():
    for unit in ("network.service", "network.path", "upload.path"):
        for key in ("BindsTo", "After"):  # both, or it would outlive a process that ends by itself
            assert "notochord-box-web.service" in values(f"notochord-box-{unit}", key)[0].split()
    (command,) = values("notochord-box-web.service", "ExecStart")
    (number,) = values("notochord-box-network.path", "PathExists")
    assert command.endswith(f"--number {number.replace('/run', '%t')}")


def test_what_is_uploaded_is_where_the_unit_and_the_player_look_for_it():
    (folder,) = values("notochord-box-web.service", "StateDirectory")
    (path,) = values("notochord-box-upload.path", "PathExists")
    assert path == f"/var/lib/{folder}/update"
    assert values("notochord-box-upload.service", "ExecStart")[0].endswith(f"upload {path}")
    assert f"/var/lib/{folder}/brain" == f"/var/lib/notochord-box/{UPLOADED}"


def test_a_stick_is_looked_at_when_it_is_plugged_in():
    rules = (FOLDER / "notochord-box.rules").read_text()
    assert 'ENV{SYSTEMD_WANTS}+="notochord-box-stick@$kernel.service"' in rules
