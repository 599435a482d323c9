"""The tape: what the loop leaves for the disk. In memory, bounded, and nothing ever waits for it.

    the loop ──record──▶ ┌────────────┐ ──bytes──▶ the scribe
                         └── limit ───┘   what finds the tape full is lost, and the gap is marked
"""

from __future__ import annotations

from collections import deque
from typing import Any

from firmware_py.message import Message, is_note_on
from firmware_py.sessions import record
from notochord.ask import Answer
from notochord.event import is_sane

LIMIT = 4 << 20  # bytes that may wait: over half an hour of dense playing


class Tape:
    """Takes down records in the loop's thread, and hands them over in the scribe's."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._records: deque[bytes | None] = deque()  # None: another session begins
        self._put = self._taken = 0  # bytes ever; each is written by one of the two threads alone
        self._full = self._begun = False
        self._ports: dict[str, int] = {}
        self.until = 0.0  # when the last record was taken down, in seconds
        self.keys = self.notes = 0  # keys heard, notes sent

    @property
    def waiting(self) -> int:
        """Bytes that wait to be taken."""
        return self._put - self._taken

    def put(self, data: bytes) -> bool:
        """Take down a record; False when there is no room for it, and then the gap is marked."""
        was_full, self._full = self._full, self.waiting + len(data) > self._limit
        if self._full and was_full:
            return False
        if self._full:
            data = record.gap()
        self._put += len(data)
        self._records.append(data)
        return not self._full

    def take(self) -> list[bytes]:
        """All that waits: first what belongs to the session that was taken from last, then, where
        others have begun since, theirs."""
        sessions: list[list[bytes]] = [[]]
        for _ in range(len(self._records)):
            data = self._records.popleft()
            if data is None:
                sessions.append([])
            else:
                self._taken += len(data)
                sessions[-1].append(data)
        if sessions[-1]:
            sessions[-1].append(self.mark())
        return [b"".join(session) for session in sessions]

    def begin(self, about: dict[str, Any]) -> None:
        """A session begins, and one that was being taken down is over."""
        if self._begun:
            self.put(self.mark())
            self._records.append(None)
        self._begun, self._full = True, False
        self._ports.clear()
        self.until, self.keys, self.notes = float(about["at"]), 0, 0
        self.put(record.start(about))

    def mark(self) -> bytes:
        """How long the session is so far."""
        return record.mark(self.until, self.keys, self.notes)

    # ── what is taken down ──────────────────────────────────────────────────────────────────

    def heard(self, port: str, message: Message, at: float) -> None:
        """A message came from a keyboard."""
        if len(message) > record.LONGEST - 10 or any(not 0 <= byte <= 0xFF for byte in message):
            return  # a dump of a synth's memory, or no MIDI: nothing that the instrument heeds
        self.until = at
        self.keys += is_note_on(message) if len(message) == 3 else 0
        self.put(record.heard(at, self._port(port), message))

    def tick(self, at: float) -> None:
        """Something was due."""
        self.until = at
        self.put(record.tick(at))

    def answered(self, number: int, answer: Answer, at: float) -> None:
        """The brain answered; nonsense is as good as no answer."""
        self.until = at
        self.put(record.answered(at, number, answer if is_sane(answer) else None))

    def call(self, at: float, name: str, *arguments: object) -> None:
        """Anything else happened."""
        self.until = at
        self.put(record.call(at, name, *arguments))

    def out(self, at: float, owner: str, instrument: int, message: Message) -> None:
        """A message was sent."""
        self.until = at
        self.notes += is_note_on(message) if len(message) == 3 else 0
        self.put(record.out(at, owner, instrument, message))

    def _port(self, name: str) -> int:
        index = self._ports.get(name)
        if index is None:
            index = len(self._ports) & 0xFFFF
            if self.put(record.port(index, name)):
                self._ports[name] = index
        return index
