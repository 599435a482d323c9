"""Commands that look after what the box remembers: `notochord-box presets ACTION`, and the like."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from firmware_py.places import state_folder

Action = tuple[str, Callable[[argparse.Namespace], int], str]  # its name, what it does, its help


def add_actions(
    commands: Any, command: str, help: str, actions: Sequence[Action]
) -> dict[str, argparse.ArgumentParser]:
    """Add such a command to the commands of a parser; the parsers of its actions, by name. Without
    one it does the first."""
    parser = commands.add_parser(command, help=help)
    parser.set_defaults(run=actions[0][1])
    parser.add_argument("--state", type=Path, default=state_folder(), help="the box's memory")
    below, parsers = parser.add_subparsers(metavar="ACTION"), {}
    for name, run, about in actions:
        parsers[name] = below.add_parser(name, help=about)
        parsers[name].set_defaults(run=run)
    return parsers
