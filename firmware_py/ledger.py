"""The ledger: every note that sounds, who started it, and how to end it.

Each note-on that leaves the box is entered under a name of its own, and gets exactly one note-off.
A synth knows only channel and pitch, so when a second note takes a sounding pitch the first is
ended there and then; its own note-off, when it comes, finds nothing left to end.

    key A down   ──on──▶                        A sounds
    voice B      ──off(A), on(B)──▶             B sounds in its place
    key A up     (nothing: A has ended)
    voice B ends ──off──▶                       silence
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from firmware_py.message import Message, note_off, note_on


@dataclass(frozen=True)
class Entry:
    """A sounding note: whose it is ("player" or "network") and where it sounds."""

    owner: str
    channel: int
    pitch: int


class Ledger:
    """Names of sounding notes, and the messages that start and end them."""

    def __init__(self) -> None:
        self._notes: dict[Hashable, Entry] = {}
        self._at: dict[tuple[int, int], Hashable] = {}

    def __len__(self) -> int:
        return len(self._notes)

    def __contains__(self, name: Hashable) -> bool:
        return name in self._notes

    def names(self, owner: str) -> list[Hashable]:
        """The sounding notes of one owner, oldest first."""
        return [name for name, entry in self._notes.items() if entry.owner == owner]

    def channels(self) -> list[int]:
        """The channels on which something sounds, each once."""
        return list(dict.fromkeys(entry.channel for entry in self._notes.values()))

    def on(self, channel: int) -> list[tuple[Hashable, str]]:
        """The notes that sound on a channel and whose they are, oldest first."""
        return [(name, e.owner) for name, e in self._notes.items() if e.channel == channel]

    def start(
        self, name: Hashable, owner: str, channel: int, pitch: int, velocity: int
    ) -> list[Message]:
        """Messages that start a note; they end first whatever it replaces.

        Pitch and velocity are brought into range, so that no transposition can break a message.
        """
        pitch, velocity = min(max(pitch, 0), 127), min(max(velocity, 1), 127)
        messages = self.end(name)
        sounding = self._at.get((channel, pitch))
        if sounding is not None:
            messages += self.end(sounding)
        self._notes[name] = Entry(owner, channel, pitch)
        self._at[channel, pitch] = name
        return [*messages, note_on(channel, pitch, velocity)]

    def end(self, name: Hashable) -> list[Message]:
        """The note-off of a note; nothing when it does not sound."""
        entry = self._notes.pop(name, None)
        if entry is None:
            return []
        del self._at[entry.channel, entry.pitch]
        return [note_off(entry.channel, entry.pitch)]

    def end_all(self, owner: str | None = None) -> list[Message]:
        """The note-offs of every note, or of every note of one owner."""
        names = list(self._notes) if owner is None else self.names(owner)
        return [message for name in names for message in self.end(name)]
