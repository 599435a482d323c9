"""Our brain, in int8 and in float, beside the original at its default size: one run, in turns.

Each plays twenty events, then the next: a busy moment strikes all alike, and within its turn each
finds the caches as it leaves them, as when it plays alone. The first two events of a turn are not
counted. All have one thread; the original has its own process and environment, and takes its own
times there, so nothing of the line between is in them. While one plays the others wait, idle.

    feed      an event is told
    ask       all four sub-events under constraints (`notochord.bench.full_ask`)
    ask one   a pitch alone, as a harmoniser asks (`notochord.bench.pitch_ask`)
    stream    the weights that a feed and an ask read, summed once by one core
    empty     a call of a function that does nothing: what any call of Python costs

"event" is feed and ask together: an event played by the network itself. "harmony" is an ask of one
after a feed. Each figure is of the same events for all.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from notochord.ask import Ask
from notochord.bench import (
    BAND,
    HELD,
    Stopwatch,
    full_ask,
    percentiles,
    pitch_ask,
    quiet,
    random_key,
    timed,
)
from notochord.brain import Brain
from notochord.event import instrument_named
from notochord.options import DEFAULT_BRAIN, brain_file, whole
from notochord.versus.link import Link
from notochord.wholefile import check_folder, write_whole

TURN, COLD = 20, 2  # events a turn, and how many of them are not counted
KINDS = ("int8", "float", "original")
ROWS = ("feed", "ask", "ask_one", "event", "stream")


class OriginalStopwatch:
    """The original, timed in its own process as `Stopwatch` times a brain.

    It has its default size and random weights, or those of a checkpoint.
    """

    def __init__(self, link: Link, checkpoint: Path | None = None) -> None:
        where: dict[str, Any] = {"device": "cpu", "threads": 1}
        if checkpoint is None:
            self.about = link.call("build", sizes={}, seed=0, **where)
        else:
            self.about = link.call("load", path=str(checkpoint.absolute()), **where)
            self.about["events"] = self.about.pop("notes")["events"]
        self.weight_bytes = link.call("play", asks=asks())["weight_bytes"]
        self.ms: dict[str, list[float]] = {"feed": [], "ask": [], "ask_one": [], "stream": []}
        self._link, self._rng = link, np.random.default_rng(0)

    def turn(self, events: int, kept: bool = True) -> None:
        """Time so many events; `kept` says whether the figures go into `ms` (milliseconds)."""
        keys = [random_key(self._rng) for _ in range(events)]
        ms = self._link.call("turn", keys=keys)["ms"]
        if kept:
            for name, values in ms.items():
                self.ms[name] += values


def _pitches(masks: Mapping[int, int]) -> dict[str, list[int]]:
    """Allowed pitches of each instrument, as lists."""
    return {str(i): [p for p in range(128) if mask >> p & 1] for i, mask in masks.items()}


def four_asked(ask: Ask) -> dict[str, Any]:
    """An ask of all four sub-events as arguments of the original's `query_vipt`.

    Velocity limits are left out: with notes held, some of the original's answers fail under them.
    """
    t = ask.temperature
    return {
        "note_on_map": _pitches(ask.on), "note_off_map": _pitches(ask.off),
        "min_time": ask.time[0], "max_time": ask.time[1],
        "pitch_temp": ask.top_p, "rhythm_temp": t.rhythm, "timing_temp": t.timing,
    }  # fmt: skip


def one_asked(ask: Ask) -> dict[str, Any]:
    """An ask of a pitch as arguments of the original's `query`."""
    (pitches,) = _pitches(ask.on).values()
    return {
        "next_inst": ask.instrument, "next_time": ask.dt, "next_vel": ask.velocity,
        "include_pitch": pitches, "pitch_temp": ask.top_p,
    }  # fmt: skip


def asks() -> dict[str, Any]:
    """What our brain is asked in `notochord bench`, as the original is asked it."""
    held = {str(instrument_named(name)): HELD[name] for name in BAND}
    return {"held": held, "full": four_asked(full_ask()), "one": one_asked(pitch_ask())}


def _nothing() -> None:
    pass


def alternate(watches: dict[str, Any], iterations: int, empty: list[float]) -> None:
    """Let each play in turn until each has played so many events; fills their `ms`."""
    counted = TURN - COLD
    with quiet():
        for n in tqdm(range(1 + -(-iterations // counted)), leave=False):  # first to warm up
            for watch in watches.values():
                watch.turn(COLD, kept=False)
                watch.turn(counted, kept=n > 0)
            empty += [timed(_nothing)[0] for _ in range(TURN)]


def figures(ms: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """{p50, p99} of every row in milliseconds; "event" is the sum of feed and ask."""
    event = np.add(ms["feed"], ms["ask"]).tolist()
    return {row: percentiles({**ms, "event": event}[row]) for row in ROWS}


def float_brain(path: Path, folder: Path) -> Brain:
    """The brain's weights in float32, as a brain of their own in `folder`. Raises BrainError."""
    from notochord.export import export
    from notochord.recover import network_of

    out = folder / "float.brain"
    export(network_of(path)[0], out, {"name": "float", "sources": []}, int8=False)
    return Brain.load(out)


def speed(
    path: Path, link: Link, iterations: int = 1000, checkpoint: Path | None = None
) -> dict[str, Any]:
    """Every figure in milliseconds {p50, p99}, and how many times as long the original takes.

    `checkpoint` has the original's weights; without one they are random. Raises BrainError,
    OriginalError.
    """
    load = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        int8, plain = Brain.load(path), float_brain(path, Path(folder))
    original = OriginalStopwatch(link, checkpoint)
    watches: dict[str, Any] = {
        "int8": Stopwatch(int8), "float": Stopwatch(plain), "original": original
    }  # fmt: skip
    empty: list[float] = []
    alternate(watches, iterations, empty)
    ms = {kind: figures(watch.ms) for kind, watch in watches.items()}
    weights = {kind: watches[kind].weight_bytes for kind in KINDS}
    return {
        "ms": ms,
        "empty_ms": percentiles(empty),
        "original_over_int8": over(ms["original"], ms["int8"]),
        "original_over_float": over(ms["original"], ms["float"]),
        "event_over_stream": {
            kind: ms[kind]["event"]["p50"] / ms[kind]["stream"]["p50"] for kind in KINDS
        },
        "weight_bytes": weights,
        "iterations": len(original.ms["feed"]),
        "brain": str(int8.manifest.get("name", "")),
        "brain_sha256": int8.sha256,
        "original": original.about,
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "load": load[0],
    }


def over(theirs: dict[str, dict[str, float]], ours: dict[str, dict[str, float]]) -> dict[str, Any]:
    """How many times as long theirs takes, row by row, at the median."""
    return {row: theirs[row]["p50"] / ours[row]["p50"] for row in ROWS if row != "stream"}


def table(result: dict[str, Any]) -> str:
    """The figures as lines of text."""
    rows = [f"{'ms (p50, p99)':<18}" + "".join(f"{kind:>18}" for kind in KINDS) + "  int8 faster"]
    names = {"event": "feed + ask", "ask": "ask of four", "ask_one": "ask of one"}
    for row in ROWS:
        cells = [result["ms"][kind][row] for kind in KINDS]
        line = "".join(f"{cell['p50']:9.3f}{cell['p99']:9.3f}" for cell in cells)
        ratio = result["original_over_int8"].get(row)
        times = f"{ratio:11.1f} x" if ratio else ""
        rows.append(f"{names.get(row, row):<18}{line}{times}")
    times = "".join(f"{result['event_over_stream'][kind]:16.1f} x" for kind in KINDS)
    rows.append(f"{'.. over stream':<18}{times}")
    empty, about = result["empty_ms"], result["original"]
    rows.append(f"{'empty call':<18}{empty['p50']:9.5f}{empty['p99']:9.5f}")
    rows.append(
        f"ours: {result['brain']}; the original: version {about['version']}, "
        f"{about['parameters'] / 1e6:.1f} M parameters; both with torch {about['torch']}"
    )
    rows.append(f"{result['machine']}, load {result['load']:.1f} at the start")
    return "\n".join(rows)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord versus speed`."""
    parser.add_argument("--brain", type=brain_file, default=DEFAULT_BRAIN, help="ours, int8")
    parser.add_argument("--checkpoint", type=Path, help="of `versus train`, not random weights")
    parser.add_argument("--iterations", type=whole(1, 10**6), default=1000)
    parser.add_argument("--json", type=Path, help="write the figures here")


def run(args: argparse.Namespace) -> None:
    """Measure, print, write."""
    if args.json:
        check_folder(args.json)
    with Link(args.python) as link:
        result = speed(args.brain, link, args.iterations, args.checkpoint)
    print(table(result))
    if args.json:
        write_whole(args.json, json.dumps(result, indent=1).encode())
