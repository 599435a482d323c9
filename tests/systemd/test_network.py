"""The box's own network: what NetworkManager is told, on a machine made of folders."""

import configparser
import os
import shutil
import subprocess

import pytest

from firmware_py.box.install import SOURCE
from tests.systemd.test_gadget import RMDIR, kernel  # noqa: F401 (a fixture)

NMCLI = """#!/bin/sh
echo "nmcli $*" >>"$LOG"
case "$*" in *"connection up $REFUSES"*) exit 4 ;; esac
case "$*" in *"connection up $LATE"*)
  test "$(grep -c "connection up $LATE" "$LOG")" -gt 3 || exit 4 ;;
esac
"""
SYSTEMCTL = '#!/bin/sh\necho "systemctl $*" >>"$LOG"\nexit "${GADGET_IS:-3}"\n'


class Machine:
    """Where the script looks, and what it did."""

    def __init__(self, kernel):  # noqa: F811
        self.root = kernel
        for name, text in (("nmcli", NMCLI), ("systemctl", SYSTEMCTL), ("rmdir", RMDIR)):
            (kernel / "bin" / name).write_text(text)
            (kernel / "bin" / name).chmod(0o755)
        for device in ("wlan0", "usb0"):
            (kernel / "conf" / device).mkdir(parents=True)
            (kernel / "conf" / device / "forwarding").write_text("1\n")
        (kernel / "net/wlan0").mkdir(parents=True)
        (kernel / "number").write_text("493027118204")

    def network(self, do, **more):
        root = self.root
        environment = {
            "PATH": f"{root}/bin:{os.environ['PATH']}", "LOG": f"{root}/log", "REFUSES": "nothing",
            "LATE": "nothing", "PATIENCE": "0", "PAUSE": "0",
            "NUMBER": f"{root}/number", "PROFILES": f"{root}/profiles", "NET": f"{root}/net",
            "FORWARDING": f"{root}/conf", "CONFIGFS": f"{root}/config", "UDCS": f"{root}/udc",
        } | more  # fmt: skip
        command = ["sh", SOURCE / "systemd/network", do]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    def profile(self, name):
        path = self.root / "profiles" / f"notochord-box-{name}.nmconnection"
        assert path.stat().st_mode & 0o077 == 0
        read = configparser.ConfigParser(delimiters="=")
        read.read_string(path.read_text())
        return read

    def forwards(self, device):
        return (self.root / "conf" / device / "forwarding").read_text().strip()

    def did(self):
        return (self.root / "log").read_text().splitlines()


@pytest.fixture
def machine(kernel):  # noqa: F811
    return Machine(kernel)


def test_the_hotspots_password_is_the_number_and_its_network_leads_nowhere(machine):
    assert machine.network("up").returncode == 0
    told = machine.profile("hotspot")
    assert told["wifi-security"]["psk"] == "493027118204" and told["wifi"]["mode"] == "ap"
    assert told["ipv4"]["address1"] == "10.66.77.1/24" and told["ipv6"]["method"] == "disabled"
    assert told["connection"]["autoconnect"] == "false"
    assert machine.forwards("wlan0") == "0" == machine.forwards("usb0")
    assert "nmcli --wait 30 connection up notochord-box-hotspot" in machine.did()
    assert not any("493027118204" in line for line in machine.did())


def test_a_device_that_networkmanager_has_not_looked_at_yet_is_tried_again(machine):
    assert machine.network("up", LATE="notochord-box-cable", PATIENCE="60").returncode == 0
    tried = [line for line in machine.did() if "connection up notochord-box-cable" in line]
    assert len(tried) == 4 and machine.forwards("usb0") == "0"


def test_the_cable_carries_a_network_beside_the_midi(machine):
    machine.network("up")
    told = machine.profile("cable")
    assert told["connection"]["interface-name"] == "usb0"
    assert told["ipv4"]["address1"] == "10.66.78.1/24" and not told.has_section("wifi-security")
    config = machine.root / "config/usb_gadget/notochord-box/configs/c.1"
    assert (config / "ncm.usb0").is_symlink() and (config / "midi.usb0").is_symlink()


@pytest.mark.parametrize("was_there", [True, False])
def test_down_leaves_what_was_there_before(machine, was_there):
    machine.network("up")
    done = machine.network("down", GADGET_IS="0" if was_there else "3")
    assert done.returncode == 0 and not list((machine.root / "profiles").iterdir())
    assert "nmcli connection down notochord-box-hotspot" in machine.did()
    gadget = machine.root / "config/usb_gadget/notochord-box"
    assert gadget.exists() == was_there
    assert not (gadget / "configs/c.1/ncm.usb0").is_symlink()
    assert machine.network("down").returncode == 0


def test_a_board_without_a_device_port_has_the_hotspot_alone(machine):
    (machine.root / "udc/fe980000.usb").rmdir()
    assert machine.network("up").returncode == 0
    assert [p.name for p in (machine.root / "profiles").iterdir()] == [
        "notochord-box-hotspot.nmconnection"]  # fmt: skip


def test_where_the_hotspot_is_refused_the_cable_is_enough(machine):
    assert machine.network("up", REFUSES="notochord-box-hotspot").returncode == 0
    assert machine.forwards("usb0") == "0"


def test_where_neither_can_be_had_it_is_said_in_one_line(machine):
    (machine.root / "udc/fe980000.usb").rmdir()
    done = machine.network("up", REFUSES="notochord-box-hotspot")
    assert done.returncode == 1 and done.stderr == "neither hotspot nor cable could be brought up\n"


@pytest.mark.parametrize("number", ["", "1234", "49302711820x", "493027118204\npsk=1", "0" * 99])
def test_what_is_no_number_becomes_no_password(machine, number):
    (machine.root / "number").write_text(number)
    (machine.root / "udc/fe980000.usb").rmdir()
    assert machine.network("up").returncode == 1
    assert not (machine.root / "profiles/notochord-box-hotspot.nmconnection").exists()


def test_anything_else_is_refused_in_one_line(machine):
    done = machine.network("sideways")
    assert done.returncode == 2 and done.stderr.count("\n") == 1


@pytest.mark.skipif(shutil.which("nmcli") is None, reason="no nmcli (network-manager)")
@pytest.mark.parametrize("name", ["hotspot", "cable"])
def test_networkmanager_itself_can_read_what_it_is_told(machine, name):
    machine.network("up")
    path = machine.root / f"profiles/notochord-box-{name}.nmconnection"
    command = ["nmcli", "--offline", "connection", "modify", "connection.autoconnect", "no"]
    with open(path) as file:
        done = subprocess.run(command, stdin=file, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
