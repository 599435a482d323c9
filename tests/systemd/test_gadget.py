"""The USB gadget's script on a configfs made of folders, and an rmdir as strict as the real."""

import os
import subprocess

import pytest

from firmware_py.box.install import SOURCE

# In configfs, a folder's attributes vanish with it, and so do the folders that the kernel made; but
# a folder that holds a link, or one that was made by hand, stays.
RMDIR = """#!/bin/sh
for name in "$1"/*; do
  test -L "$name" && { echo "busy: $name" >&2; exit 1; }
  test -d "$name" || continue
  case "${name##*/}" in
    strings | configs | functions) /bin/rmdir "$name" || exit 1 ;;
    *) echo "not empty: $name" >&2; exit 1 ;;
  esac
done
rm -f "$1"/*
exec /bin/rmdir "$1"
"""


@pytest.fixture
def kernel(tmp_path):
    """A kernel with one USB device controller."""
    (tmp_path / "config/usb_gadget").mkdir(parents=True)
    (tmp_path / "udc/fe980000.usb").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/rmdir").write_text(RMDIR)
    (tmp_path / "bin/rmdir").chmod(0o755)
    return tmp_path


def gadget(kernel, *do):
    environment = {"CONFIGFS": str(kernel / "config"), "UDCS": str(kernel / "udc"),
                   "PATH": f"{kernel}/bin:{os.environ['PATH']}"}  # fmt: skip
    command = ["sh", SOURCE / "systemd/gadget", *do]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def offered(kernel):
    folder = kernel / "config/usb_gadget/notochord-box"
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_the_box_offers_one_midi_port_each_way(kernel):
    done = gadget(kernel, "up")
    assert (done.returncode, done.stderr) == (0, "")
    attributes = offered(kernel)
    assert attributes["UDC"] == "fe980000.usb"
    assert attributes["strings/0x409/product"] == "Notochord box"
    assert attributes["functions/midi.usb0/in_ports"] == "1"
    link = kernel / "config/usb_gadget/notochord-box/configs/c.1/midi.usb0"
    assert link.resolve().name == "midi.usb0"


def test_up_twice_is_up(kernel):
    gadget(kernel, "up")
    once = offered(kernel)
    assert gadget(kernel, "up").returncode == 0
    assert offered(kernel) == once


def test_down_leaves_nothing_and_down_again_is_no_fault(kernel):
    gadget(kernel, "up")
    done = gadget(kernel, "down")
    assert (done.returncode, done.stderr) == (0, "")
    assert not list((kernel / "config/usb_gadget").iterdir())
    assert gadget(kernel, "down").returncode == 0


def test_with_a_network_the_midi_stays_and_down_takes_both_away(kernel):
    done = gadget(kernel, "up", "network")
    assert (done.returncode, done.stderr) == (0, "")
    config = kernel / "config/usb_gadget/notochord-box/configs/c.1"
    assert {p.name for p in config.iterdir() if p.is_symlink()} == {"midi.usb0", "ncm.usb0"}
    assert offered(kernel)["UDC"] == "fe980000.usb"
    assert gadget(kernel, "up").returncode == 0  # the network goes, and the MIDI stays
    assert {p.name for p in config.iterdir() if p.is_symlink()} == {"midi.usb0"}
    gadget(kernel, "up", "network")
    assert gadget(kernel, "down").returncode == 0
    assert not list((kernel / "config/usb_gadget").iterdir())


def test_a_board_without_a_device_port_is_told_so(kernel):
    (kernel / "udc/fe980000.usb").rmdir()
    done = gadget(kernel, "up")
    assert done.returncode == 1 and "no USB device port" in done.stderr
    assert not list((kernel / "config/usb_gadget").iterdir())


def test_anything_else_is_refused_in_one_line(kernel):
    done = gadget(kernel, "sideways")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
