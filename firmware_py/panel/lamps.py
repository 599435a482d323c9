"""What the lamp says: one colour for each thing that the box can be doing."""

from __future__ import annotations

from enum import Enum


class Sign(Enum):
    """What the box is doing, as (red, green, blue), each 0..1."""

    WAKING = (0.0, 0.0, 1.0)  # the network is being loaded; your keys sound
    LISTENING = (0.0, 0.15, 0.0)
    ANSWERING = (0.0, 1.0, 0.0)  # notes of the network sound
    THRU = (0.4, 0.4, 0.4)  # you play alone
    FAULT = (1.0, 0.0, 0.0)  # there is no network; your keys sound
    STRAINED = (1.0, 0.3, 0.0)  # too hot, or too little power: it may be late


MIDI_LIT = 0.05  # seconds that the MIDI lamp stays lit after a message
