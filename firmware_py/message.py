"""MIDI messages as the bytes that travel: a tuple, status first."""

from __future__ import annotations

from collections.abc import Callable

Message = tuple[int, ...]

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM = 0x80, 0x90, 0xB0, 0xC0
CLOCK, START, CONTINUE, STOP, SONG = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
BANK, BANK_FINE = 0, 32
SUSTAIN, ALL_SOUND_OFF, ALL_NOTES_OFF = 64, 120, 123


def note_on(channel: int, pitch: int, velocity: int) -> Message:
    """A note-on; channel 0..15, pitch 0..127, velocity 1..127."""
    return (NOTE_ON | channel, pitch, velocity)


def note_off(channel: int, pitch: int) -> Message:
    """A note-off; channel 0..15, pitch 0..127."""
    return (NOTE_OFF | channel, pitch, 0)


def control(channel: int, number: int, value: int) -> Message:
    """A control change; number and value 0..127."""
    return (CONTROL | channel, number, value)


def program(channel: int, number: int) -> Message:
    """A program change; number 0..127."""
    return (PROGRAM | channel, number)


def kind(message: Message) -> int:
    """The status without the channel, for channel messages; the status itself for others."""
    return message[0] & 0xF0 if message[0] < 0xF0 else message[0]


LENGTHS = {0x80: 3, 0x90: 3, 0xA0: 3, 0xB0: 3, 0xC0: 2, 0xD0: 2, 0xE0: 3}


def is_channel_message(message: Message) -> bool:
    """Whether it is a whole, well-formed message to one channel."""
    return (
        len(message) > 0
        and len(message) == LENGTHS.get(message[0] & 0xF0)
        and message[0] <= 0xFF
        and all(0 <= byte <= 0x7F for byte in message[1:])
    )


def is_clock_message(message: Message) -> bool:
    """Whether it is a whole message of a MIDI clock: tick, start, continue, stop, song position."""
    if len(message) == 1:
        return message[0] in (CLOCK, START, CONTINUE, STOP)
    return len(message) == 3 and message[0] == SONG and all(0 <= b <= 0x7F for b in message[1:])


def is_note_on(message: Message) -> bool:
    """Whether it starts a note (a note-on of velocity 0 does not)."""
    return kind(message) == NOTE_ON and message[2] > 0


def is_note_off(message: Message) -> bool:
    """Whether it ends a note."""
    return kind(message) == NOTE_OFF or (kind(message) == NOTE_ON and message[2] == 0)


def is_all_off(message: Message) -> bool:
    """Whether it tells a channel to be silent: all sound off, or all notes off."""
    return kind(message) == CONTROL and message[1] in (ALL_SOUND_OFF, ALL_NOTES_OFF)


def silence(channel: int) -> list[Message]:
    """What makes any synth fall silent on a channel, whatever was left sounding on it."""
    return [
        control(channel, SUSTAIN, 0),
        control(channel, ALL_SOUND_OFF, 0),
        control(channel, ALL_NOTES_OFF, 0),
    ]


def sweep(send: Callable[[Message], object]) -> None:
    """Silence what an instrument that was killed may have left sounding, on every channel."""
    for channel in range(16):
        for message in silence(channel):
            send(message)
