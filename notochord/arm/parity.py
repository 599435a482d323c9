"""Does the brain answer on a Raspberry Pi as it does here?

The same music is played to it on every int8 engine of this machine and on emulated cores of the
Pi 4 and the Pi 5, and its answers are compared with those of the engine that is best here.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from notochord.arm.compare import compare, header, line
from notochord.arm.emulate import CORES, PROJECT, emulated, environment, run_module
from notochord.arm.music import pieces
from notochord.arm.root import prepare
from notochord.brain import Brain
from notochord.options import add_brain, whole
from notochord.wholefile import check_folder, write_whole

MODULE = "notochord.arm.answers"
CACHE = Path(".arm")
BOTH = ("cortex-a72", "cortex-a76")
ARM_ENGINES = ("qnnpack", "onednn")


def engines_here() -> list[str]:
    """The int8 engines of this machine, the one that is played first."""
    import torch

    from notochord.export import best_engine

    best = best_engine()
    have = torch.backends.quantized.supported_engines
    return [best, *(name for name in ARM_ENGINES if name in have and name != best)]


def native(engine: str, arguments: list[str]) -> None:
    """`python -m notochord.arm.answers` on this machine."""
    variables = environment(engine, PYTHONPATH=str(PROJECT))
    run_module([sys.executable, "-m", MODULE], arguments, variables, f"{engine} here")


def runs(
    cache: Path | None, cores: list[str], engines: list[str]
) -> Iterator[tuple[str, Callable[[list[str]], None]]]:
    """(name, call with [questions, answers]) of every run, this machine's first."""
    for engine in engines_here():
        yield f"here {engine}", partial(native, engine)
    if cache is None:
        return
    for core in cores:
        for engine in engines:
            yield f"{core} {engine}", partial(emulated, cache, CORES[core], engine, MODULE)


def parity(
    brain: Path, music: list[list[Any]], cache: Path | None, cores: list[str], engines: list[str],
    seed: int = 0,
) -> Iterator[tuple[str, dict[str, Any]]]:  # fmt: skip
    """(name, comparison with the first) of every run as it is done. Raises BrainError, ArmError."""
    Brain.load(brain)  # complains better than a process of its own would
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder) / "questions.json", Path(folder) / "answers.json"
        question = {"brain": str(brain.resolve()), "seed": seed, "pieces": music}
        asked.write_text(json.dumps(question), encoding="ascii")
        reference: dict[str, Any] | None = None
        for name, call in runs(cache, cores, engines):
            call([str(asked), str(told)])
            answers = json.loads(told.read_bytes())
            reference = reference or answers
            yield name, compare(reference, answers)


def core_names(text: str) -> list[str]:
    """Names of cores with commas between."""
    names = text.split(",")
    if unknown := [name for name in names if name not in CORES]:
        known = ", ".join(CORES)
        raise argparse.ArgumentTypeError(f"'{unknown[0]}' is none of {known}")
    return names


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord arm parity`."""
    add = parser.add_argument
    add_brain(parser)
    add("--cache", type=Path, default=CACHE, help="where Debian for ARM is kept")
    add("--corpus", type=Path, help="a prepared corpus; without it a band is written by chance")
    add("--split", default="valid", choices=("train", "valid", "test"))
    add("--pieces", type=whole(1, 10_000), default=3)
    add("--events", type=whole(2, 100_000), default=100, help="of each piece")
    add("--cores", type=core_names, default=list(BOTH), help=f"of {', '.join(CORES)}")
    add("--engine", choices=ARM_ENGINES, help="on the emulated cores; default both")
    add("--native", action="store_true", help="only this machine's engines, nothing emulated")
    add("--seed", type=whole(0, 2**63 - 1), default=0)
    add("--json", type=Path, help="write the figures here")


def run(args: argparse.Namespace) -> None:
    """Make what is missing, ask, compare, print, write."""
    if args.json:
        check_folder(args.json)
    music = pieces(args.corpus, args.split, args.pieces, args.events, args.seed)
    cache = None if args.native else prepare(args.cache)
    engines = [args.engine] if args.engine else list(ARM_ENGINES)
    result: dict[str, dict[str, Any]] = {}
    for name, row in parity(args.brain, music, cache, args.cores, engines, args.seed):
        if not result:
            print(header())
        print(line(name, row), flush=True)
        result[name] = row
    if args.json:
        write_whole(args.json, json.dumps(result, indent=1).encode())


