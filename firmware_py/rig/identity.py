"""Which device a port belongs to: what it is, and where it is plugged in.

    port "Keys:Keys MIDI 1 20:0"  ──▶ ALSA client 20 ──▶ card 1
    /sys/class/sound/card1        ──▶ .../usb1/1-1/1-1.2/1-1.2:1.0/sound/card1
    .../1-1.2/{idVendor,idProduct,serial}                       "1-1.2": the socket that it is in

The order in which devices were found says nothing: the numbers of cards and clients follow it.
Everything here only reads files below two folders that are handed in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# Linux, include/sound/seq_kernel.h and sound/core/seq/seq_clientmgr.c: a card's clients.
_FIRST_CLIENT, _CLIENTS_A_CARD, _FIRST_PROGRAM = 16, 4, 128

_NUMBERED = re.compile(r"(.*) (\d+):(\d+)", re.DOTALL)  # as rtmidi names ALSA's ports
_BRIDGED = re.compile(r"\[(\d+)\]")  # as a2jmidid names them on JACK
_WRITTEN = re.compile(
    r"(?P<vendor>[0-9a-f]{4}):(?P<product>[0-9a-f]{4})(/(?P<serial>[^@]*))?(@(?P<path>.+))?"
)


@dataclass(frozen=True)
class Identity:
    """A USB device: vendor and product as four hexadecimal digits each, its serial number and the
    path of the socket it is in; "" for what it does not tell."""

    vendor: str
    product: str
    serial: str = ""
    path: str = ""

    def __str__(self) -> str:
        serial = f"/{self.serial}" if self.serial else ""
        return f"{self.vendor}:{self.product}{serial}{f'@{self.path}' if self.path else ''}"

    def is_model_of(self, other: Identity) -> bool:
        """Whether the two are of one make."""
        return (self.vendor, self.product) == (other.vendor, other.product)


def written(text: str) -> Identity | None:
    """An identity as `str` writes it, its serial and path optional; None where it is none."""
    match = _WRITTEN.fullmatch(text.strip())
    return Identity(**{name: value or "" for name, value in match.groupdict().items()}) if (
        match
    ) else None  # fmt: skip


def label(port: str) -> str:
    """A port's name without the numbers that change from one plugging-in to the next."""
    match = _NUMBERED.fullmatch(port)
    return match[1] if match else port


def card_of(port: str) -> int | None:
    """The number of the sound card behind a port; None for a program's port."""
    match = _NUMBERED.fullmatch(port)
    client = match[2] if match else None
    if client is None and (bridged := _BRIDGED.search(port)):
        client = bridged[1]
    if client is None or not _FIRST_CLIENT <= int(client) < _FIRST_PROGRAM:
        return None
    return (int(client) - _FIRST_CLIENT) // _CLIENTS_A_CARD


def identify(
    port: str, sys: Path = Path("/sys"), proc: Path = Path("/proc")
) -> Identity | None:
    """The USB device behind a port; None where there is none, or it has just gone."""
    card = card_of(port)
    if card is None:
        return None
    try:
        place = (sys / f"class/sound/card{card}").resolve(strict=True)
    except OSError:
        return _by_procfs(proc / f"asound/card{card}/usbid")
    for folder in place.parents:
        if (folder / "idVendor").is_file():
            return _read(folder)
    return None


def _read(folder: Path) -> Identity | None:
    vendor, product = _line(folder / "idVendor"), _line(folder / "idProduct")
    if not vendor or not product:
        return None
    return Identity(vendor, product, _line(folder / "serial"), folder.name)


def _by_procfs(usbid: Path) -> Identity | None:
    vendor, colon, product = _line(usbid).partition(":")
    return Identity(vendor, product) if colon else None


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # a device has no serial, or has just gone
        return ""
