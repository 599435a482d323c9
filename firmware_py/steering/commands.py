"""notochord-box steer: its options. What it needs is imported when it is called: the first note of
every other command would wait for it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from notochord.options import brain_file, whole

PLACES = 9  # of a knob's travel


def add_to(commands: Any, brain: Path) -> None:
    """Add the command to the program's; `brain` is the default one."""
    steer = commands.add_parser("steer", help="measure what each knob does")
    steer.add_argument("input", type=Path, nargs="*", metavar="IN.mid",
                       help="what is played to the box (default: a tune of its own)")  # fmt: skip
    steer.add_argument("--brain", type=brain_file, default=brain, help="the brain file")
    steer.add_argument("--only", action="append", metavar="KNOB", help="this knob alone")
    steer.add_argument("--seeds", type=whole(1, 1000), default=3, help="performances of each piece")
    steer.add_argument("--places", type=whole(2, 33), default=PLACES, help="of each knob's travel")
    steer.add_argument("--json", type=Path, default=Path("steering.json"),
                       help="the figures; what is in it already is not measured again")  # fmt: skip
    steer.add_argument("--png", type=Path, help="a picture of it all")
    steer.set_defaults(run=_steer)


def _steer(args: argparse.Namespace) -> int:
    from firmware_py.steering.bench import steer

    return steer(args, lambda line: print(line, flush=True))
