"""What sounds on the synth: the ledger, and the channels of the layout that is connected.

A note keeps the place where it was sent until it ends, so the layout may change under it.

On a synth with few voices the player has them first:

    voices = 1      network ▂▂▂▂|            ▂▂▂       ends where a key begins
                    key         ▂▂▂▂▂▂▂▂▂▂
                    network         (none)             a note that finds no room does not sound
"""

from __future__ import annotations

from collections.abc import Hashable

from firmware_py.channels import Channels, Place
from firmware_py.ledger import Ledger
from firmware_py.message import Message
from firmware_py.synths.layout import Layout


class Sounding:
    """Names of sounding notes, and the messages that start and end them on a synth."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._ledger, self._channels = Ledger(), Channels(layout)

    def __len__(self) -> int:
        return len(self._ledger)

    def channels(self) -> list[int]:
        """All 16: those on which something sounds first, then those that have been played on."""
        first = [*self._ledger.channels(), *self._channels.used()]
        return list(dict.fromkeys([*first, *range(16)]))

    def connect(self, layout: Layout) -> None:
        """Another layout from here on; what sounds keeps its place."""
        if layout is not self._layout:
            self._layout, self._channels = layout, Channels(layout)

    def new_synth(self) -> None:
        """What is connected knows of no program that was sent."""
        self._channels = Channels(self._layout)

    def channel(self, instrument: int) -> tuple[int, list[Message]]:
        """The channel of an instrument, and what must be sent before it plays."""
        return self._channels.take(instrument)

    def place(self, instrument: int, pitch: int) -> Place:
        """Where a pitch of an instrument sounds."""
        return self._channels.place(instrument, pitch)

    def room(self, owner: str, place: Place) -> list[Hashable] | None:
        """The notes of the network that must end for one more at a place; None where there is no
        room, because the player has every voice."""
        there = self._ledger.on(place.channel)
        networks = [name for name, whose in there if whose != "player"]
        too_many = len(there) + 1 - place.voices
        if too_many > len(networks) and owner != "player":
            return None
        return networks[: max(too_many, 0)]

    def start(
        self, name: Hashable, owner: str, place: Place, velocity: int
    ) -> list[Message]:
        """Messages that start a note; they end first whatever it replaces."""
        started = self._ledger.start(name, owner, place.channel, place.pitch, velocity)
        return [*place.setup, *started]

    def end(self, name: Hashable) -> list[Message]:
        """The note-off of a note; nothing when it does not sound."""
        return self._ledger.end(name)

    def end_all(self) -> list[Message]:
        """The note-offs of every note."""
        return self._ledger.end_all()
