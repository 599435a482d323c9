"""MIDI bytes as they come down a DIN cable, made into whole messages."""

from __future__ import annotations

from firmware_py.message import Message

SYSEX_START, SYSEX_END, FIRST_REAL_TIME = 0xF0, 0xF7, 0xF8

# How many data bytes follow a status. Channel messages are looked up by their high nibble.
_CHANNEL_LENGTHS = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_COMMON_LENGTHS = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0}  # F4 and F5 are undefined
_REAL_TIME = frozenset({0xF8, 0xFA, 0xFB, 0xFC, 0xFE, 0xFF})  # F9 and FD are undefined


class StreamParser:
    """Turns a byte stream into messages; any bytes at all are taken, and none raises.

    Running status is expanded. A real-time byte comes out at once wherever it stands, and the
    message or SysEx around it is not disturbed. What is undefined, cut short or without a
    status is dropped, and the next status byte starts afresh.

    `sysex_limit` is the longest SysEx kept, in bytes with its two frame bytes; a longer one is
    dropped whole, so that a stuck sender cannot fill the memory.
    """

    def __init__(self, sysex_limit: int = 4096) -> None:
        self._sysex_limit = sysex_limit
        self._status = 0  # 0: none, so that data bytes are dropped
        self._needed = 0
        self._data: list[int] = []

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; returns the messages that they complete, in order."""
        messages = (self._take(byte) for byte in data)
        return [message for message in messages if message is not None]

    def _take(self, byte: int) -> Message | None:
        if byte >= FIRST_REAL_TIME:
            return (byte,) if byte in _REAL_TIME else None
        if byte == SYSEX_END:
            return self._end_sysex()
        if byte & 0x80:
            return self._start(byte)
        return self._continue(byte)

    def _start(self, status: int) -> Message | None:
        """A new status drops whatever was unfinished, an open SysEx too."""
        self._data.clear()
        lengths = _CHANNEL_LENGTHS if status < 0xF0 else _COMMON_LENGTHS
        needed = lengths.get(status & 0xF0 if status < 0xF0 else status, 0)
        self._status = status if needed or status == SYSEX_START else 0
        self._needed = needed
        return (status,) if needed == 0 and status in lengths else None

    def _continue(self, byte: int) -> Message | None:
        if self._status == 0:
            return None
        self._data.append(byte)
        if self._status == SYSEX_START:
            if len(self._data) > self._sysex_limit - 2:
                self._forget()
            return None
        if len(self._data) < self._needed:
            return None
        message = (self._status, *self._data)
        self._data.clear()
        if self._status >= 0xF0:  # only channel messages have a running status
            self._status = 0
        return message

    def _end_sysex(self) -> Message | None:
        whole = self._status == SYSEX_START
        message = (SYSEX_START, *self._data, SYSEX_END)
        self._forget()
        return message if whole else None

    def _forget(self) -> None:
        self._status = 0
        self._data.clear()
