"""A synth's layout: on which channel an instrument sounds, how it is set up, and what it can play.

    [[part]]                       a sound of the synth, or several alike
    plays = ["bass family"]        which instruments it takes; the first part that takes one has it
    channels = [1, 2]              each instrument gets one of these, 1..16
    program = "general midi"       or a number 1..128, or none: no program change is sent
    bank = [0, 0]                  bank select (controllers 0 and 32), before the program
    transpose = -12                semitones, added to what is sent
    low, high = 24, 72             the pitches, as sent, that the network keeps to
    voices = 1                     notes that can sound at once on a channel
    [part.drums]                   a drum of General MIDI = a note, or [channel, note]
    36 = 60
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from firmware_py.message import BANK, BANK_FINE, Message, control, program
from notochord.ask import ALL_PITCHES, pitch_range, pitch_set
from notochord.event import (
    FAMILIES,
    N_INSTRUMENTS,
    instrument_named,
    instrument_of,
    is_anonymous,
    is_drums,
    program_of,
)

AS_INSTRUMENT = "general midi"  # a program: that of the instrument
MANY = 128  # voices
KEYS = {
    "plays", "channels", "program", "bank", "transpose", "low", "high", "voices", "drums"
}  # fmt: skip


class SynthError(ValueError):
    """There is no such layout, or it cannot be used; the message says why, in one line."""


@dataclass(frozen=True)
class Part:
    """A sound of a synth. Channels count from 0 here, as in the messages; programs too."""

    plays: frozenset[int]
    channels: tuple[int, ...]
    program: int | str | None = None
    bank: tuple[int, int] | None = None
    transpose: int = 0
    low: int = 0
    high: int = 127
    voices: int = MANY
    drums: Mapping[int, tuple[int | None, int]] = field(default_factory=dict)

    def setup(self, channel: int, instrument: int) -> list[Message]:
        """What sets a channel up for an instrument; nothing where it stays as it is."""
        if self.program is None or (self.program == AS_INSTRUMENT and is_anonymous(instrument)):
            return []
        number = program_of(instrument) if isinstance(self.program, str) else self.program
        banks = zip((BANK, BANK_FINE), self.bank or (), strict=False)
        return [*(control(channel, c, v) for c, v in banks), program(channel, number)]

    def sent(self, pitch: int) -> tuple[int | None, int]:
        """What is sent for a pitch: a channel where the drum has one of its own, and a note. What
        no MIDI message could hold is brought back by octaves; no drum of its own: as it is."""
        if pitch in self.drums:
            return self.drums[pitch]
        note = pitch + self.transpose
        while not 0 <= note <= 127:
            note += 12 if note < 0 else -12
        return None, note

    def reach(self) -> int:
        """The pitches that the network may play on it, as bits."""
        if self.drums:
            return pitch_set(self.drums)
        return pitch_range(self.low - self.transpose, self.high - self.transpose)


@dataclass(frozen=True)
class Layout:
    """A synth: its parts, and the document that says so."""

    name: str
    source: str
    parts: tuple[Part, ...]

    def part(self, instrument: int) -> Part | None:
        """The part that plays an instrument; None where there is none."""
        return next((part for part in self.parts if instrument in part.plays), None)

    def home(self, instrument: int) -> Part:
        """The part on which keys of an instrument sound in any case: keys are never silent."""
        return self.part(instrument) or self.parts[0]

    def reach(self, instrument: int) -> int:
        """The pitches that the network may play on an instrument, as bits."""
        if instrument not in self._reaches:
            part = self.part(instrument)
            self._reaches[instrument] = ALL_PITCHES if part is None else part.reach()
        return self._reaches[instrument]

    @cached_property
    def _reaches(self) -> dict[int, int]:
        """What was found already; it is asked for with every question."""
        return {}

    def together(self, instrument: int, other: int) -> bool:
        """Whether two instruments have to share the voices of one channel."""
        part = self.home(instrument)
        return instrument == other or (part is self.home(other) and len(part.channels) == 1)


def read(data: Mapping[str, Any]) -> Layout:
    """A layout from what its file holds. Raises SynthError with what is wrong."""
    if unknown := sorted(set(data) - {"name", "source", "part"}):
        raise SynthError(f"'{unknown[0]}' means nothing here; there are name, source and [[part]]")
    parts = data.get("part", [])
    if not isinstance(parts, list) or not parts:
        raise SynthError("it has no [[part]], so nothing could sound")
    name, source = (str(data.get(key, "")) for key in ("name", "source"))
    return Layout(name, source, tuple(_part(n, part) for n, part in enumerate(parts, 1)))


def _part(number: int, data: Any) -> Part:
    try:
        if not isinstance(data, dict):
            raise SynthError("not a table")
        if unknown := sorted(set(data) - KEYS):
            raise SynthError(f"'{unknown[0]}' means nothing; there are {', '.join(sorted(KEYS))}")
        part = Part(
            plays=_plays(data.get("plays", "melodic")),
            channels=tuple(c - 1 for c in _numbers("channels", data.get("channels"), 1, 16)),
            program=_program(data.get("program")),
            bank=_bank(data.get("bank")),
            transpose=_number("transpose", data.get("transpose", 0), -60, 60),
            low=_number("low", data.get("low", 0), 0, 127),
            high=_number("high", data.get("high", 127), 0, 127),
            voices=_number("voices", data.get("voices", MANY), 1, MANY),
            drums=_drums(data.get("drums", {})),
        )
    except (ValueError, TypeError) as error:
        raise SynthError(f"part {number}: {error}") from error
    if part.bank and part.program is None:
        raise SynthError(f"part {number}: a bank takes effect with a program; it has none")
    if part.low > part.high:
        raise SynthError(f"part {number}: low={part.low} is above high={part.high}")
    return part


def _number(name: str, value: Any, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise SynthError(f"{name}={value}: must be a whole number from {low} to {high}")
    return value


def _numbers(name: str, values: Any, low: int, high: int) -> list[int]:
    if not isinstance(values, list) or not values:
        raise SynthError(f"{name}: must be a list of numbers from {low} to {high}")
    return list(dict.fromkeys(_number(name, value, low, high) for value in values))


def _program(value: Any) -> int | str | None:
    if value is None or value == AS_INSTRUMENT:
        return value  # type: ignore[no-any-return]
    return _number(f"program (or '{AS_INSTRUMENT}')", value, 1, 128) - 1


def _bank(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise SynthError("bank: must be two numbers, for example [0, 1]")
    return _number("bank", value[0], 0, 127), _number("bank", value[1], 0, 127)


def _drums(data: Any) -> dict[int, tuple[int | None, int]]:
    if not isinstance(data, dict):
        raise SynthError("drums: must be a table of notes, for example 36 = 60")
    drums: dict[int, tuple[int | None, int]] = {}
    for drum, value in data.items():
        pitch = int(drum) if str(drum).isdigit() else -1
        place = value if isinstance(value, list) else [None, value]
        if len(place) != 2:
            raise SynthError(f"drums: {drum} must be a note, or [channel, note]")
        channel = None if place[0] is None else _number("drum's channel", place[0], 1, 16) - 1
        drums[_number("drum", pitch, 0, 127)] = channel, _number("drum's note", place[1], 0, 127)
    return drums


def _plays(value: Any) -> frozenset[int]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names:
        raise SynthError("plays: must be 'melodic', 'drums', or a list of instruments")
    return frozenset(i for name in names for i in _instruments(str(name).strip().lower()))


def _instruments(name: str) -> Iterable[int]:
    everything = range(1, N_INSTRUMENTS)
    if name in ("melodic", "drums"):
        return [i for i in everything if is_drums(i) == (name == "drums")]
    if not name.endswith(" family"):
        return [instrument_named(name)]
    family = name.removesuffix(" family")
    if family not in FAMILIES:
        raise SynthError(f"plays: no family called '{family}'; there are {', '.join(FAMILIES)}")
    first = FAMILIES.index(family) * 8
    return [instrument_of(n) for n in range(first, first + 8)]
