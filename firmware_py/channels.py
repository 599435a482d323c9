"""Which MIDI channel each instrument sounds on.

The first instrument takes channel 1, drums channel 10, every other the next free one. When all
are taken, the instrument that has rested longest gives its channel up.
"""

from __future__ import annotations

from firmware_py.message import Message, program
from notochord.event import DRUM_CHANNEL, is_anonymous, is_drums, program_of


class Channels:
    """Hands out channels to instruments, with the program change that sets each up."""

    def __init__(self) -> None:
        self._of: dict[int, int] = {}  # instrument -> channel, longest at rest first
        self._kit: int | None = None

    def take(self, instrument: int) -> tuple[int, list[Message]]:
        """The channel (0..15) of an instrument, and what must be sent before it plays."""
        if is_drums(instrument):
            return DRUM_CHANNEL, self._set_kit(instrument)
        channel = self._of.pop(instrument, None)
        setup: list[Message] = []
        if channel is None:
            channel = self._free()
            if not is_anonymous(instrument):
                setup = [program(channel, program_of(instrument))]
        self._of[instrument] = channel
        return channel, setup

    def used(self) -> list[int]:
        """The channels on which something plays or has played, the latest first."""
        melodic = list(reversed(self._of.values()))
        return melodic if self._kit is None else [*melodic, DRUM_CHANNEL]

    def _free(self) -> int:
        taken = set(self._of.values())
        for channel in range(16):
            if channel != DRUM_CHANNEL and channel not in taken:
                return channel
        longest_at_rest = next(iter(self._of))
        return self._of.pop(longest_at_rest)

    def _set_kit(self, instrument: int) -> list[Message]:
        if instrument == self._kit:
            return []
        self._kit = instrument
        return [] if is_anonymous(instrument) else [program(DRUM_CHANNEL, program_of(instrument))]
