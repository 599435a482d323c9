"""notochord-box synths, palettes: what there is, and what is sent for it."""

from __future__ import annotations

import argparse
from typing import Any

from firmware_py.palette import AUTO, NAMED, SAME, parsed
from firmware_py.synths import shelf
from firmware_py.synths.layout import MANY, Layout, Part
from notochord.event import name_of


def add_to(commands: Any) -> None:
    """Add the commands to the program's."""
    synths = commands.add_parser("synths", help="list the synths whose layout is known")
    synths.set_defaults(run=_synths)
    palettes = commands.add_parser("palettes", help="list the palettes, and what is sent for each")
    palettes.add_argument("--synth", default=shelf.DEFAULT, metavar="NAME|FILE",
                          help="which synth is connected")  # fmt: skip
    palettes.set_defaults(run=_palettes)


def _synths(args: argparse.Namespace) -> int:
    for name, layout in shelf.shipped().items():
        print(f"{name:24} {layout.name}\n{'':24} source: {layout.source}")
    print("\nto use one: notochord-box run --synth NAME; a file of your own: --synth FILE")
    return 0


def _palettes(args: argparse.Namespace) -> int:
    layout = shelf.layout(shelf.setting(args.synth))
    for name in ("piano", *NAMED, "drums"):
        print(f"{name}: {NAMED.get(name, name)}")
        for part in parsed(name).parts:
            print(f"    {_said(part.plays, layout)}")
    print("any: every instrument and the drums; who plays is the network's choice alone")
    print("auto: what fits the mode")
    return 0


def _said(plays: int | str, layout: Layout) -> str:
    if isinstance(plays, str):
        return {SAME: "the instruments that you play", AUTO: "what fits the mode"}[plays]
    part = layout.part(plays)
    if part is None:
        return f"{name_of(plays)}: {layout.name} does not play it, so it is left out"
    return f"{name_of(plays)}: {_sent(part, plays)}"


def _sent(part: Part, instrument: int) -> str:
    channels = [channel + 1 for channel in part.channels]
    said = [f"channel {channels[0]}" if len(channels) == 1 else "the next free channel"]
    setup = part.setup(0, instrument)
    if setup:
        banks = [message[2] for message in setup[:-1]]
        said.append(f"program {setup[-1][1] + 1}" + (f" of bank {banks}" if banks else ""))
    if part.transpose:
        said.append(f"{part.transpose:+d} semitones")
    if part.voices < MANY:
        said.append(f"{part.voices} note{'s' if part.voices > 1 else ''} at once")
    if part.drums:
        said.append(f"{len(part.drums)} drums on notes of their own")
    return ", ".join(said)
