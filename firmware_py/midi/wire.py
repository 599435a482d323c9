"""What waits for a DIN cable, and what of it goes next. Pure: bytes come out, no time passes here.

    clocks ─────────────────────────────────────▶ ┐
    what a panic says ──────────────────────────▶ ┤
    notes, pedals, programs: in their order ────▶ ├─▶ 3,125 bytes a second
    controllers: only the newest value of each ─▶ │   320 µs a byte, 0.64 ms a note
    SysEx ──────────────────────────────────────▶ ┘

A DIN cable carries 31,250 bits a second, ten bits a byte (MIDI 1.0 detailed specification,
"Hardware"). When more is to be sent than it carries, a knob's older values go first, then notes
that would come too late begin no more; what ends a note is never lost. The status byte is left out
where the receiver knows it (running status), and a note's end is sent as a note-on of velocity 0,
which keeps the status running.
"""

from __future__ import annotations

from collections import deque

from firmware_py.message import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    CLOCK,
    CONTROL,
    NOTE_ON,
    PROGRAM,
    SUSTAIN,
    Message,
    is_channel_message,
    is_note_off,
    is_note_on,
    kind,
)

BYTE_SECONDS = 320e-6
LIMIT = 312  # bytes of notes that may wait: a tenth of a second
SYSEX_LIMIT = 4096  # bytes of SysEx that may wait
URGENT_LIMIT = 64  # clocks that may wait
ACTIVE_SENSING = 0xFE
REFRESH = 0.3  # seconds after which a status is sent again: the cable may just have been put in

# Controllers that mean nothing alone: bank select, data entry and the parameter it is for.
_IN_ORDER = frozenset({0, 6, 32, 38, SUSTAIN, 66, 67, *range(96, 102), *range(120, 128)})


class Wire:
    """Messages in, bytes out, the more urgent first."""

    def __init__(self) -> None:
        self._real_time: deque[Message] = deque()
        self._first: deque[Message] = deque()  # what makes channels silent
        self._line: deque[Message] = deque()  # notes, and all whose order matters
        self._waiting = 0  # bytes of these, at most
        self._controls: dict[tuple[int, ...], Message] = {}  # what of each is the newest
        self._sysex: deque[Message] = deque()
        self._dump = b""  # what is left of the SysEx that is being sent
        self._sounding: set[tuple[int, int]] = set()  # begun on the wire: channel, pitch
        self._running, self._stated_at = 0, 0.0
        self.dropped_notes = 0

    def __bool__(self) -> bool:
        return bool(
            self._real_time or self._dump or self._first or self._line or self._controls
            or self._sysex
        )

    def put(self, message: Message) -> bool:
        """Have a message sent; False when there is no room for it, or it is no MIDI."""
        if message and 0xF1 <= message[0] <= 0xFF and message[0] != 0xF7:
            return self._put_urgent(message)
        if message[:1] == (0xF0,):
            return self._put_sysex(message)
        if not is_channel_message(message):
            return False
        if is_note_on(message):
            return self._put_note(message)
        if is_note_off(message):
            return self._put_end((NOTE_ON | message[0] & 0xF, message[1], 0))
        return self._put_control(message)

    def take(self, now: float) -> bytes:
        """The bytes to send next, one message's at most; b"" when nothing waits. `now` in
        seconds."""
        if self._real_time and (not self._dump or len(self._real_time[0]) == 1):
            return self._stated(self._real_time.popleft(), now)
        if self._dump:
            return self._next_of_dump()
        if self._first:
            message = self._first.popleft()
            self._note_sounding(message)
            return self._stated(message, now)
        if self._line:
            message = self._line.popleft()
            self._waiting -= len(message)
            self._note_sounding(message)
            return self._stated(message, now)
        if self._controls:
            return self._stated(self._controls.pop(next(iter(self._controls))), now)
        if self._sysex:
            self._running, self._dump = 0, bytes(self._sysex.popleft())
            return self._next_of_dump()
        return b""

    def _next_of_dump(self) -> bytes:
        """A few bytes of a SysEx: real-time bytes may go between them, nothing else may."""
        piece, self._dump = self._dump[:3], self._dump[3:]
        return piece

    # ── putting ─────────────────────────────────────────────────────────────────────────────

    def _append(self, message: Message) -> bool:
        self._line.append(message)
        self._waiting += len(message)
        return True

    def _put_urgent(self, message: Message) -> bool:
        """Clocks, and the song position that must come before the clock that it is for."""
        if len(self._real_time) >= URGENT_LIMIT and message[0] in (CLOCK, ACTIVE_SENSING):
            return False
        self._real_time.append(message)
        return True

    def _put_note(self, message: Message) -> bool:
        if self._waiting >= LIMIT:
            self.dropped_notes += 1
            return False
        return self._append(message)

    def _put_end(self, message: Message) -> bool:
        """An end goes in whatever waits; but one that waits already ends no more by another."""
        for waiting in reversed(self._line):
            if waiting[:2] == message[:2]:
                if waiting[2] == 0:
                    return True
                break
        return self._append(message)

    def _put_control(self, message: Message) -> bool:
        if kind(message) == CONTROL and message[1] in (ALL_SOUND_OFF, ALL_NOTES_OFF):
            self._cut(message[0] & 0xF)
            if message not in self._first:
                self._first.append(message)
            return True
        if kind(message) == CONTROL and message[1] in _IN_ORDER:
            is_release = message[1] == SUSTAIN and message[2] < 64
            if is_release and self._last_pedal(message) == message:
                return True
            return (is_release or self._waiting < 2 * LIMIT) and self._append(message)
        if kind(message) == PROGRAM:
            return self._waiting < 2 * LIMIT and self._append(message)
        key = message[:2] if kind(message) in (CONTROL, 0xA0) else message[:1]
        self._controls.pop(key, None)
        self._controls[key] = message
        return True

    def _last_pedal(self, message: Message) -> Message | None:
        return next((m for m in reversed(self._line) if m[:2] == message[:2]), None)

    def _cut(self, channel: int) -> None:
        """All sound of a channel goes off, before all else that waits. What has not begun there
        need not begin; the ends of what has begun, and the pedal's, go along, for a synth that
        knows no such message. A SysEx is cut off."""
        self._dump = b""
        kept: deque[Message] = deque()
        for message in self._line:
            if message[0] == NOTE_ON | channel:
                has_begun = (channel, message[1]) in self._sounding
                if message[2] == 0 and has_begun and message not in self._first:
                    self._first.append(message)
            elif message == (CONTROL | channel, SUSTAIN, 0):
                if message not in self._first:
                    self._first.append(message)
            else:
                kept.append(message)
        self._line = kept
        self._waiting = sum(len(message) for message in kept)

    def _put_sysex(self, message: Message) -> bool:
        is_whole = len(message) >= 2 and message[-1] == 0xF7
        is_data = all(0 <= byte <= 0x7F for byte in message[1:-1])
        waiting = sum(len(waits) for waits in self._sysex)
        if not is_whole or not is_data or waiting + len(message) > SYSEX_LIMIT:
            return False
        self._sysex.append(message)
        return True

    # ── taking ──────────────────────────────────────────────────────────────────────────────

    def _note_sounding(self, message: Message) -> None:
        if kind(message) == NOTE_ON:
            place = message[0] & 0xF, message[1]
            (self._sounding.add if message[2] > 0 else self._sounding.discard)(place)

    def _stated(self, message: Message, now: float) -> bytes:
        status = message[0]
        if status >= 0xF0:  # a message to a whole system ends the running status, but real-time
            self._running = self._running if status >= 0xF8 else 0
            return bytes(message)
        if status == self._running and 0 <= now - self._stated_at < REFRESH:
            return bytes(message[1:])
        self._running, self._stated_at = status, now
        return bytes(message)
