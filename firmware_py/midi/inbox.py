"""What the MIDI threads leave for the player's loop: bounded, and no release is ever lost."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress

from firmware_py.message import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    CONTROL,
    NOTE_OFF,
    SUSTAIN,
    Message,
    is_note_off,
    is_note_on,
    kind,
)

Heard = tuple[float, str, Message]  # seconds, name of the port, message

# In place of a message: the cable was pulled, or messages were lost; whatever is held there ends.
PULLED: Message = ()

_ENDING_CONTROLS = frozenset({ALL_SOUND_OFF, ALL_NOTES_OFF})


def is_release(message: Message) -> bool:
    """Whether it lets notes go: a note-off, the pedal coming up, all notes or all sound off, or
    that the cable was pulled."""
    if message == PULLED:
        return True
    if kind(message) == CONTROL and len(message) == 3:
        return message[1] in _ENDING_CONTROLS or (message[1] == SUSTAIN and message[2] < 64)
    return is_note_off(message)


class Inbox:
    """A queue from the MIDI threads to the loop, with a descriptor that wakes the loop.

    `capacity` is in messages. When the queue fills, the less important goes first: controls,
    bends, pressure and clock are refused from half full on, note-ons from three quarters on.
    A release that finds the queue quite full is put on a shelf with one place for each key,
    so it is never lost and the memory stays bounded. `put` never waits: the loop may be slow,
    but a keyboard is not held up.
    """

    def __init__(self, capacity: int = 4096) -> None:
        self.dropped_controls = 0
        self.dropped_notes = 0
        self._capacity = capacity
        self._queue: deque[Heard] = deque()
        self._shelf: dict[tuple[str, int, int], Heard] = {}
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """The descriptor that becomes readable when something was put."""
        return self._wake

    def put(self, at: float, port: str, message: Message) -> None:
        """Leave a message, heard at `at` seconds; from any thread."""
        waiting = len(self._queue)
        if waiting < self._capacity // 2:
            self._queue.append((at, port, message))
        elif is_release(message):
            self._put_release(waiting, (at, port, message))
        elif not is_note_on(message):
            self.dropped_controls += 1
        elif waiting < self._capacity * 3 // 4:
            self._queue.append((at, port, message))
        else:
            self.dropped_notes += 1
        self.wake()

    def wake(self) -> None:
        """Wake the loop; from any thread."""
        with suppress(BlockingIOError):  # the counter is full, so the loop is awake anyway
            os.eventfd_write(self._wake, 1)

    def drain(self) -> list[Heard]:
        """Everything put since the last call, oldest first; for the loop's thread alone."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        # The shelf is counted before the queue: a release is shelved only while the queue is
        # full, and its note-on came before, so what is on the shelf belongs after the queue.
        shelved = [self._shelf.popitem()[1] for _ in range(len(self._shelf))]
        queued = [self._queue.popleft() for _ in range(len(self._queue))]
        return queued + sorted(shelved, key=lambda heard: heard[0])

    def close(self) -> None:
        """Give the descriptor back; nothing may be put after that."""
        os.close(self._wake)

    def _put_release(self, waiting: int, heard: Heard) -> None:
        if waiting < self._capacity:
            self._queue.append(heard)
            return
        _, port, message = heard
        if message == PULLED:
            self._shelf[port, -1, 0] = heard
            return
        status = NOTE_OFF | message[0] & 0x0F if is_note_off(message) else message[0]
        self._shelf[port, status, message[1]] = heard
