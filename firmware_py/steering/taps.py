"""What is tapped to the box where its drums are measured: three grooves at 120 beats a minute, on
one key, none of them quite even."""

from __future__ import annotations

from random import Random

from firmware_py.message import Message, note_off, note_on
from firmware_py.steering.statistics import SIXTEENTH

# A letter for each sixteenth of a bar: struck loud, soft, or not.
GROOVES = ("X..x..X...x.x...", "X.x.X.x.X.x.X.xx", "X...x..xX.x...x.")
LOUD, SOFT = 100, 70
SECONDS = 32.0
LOOSE = 0.008  # seconds, the spread of when a key is struck
KEY = 60


def tapped(groove: str) -> list[tuple[float, str, Message]]:
    """A groove over and over, as messages of a keyboard."""
    random, messages, bars = Random(groove), [], int(SECONDS / SIXTEENTH / len(groove))
    for step, struck in enumerate(groove * bars):
        if struck != ".":
            at = step * SIXTEENTH + (random.gauss(0, LOOSE) if step else 0.0)
            velocity = LOUD if struck == "X" else SOFT
            messages.append((at, "taps", note_on(0, KEY, velocity)))
            messages.append((at + SIXTEENTH / 2, "taps", note_off(0, KEY)))
    return sorted(messages, key=lambda timed: timed[0])
