"""A drum machine to follow: ticks at a known beat, with jitter, gaps and faults, from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from firmware_py.message import CLOCK

Tempo = float | Callable[[float], float]  # bpm, or bpm at a beat


def ticks(
    bpm: Tempo, beats: float, jitter: float = 0.0, seed: int = 0, begins: float = 10.0
) -> Iterator[tuple[float, float, float]]:
    """For each tick: when it is heard, when it should have been, and the beat it stands for.

    `jitter`: seconds by which it is early or late at most, each as likely. Ticks keep their order.
    """
    rng, at, heard = random.Random(seed), begins, 0.0
    for n in range(round(beats * 24)):
        beat = n / 24
        heard = max(heard + 1e-4, at + rng.uniform(-jitter, jitter))
        yield heard, at, beat
        at += 60 / (bpm(beat) if callable(bpm) else bpm) / 24


def play(clock, bpm, beats, jitter=0.0, seed=0, begins=10.0):
    """Have a clock hear it; the errors of its beat in seconds, and of its tempo, at each tick.

    The beat is looked at where the tick should have been, just after it was heard.
    """
    errors = []
    for heard, at, beat in ticks(bpm, beats, jitter, seed, begins):
        clock.heard((CLOCK,), heard)
        line = clock.line(heard)
        true = bpm(beat) if callable(bpm) else bpm
        errors.append((beat, at - line.time_of(beat), line.bpm / true - 1))
    return errors
