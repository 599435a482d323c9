"""Estimated times of a brain on the Raspberry Pis, from what it reads and how fast it is here."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from notochord.arm.boards import BOARDS, Estimate, estimate
from notochord.arm.reads import Reads, reads
from notochord.arm.root import ArmError
from notochord.bench import bench
from notochord.brain import Brain
from notochord.options import add_brain, number, whole
from notochord.wholefile import check_folder, write_whole

TIMED = {"tell": "feed_ms", "ask": "ask_ms", "pitch": "ask_one_ms"}  # as `notochord bench` says


def parsed_mips(report: str) -> float:
    """The last figure of the report of `7z b`: the mean of packing and unpacking, in MIPS."""
    totals = [line.split() for line in report.splitlines() if line.startswith("Tot:")]
    if not totals:
        raise ArmError("7z gave no score; name this machine's with --mips")
    return float(totals[-1][-1])


def mips_here() -> float:
    """This machine's single-threaded score in 7-zip's benchmark; takes half a minute."""
    program = shutil.which("7z") or shutil.which("7zz")
    if program is None:
        raise ArmError(
            "7z is missing; install it (apt install p7zip-full), or name this machine's "
            "single-threaded score with --mips"
        )
    done = subprocess.run([program, "b", "-mmt1"], capture_output=True, text=True, check=False)
    return parsed_mips(done.stdout)


def overheads(measured: dict[str, Any], paths: dict[str, Reads]) -> dict[str, float]:
    """Milliseconds of each path here that are not its weights: its p50, less the time that as many
    bytes take to stream, which the same benchmark measured."""
    a_byte = measured["stream_ms"]["p50"] / measured["weight_bytes"]["total"]
    return {
        name: max(measured[key]["p50"] - a_byte * paths[name].weights, 0.0)
        for name, key in TIMED.items()
    }


def times(
    paths: dict[str, Reads], overhead: dict[str, float], mips: float
) -> dict[str, dict[str, Estimate]]:
    """{board: {path: estimate}}, from each path's overhead in ms on a machine of so many MIPS."""
    return {
        board.name: {name: estimate(board, paths[name], overhead[name], mips) for name in TIMED}
        for board in BOARDS
    }


def in_float(paths: dict[str, Reads]) -> dict[str, Reads]:
    """What the same network would read in float32."""
    return {name: path.in_float() for name, path in paths.items()}


def _rows(name: str, estimates: dict[str, dict[str, Estimate]]) -> list[str]:
    """A row of the table for each board."""
    rows = []
    for board, row in estimates.items():
        cells = ""
        for e in row.values():
            made_of = f"({e.overhead:.2f} + {e.memory:.2f}, {e.arithmetic:.2f})"
            cells += f"{e.total:>8.2f} {made_of:<21}"
        rows.append(f"{board + name:<18}{cells}".rstrip())
    return rows


def table(
    paths: dict[str, Reads], estimates: dict[str, dict[str, Estimate]], measured: dict[str, Any],
    floats: dict[str, dict[str, Estimate]] | None = None,
) -> str:  # fmt: skip
    """The estimates as lines of text."""
    lines = []
    for name, path in paths.items():
        lines.append(
            f"{name:<6} reads {path.weights:>9,} bytes of weights and {path.remembered:>7,} "
            f"remembered; {path.products:,} products"
        )
    lines.append("estimates, ms: all (Python and torch + the larger of memory, arithmetic)")
    here = "".join(f"{measured[key]['p50']:>8.2f}{'':<22}" for key in TIMED.values())
    lines.append(f"{'':<18}" + "".join(f"{name:>8}{'':<22}" for name in TIMED))
    lines.append(f"{'here, measured':<18}{here}")
    lines += _rows("", estimates)
    if floats:
        lines += _rows(", float", floats)
    return "\n".join(line.rstrip() for line in lines)


def plain(estimates: dict[str, dict[str, Estimate]]) -> dict[str, Any]:
    """The estimates for a JSON file."""
    return {
        board: {name: asdict(e) | {"total": e.total} for name, e in row.items()}
        for board, row in estimates.items()
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord arm times`."""
    add = parser.add_argument
    add_brain(parser)
    add("--mips", type=number(1, 1e6), help="this machine's score in 7z b -mmt1; default: run it")
    add("--iterations", type=whole(10, 10**6), default=2000, help="of the benchmark")
    add("--json", type=Path, help="write the figures here")


def run(args: argparse.Namespace) -> None:
    """Measure here, estimate there, print, write."""
    if args.json:
        check_folder(args.json)
    paths = reads(args.brain)
    measured = bench(Brain.load(args.brain), args.iterations)
    mips = args.mips or mips_here()
    overhead = overheads(measured, paths)
    estimates, floats = (times(p, overhead, mips) for p in (paths, in_float(paths)))
    print(table(paths, estimates, measured, floats))
    if args.json:
        result = {
            "brain_sha256": measured["brain_sha256"], "mips_here": mips, "measured": measured,
            "reads": {name: asdict(path) for name, path in paths.items()},
            "estimated_ms": plain(estimates), "estimated_ms_in_float": plain(floats),
        }  # fmt: skip
        write_whole(args.json, json.dumps(result, indent=1).encode())
