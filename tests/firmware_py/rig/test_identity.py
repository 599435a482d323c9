"""Devices known by what they are and where they are plugged in, over files like Linux's."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware_py.rig.identity import Identity, card_of, identify, label, written
from firmware_py.rig.seats import Seats

KEYS = Identity("1c75", "0218", "", "1-1.2")


def plug(root: Path, card: int, identity: Identity) -> str:
    """The files of a USB keyboard; returns its port's name."""
    device = root / f"sys/devices/platform/usb1/1-1/{identity.path}"
    sound = device / f"{identity.path}:1.0/sound/card{card}"
    sound.mkdir(parents=True)
    (device / "idVendor").write_text(identity.vendor + "\n")
    (device / "idProduct").write_text(identity.product + "\n")
    if identity.serial:
        (device / "serial").write_text(identity.serial + "\n")
    (root / "sys/class/sound").mkdir(parents=True, exist_ok=True)
    (root / f"sys/class/sound/card{card}").symlink_to(sound)
    return f"Keys:Keys MIDI 1 {16 + 4 * card}:0"


def known(root: Path, port: str) -> Identity | None:
    return identify(port, root / "sys", root / "proc")


@pytest.mark.parametrize(
    "identity", [KEYS, Identity("0944", "0117", "A1 2/3", "3-2"), Identity("0944", "0117")]
)
def test_an_identity_is_read_back_as_it_is_written(identity: Identity) -> None:
    assert written(str(identity)) == identity


@pytest.mark.parametrize("text", ["Keys", "1c75", "1c75:21", "Keys:Keys MIDI 1 20:0", ""])
def test_a_name_is_no_identity(text: str) -> None:
    assert written(text) is None


@pytest.mark.parametrize(
    ("port", "card"),
    [("Keys:Keys MIDI 1 20:0", 1), ("Keys:Keys MIDI 2 24:1", 2), ("synth:out 128:0", None),
     ("System:Announce 0:1", None), ("a2j:Keys [28] (capture): Keys MIDI 1", 3),
     ("system:midi_capture_1", None)],
)  # fmt: skip
def test_the_card_behind_a_port_is_told_from_its_number(port: str, card: int | None) -> None:
    assert card_of(port) == card


def test_a_ports_label_has_no_number_that_changes() -> None:
    assert label("Keys:Keys MIDI 1 20:0") == "Keys:Keys MIDI 1" and label("keys:out") == "keys:out"


@pytest.mark.parametrize("identity", [KEYS, Identity("0944", "0117", "123", "1-1.4.3")])
def test_a_keyboard_is_known_by_vendor_product_serial_and_socket(
    tmp_path: Path, identity: Identity
) -> None:
    assert known(tmp_path, plug(tmp_path, 1, identity)) == identity


def test_a_keyboard_that_has_just_gone_is_nobody(tmp_path: Path) -> None:
    port = plug(tmp_path, 1, KEYS)
    (tmp_path / "sys/devices/platform/usb1/1-1/1-1.2/idVendor").unlink()
    assert known(tmp_path, port) is None
    assert known(tmp_path, "Keys:Keys MIDI 1 24:0") is None


def test_where_sysfs_is_hidden_the_model_is_known_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "proc/asound/card1").mkdir(parents=True)
    (tmp_path / "proc/asound/card1/usbid").write_text("1c75:0218\n")
    assert known(tmp_path, "Keys:Keys MIDI 1 20:0") == Identity("1c75", "0218")


def test_a_keyboard_that_comes_back_under_another_number_has_its_seat_again() -> None:
    seats = Seats()
    assert seats.sit("Keys:Keys MIDI 1 20:0", KEYS) == "Keys:Keys MIDI 1"
    assert seats.leave("Keys:Keys MIDI 1 20:0") == "Keys:Keys MIDI 1"
    assert seats.sit("Keys:Keys MIDI 1 28:0", KEYS) == "Keys:Keys MIDI 1"


def two(seats: Seats, one: Identity | None, other: Identity | None) -> tuple[str, str]:
    """Two of the same model plugged in, and pulled out again."""
    names = seats.sit("K 20:0", one), seats.sit("K 24:0", other)
    seats.leave("K 20:0"), seats.leave("K 24:0")
    return names


def in_socket(path: str, serial: str = "") -> Identity:
    return Identity("1c75", "0218", serial, path)


def test_two_of_the_same_model_are_kept_apart_by_their_sockets() -> None:
    seats = Seats()
    assert two(seats, in_socket("1-1"), in_socket("1-2")) == ("K", "K (2)")
    assert seats.sit("K 20:0", in_socket("1-2")) == "K (2)"  # in the other order
    assert seats.sit("K 24:0", in_socket("1-1")) == "K"


def test_two_of_the_same_model_are_kept_apart_by_their_serials_wherever_they_are() -> None:
    seats = Seats()
    two(seats, in_socket("1-1", "A"), in_socket("1-2", "B"))
    assert seats.sit("K 20:0", in_socket("1-1", "B")) == "K (2)"
    assert seats.sit("K 24:0", in_socket("1-2", "A")) == "K"


def test_a_keyboard_without_a_serial_may_move_to_another_socket() -> None:
    seats = Seats()
    seats.sit("K 20:0", in_socket("1-1"))
    seats.leave("K 20:0")
    assert seats.sit("K 24:0", in_socket("1-4")) == "K"


def test_another_device_of_the_same_name_does_not_get_the_seat() -> None:
    seats = Seats()
    seats.sit("K 20:0", in_socket("1-1", "A"))
    seats.leave("K 20:0")
    assert seats.sit("K 20:0", in_socket("1-1", "C")) == "K (2)"
    assert seats.sit("K 24:0", Identity("ffff", "0001")) == "K (3)"
    assert seats.sit("K 28:0", in_socket("1-7", "A")) == "K"


def test_a_seat_that_is_taken_is_not_given_away() -> None:
    seats = Seats()
    assert seats.sit("K 20:0", KEYS) == "K"
    assert seats.sit("K 24:0", KEYS) == "K (2)"
    assert seats.sit("K 20:0", KEYS) == "K"


def test_a_programs_port_comes_back_by_its_name() -> None:
    seats = Seats()
    assert seats.sit("keys:out", None) == "keys:out"
    seats.leave("keys:out")
    assert seats.sit("keys:out", None) == "keys:out"
