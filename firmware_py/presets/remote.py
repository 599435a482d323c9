"""Presets by MIDI: a program change on the channel set for it, or a pedal for next and previous.

    pedal value   ──────┌────────┐───────     one step when it goes down, however many values a
    step                ▲                     continuous pedal sends on its way
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_py import message as midi
from firmware_py.message import Message
from firmware_py.settings import Settings

DOWN = 64  # values from here on are a pedal that is down


@dataclass(frozen=True)
class Recall:
    """Recall the preset of this number, 1..128."""

    number: int


@dataclass(frozen=True)
class Step:
    """Recall the next preset (1) or the one before (-1)."""

    by: int


class Remote:
    """What of a keyboard's messages is meant for the presets."""

    def __init__(self) -> None:
        self._down: set[tuple[str, int, int]] = set()  # pedals: port, channel, controller

    def heard(
        self, port: str, message: Message, settings: Settings
    ) -> Sequence[Recall | Step] | None:
        """What to do about a message that is meant for the presets; None where it is not."""
        if not midi.is_channel_message(message):
            return None
        on, channel = settings.preset_channel, (message[0] & 0xF) + 1
        if midi.kind(message) == midi.PROGRAM:
            return [Recall(message[1] + 1)] if on == channel else None
        if midi.kind(message) != midi.CONTROL or message[1] == 0:
            return None
        steps = {settings.preset_previous: -1, settings.preset_next: 1}
        by = steps.get(message[1])
        return None if by is None else self._pedal((port, channel, message[1]), message[2], by)

    def _pedal(self, pedal: tuple[str, int, int], value: int, by: int) -> list[Recall | Step]:
        was_down = pedal in self._down
        if value < DOWN:
            self._down.discard(pedal)
            return []
        self._down.add(pedal)
        return [] if was_down else [Step(by)]
