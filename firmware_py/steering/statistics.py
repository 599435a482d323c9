"""What one hears of a performance, as numbers: one statistic for each thing that a knob steers."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import log, log2

import numpy as np

from notochord.event import Note, is_drums
from notochord.listen import pulse as clear_beat

TOGETHER = 0.02  # seconds; onsets nearer than that are one
AT_THE_END = 0.001  # seconds; a note that ends with the performance was cut
FEWEST = 6  # notes below which nothing is said about them
SIXTEENTH = 0.125  # seconds, at 120 beats a minute
LIKE = 0.25  # octaves; steps nearer than that are of one kind


@dataclass(frozen=True)
class Heard:
    """The network's notes from `since` to `until` (seconds), the player's keys, all of them."""

    notes: list[Note]
    keys: list[Note]
    since: float
    until: float


Statistic = Callable[[Heard], float | None]


def _entropy(values: Iterable[float]) -> float:
    counts = np.array(list(Counter(values).values()), dtype=float)
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def _pitches(heard: Heard) -> list[int]:
    return [note.pitch for note in heard.notes if not is_drums(note.instrument)]


def _apart(moments: list[float]) -> list[float]:
    """Seconds from each moment to the next, where they are not one."""
    moments = sorted(moments)
    return [b - a for a, b in zip(moments, moments[1:], strict=False) if b - a > TOGETHER]


def _steps(heard: Heard) -> list[float]:
    """Seconds from each onset to the next."""
    return _apart([note.start for note in heard.notes])


def _last_of_its_kind(steps: list[float], n: int) -> float | None:
    """Of the sixteen steps before the nth, the latest that is like it; None where none is."""
    before = reversed(steps[max(n - 16, 0) : n])
    return next((step for step in before if abs(log2(step / steps[n])) < LIKE), None)


def _enough(values: list[float] | list[int], of: Callable[[list[float]], float]) -> float | None:
    return of([float(v) for v in values]) if len(values) >= FEWEST else None


def notes_a_second(heard: Heard) -> float | None:
    """Notes that begin in a second."""
    return len(heard.notes) / (heard.until - heard.since)


def pitch_entropy(heard: Heard) -> float | None:
    """How spread the pitches are, in bits, of the first 48 notes: denser music is not wilder."""
    return _enough(_pitches(heard)[:48], _entropy)


def contrast(heard: Heard) -> float | None:
    """How much a step from onset to onset differs from the one before, in percent of their mean;
    the mean of all. It is the nPVI, by which rhythms of music and of speech are compared (Patel
    and Daniele, "An empirical comparison of rhythm in language and music", Cognition 87, 2003)."""
    steps = _steps(heard)
    pairs = zip(steps, steps[1:], strict=False)
    return _enough([200 * abs(a - b) / (a + b) for a, b in pairs], lambda v: float(np.mean(v)))


def looseness(heard: Heard) -> float | None:
    """How much a step from onset to onset differs from the last one of its kind, in percent; the
    mean. Exact music comes back to the same steps, whichever they are and in whatever order."""
    steps = _steps(heard)
    last = [_last_of_its_kind(steps, n) for n in range(len(steps))]
    apart = [100 * abs(log(s / a)) for s, a in zip(steps, last, strict=True) if a is not None]
    return _enough(apart, lambda values: float(np.mean(values)))


def pulse(heard: Heard) -> float | None:
    """How clearly a beat is heard in what both play: about 0 for onsets at random, 1 for a
    metronome."""
    both = [note for note in [*heard.notes, *heard.keys] if note.start < heard.until]
    return clear_beat(both, heard.until) if len(heard.notes) >= FEWEST else None


def lowest(heard: Heard) -> float | None:
    """The pitch that one note in twenty lies below."""
    return _enough(_pitches(heard), lambda pitches: float(np.percentile(pitches, 5)))


def highest(heard: Heard) -> float | None:
    """The pitch that one note in twenty lies above."""
    return _enough(_pitches(heard), lambda pitches: float(np.percentile(pitches, 95)))


def velocity(heard: Heard) -> float | None:
    """The mean velocity, as sent."""
    return _enough([note.velocity for note in heard.notes], lambda v: float(np.mean(v)))


def velocity_spread(heard: Heard) -> float | None:
    """The standard deviation of the velocities, as sent."""
    return _enough([note.velocity for note in heard.notes], lambda v: float(np.std(v)))


def _lengths(heard: Heard) -> list[float]:
    """Of the notes that ended by themselves; drums say nothing by theirs."""
    ended = [n for n in heard.notes if n.end < heard.until - AT_THE_END]
    return [n.end - n.start for n in ended if not is_drums(n.instrument)]


def short_notes(heard: Heard) -> float | None:
    """The length, in seconds, that one note in ten falls short of."""
    return _enough(_lengths(heard), lambda values: float(np.percentile(values, 10)))


def long_notes(heard: Heard) -> float | None:
    """The length, in seconds, that one note in ten exceeds."""
    return _enough(_lengths(heard), lambda values: float(np.percentile(values, 90)))


def at_once(heard: Heard) -> float | None:
    """How many of its notes sound when one begins, itself included; the mean."""
    starts = sorted(note.start for note in heard.notes)
    ends = sorted(note.end for note in heard.notes)
    held = [n + 1 - bisect_left(ends, start + 1e-6) for n, start in enumerate(starts)]
    return _enough(held, lambda values: float(np.mean(values)))


def networks_share(heard: Heard) -> float | None:
    """The network's share of all notes that begin."""
    keys = sum(heard.since <= key.start < heard.until for key in heard.keys)
    return len(heard.notes) / (len(heard.notes) + keys) if keys + len(heard.notes) else None


def voices_a_key(heard: Heard) -> float | None:
    """Notes of the network for each key."""
    keys = sum(heard.since <= key.start < heard.until for key in heard.keys)
    return len(heard.notes) / keys if keys else None


def from_key(heard: Heard) -> float | None:
    """How far from its key a pitch is, in semitones; the mean."""
    keys = sorted(heard.keys, key=lambda key: (key.start, key.pitch))
    found = sorted(heard.notes, key=lambda note: (round(note.start, 2), note.pitch))
    apart = [abs(k.pitch - n.pitch) for k, n in zip(keys, found, strict=False)]
    return _enough(apart, lambda values: float(np.mean(values)))


def wait(heard: Heard) -> float | None:
    """Seconds from the end of the last key to the network's first note."""
    ends = max((key.end for key in heard.keys), default=0.0)
    after = [note.start - ends for note in heard.notes if note.start > ends]
    return min(after, default=None)


def off_the_grid(heard: Heard) -> float | None:
    """How far an onset is from the nearest sixteenth at 120 beats a minute, in ms; the mean."""
    grid = SIXTEENTH
    apart = [abs((n.start + grid / 2) % grid - grid / 2) * 1000 for n in heard.notes]
    return _enough(apart, lambda values: float(np.mean(values)))


def strokes_of(*keys: int) -> Statistic:
    """Strokes a second on these keys of a drum kit."""

    def statistic(heard: Heard) -> float | None:
        struck = sum(note.pitch in keys for note in heard.notes)
        return struck / (heard.until - heard.since)

    statistic.__name__ = "strokes_a_second"
    return statistic


def new_in_a_bar(heard: Heard) -> float | None:
    """Of what two bars after one another play at 120 beats a minute (a drum on a sixteenth), the
    share that only one of them does; the mean, in percent."""
    bars: dict[int, set[tuple[int, int]]] = {}
    for note in heard.notes:
        bar, step = divmod(round(note.start / SIXTEENTH), 16)
        bars.setdefault(bar, set()).add((step, note.pitch))
    pairs = [(bars[n], bars[n + 1]) for n in bars if n + 1 in bars]
    apart = [100 * len(a ^ b) / len(a | b) for a, b in pairs]
    return float(np.mean(apart)) if apart else None


def off_beats(heard: Heard) -> float | None:
    """Where in the beat, at 120 a minute, what is struck about its middle falls: the mean, in ms
    after the middle."""
    beat = 4 * SIXTEENTH
    places = [(note.start / beat) % 1 for note in heard.notes]
    middle = [1000 * beat * (place - 0.5) for place in places if 0.4 < place < 0.7]
    return _enough(middle, lambda values: float(np.mean(values)))


def cellos_share(heard: Heard) -> float | None:
    """The cello's share of the network's notes."""
    from notochord.event import instrument_named

    cello = instrument_named("cello")
    mine = [float(note.instrument == cello) for note in heard.notes]
    return _enough(mine, lambda values: float(np.mean(values)))
