"""What can be asked of a brain: a question under exact constraints, and its answer. No torch here.

A set of pitches is an integer of 128 bits, bit p for pitch p, so that sets are joined and cut with
|, & and ~, cost nothing to pass between processes, and can be compared and stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any

from notochord.event import MAX_DT, MAX_VELOCITY, Event

ALL_PITCHES = (1 << 128) - 1
SUB_EVENT_LETTERS = "iptv"  # instrument, pitch, time, velocity
N_UNIFORMS = 8  # uniform numbers that an ask takes: two for each sub-event


def pitch_set(pitches: Iterable[int]) -> int:
    """The set of these pitches (0..127) as bits."""
    bits = 0
    for pitch in pitches:
        bits |= 1 << pitch
    return bits


@lru_cache(maxsize=1024)
def pitch_range(low: int, high: int) -> int:
    """The set of pitches low..high, both ends in; empty when low > high."""
    low, high = max(low, 0), min(high, 127)
    return 0 if low > high else ((1 << (high - low + 1)) - 1) << low


def pitches_in(bits: int) -> list[int]:
    """The pitches of a set, ascending."""
    return [pitch for pitch in range(128) if bits >> pitch & 1]


@dataclass(frozen=True)
class Temperatures:
    """How freely each kind of sub-event is drawn: 0 takes the likeliest, 1 follows the network."""

    pitch: float = 1.0  # instrument and pitch
    rhythm: float = 1.0  # which of the times that fit: short or long
    timing: float = 1.0  # how exactly it is met: the likeliest time near by
    velocity: float = 1.0


@dataclass(frozen=True)
class Pattern:
    """What a drum pattern is to be, beside what was heard; each at 0 as the network has it.

    `density` and `voices` (nine, as in `notochord.groove.VOICES`, or none) from -1, no stroke, to
    1, as many as there may be. `variation` 0..1: how freely what the groove may mean and the
    strokes are drawn, from `seed`. `swing` 0..1: how far the off-beats are delayed, 1 to triplets.
    """

    density: float = 0.0
    voices: tuple[float, ...] = ()
    variation: float = 0.0
    swing: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Ask:
    """One question: which sub-events are given, and what the rest may be.

    `order` names the sub-events to draw, first to last, with the letters i, p, t, v; every letter
    that is not given must be in it. `on` and `off` map each allowed instrument to its allowed
    pitches for note-ons and for note-offs. `time` is in seconds since the last event told,
    `velocity` the range of note-ons. `top_p` leaves out the unlikeliest instruments and
    pitches beyond that share.
    The instruments in `favoured` together get at least `share` of the draw of an instrument.
    With a `haste` above 0 short waits are likelier than they would be, by 2**haste for each
    octave; below 0 long ones are. Whether two events come at once it leaves alone.
    Of who begins a note, an instrument in `weights` is so many times as likely as it would be.
    With a `groove` above 0, a wait is likelier the more an onset is due at its end by the rhythm
    heard before (`notochord.rhythm`): on average by 1 + groove times. By that of `leaders` alone,
    where these instruments have a rhythm.
    A `quarter` above 0 is how long the beat is that is kept to, in seconds; a network in score time
    is led to it, others have no use for it. A `beat` is such a length and the seconds from the last
    event told to a bar line: to it a network of drums makes a `pattern`.
    """

    order: str = "iptv"
    instrument: int | None = None
    pitch: int | None = None
    dt: float | None = None
    velocity: int | None = None
    on: Mapping[int, int] = field(default_factory=dict)
    off: Mapping[int, int] = field(default_factory=dict)
    time: tuple[float, float] = (0.0, MAX_DT)
    velocities: tuple[int, int] = (1, MAX_VELOCITY)
    temperature: Temperatures = Temperatures()
    top_p: float = 1.0
    favoured: tuple[int, ...] = ()
    share: float = 0.0
    weights: Mapping[int, float] = field(default_factory=dict)
    haste: float = 0.0
    groove: float = 0.0
    leaders: tuple[int, ...] = ()
    quarter: float = 0.0
    beat: tuple[float, float] | None = None
    pattern: Pattern = Pattern()

    def __post_init__(self) -> None:
        """Raises ValueError when the order and the given sub-events do not make up an event."""
        known = (self.instrument, self.pitch, self.dt, self.velocity)
        given = {m for m, v in zip(SUB_EVENT_LETTERS, known, strict=True) if v is not None}
        if sorted(self.order) != sorted(set(SUB_EVENT_LETTERS) - given):
            raise ValueError(f"order '{self.order}' must name each sub-event not given, once")

    @property
    def seconds(self) -> tuple[float, float]:
        """The earliest and the latest time of an answer, since the last event told."""
        return self.time if self.dt is None else (self.dt, self.dt)

    @property
    def loudness(self) -> tuple[int, int]:
        """The softest and the loudest velocity of a note that begins."""
        if self.velocity is not None:
            return max(self.velocity, 1), max(self.velocity, 1)
        return max(self.velocities[0], 1), min(self.velocities[1], MAX_VELOCITY)

    def as_json(self) -> dict[str, Any]:
        """Plain values, pitch sets as hexadecimal."""
        plain = dict(vars(self))  # not asdict: it copies all the way down, and takes twice as long
        plain["temperature"] = dict(vars(self.temperature))
        if self.beat is None and self.pattern == Pattern():
            del plain["beat"], plain["pattern"]
        else:
            plain["pattern"] = dict(vars(self.pattern))
        plain["weights"] = {str(i): weight for i, weight in self.weights.items()}
        for name in ("on", "off"):
            plain[name] = {str(i): f"{bits:x}" for i, bits in getattr(self, name).items()}
        return plain

    @staticmethod
    def from_json(plain: dict[str, Any]) -> Ask:
        """The ask that `as_json` wrote; raises ValueError or TypeError on anything else."""
        values = {f.name: plain[f.name] for f in fields(Ask) if f.name in plain}
        for name in ("on", "off"):
            values[name] = {int(i): int(bits, 16) for i, bits in plain.get(name, {}).items()}
        weights = plain.get("weights", {})
        values["weights"] = {int(i): float(weight) for i, weight in weights.items()}
        for name in ("time", "velocities", "favoured", "leaders", "beat"):
            if values.get(name) is not None:
                values[name] = tuple(values[name])
        if "temperature" in values:
            values["temperature"] = Temperatures(**values["temperature"])
        if "pattern" in values:
            wish = values["pattern"]
            values["pattern"] = Pattern(**{**wish, "voices": tuple(wish.get("voices", ()))})
        return Ask(**values)


# An answer is an event, or None when the constraints leave nothing that could be answered.
Answer = Event | None
