"""Which strokes of a pattern are played: the network says where, the controls how many.

First the network writes the bar without any control. What it has of each voice is what a control
at its middle leaves, and from there it is turned: down to none, up to as many as a drummer ever
plays. Then the network writes the bar again, told how dense it is to be and how busy each voice
that was turned, and the likeliest strokes are taken, so many. So every control acts evenly over its
whole travel, also where the network has never heard so few or so many.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from notochord.ask import Pattern
from notochord.event import MAX_VELOCITY
from notochord.groove import CONTROLS, STEPS_PER_BAR, N, Stroke

# Strokes of a bar, in all and of each voice: what 99 of 100 bars of `groove_gmd` stay below.
FULL = 32.0
MOST = (8.0, 16.0, 15.0, 7.0, 7.0, 4.0, 6.0, 7.0, 12.0)
SPARSEST = 1 / 12  # of the strokes, that are left by the least density

Decode = Callable[[np.ndarray, np.ndarray], np.ndarray]


def choose(decode: Decode, wish: Pattern, rng: np.random.Generator) -> list[Stroke]:
    """The strokes of a bar, in order. `decode` takes controls (10) and which are given (10), and
    returns logits of hits, velocities and offsets (16, 3, 9)."""
    nothing = np.zeros(CONTROLS, dtype=np.float32)
    bar = decode(nothing, nothing)
    loose = wish.variation * rng.logistic(size=(STEPS_PER_BAR, N))
    rounding = float(rng.random())
    hits = bar[:, 0] + loose > 0
    turns = np.array(wish.voices or np.zeros(N))
    if wish.density or turns.any():
        wanted, total = targets(hits.sum(0).astype(float), wish.density, turns)
        controls = np.concatenate([[total / N], wanted]).astype(np.float32) / STEPS_PER_BAR
        given = np.concatenate([[wish.density != 0], turns != 0]).astype(np.float32)
        bar = decode(controls, given)
        hits = likeliest(bar[:, 0] + loose, wanted, total, turns != 0, rounding)
    return strokes_in(bar, hits)


def targets(counts: np.ndarray, density: float, turns: np.ndarray) -> tuple[np.ndarray, float]:
    """How many strokes of each voice (9) and in all a bar is to have, of `counts` without controls;
    of voices that are not turned, as many as the density leaves them."""
    most = np.maximum(MOST, counts)
    wanted = counts * (1 + np.minimum(turns, 0)) + (most - counts) * np.maximum(turns, 0)
    total = float(wanted.sum())
    if density > 0:
        return wanted, total + density * (max(FULL, total) - total)
    return wanted * SPARSEST**-density, total * SPARSEST**-density


def likeliest(
    logits: np.ndarray, wanted: np.ndarray, total: float, turned: np.ndarray, rounding: float
) -> np.ndarray:
    """The hits (16, 9): of each voice that is turned so many as are wanted, of the others together
    the rest; fractions of a stroke count from 1 - `rounding` on."""
    hits = np.zeros(logits.shape, dtype=bool)
    for voice in np.flatnonzero(turned):
        hits[:, voice] = _top(logits[:, voice], wanted[voice], rounding)
    left = total - float(wanted[turned].sum())
    hits[:, ~turned] = _top(logits[:, ~turned], left, rounding)
    return hits


def _top(logits: np.ndarray, number: float, rounding: float) -> np.ndarray:
    """Where the so many greatest are."""
    top = np.zeros(logits.size, dtype=bool)
    top[np.argsort(-logits, axis=None, kind="stable")[: int(number + rounding)]] = True
    return top.reshape(logits.shape)


def strokes_in(bar: np.ndarray, hits: np.ndarray) -> list[Stroke]:
    """The strokes of a bar (16, 3, 9) where there are hits (16, 9), in order."""
    strokes = [
        Stroke(
            float(step + bar[step, 2, voice]), int(voice),
            int(np.clip(round(float(bar[step, 1, voice]) * MAX_VELOCITY), 1, MAX_VELOCITY)),
        )
        for step, voice in np.argwhere(hits)
    ]  # fmt: skip
    return sorted(strokes, key=lambda stroke: (stroke.at, stroke.voice))
