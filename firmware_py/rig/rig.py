"""The rig: what each device is, as one short text file says it.

    [[input]]                         [[output]]
    device = "Keystation"             device = "MicroFreak"
    split = "C3"                      parts = ["bass"]
      [input.left]                    channel = 1
      plays = "fingered bass"

A device is meant by a part of its name, by a glob, or by what it is ("1c75:0218", with a serial
number "/1234" and the socket "@1-1.2" where two of a model are to be told apart). What the file
does not speak of is as without a file: every input is a player, every output gets everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from firmware_py.midi.backend import matches
from firmware_py.rig.curve import Curve
from firmware_py.rig.identity import Identity, written

PLAYER, SECOND, CONTROL, OFF = "player", "second player", "control", "off"
ROLES = (PLAYER, SECOND, CONTROL, OFF)
YOU, NETWORK = "you", "network"  # in an output's `hears`: every keyboard; the network
NAMES = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")
_NOTE = re.compile(r"([a-g]#?)(-?\d)", re.IGNORECASE)


class RigError(ValueError):
    """The rig cannot be used; the message says what is wrong and where, in one line."""


@dataclass(frozen=True)
class Zone:
    """One side of a keyboard: who plays there, on which instrument (an id; None: as the settings
    and program changes have it), moved by so many semitones, and whether pedal, wheels and other
    controllers act on it."""

    role: str = PLAYER
    plays: int | None = None
    transpose: int = 0
    controls: bool = True


@dataclass(frozen=True)
class Input:
    """What a keyboard is. `channels` 0..15, None for all; keys below the pitch `split` belong to
    `left`. `sysex`, `clock`, `panic`: whether those are heard from it."""

    device: str = "*"
    name: str = ""
    zone: Zone = Zone()
    left: Zone = Zone()
    split: int | None = None
    channels: frozenset[int] | None = None
    curve: Curve | None = None
    sysex: bool = False
    clock: bool = True
    panic: bool = True


@dataclass(frozen=True)
class Output:
    """What is played on a synth: whose notes (`hears`: "you", "network" or names of inputs, None
    for everybody's), which instruments' (`parts`, ids, None for all), on which channel (0..15, None
    for the one that each part has), and whether it gets a clock that is sent."""

    device: str = "*"
    hears: tuple[str, ...] | None = None
    parts: frozenset[int] | None = None
    channel: int | None = None
    clock: bool = True


@dataclass(frozen=True)
class Rig:
    """Every device that the file speaks of, in its order: the first that is meant counts."""

    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    path: Path | None = field(default=None, compare=False)

    def input(self, port: str, identity: Identity | None) -> Input:
        """What a port to listen to is."""
        return next((i for i in self.inputs if means(i.device, port, identity)), Input())

    def outputs_on(self, port: str, identity: Identity | None) -> tuple[Output, ...]:
        """What is played on a port; several entries for one device all count."""
        found = tuple(o for o in self.outputs if means(o.device, port, identity))
        return found or (() if self.outputs else (Output(),))


def means(pattern: str, port: str, identity: Identity | None) -> bool:
    """Whether a device is meant by what stands in the file."""
    wanted = written(pattern.lower())
    if wanted is None:
        return matches(port, pattern)
    return (
        identity is not None and wanted.is_model_of(identity)
        and wanted.serial in ("", identity.serial.lower())
        and wanted.path in ("", identity.path)
    )  # fmt: skip


def pitch_named(value: object) -> int:
    """A pitch by number 0..127 or by name, where C4 is 60. Raises RigError."""
    match = _NOTE.fullmatch(value.strip()) if isinstance(value, str) else None
    pitch = value
    if match:
        pitch = NAMES.index(match[1].lower()) + 12 * (int(match[2]) + 1)
    if not isinstance(pitch, int) or isinstance(pitch, bool) or not 0 <= pitch <= 127:
        raise RigError(f"'{value}' is no note: write C3, F#2 or a number from 0 to 127")
    return pitch


def name_of_pitch(pitch: int) -> str:
    """A pitch by name."""
    return f"{NAMES[pitch % 12].upper()}{pitch // 12 - 1}"


