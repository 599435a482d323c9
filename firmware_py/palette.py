"""The palette: which instruments the network plays, how much of the turns each takes, and where.

    palette = part, part, ...              violin*2 55..90, same, band
    part    = NAME [*WEIGHT] [LOW..HIGH]

A name is an instrument's, a palette's, 'same' (what you play) or 'auto' (what fits the mode). With
a weight of 2 an instrument is twice as likely as it would be to begin the next note, and gets its
turn after half the rest; LOW..HIGH are the pitches that it keeps to. A palette in a palette hands
its weight and its range on to its parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from notochord.event import instrument_named, instrument_of

SAME, AUTO = "same", "auto"
LIGHTEST, HEAVIEST = 0.05, 20.0
NAMED = {  # beside 'piano' and 'drums', which are an instrument each
    "same as me": SAME,
    "strings": "violin 55..100, viola 48..88, cello 36..76, contrabass*0.5 28..60",
    "band": "fingered bass 28..55, clean guitar 40..84, electric piano 36..96, drums",
    "synths": "synth bass 28..55, saw lead 55..96, warm pad 40..84, polysynth pad 48..96",
    "mono synth": "saw lead",
    "two synths": "synth bass 28..55, saw lead 55..96",
}
ANY = "any"  # every instrument and the drums: who plays is the network's choice alone
PART = re.compile(
    r"(?P<name>.+?)\s*(?:\*\s*(?P<weight>[\d.]+))?\s*(?:\b(?P<low>\d+)\s*\.\.\s*(?P<high>\d+))?"
)


class PaletteError(ValueError):
    """A part of a palette makes no sense; the message says which and what would."""


@dataclass(frozen=True)
class Part:
    """One part: an instrument's id, 'same' or 'auto'; its weight; the pitches that it keeps to."""

    plays: int | str
    weight: float = 1.0
    low: int = 0
    high: int = 127


@dataclass(frozen=True)
class Palette:
    """The parts of a palette."""

    parts: tuple[Part, ...]

    def instruments(self, default: Iterable[int], same: Iterable[int]) -> tuple[int, ...]:
        """Their ids: `default` where it says 'auto', `same` where it says 'same'."""
        stands_for = {AUTO: tuple(default), SAME: tuple(same)}
        found: list[int] = []
        for part in self.parts:
            if isinstance(part.plays, int):
                found.append(part.plays)
            else:
                found += stands_for[part.plays]
        return tuple(dict.fromkeys(found))

    def part(self, instrument: int) -> Part:
        """The part that an instrument has: its own, or that of whatever stands for it."""
        return self._by_name.get(instrument, self._stand_in)

    @cached_property
    def _by_name(self) -> dict[int | str, Part]:
        return {part.plays: part for part in reversed(self.parts)}

    @cached_property
    def _stand_in(self) -> Part:
        return self._by_name.get(SAME) or self._by_name.get(AUTO) or Part(AUTO)


@lru_cache(maxsize=64)
def parsed(text: str) -> Palette:
    """The palette that a text means. Raises PaletteError."""
    return Palette(tuple(part for item in text.split(",") for part in _parts(item.strip())))


def _parts(item: str) -> list[Part]:
    match = PART.fullmatch(item)
    if match is None:
        raise PaletteError("a part has no name; write instruments with commas: violin, cello")
    weight, low, high = _weight(match["weight"]), int(match["low"] or 0), int(match["high"] or 127)
    if not 0 <= low <= high <= 127:
        raise PaletteError(f"'{item}': the pitches must be LOW..HIGH within 0..127")
    return [
        replace(p, weight=p.weight * weight, low=max(p.low, low), high=min(p.high, high))
        for p in _named(match["name"].strip().lower())
    ]


def _weight(text: str | None) -> float:
    try:
        weight = float(text or 1)
    except ValueError:
        weight = 0.0
    if not LIGHTEST <= weight <= HEAVIEST:
        raise PaletteError(f"weight '{text}' must be from {LIGHTEST} to {HEAVIEST:g}")
    return weight


def _named(name: str) -> list[Part]:
    if name in (SAME, AUTO):
        return [Part(name)]
    if name == ANY:
        return [Part(instrument_of(n)) for n in range(128)] + [Part(instrument_of(0, drums=True))]
    if name in NAMED:
        return list(parsed(NAMED[name]).parts)
    try:
        return [Part(instrument_named(name))]
    except ValueError as error:
        palettes = ", ".join([*NAMED, ANY])
        raise PaletteError(f"{error}; or one of the palettes {palettes}") from error
