"""The vocabulary of the Groove Transformer: two bars of drums on a grid of sixteenths.

    pattern (32, 27)     hits 0 or 1 | velocities 0..1 | offsets -0.5..0.5 of a step
                         of nine voices each
    groove (32, 3)       the same of one voice: what is tapped, whatever it is tapped on
    controls (10)        how dense, and how busy each voice
    memory (32, 109)     what was played in the eight bars before, a beat a row: the four steps of
                         each as in a pattern, and whether it is remembered at all

A step is a sixteenth; its offset says how far before or after it the stroke falls. Haki and others,
"Real-Time Drum Accompaniment Using Transformer Architecture" (AIMC 2022), after Gillick and others,
"Learning to Groove with Inverse Sequence Transformations" (2019), whose nine voices these are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from notochord.corpus import Piece
from notochord.event import MAX_VELOCITY

STEPS_PER_BAR = 16
STEPS = 2 * STEPS_PER_BAR
VOICES = ("kick", "snare", "closed hat", "open hat", "low tom", "mid tom", "high tom", "crash",
          "ride")  # fmt: skip
# The keys of the drum kit that each voice is heard on; it is played on the first.
KEYS = (
    (36, 35), (38, 37, 40, 39), (42, 22, 44), (46, 26), (43, 58, 41), (47, 45), (50, 48),
    (49, 52, 55, 57), (51, 53, 59),
)  # fmt: skip
VOICE_OF = {key: voice for voice, keys in enumerate(KEYS) for key in keys}
N = len(VOICES)
WIDTH = 3 * N
CONTROLS = 1 + N
MEMORY_BARS = 8
MEMORY_STEPS = MEMORY_BARS * STEPS_PER_BAR
BEAT = 4  # steps
MEMORY_BEATS = MEMORY_STEPS // BEAT
MEMORY_WIDTH = BEAT * WIDTH + 1


@dataclass(frozen=True)
class Stroke:
    """A stroke of a pattern: its place in steps from the beginning, voice 0..8, velocity 1..127."""

    at: float
    voice: int
    velocity: int


def strokes_of(piece: Piece, bpm: float) -> list[Stroke]:
    """The strokes of the drums of a piece that keeps one tempo and begins on a bar."""
    steps_per_ms = bpm / 60_000 * STEPS_PER_BAR / 4
    drums = piece.drums[piece.part]
    rows = zip(piece.start[drums], piece.pitch[drums], piece.velocity[drums], strict=True)
    return [
        Stroke(float(start * steps_per_ms), VOICE_OF[int(pitch)], int(velocity))
        for start, pitch, velocity in rows
        if int(pitch) in VOICE_OF
    ]


def pattern_of(strokes: list[Stroke], steps: int = STEPS) -> np.ndarray:
    """Strokes as a pattern (32, 27), or of so many steps; of two on one place of the grid the
    louder stays."""
    pattern = np.zeros((steps, 3, N), dtype=np.float32)
    for stroke in strokes:
        step = round(stroke.at)
        loudness = stroke.velocity / MAX_VELOCITY
        if 0 <= step < steps and loudness > pattern[step, 1, stroke.voice]:
            pattern[step, :, stroke.voice] = 1.0, loudness, stroke.at - step
    return pattern.reshape(steps, WIDTH)


def read(pattern: np.ndarray) -> list[Stroke]:
    """The strokes of a pattern (32, 27), in order."""
    hits, velocities, offsets = pattern.reshape(STEPS, 3, N).transpose(1, 0, 2)
    strokes = [
        Stroke(
            float(step + offsets[step, voice]), int(voice),
            int(np.clip(round(float(velocities[step, voice]) * MAX_VELOCITY), 1, MAX_VELOCITY)),
        )
        for step, voice in np.argwhere(hits > 0.5)
    ]  # fmt: skip
    return sorted(strokes, key=lambda stroke: (stroke.at, stroke.voice))


def tapped(patterns: np.ndarray) -> np.ndarray:
    """The grooves (..., 32, 3) of patterns (..., 32, 27): at each step, its loudest stroke."""
    parts = patterns.reshape(*patterns.shape[:-1], 3, N)
    loudest = parts[..., 1, :].argmax(-1)[..., None, None]
    groove: np.ndarray = np.take_along_axis(parts, loudest, axis=-1)[..., 0]
    return groove


def memory_of(past: np.ndarray, bars: np.ndarray) -> np.ndarray:
    """Memories (B, 32, 109) of the eight bars (B, 128, 27) before a pattern, of which the last
    `bars` (B) are remembered."""
    beats = past.reshape(len(past), MEMORY_BEATS, BEAT * WIDTH)
    age = np.arange(MEMORY_BEATS, 0, -1) * BEAT  # steps before the pattern at which a beat begins
    known = (age <= bars[:, None] * STEPS_PER_BAR)[..., None].astype(np.float32)
    memory: np.ndarray = np.concatenate([beats * known, known], axis=-1)
    return memory


def controls_of(patterns: np.ndarray) -> np.ndarray:
    """The controls (..., 10) that patterns (..., 32, 27) fulfil: strokes in a step as a share of
    all voices, and the share of the steps on which each voice plays."""
    hits = patterns[..., :N]
    density = hits.mean((-2, -1))[..., None]
    shares: np.ndarray = np.concatenate([density, hits.mean(-2)], axis=-1)
    return shares.astype(np.float32)
