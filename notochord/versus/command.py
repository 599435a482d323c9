"""The options of `notochord versus`: speed, train, evaluate."""

from __future__ import annotations

import argparse
from pathlib import Path

from notochord.versus import evaluate, speed, train

WHAT = {
    "speed": (speed, "time ours and the original in turns"),
    "train": (train, "train the original's network on our corpus"),
    "evaluate": (evaluate, "measure how well the trained original foresees music"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A command each, and where the original is."""
    commands = parser.add_subparsers(required=True, metavar="WHAT")
    for name, (module, text) in WHAT.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--python", type=Path, help="of the original's environment; `make versus` makes one"
        )
        module.add_arguments(command)
        command.set_defaults(work=module.run)


def run(args: argparse.Namespace) -> None:
    """Do what was called for."""
    args.work(args)
