"""Music for the tests: a written-out piece, events at random, and every pitch allowed."""

from __future__ import annotations

import numpy as np

from notochord.ask import pitch_range
from notochord.event import Event, Note, instrument_named
from notochord.groove import KEYS


def piece(seed: int, seconds: float = 12.0) -> list[Note]:
    """Piano, bass and drums on a grid, with pitches and velocities drawn from the seed."""
    rng = np.random.default_rng(seed)
    notes = []
    for beat in np.arange(0, seconds, 0.5):
        root = int(rng.choice([48, 53, 55]))
        strike = int(rng.integers(40, 110))
        for pitch in (root + 12, root + 16, root + 19):
            notes.append(Note(1, pitch, float(beat), float(beat) + 0.4, strike))
        notes.append(Note(34, root - 12, float(beat), float(beat) + 0.25, 90))
        notes.append(Note(129, 36, float(beat), float(beat) + 0.1, 100))
    return notes


def random_events(n: int, seed: int = 0) -> list[Event]:
    """Events of four instruments with every kind of time and velocity."""
    rng = np.random.default_rng(seed)
    band = [instrument_named(name) for name in ("piano", "violin", "fingered bass", "drums")]
    return [
        Event(
            int(rng.choice(band)), int(rng.integers(30, 100)),
            float(np.round(rng.choice([0.0, rng.exponential(0.3)]), 3)),
            int(rng.choice([0, rng.integers(1, 128)])),
        )
        for _ in range(n)
    ]  # fmt: skip


def uniforms(seed: int) -> list[float]:
    """Eight numbers in [0, 1)."""
    return np.random.default_rng(seed).random(8).tolist()


FULL = {instrument: pitch_range(0, 127) for instrument in (1, 41, 34, 129)}


def drumming(seed, bpm, bars):
    """A beat with hats that the seed chooses; if it is odd, a soft ride with kick and snare."""
    rng, step = np.random.default_rng(seed), 60.0 / bpm / 4
    notes = []
    for bar in range(bars):
        for at in range(16):
            voices = [0] * (at % 8 == 0) + [1] * (at % 8 == 4) + [2] * (rng.random() < 0.6)
            for voice in voices + [8] * (seed % 2 and at % 4 == 0):
                start = (16 * bar + at) * step + float(rng.uniform(0.0, 0.1)) * step
                velocity = 20 if voice == 8 else int(rng.integers(40, 120))
                notes.append(Note(129, KEYS[voice][0], start, start + 0.05, velocity))
    return notes
