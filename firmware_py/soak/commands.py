"""notochord-box soak: its options. What it needs is imported when it is called."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from notochord.options import add_brain, whole
from notochord.wholefile import check_folder


def add_to(commands: Any) -> None:
    """Add the command to the program's."""
    parser = commands.add_parser("soak", help="play a box by chance on real ports, for minutes")
    add_brain(parser)
    parser.add_argument("--minutes", type=whole(1, 100_000), default=10)
    parser.add_argument("--notes", type=whole(1, 100_000), default=300,
                        help="keys for each of the two measurements of latency")  # fmt: skip
    parser.add_argument("--seed", type=whole(0, 2**31), default=0, help="of the performance")
    parser.add_argument("--json", type=Path, help="the report")
    parser.set_defaults(run=_soak)


def _soak(args: argparse.Namespace) -> int:
    from firmware_py.outfile import write_json
    from firmware_py.soak.soak import soak

    if args.json is not None:
        check_folder(args.json)
    tell = lambda line: print(line, flush=True)  # noqa: E731
    report = soak(args.brain, args.minutes, args.seed, args.notes, tell)
    if args.json is not None:
        write_json(report.as_json(), args.json)
    for line in report.lines():
        tell(line)
    return 1 if report.faults() else 0
