"""notochord-box presets: what is stored, listed, stored from a command line, named and deleted."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from firmware_py import settings as knobs
from firmware_py.actions import add_actions
from firmware_py.presets import files
from firmware_py.presets.preset import Preset, PresetError, tidy
from notochord.options import whole


def folder_of(state: Path) -> Path:
    """Where the presets are, in the folder of all that the box remembers."""
    return state / "presets"


def add_to(commands: Any) -> None:
    """Add `presets` to the commands of a parser."""
    actions = add_actions(commands, "presets", "what is stored: list, store, name, delete", (
        ("list", _list, "every preset"),
        ("store", _store, "store settings under a number and a name"),
        ("name", _name, "give one another name"),
        ("delete", _delete, "delete one"),
    ))  # fmt: skip
    for name in ("store", "name", "delete"):
        actions[name].add_argument("number", type=whole(1, 128), metavar="N")
    for name in ("store", "name"):
        actions[name].add_argument("name", metavar="NAME")
    actions["store"].add_argument("--knob", action="append", default=[], metavar="NAME=VALUE",
                                  help="mode=duet, temperature=1.1 ...")  # fmt: skip


def _list(args: argparse.Namespace) -> int:
    presets = files.load(folder_of(args.state))
    for number, preset in sorted(presets.items()):
        print(f"{number:4}  {preset.settings.mode:10} {preset.name}")
    if not presets:
        print(f"no preset yet in {folder_of(args.state)}")
    return 0


def _store(args: argparse.Namespace) -> int:
    settings = knobs.Settings()
    for text in args.knob:
        settings = knobs.parsed(settings, text)
    named = "brain" in (knobs.pair(text)[0] for text in args.knob)
    preset = Preset(args.number, tidy(args.name), settings, named)
    files.store(folder_of(args.state), preset)
    print(f"preset {preset.number} is now: {preset.name}")
    return 0


def _name(args: argparse.Namespace) -> int:
    preset = files.load(folder_of(args.state)).get(args.number)
    if preset is None:
        raise PresetError(f"there is no preset {args.number}; see 'presets list'")
    files.store(folder_of(args.state), replace(preset, name=tidy(args.name)))
    print(f"preset {preset.number} is now: {tidy(args.name)}")
    return 0


def _delete(args: argparse.Namespace) -> int:
    files.delete(folder_of(args.state), args.number)
    print(f"preset {args.number} is deleted")
    return 0
