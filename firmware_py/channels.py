"""Where each instrument sounds on the synth that is connected.

Of the channels of its part, an instrument takes the first free one and keeps it. When all are
taken, the instrument that has rested longest gives its channel up.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_py.message import Message
from firmware_py.synths.layout import Layout, Part


@dataclass(frozen=True)
class Place:
    """Where a note sounds: channel 0..15, pitch as sent, notes that can sound there at once, and
    what must be sent before it."""

    channel: int
    pitch: int
    voices: int
    setup: tuple[Message, ...] = ()


class Channels:
    """Hands out channels to instruments, with what sets each up."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._of: dict[int, int] = {}  # instrument -> channel, longest at rest first
        self._set: dict[int, list[Message]] = {}  # channel -> how it was set up

    def take(self, instrument: int) -> tuple[int, list[Message]]:
        """The channel (0..15) of an instrument, and what must be sent before it plays."""
        part = self._layout.home(instrument)
        channel = self._of.pop(instrument, None)
        if channel is None:
            channel = self._free(part)
        self._of[instrument] = channel
        wanted = part.setup(channel, instrument)
        if not wanted or self._set.get(channel) == wanted:
            return channel, []
        self._set[channel] = wanted
        return channel, wanted

    def used(self) -> list[int]:
        """The channels on which something plays or has played, the latest first."""
        return list(reversed(self._of.values()))

    def place(self, instrument: int, pitch: int) -> Place:
        """Where a pitch of an instrument sounds."""
        part = self._layout.home(instrument)
        channel, setup = self.take(instrument)
        own, note = part.sent(pitch)
        return Place(channel if own is None else own, note, part.voices, tuple(setup))

    def _free(self, part: Part) -> int:
        taken = set(self._of.values())
        for channel in part.channels:
            if channel not in taken:
                return channel
        longest_at_rest = next(i for i, channel in self._of.items() if channel in part.channels)
        return self._of.pop(longest_at_rest)
