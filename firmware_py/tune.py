"""A tune to play when no keyboard is there: Greensleeves (English, 16th century), typed in.

Played as a person would: the tempo leans into each phrase and broadens at its end, the first beat
of a bar weighs more, and dynamics rise and fall with the line.
"""

from __future__ import annotations

import math

from notochord.event import Note, instrument_named

# One bar of 6/8 a line: note names, each with its length in eighths.
VERSE = """
A4 1
C5 2  D5 1  E5 1.5  F5 .5  E5 1
D5 2  B4 1  G4 1.5  A4 .5  B4 1
C5 2  A4 1  A4 1.5  G#4 .5  A4 1
B4 2  G#4 1  E4 2  A4 1
C5 2  D5 1  E5 1.5  F5 .5  E5 1
D5 2  B4 1  G4 1.5  A4 .5  B4 1
C5 1.5  B4 .5  A4 1  G#4 1.5  F#4 .5  G#4 1
A4 3  A4 3
"""
CHORUS = """
G5 3  G5 1.5  F#5 .5  E5 1
D5 2  B4 1  G4 1.5  A4 .5  B4 1
C5 2  A4 1  A4 1.5  G#4 .5  A4 1
B4 2  G#4 1  E4 3
G5 3  G5 1.5  F#5 .5  E5 1
D5 2  B4 1  G4 1.5  A4 .5  B4 1
C5 1.5  B4 .5  A4 1  G#4 1.5  F#4 .5  G#4 1
A4 6
"""
NAMES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
EIGHTH = 0.26  # seconds, before expression
PICKUP = 1  # eighths before the first bar
PHRASE = 24  # eighths: four bars
BROADENING = 0.02  # share of a phrase that its end is late by


def _pitch(name: str) -> int:
    sharp = "#" in name
    return 12 * (int(name[-1]) + 1) + NAMES[name[0]] + sharp


def _lines(text: str) -> list[tuple[int, float]]:
    words = text.split()
    return [(_pitch(n), float(d)) for n, d in zip(words[::2], words[1::2], strict=True)]


def _seconds(eighths: float) -> float:
    """Where a moment of the score falls: each phrase flows faster in its middle."""
    phrase, within = divmod((eighths - PICKUP) / PHRASE, 1.0)
    lean = 0.01 * math.sin(2 * math.pi * within)
    broaden = BROADENING * (phrase + max(0.0, (within - 0.85) / 0.15) ** 2)
    return EIGHTH * (PICKUP + PHRASE * (phrase + within + lean + broaden))


def tune() -> list[Note]:
    """The tune as notes on a piano, about half a minute long."""
    piano, notes, at = instrument_named("piano"), [], 0.0
    for pitch, length in _lines(VERSE) + _lines(CHORUS):
        within = (at - PICKUP) % PHRASE / PHRASE
        swell = 14 * math.sin(math.pi * within)
        weight = 8 if (at - PICKUP) % 6 == 0 else 3 if (at - PICKUP) % 3 == 0 else 0
        velocity = round(62 + swell + weight + (pitch - 69) * 0.6)
        start, end = _seconds(at), _seconds(at + length * 0.92)
        notes.append(Note(piano, pitch, start, end, velocity))
        at += length
    return notes
