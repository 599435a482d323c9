"""How fast a brain answers, beside the time that its weights alone take to pass through a core.

Five things are timed in turn, in the same loop, so that a busy moment strikes all alike:

    feed      an event is told
    ask       all four sub-events under constraints: four instruments, held notes, time bounds
    ask one   a pitch alone, as the harmoniser asks: instrument, time 0 and velocity given
    chord     four keys pressed at once: each told, and answered with a pitch before the next
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
import contextlib
import gc
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from notochord.ask import N_UNIFORMS, Ask, Temperatures, pitch_range, pitch_set
from notochord.brain import Brain
from notochord.event import N_INSTRUMENTS, N_PITCHES, Event, instrument_named
from notochord.options import add_brain, whole
from notochord.wholefile import check_folder, write_whole

WARM_UP = 100
BAND = ("piano", "violin", "fingered bass", "drums")
CHORD = (48, 55, 64, 70)
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


def weight_bytes_of(manifest: dict[str, Any]) -> dict[str, int]:
    """Bytes of weights that a brain reads to feed an event, to ask for one, and in all. A network
    over tokens reads all that it has for every token."""
    if manifest["network"] == "notochord":
        return weight_bytes(manifest["config"], manifest["precision"])
    whole = manifest["parameters"] * (1 if manifest["precision"] == "int8" else 4)
    return {"feed": whole, "ask": whole, "total": whole}


def full_ask() -> Ask:
    """All four sub-events: note-ons of four instruments, note-offs of what they hold."""
    held = {instrument_named(name): pitch_set(HELD[name]) for name in BAND}
    everything = pitch_range(21, 108)
    return Ask(
        order="vipt",
        on={instrument: everything & ~pitches for instrument, pitches in held.items()},
        off={instrument: pitches for instrument, pitches in held.items() if pitches},
        time=(0.0, 2.0), velocities=(20, 110), top_p=0.95, groove=4.0,
        temperature=Temperatures(pitch=0.9, rhythm=0.9, timing=0.5, velocity=0.9),
    )  # fmt: skip


def pitch_ask() -> Ask:
    """A pitch alone: a violin joins at once, as loud as the key that was pressed."""
    violin = instrument_named("violin")
    on = {violin: pitch_range(55, 100)}
    return Ask(order="p", instrument=violin, dt=0.0, velocity=80, on=on, top_p=0.95)


def timed(call: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """Milliseconds that a call took, and what it returned."""
    began = time.perf_counter()
    answer = call(*arguments)
    return 1000 * (time.perf_counter() - began), answer


def random_key(rng: np.random.Generator) -> Event:
    """A key of the piano pressed or let go, some time after the event before."""
    pitch, velocity = int(rng.integers(36, 96)), int(rng.integers(128))
    return Event(instrument_named("piano"), pitch, float(rng.exponential(0.2)), velocity)


class Stopwatch:
    """A brain that hears random keys and is asked after each; every call is timed."""

    def __init__(self, brain: Brain) -> None:
        self.weight_bytes = weight_bytes_of(brain.manifest)
        self.ms: dict[str, list[float]] = {"feed": [], "ask": [], "ask_one": [], "stream": []}
        self.ms["chord"] = []
        self._brain, self._state, self._rng = brain, brain.start(), np.random.default_rng(0)
        self._full, self._one = full_ask(), pitch_ask()
        words = self.weight_bytes["total"] // 8
        self._stream = np.random.default_rng(0).integers(0, 2**62, words, dtype=np.uint64)

    def turn(self, events: int, kept: bool = True) -> None:
        """Time so many events; `kept` says whether the figures go into `ms` (milliseconds)."""
        for _ in range(events):
            event, uniforms = random_key(self._rng), self._rng.random(N_UNIFORMS).tolist()
            feed, self._state = timed(self._brain.tell, self._state, event)
            ask, _ = timed(self._brain.ask, self._state, self._full, uniforms)
            ask_one, _ = timed(self._brain.ask, self._state, self._one, uniforms)
            streamed, _ = timed(self._stream.sum)
            chord, _ = timed(self._chord, uniforms)
            if kept:
                took = (feed, ask, ask_one, streamed, chord)
                for name, value in zip(self.ms, took, strict=True):
                    self.ms[name].append(value)

    def _chord(self, uniforms: list[float]) -> None:
        """Four keys at once, as a harmoniser hears and answers them; all is then forgotten."""
        state = self._state
        for pitch in CHORD:
            state = self._brain.tell(state, Event(instrument_named("piano"), pitch, 0.0, 80))
            self._brain.ask(state, self._one, uniforms)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """One thread of torch, and no garbage collection meanwhile."""
    import torch

    torch.set_num_threads(1)
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def percentiles(ms: list[float]) -> dict[str, float]:
    """{p50, p99} of times in milliseconds."""
    p50, p99 = np.percentile(ms, [50, 99])
    return {"p50": float(p50), "p99": float(p99)}


def resident_mb() -> float:
    """Memory of this process that is in RAM, in MB (of 10^6 bytes); its peak where not Linux."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def opened(path: Path) -> tuple[Brain, dict[str, float]]:
    """A brain loaded from its file, and milliseconds: for that, torch being there, and from then
    to the first answer, a key told before it."""
    import torch  # noqa: F401 (what importing it takes is no matter of the file)

    rng = np.random.default_rng(0)
    load, brain = timed(Brain.load, path)

    def first() -> None:
        state = brain.tell(brain.start(), random_key(rng))
        brain.ask(state, full_ask(), rng.random(N_UNIFORMS).tolist())

    return brain, {"load_ms": load, "first_ms": timed(first)[0]}


def bench(brain: Brain, iterations: int = 2000) -> dict[str, Any]:
    """Times in milliseconds {p50, p99}, their ratio to the stream's, bytes of weights, memory.

    One thread, garbage collection off while timing.
    """
    import torch

    watch = Stopwatch(brain)
    with quiet():
        watch.turn(WARM_UP, kept=False)
        watch.turn(iterations)
    figures = {f"{name}_ms": percentiles(ms) for name, ms in watch.ms.items()}
    both = figures["feed_ms"]["p50"] + figures["ask_ms"]["p50"]
    return {
        **figures,
        "ratio": both / figures["stream_ms"]["p50"],
        "weight_bytes": watch.weight_bytes,
        "rss_mb": resident_mb(),
        "iterations": iterations,
        "brain": str(brain.manifest.get("name", "")),
        "brain_sha256": brain.sha256,
        "torch": str(torch.__version__),
    }


def table(result: dict[str, Any]) -> str:
    """The figures as lines of text."""
    rows = [f"{'ms':<10}{'p50':>8}{'p99':>8}"]
    for name in ("feed", "ask", "ask_one", "chord", "stream"):
        ms = result[f"{name}_ms"]
        rows.append(f"{name:<10}{ms['p50']:8.3f}{ms['p99']:8.3f}")
    if "load_ms" in result:
        first = f"first answer after that {result['first_ms']:.1f} ms"
        rows.append(f"loaded in {result['load_ms']:.0f} ms, {first}")
    size = result["weight_bytes"]
    rows.append(f"feed + ask take {result['ratio']:.1f} times as long as their weights to stream")
    rows.append(
        f"weights read: {size['feed'] / 1e6:.2f} MB to feed, {size['ask'] / 1e6:.2f} MB to ask, "
        f"{size['total'] / 1e6:.2f} MB in all; memory {result['rss_mb']:.0f} MB"
    )
    return "\n".join(rows)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord bench`."""
    add_brain(parser)
    parser.add_argument("--iterations", type=whole(10, 10**6), default=2000)
    parser.add_argument("--json", type=Path, help="write the figures here")


def run(args: argparse.Namespace) -> None:
    """Measure, print, write."""
    if args.json:
        check_folder(args.json)
    brain, opening = opened(args.brain)
    if brain.manifest["network"] == "groove_transformer":
        from notochord import groove_bench

        result = {**groove_bench.bench(brain, args.iterations), **opening}  # type: ignore[arg-type]
        print(groove_bench.table(result))
    else:
        result = {**bench(brain, args.iterations), **opening}
        print(table(result))
    if args.json:
        write_whole(args.json, json.dumps(result, indent=1).encode())
