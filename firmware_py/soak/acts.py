"""What can be done to a box from outside, and the devices that do it."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_py.message import Message

KEYBOARDS = ("keys", "pad")
CONTROLLER, DRUMS = "controller", "drums"
PLAYERS = (*KEYBOARDS, CONTROLLER, DRUMS)  # what is played on
SYNTHS = ("synth", "expander")  # what is listened to; the second comes and goes


@dataclass(frozen=True)
class Play:
    """A device plays a message."""

    device: str
    message: Message


@dataclass(frozen=True)
class Pull:
    """A device is unplugged."""

    device: str


@dataclass(frozen=True)
class Plug:
    """A device is plugged in again."""

    device: str


Act = Play | Pull | Plug
Timed = tuple[float, Act]  # seconds from the beginning
