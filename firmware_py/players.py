"""Who plays: which instrument each keyboard is heard as, and who is a second player.

    program change from the keyboard ──▶ its seat's ──▶ channel 10: drums ──▶ the setting `player`
    (the first of these that there is)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from notochord.event import DRUM_CHANNEL, instrument_named, instrument_of


@dataclass(frozen=True)
class Seat:
    """What is played at a keyboard (None: as the settings have it), and whether by a second
    player: the network hears them as it hears you, but plays nothing for their keys."""

    plays: int | None = None
    second: bool = False


class Players:
    """Every keyboard that has said something of itself, or of which the rig has."""

    def __init__(self) -> None:
        self._seats: dict[str, Seat] = {}
        self._programs: dict[tuple[str, int], int] = {}  # port, channel -> instrument

    def sit(self, port: str, seat: Seat) -> None:
        """The rig says who is at a keyboard."""
        self._seats[port] = seat

    def program(self, port: str, channel: int, number: int) -> None:
        """A keyboard says what it plays on a channel."""
        self._programs[port, channel] = instrument_of(number, drums=channel == DRUM_CHANNEL)

    def instrument(self, port: str, channel: int, player: str) -> int:
        """What is heard from a keyboard; `player` is the setting of that name."""
        seat = self._seats.get(port)
        told = self._programs.get((port, channel), None if seat is None else seat.plays)
        if told is not None:
            return told
        drums = channel == DRUM_CHANNEL
        return instrument_of(0, drums=True) if drums else instrument_named(player)

    def is_second(self, port: str) -> bool:
        """Whether a second player sits there."""
        seat = self._seats.get(port)
        return seat is not None and seat.second

    def seats(self) -> Iterator[tuple[str, Seat]]:
        """What the rig said, in order."""
        return iter(self._seats.items())

    def programs(self) -> Iterator[tuple[tuple[str, int], int]]:
        """What the keyboards said: port and channel, and the instrument, in order."""
        return iter(self._programs.items())
