"""A synth's ear: which notes sound, by what it was sent, and with no faith in "all notes off"."""

from __future__ import annotations

from firmware_py import message as midi
from firmware_py.message import Message


class Ear:
    """What one synth has been told so far."""

    def __init__(self) -> None:
        self.notes = 0  # begun
        self.twice = 0  # of those, begun while the same one sounded
        self._sounding: set[tuple[int, int]] = set()  # channel and pitch
        self._pedals: set[int] = set()

    def hear(self, message: Message) -> None:
        """A message came."""
        if not midi.is_channel_message(message):
            return
        channel = message[0] & 0xF
        if midi.is_note_on(message):
            self.notes += 1
            self.twice += (channel, message[1]) in self._sounding
            self._sounding.add((channel, message[1]))
        elif midi.is_note_off(message):
            self._sounding.discard((channel, message[1]))
        elif midi.kind(message) == midi.CONTROL and message[1] == midi.SUSTAIN:
            (self._pedals.add if message[2] >= 64 else self._pedals.discard)(channel)

    def lost_power(self) -> None:
        """It was switched off: whatever sounded does not any more."""
        self._sounding.clear()
        self._pedals.clear()

    @property
    def left(self) -> list[str]:
        """What sounds, or is held by a pedal: written for people, who count channels from 1."""
        notes = [f"channel {c + 1} pitch {p}" for c, p in sorted(self._sounding)]
        return notes + [f"channel {channel + 1} pedal" for channel in sorted(self._pedals)]
