"""The options of `notochord arm`: parity, times."""

from __future__ import annotations

import argparse

from notochord.arm import parity, times
from notochord.arm.root import ArmError
from notochord.brain import Brain

WHAT = {
    "parity": (parity, "compare what a brain answers here and on emulated cores of a Pi"),
    "times": (times, "estimate how fast a brain answers on each Raspberry Pi"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A command each."""
    commands = parser.add_subparsers(required=True, metavar="WHAT")
    for name, (module, text) in WHAT.items():
        command = commands.add_parser(name, help=text, description=text)
        module.add_arguments(command)
        command.set_defaults(work=module.run)


def run(args: argparse.Namespace) -> None:
    """Do what was called for. Raises ArmError for a network whose work is not known in bytes."""
    manifest = Brain.load(args.brain).manifest
    if manifest["network"] != "notochord":
        name, network = manifest.get("name", args.brain.stem), manifest["network"]
        raise ArmError(f"the brain '{name}' is a {network}; this is known of a notochord alone")
    args.work(args)
