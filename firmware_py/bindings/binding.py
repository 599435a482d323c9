"""A binding: a MIDI control by its name, and what it does.

    "cc 1:74"        controller 74 on channel 1     "temperature"        turns a setting
    "note 10:36"     note 36 on channel 10          "undo"               does what a button does
    "program 1:5"    the fifth program, channel 1   "palette=strings"    sets a setting
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware_py import message as midi
from firmware_py.message import Message
from firmware_py.panel.change import ACTIONS
from firmware_py.settings import FIELDS, MODES, SettingError, Settings, parsed

KINDS = {"cc": midi.CONTROL, "note": midi.NOTE_ON, "program": midi.PROGRAM}
FIRST = {"cc": 0, "note": 0, "program": 1}  # programs are counted from 1, as players do
PEDAL, MODE_MESSAGES = midi.SUSTAIN, 120  # controllers from 120 on silence and reset


class BindingError(ValueError):
    """It cannot be bound so; the message says why, in one line."""


@dataclass(frozen=True, order=True)
class Source:
    """A MIDI control: its kind, channel 1..16, and number as players count it."""

    kind: str
    channel: int
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.channel}:{self.number}"


def source_in(text: str) -> Source:
    """The MIDI control of this name; raises BindingError."""
    found = re.fullmatch(r"(cc|note|program) +([0-9]{1,2}):([0-9]{1,3})", text.strip().lower())
    if found is None:
        raise BindingError(f"'{text}': write a control as 'cc 1:74', 'note 10:36' or 'program 1:5'")
    kind, channel, number = found[1], int(found[2]), int(found[3])
    if not (1 <= channel <= 16 and FIRST[kind] <= number < FIRST[kind] + 128):
        raise BindingError(
            f"'{text}': channels go from 1 to 16, {kind}s from {FIRST[kind]} to {FIRST[kind] + 127}"
        )
    if kind == "cc" and (number == PEDAL or number >= MODE_MESSAGES):
        raise BindingError(f"'{text}': the sustain pedal and controllers from 120 on stay theirs")
    return Source(kind, channel, number)


def source_of(message: Message) -> Source | None:
    """The control that sent a message; None for what no control sends that can be bound."""
    if not midi.is_channel_message(message):
        return None
    kind = next((name for name, status in KINDS.items() if status == midi.kind(message)), None)
    if kind is None or (kind == "note" and not midi.is_note_on(message)):
        return None
    if kind == "cc" and (message[1] == PEDAL or message[1] >= MODE_MESSAGES):
        return None
    return Source(kind, (message[0] & 0xF) + 1, message[1] + FIRST[kind])


def is_number(setting: str) -> bool:
    """Whether a setting goes from one number to another."""
    return setting in FIELDS and "low" in FIELDS[setting].metadata


def choices(setting: str, palettes: tuple[str, ...] = ()) -> tuple[str, ...]:
    """What a setting that is no number can be turned to; empty for free text."""
    if setting == "mode":
        return MODES
    if setting == "palette":
        return palettes
    return tuple(FIELDS[setting].metadata.get("choices", ())) if setting in FIELDS else ()


def check(source: Source, does: str) -> None:
    """Raise BindingError where this control cannot do that."""
    setting, equals, _ = does.partition("=")
    if equals:
        try:
            parsed(Settings(), does)
        except SettingError as error:
            raise BindingError(str(error)) from error
        return
    if does in ACTIONS:
        return
    if not is_number(does) and does not in ("mode", "palette") and not choices(does):
        every = ", ".join((*ACTIONS, *FIELDS))
        raise BindingError(f"nothing is called '{does}'; there are {every}, and NAME=VALUE")
    if source.kind != "cc":
        raise BindingError(f"a {source.kind} cannot turn {does}; bind it to {does}=VALUE")
