"""How fast a brain makes drum patterns, beside the time that its weights take to pass through a
core.

    feed      an onset is told
    pattern   a bar is made of a groove that was never heard: encoded, decoded
    turned    the same with every control turned: decoded twice
    ask       the next stroke of a bar that is made already
    stream    as many bytes as a pattern reads of weights, summed once by one core

Of the two that the network takes part in, the time of the processor is told too: what it takes
where nothing else is being computed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from notochord.ask import Ask, Pattern
from notochord.bench import WARM_UP, percentiles, quiet, resident_mb, timed
from notochord.event import Event, instrument_named
from notochord.groove import BEAT, MEMORY_BEATS, STEPS, WIDTH, N
from notochord.groove_brain import GrooveBrain

KIT = instrument_named("drums")
TURNED = Pattern(density=0.5, voices=(0.2,) * N, variation=0.5)
NAMES = ("feed", "pattern", "pattern_cpu", "turned", "turned_cpu", "ask", "stream")
HEARD = 200  # onsets that are told and then forgotten: some bars


def a_groove(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A groove (32, 3) and a memory (32, 109), at random, as dense as music."""
    struck = rng.random((STEPS, 1)) < 0.5
    groove = np.concatenate([struck, struck * rng.random((STEPS, 1)), np.zeros((STEPS, 1))], 1)
    hits = rng.random((MEMORY_BEATS * BEAT, N)) < 0.12
    steps = np.concatenate([hits, 0.6 * hits, np.zeros(hits.shape)], 1)
    beats = steps.reshape(MEMORY_BEATS, BEAT * WIDTH)
    memory = np.concatenate([beats, np.ones((MEMORY_BEATS, 1))], 1)
    return groove.astype(np.float32), memory.astype(np.float32)


def both_times(call: Callable[..., Any], *arguments: Any) -> tuple[float, float]:
    """Milliseconds that a call took, and how many of them the processor was busy with it."""
    began = time.process_time()
    took, _ = timed(call, *arguments)
    return took, 1000 * (time.process_time() - began)


def bench(brain: GrooveBrain, iterations: int = 2000) -> dict[str, Any]:
    """Times in milliseconds {p50, p99}, bytes of weights, memory. One thread."""
    import torch

    rng, ms = np.random.default_rng(0), {name: list[float]() for name in NAMES}
    size = brain.manifest["parameters"] * 4
    stream = rng.integers(0, 2**62, size // 8, dtype=np.uint64)
    state = brain.start()
    ask = Ask(on={KIT: (1 << 128) - 1}, time=(0.0, 2.0), beat=(0.5, 0.0))
    with quiet():
        for turn in range(WARM_UP + iterations):
            groove, memory = a_groove(rng)
            state = brain.start() if turn % HEARD == 0 else state
            event = Event(1, 60, float(rng.exponential(0.2)), 80)
            feed, state = timed(brain.tell, state, event)
            brain.ask(state, ask, ())  # makes the bar, unless it is made
            took = (
                feed, *both_times(brain.make, groove, memory, Pattern()),
                *both_times(brain.make, groove, memory, TURNED),
                timed(brain.ask, state, ask, ())[0], timed(stream.sum)[0],
            )  # fmt: skip
            for name, value in zip(NAMES, took, strict=True):
                ms[name] += [value] if turn >= WARM_UP else []
    figures = {f"{name}_ms": percentiles(values) for name, values in ms.items()}
    return {
        **figures, "weight_bytes": {"feed": 0, "ask": size, "total": size},
        "rss_mb": resident_mb(), "iterations": iterations,
        "brain": str(brain.manifest.get("name", "")), "brain_sha256": brain.sha256,
        "torch": str(torch.__version__),
    }  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """The figures as lines of text."""
    rows = [f"{'ms':<12}{'p50':>8}{'p99':>8}"]
    for name in NAMES:
        ms = result[f"{name}_ms"]
        rows.append(f"{name:<12}{ms['p50']:8.3f}{ms['p99']:8.3f}")
    if "load_ms" in result:
        rows.append(f"loaded in {result['load_ms']:.0f} ms")
    size = result["weight_bytes"]["total"] / 1e6
    rows.append(f"weights {size:.1f} MB, memory {result['rss_mb']:.0f} MB")
    return "\n".join(rows)
