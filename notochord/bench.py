"""How fast a brain answers, beside the time that its weights alone take to pass through a core.

Four things are timed in turn, in the same loop, so that a busy moment strikes all alike:

    feed      an event is told
    ask       all four sub-events under constraints: four instruments, held notes, time bounds
    ask one   a pitch alone, as the harmoniser asks: instrument, time 0 and velocity given
    stream    as many bytes as a feed and an ask read of weights, summed once by one core, from
              wherever the turn before left them (caches or memory), as the weights are too

Counted as read, from the sizes in the manifest, each tensor once: for a feed, the GRU cell, the
projection, the look back and the key for copying (their layers; what is remembered are no
weights), the linear layers behind the sinusoids and two rows of the tables; for an ask, the four
heads, the queries for copying, those linear layers and two rows. Weights of quantised layers take
one byte each, all else four. `total` counts what both read once, and is what is streamed.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from notochord.ask import N_UNIFORMS, Ask, Temperatures, pitch_range, pitch_set
from notochord.brain import DEFAULT_BRAIN, Brain
from notochord.event import N_INSTRUMENTS, N_PITCHES, Event, instrument_named
from notochord.options import whole
from notochord.wholefile import check_folder, write_whole

WARM_UP = 100
BAND = ("piano", "violin", "fingered bass", "drums")
HELD = {"piano": (60, 64, 67), "violin": (72,), "fingered bass": (36,), "drums": ()}


def weight_bytes(config: dict[str, int], precision: str) -> dict[str, int]:
    """Bytes of weights that a feed and an ask read, and that both together read."""
    d, h = config["embedding"], config["hidden"]
    weight, plain = (1 if precision == "int8" else 4), 4

    def linear(inputs: int, outputs: int, size: int = weight) -> int:
        return size * inputs * outputs + plain * outputs

    def gated(inputs: int, outputs: int) -> int:  # with its layer norm
        return linear(inputs, 2 * d) + plain * 2 * d + linear(d, outputs)

    sizes = (
        N_INSTRUMENTS, N_PITCHES, 3 * config["time_components"], 3 * config["velocity_components"]
    )  # fmt: skip
    sinusoids = 2 * linear(2 * config["waves"], d, plain)
    rows = 2 * plain * d
    inner = config["heads"] * config["head_size"]
    look_back = linear(d, inner) + linear(2 * d, 2 * inner) + linear(inner, d) + plain * 4 * d
    copied = config["copy_size"]
    key, query = linear(2 * d, copied, plain), linear(d, copied + 2, plain)
    gru = linear(d, 3 * h) + linear(h, 3 * h)
    feed = gru + gated(h, d) + look_back + key + sinusoids + rows
    ask = sum(gated(d, size) for size in sizes) + 4 * query + sinusoids + rows
    return {"feed": feed, "ask": ask, "total": feed + ask - sinusoids}


def full_ask() -> Ask:
    """All four sub-events: note-ons of four instruments, note-offs of what they hold."""
    held = {instrument_named(name): pitch_set(HELD[name]) for name in BAND}
    everything = pitch_range(21, 108)
    return Ask(
        order="vipt",
        on={instrument: everything & ~pitches for instrument, pitches in held.items()},
        off={instrument: pitches for instrument, pitches in held.items() if pitches},
        time=(0.0, 2.0), velocities=(20, 110), top_p=0.95,
        temperature=Temperatures(pitch=0.9, rhythm=0.9, timing=0.5, velocity=0.9),
    )  # fmt: skip


def pitch_ask() -> Ask:
    """A pitch alone: a violin joins at once, as loud as the key that was pressed."""
    violin = instrument_named("violin")
    on = {violin: pitch_range(55, 100)}
    return Ask(order="p", instrument=violin, dt=0.0, velocity=80, on=on, top_p=0.95)


def _timed(call: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = call(*arguments)
    return 1000 * (time.perf_counter() - began), answer


def _measure(brain: Brain, iterations: int, stream: np.ndarray) -> dict[str, list[float]]:
    """Milliseconds of each call, by name."""
    rng = np.random.default_rng(0)
    full, one, piano = full_ask(), pitch_ask(), instrument_named("piano")
    state = brain.start()
    ms: dict[str, list[float]] = {"feed": [], "ask": [], "ask_one": [], "stream": []}
    for n in range(WARM_UP + iterations):
        pitch, velocity = int(rng.integers(36, 96)), int(rng.integers(128))
        event = Event(piano, pitch, float(rng.exponential(0.2)), velocity)
        uniforms = rng.random(N_UNIFORMS).tolist()
        feed, state = _timed(brain.tell, state, event)
        ask, _ = _timed(brain.ask, state, full, uniforms)
        ask_one, _ = _timed(brain.ask, state, one, uniforms)
        streamed, _ = _timed(stream.sum)
        if n >= WARM_UP:
            for name, value in zip(ms, (feed, ask, ask_one, streamed), strict=True):
                ms[name].append(value)
    return ms


def resident_mb() -> float:
    """Memory of this process that is in RAM, in MB (of 10^6 bytes); its peak where not Linux."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def bench(brain: Brain, iterations: int = 2000) -> dict[str, Any]:
    """Times in milliseconds {p50, p99}, their ratio to the stream's, bytes of weights, memory.

    One thread, garbage collection off while timing.
    """
    import torch

    size = weight_bytes(brain.manifest["config"], brain.manifest["precision"])
    stream = np.random.default_rng(0).integers(0, 2**62, size["total"] // 8, dtype=np.uint64)
    torch.set_num_threads(1)
    gc.collect()
    gc.disable()
    try:
        ms = _measure(brain, iterations, stream)
    finally:
        gc.enable()
    p50, p99 = ({name: float(np.percentile(v, q)) for name, v in ms.items()} for q in (50, 99))
    return {
        **{f"{name}_ms": {"p50": p50[name], "p99": p99[name]} for name in ms},
        "ratio": (p50["feed"] + p50["ask"]) / p50["stream"],
        "weight_bytes": size,
        "rss_mb": resident_mb(),
        "iterations": iterations,
        "brain": str(brain.manifest.get("name", "")),
        "brain_sha256": brain.sha256,
        "torch": str(torch.__version__),
    }


def table(result: dict[str, Any]) -> str:
    """The figures as lines of text."""
    rows = [f"{'ms':<10}{'p50':>8}{'p99':>8}"]
    for name in ("feed", "ask", "ask_one", "stream"):
        ms = result[f"{name}_ms"]
        rows.append(f"{name:<10}{ms['p50']:8.3f}{ms['p99']:8.3f}")
    size = result["weight_bytes"]
    rows.append(f"feed + ask take {result['ratio']:.1f} times as long as their weights to stream")
    rows.append(
        f"weights read: {size['feed'] / 1e6:.2f} MB to feed, {size['ask'] / 1e6:.2f} MB to ask, "
        f"{size['total'] / 1e6:.2f} MB in all; memory {result['rss_mb']:.0f} MB"
    )
    return "\n".join(rows)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord bench`."""
    parser.add_argument("--brain", type=Path, default=DEFAULT_BRAIN, help="the brain file")
    parser.add_argument("--iterations", type=whole(10, 10**6), default=2000)
    parser.add_argument("--json", type=Path, help="write the figures here")


def run(args: argparse.Namespace) -> None:
    """Measure, print, write."""
    if args.json:
        check_folder(args.json)
    result = bench(Brain.load(args.brain), args.iterations)
    print(table(result))
    if args.json:
        write_whole(args.json, json.dumps(result, indent=1).encode())
