"""Which instrument each channel of each keyboard plays, as its program changes say."""

from __future__ import annotations

from collections.abc import Iterator

from firmware_py import message as midi
from firmware_py.message import Message
from notochord.event import DRUM_CHANNEL, instrument_named, instrument_of, program_of


class Programs:
    """The last program of each channel that has sent one; channel 10 is drums."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, int], int] = {}  # port, channel -> instrument

    def change(self, port: str, channel: int, number: int) -> None:
        """A program change came."""
        self._of[port, channel] = instrument_of(number, drums=channel == DRUM_CHANNEL)

    def instrument(self, port: str, channel: int, otherwise: str) -> int:
        """The instrument of a channel: as its program says, else the one of this name."""
        instrument = self._of.get((port, channel))
        if instrument is not None:
            return instrument
        drums = channel == DRUM_CHANNEL
        return instrument_of(0, drums=True) if drums else instrument_named(otherwise)

    def messages(self) -> Iterator[tuple[str, Message]]:
        """The program changes that bring all this about, with their ports."""
        for (port, channel), instrument in self._of.items():
            yield port, midi.program(channel, program_of(instrument))
