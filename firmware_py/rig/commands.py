"""notochord-box rig: what is plugged in, what the rig makes of it, a keyboard measured."""

from __future__ import annotations

import argparse
import logging
import select
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from firmware_py.clock import MonotonicClock
from firmware_py.message import is_channel_message, is_note_on
from firmware_py.midi.backend import PortError, matches, open_backend
from firmware_py.midi.ports import Inputs, list_ports
from firmware_py.places import state_folder
from firmware_py.rig import files
from firmware_py.rig.curve import Curve, Gauge
from firmware_py.rig.identity import Identity, identify, label
from firmware_py.rig.rig import Input, Rig, RigError, name_of_pitch
from notochord.event import name_of

log = logging.getLogger(__name__)


def file_of(state: Path) -> Path:
    """Where the rig is, in the folder of all that the box remembers."""
    return state / "rig.toml"


def for_playing(
    path: Path | None, state: Path, by_hand: Callable[[], bool] = sys.stdin.isatty
) -> Rig:
    """The rig to play with. A file that was named, or that is spoilt when somebody starts the box
    by hand, raises RigError; a box that starts by itself plays as without a file, and says so."""
    try:
        return files.load(path or file_of(state))
    except FileNotFoundError as error:
        if path is not None:
            raise RigError(f"{path}: no such file") from error
        return Rig()
    except RigError as error:
        if path is not None or by_hand():
            raise
        log.warning("%s; played as without it: every input a player, all to every output", error)
        return Rig()


def add_to(commands: Any) -> None:
    """Add `rig` to the commands of a parser."""
    rig = commands.add_parser("rig", help="which device is what: show, check, measure a curve")
    actions = rig.add_subparsers(metavar="ACTION")
    rig.set_defaults(run=_show, api="auto", rig=None, state=state_folder())
    for name, run, help in (
        ("show", _show, "what is plugged in, and what the rig makes of it"),
        ("check", _check, "whether a rig's file is right"),
        ("curve", _measure, "measure a keyboard: play soft, in between, hard"),
    ):
        action = actions.add_parser(name, help=help)
        action.set_defaults(run=run)
        action.add_argument("--rig", type=Path, help="the file; the box's own by default")
        action.add_argument("--state", type=Path, default=state_folder(), help="the box's memory")
        action.add_argument("--api", default="auto", choices=("auto", "alsa", "jack"))
        if name == "curve":
            action.add_argument("--input", help="the keyboard, by name or pattern")


def _rig(args: argparse.Namespace) -> Rig:
    return for_playing(args.rig, args.state, by_hand=lambda: True)


def _check(args: argparse.Namespace) -> int:
    rig = _rig(args)
    print(f"{rig.path or 'no file'}: {len(rig.inputs)} inputs, {len(rig.outputs)} outputs, right")
    return 0


def _show(args: argparse.Namespace) -> int:
    rig, ports = _rig(args), list_ports(args.api)
    print(f"rig: {rig.path or f'none ({file_of(args.state)} would be read)'}")
    for port in ports.inputs:
        identity = identify(port)
        print(f"input   {_who(port, identity)}: {described(rig.input(port, identity))}")
    for port in ports.outputs:
        identity = identify(port)
        count = len(rig.outputs_on(port, identity))
        print(f"output  {_who(port, identity)}: {'played on' if count else 'not played on'}")
    return 0


def _who(port: str, identity: Identity | None) -> str:
    return port if identity is None else f"{port} [{identity}]"


def described(rule: Input) -> str:
    """What an input is, in a few words."""
    said = [rule.zone.role]
    if rule.zone.plays is not None:
        said.append(f"plays {name_of(rule.zone.plays)}")
    if rule.split is not None:
        left = rule.left.role if rule.left.plays is None else name_of(rule.left.plays)
        said.append(f"below {name_of_pitch(rule.split)}: {left}")
    if rule.channels is not None:
        said.append(f"channels {', '.join(str(c + 1) for c in sorted(rule.channels))}")
    if rule.curve is not None:
        said.append("with a curve")
    return ", ".join(said)


def _measure(args: argparse.Namespace) -> int:
    path = args.rig or file_of(args.state)
    rig = files.load(path) if path.exists() else Rig()
    with open_backend(args.api) as backend:
        inputs = Inputs(backend, MonotonicClock().now, [args.input] if args.input else [])
        try:
            port, curve = _play(inputs)
        finally:
            inputs.close()
    identity = identify(port)
    files.store(with_curve(rig, port, identity, curve), path)
    points = ", ".join(f"{x} → {y}" for x, y in curve.points)
    print(f"{label(port)}: {points}; written to {path}")
    return 0


def _play(inputs: Inputs) -> tuple[str, Curve]:
    """Have the player play; the keyboard that is played first is the one that is measured."""
    if not inputs.names:
        raise PortError("no keyboard is plugged in to be measured")
    gauge, port, asked = Gauge(), "", ""
    while (touch := gauge.wants) is not None:
        if touch != asked:
            asked = touch
            print(f"play eight notes {touch}", flush=True)
        select.select([inputs], [], [])
        for _, name, message in inputs.drain():
            if is_channel_message(message) and is_note_on(message) and name == (port or name):
                port = name
                gauge.struck(message[2])
    return port, gauge.curve()


def with_curve(rig: Rig, port: str, identity: Identity | None, curve: Curve) -> Rig:
    """The rig with a keyboard's curve: in the entry that is the keyboard's, else in one of its
    own, before those that mean more than one device."""
    rule = rig.input(port, identity)
    if rule in rig.inputs and rule.device != "*" and matches(port, rule.device):
        found = rig.inputs.index(rule)
        inputs = list(rig.inputs)
        inputs[found] = replace(rule, curve=curve)
        return replace(rig, inputs=tuple(inputs))
    device = str(replace(identity, path="")) if identity is not None else label(port)
    return replace(rig, inputs=(replace(rule, device=device, curve=curve), *rig.inputs))
