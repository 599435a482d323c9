"""A glance at the box: all that a panel shows. The loop makes them; nothing changes them."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware_py.panel.lamps import Sign
from firmware_py.settings import MODES, Settings


@dataclass(frozen=True)
class NoteSeen:
    """A note began (velocity 1..127) or ended (0). `owner`: "player" or "network"."""

    at: float
    owner: str
    channel: int
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Glance:
    """What there is to see."""

    at: float = 0.0
    sign: Sign = Sign.WAKING
    settings: Settings = field(default_factory=Settings)
    preset: str = ""  # the one that was recalled or stored last
    turned: tuple[str, float | str] | None = None  # what a knob was just turned to
    you: bool = False  # whether you play, whether the network does
    network: bool = False
    answer_ms: float | None = None  # p50 of the last answers
    session: int | None = None  # the number under which this session is being recorded
    code: str = ""  # web access is open, and this is the number to be asked for there
    lead: str = ""  # who gives the beat
    listens: bool = False  # the next MIDI control that moves is bound
    bound: tuple[tuple[str, str], ...] = ()  # MIDI controls and what they do
    notes: tuple[NoteSeen, ...] = ()  # since the last glance
    lines: tuple[str, ...] = ()  # that were told since the last glance
    modes: tuple[str, ...] = MODES  # that the brain that plays can play
