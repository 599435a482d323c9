"""What a brain answers while music is played to it: the same program on every machine.

    python -m notochord.arm.answers questions.json answers.json

Before every event the brain is asked four questions, with uniform numbers that depend on the seed
alone, and says how likely it holds the event that truly comes. Then it is told that event, so that
one answer that differs does not change the rest.

    all        an event of its own, drawn as the player draws, of the instruments so far
    pitch      a pitch alone, as the harmoniser asks, of the instrument that comes, at once
    time       when the event that comes would be
    velocity   how loud it would be
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from notochord.ask import N_UNIFORMS, Ask, Temperatures, pitch_range
from notochord.brain import Brain
from notochord.event import Event

QUESTIONS = ("all", "pitch", "time", "velocity")
ORDER = "vipt"  # in which the brain foresees best, and the player asks
# velocity knows nothing of the event; instrument knows it; pitch knows both; time all three
GIVEN = [[0, 0, 0, 1], [1, 0, 0, 1], [1, 1, 0, 1], [0, 0, 0, 0]]
RANGE = pitch_range(28, 96)
DRAWN: dict[str, Any] = {
    "top_p": 0.8, "temperature": Temperatures(pitch=0.95, rhythm=0.7, timing=0.4, velocity=0.4),
}  # fmt: skip


class Held:
    """Which instruments played, and which of their notes still sound, as sets of bits."""

    def __init__(self, first: int) -> None:
        self.sounding = {first: 0}

    def take(self, event: Event) -> None:
        """Note what an event began or ended."""
        bit, sounding = 1 << event.pitch, self.sounding.get(event.instrument, 0)
        self.sounding[event.instrument] = sounding | bit if event.velocity else sounding & ~bit


def questions(held: Held, event: Event) -> Iterator[Ask]:
    """The four of them, in the order of QUESTIONS, before this event."""
    i, p, t, v = event
    on, off = {i: RANGE | 1 << p}, {i: 1 << p}
    free = {one: RANGE & ~pitches for one, pitches in held.sounding.items()}
    yield Ask(order=ORDER, on=free, off=held.sounding, **DRAWN)
    yield Ask(order="p", instrument=i, dt=0.0, velocity=v or 80, on={i: RANGE}, **DRAWN)
    yield Ask(order="t", instrument=i, pitch=p, velocity=v, on=on, off=off, **DRAWN)
    yield Ask(order="v", instrument=i, pitch=p, dt=t, on=on, off=off, **DRAWN)


def play(brain: Brain, events: list[Event], seed: int) -> dict[str, list[Any]]:
    """The answers before each event, by question, and the nats of its sub-events."""
    rng, held = np.random.default_rng(seed), Held(events[0].instrument)
    state = brain.start()
    heard: dict[str, list[Any]] = {name: [] for name in (*QUESTIONS, "nats")}
    for event in events:
        for name, ask in zip(QUESTIONS, questions(held, event), strict=True):
            heard[name].append(brain.ask(state, ask, rng.random(N_UNIFORMS).tolist()))
        heard["nats"].append([-x for x in brain.likelihood(state, event, GIVEN)])
        state = brain.tell(state, event)
        held.take(event)
    return heard


def answers(asked: dict[str, Any]) -> dict[str, Any]:
    """All answers to `asked`: {brain, seed, pieces: [[[instrument, pitch, dt, velocity]]]}."""
    import platform

    import torch

    brain = Brain.load(asked["brain"])
    heard: dict[str, list[Any]] = {name: [] for name in (*QUESTIONS, "nats")}
    began = time.perf_counter()
    for n, piece in enumerate(asked["pieces"]):
        for name, values in play(brain, [Event(*e) for e in piece], asked["seed"] + n).items():
            heard[name] += values
    return {
        "machine": platform.machine(), "engine": str(torch.backends.quantized.engine),
        "torch": str(torch.__version__), "seconds": time.perf_counter() - began, **heard,
    }  # fmt: skip


def main() -> None:
    """Read the questions, write the answers."""
    source, out = map(Path, sys.argv[1:])
    asked = json.loads(source.read_bytes())
    out.write_text(json.dumps(answers(asked)), encoding="ascii")


if __name__ == "__main__":
    main()
