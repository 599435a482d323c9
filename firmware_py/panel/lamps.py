"""What the lamp says: one colour for each thing that the box can be doing."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache


class Sign(Enum):
    """What the box is doing, as (red, green, blue), each 0..1."""

    WAKING = (0.0, 0.0, 1.0)  # the network is being loaded; your keys sound
    LISTENING = (0.0, 0.15, 0.0)
    ANSWERING = (0.0, 1.0, 0.0)  # notes of the network sound
    THRU = (0.4, 0.4, 0.4)  # you play alone
    FAULT = (1.0, 0.0, 0.0)  # there is no network; your keys sound
    DONE = (1.0, 1.0, 1.0)  # for a moment: it is stored, kept, learnt
    PRESETS = (0.5, 0.0, 0.5)  # the encoder steps through the presets
    CODE = (0.0, 0.5, 0.5)  # web access is open; it blinks the number to be asked for there
    STRAINED = (1.0, 0.3, 0.0)  # too hot, or too little power: it may be late


Light = tuple[bool, float]  # whether the lamp is lit, and for how many seconds

FLASH = 0.25  # seconds that DONE is shown
MIDI_LIT = 0.05  # seconds that the MIDI lamp stays lit after a message
BLINK = 0.25  # seconds of light, and of darkness, where a digit is blinked: once for 1, ten for 0
BETWEEN, BETWEEN_GROUPS, AGAIN = 1.0, 2.0, 4.0  # seconds after a digit, after three, and after all
GROUP = 3  # digits


@lru_cache(maxsize=1)
def blinks(number: str) -> tuple[Light, ...]:
    """A number as light and darkness, once through; in groups of three digits."""
    lights: list[Light] = []
    for place, digit in enumerate(number, 1):
        lights += [(True, BLINK), (False, BLINK)] * (int(digit) or 10)
        rest = BETWEEN_GROUPS if place % GROUP == 0 else BETWEEN
        lights[-1] = False, AGAIN if place == len(number) else rest
    return tuple(lights)


def light_at(number: str, since: float) -> Light:
    """Whether the lamp is lit so many seconds after it began to blink a number, again and again,
    and for how long still."""
    lights = blinks(number)
    left = since % sum(seconds for _, seconds in lights)
    for lit, seconds in lights:
        if left < seconds:
            return lit, seconds - left
        left -= seconds
    return False, lights[-1][1]  # what rounding left over
