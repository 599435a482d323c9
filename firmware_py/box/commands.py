"""notochord-box doctor: what is wrong with this machine, and what to do about it. notochord-box
update: makes updates, and has a box trust who makes them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from firmware_py.box.brains import own
from firmware_py.box.signature import SIGNERS
from firmware_py.brain_link import ProcessLink
from firmware_py.clock import MonotonicClock
from firmware_py.panel import pinmap
from firmware_py.places import state_folder
from notochord.options import brain_file


def add_to(commands: Any, brain: Path) -> None:
    """Add `doctor` to the commands of a parser; `brain` is the file that is tried by default."""
    doctor = commands.add_parser("doctor", help="look the machine over, and say what to do")
    doctor.add_argument("--brain", type=brain_file, help="the brain file")
    doctor.add_argument("--state", type=Path, default=state_folder(), help="the box's memory")
    doctor.add_argument("--pins", type=Path, default=pinmap.DEFAULT, help="the panel's pin map")
    doctor.set_defaults(run=_doctor, shipped=brain)
    update = commands.add_parser("update", help="make a signed update; trust a key for updates")
    actions = update.add_subparsers(required=True, metavar="ACTION")
    make = actions.add_parser("make", help="make an update of this source")
    make.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where to")
    make.set_defaults(run=_make)
    key = actions.add_parser("key", help="make the key that updates are signed with")
    key.set_defaults(run=_key)
    for action in (make, key):
        action.add_argument("--key", type=Path, help="the private key (default: your own)")
    trust = actions.add_parser("trust", help="on a box: take updates that this key has signed")
    trust.add_argument("public", type=Path, metavar="KEY.pub")
    trust.add_argument("--signers", type=Path, default=SIGNERS, help="the file of trusted keys")
    trust.set_defaults(run=_trust)


def _doctor(args: argparse.Namespace) -> int:
    from firmware_py.box.doctor import How, Machine, examine

    bad = 0
    brain = args.brain or own(args.state) or args.shipped
    machine = Machine(state=args.state, brain=brain, pins=args.pins, answers=answers)
    for finding in examine(machine):
        bad += finding.how is How.BAD
        print(f"{finding.how.value}  {finding.what}", flush=True)
        if finding.remedy:
            print(f"      {finding.remedy}", flush=True)
    print(f"{bad} to be put right" if bad else "nothing to be put right")
    return 1 if bad else 0


def _make(args: argparse.Namespace) -> int:
    from firmware_py.box.update import key_path, make

    path = make(args.out, args.key or key_path())
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, signed")
    print("copy it onto a USB stick and plug that into the box, or upload it there")
    return 0


def _key(args: argparse.Namespace) -> int:
    from firmware_py.box.signature import SignatureError, make_key
    from firmware_py.box.update import UpdateError, key_path

    path: Path = args.key or key_path()
    if path.exists():
        raise UpdateError(f"there is a key already: {path}; name another place with --key")
    try:
        make_key(path)
    except SignatureError as error:
        raise UpdateError(str(error)) from error
    print(f"{path}: keep it; whoever has it can change every box that trusts it")
    print(f"{path}.pub: copy it to the box and run there: sudo notochord-box update trust KEY.pub")
    return 0


def _trust(args: argparse.Namespace) -> int:
    from firmware_py.box.update import trust

    new = trust(args.public, args.signers)
    print(f"{args.public}: {'trusted from now on' if new else 'was trusted already'}")
    return 0


def answers(path: Path) -> tuple[bool, str]:
    """Start the brain in its process and ask it something: whether it answers, in one line."""
    from firmware_py.perform import BrainUnusable, wake
    from notochord.ask import ALL_PITCHES, Ask

    clock = MonotonicClock()
    link, began = ProcessLink(path, clock.now, timely=False), clock.now()
    try:
        wake(link)
        woken = clock.now() - began
        link.ask(1, 0, Ask(on={1: ALL_PITCHES}), [0.5] * 8, 0.0)
        while link.state == "ready":
            for report in link.wait(0.1):
                if report.kind == "answer":
                    took = 1000 * report.seconds
                    return True, f"{path.name} wakes in {woken:.1f} s, answers in {took:.1f} ms"
    except BrainUnusable as error:
        return False, str(error)
    finally:
        link.close()
    return False, f"{path.name} wakes, and does not answer"
