"""notochord-box doctor: what is wrong with this machine, and what to do about it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from firmware_py.brain_link import ProcessLink
from firmware_py.clock import MonotonicClock
from firmware_py.panel import pinmap
from firmware_py.places import state_folder
from notochord.options import brain_file


def add_to(commands: Any, brain: Path) -> None:
    """Add `doctor` to the commands of a parser; `brain` is the file that is tried by default."""
    doctor = commands.add_parser("doctor", help="look the machine over, and say what to do")
    doctor.add_argument("--brain", type=brain_file, default=brain, help="the brain file")
    doctor.add_argument("--state", type=Path, default=state_folder(), help="the box's memory")
    doctor.add_argument("--pins", type=Path, default=pinmap.DEFAULT, help="the panel's pin map")
    doctor.set_defaults(run=_doctor)


def _doctor(args: argparse.Namespace) -> int:
    from firmware_py.box.doctor import How, Machine, examine

    bad = 0
    machine = Machine(state=args.state, brain=args.brain, pins=args.pins, answers=answers)
    for finding in examine(machine):
        bad += finding.how is How.BAD
        print(f"{finding.how.value}  {finding.what}", flush=True)
        if finding.remedy:
            print(f"      {finding.remedy}", flush=True)
    print(f"{bad} to be put right" if bad else "nothing to be put right")
    return 1 if bad else 0


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
