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
    DONE = (1.0, 1.0, 1.0)  # for a moment: it is stored, kept, learnt
    PRESETS = (0.5, 0.0, 0.5)  # the encoder steps through the presets
    STRAINED = (1.0, 0.3, 0.0)  # too hot, or too little power: it may be late


FLASH = 0.25  # seconds that DONE is shown
MIDI_LIT = 0.05  # seconds that the MIDI lamp stays lit after a message
