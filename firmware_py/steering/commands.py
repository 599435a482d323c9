"""notochord-box steer: plays the instrument at nine places of each knob, and says what it does."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from firmware_py.outfile import write_json
from firmware_py.settings import SettingError
from firmware_py.steering.measure import BrainHere, Curve, Timed, measure
from firmware_py.steering.picture import draw
from firmware_py.steering.sweeps import PLACES, SWEEPS
from firmware_py.tune import tune
from notochord.midifile import read_messages
from notochord.options import whole
from notochord.wholefile import check_folder

Found = dict[str, Any]


def add_to(commands: Any, brain: Path) -> None:
    """Add the command to the program's; `brain` is the default one."""
    steer = commands.add_parser("steer", help="measure what each knob does")
    steer.add_argument("input", type=Path, nargs="*", metavar="IN.mid",
                       help="what is played to the box (default: a tune of its own)")  # fmt: skip
    steer.add_argument("--brain", type=Path, default=brain, help="the brain file")
    steer.add_argument("--only", action="append", choices=list(SWEEPS), help="this knob alone")
    steer.add_argument("--seeds", type=whole(1, 1000), default=3, help="performances of each piece")
    steer.add_argument("--places", type=whole(2, 33), default=PLACES, help="of each knob's travel")
    steer.add_argument("--json", type=Path, default=Path("steering.json"),
                       help="the figures; what is in it already is not measured again")  # fmt: skip
    steer.add_argument("--png", type=Path, help="a picture of it all")
    steer.set_defaults(run=_steer)


def _steer(args: argparse.Namespace) -> int:
    for path in filter(None, (args.json, args.png)):
        check_folder(path)
    pieces = [_messages(path) for path in args.input] or [_tune()]
    link = BrainHere(args.brain)
    about = {"pieces": len(pieces), "seeds": args.seeds, "places": args.places,
             "brain_sha256": link.sha256}  # fmt: skip
    knobs = _known(args.json, about)
    for knob in args.only or SWEEPS:
        if knob not in knobs:
            curve = measure(SWEEPS[knob], pieces, range(args.seeds), link, args.places)
            knobs[knob] = curve.as_json()
            write_json({"about": about, "knobs": knobs}, args.json)
        print(_said(_curve(knob, knobs[knob])), flush=True)
    if args.png is not None:
        draw([_curve(knob, knobs[knob]) for knob in SWEEPS if knob in knobs], args.png)
    return 0


def _messages(path: Path) -> list[Timed]:
    return [(at, f"track {n}", data) for at, n, data in read_messages(path)]


def _tune() -> list[Timed]:
    from firmware_py.message import note_off, note_on

    on = [(n.start, "keyboard", note_on(0, n.pitch, n.velocity)) for n in tune()]
    off = [(n.end, "keyboard", note_off(0, n.pitch)) for n in tune()]
    return sorted([*on, *off], key=lambda timed: (timed[0], timed[2][0]))


def _known(path: Path, about: Found) -> Found:
    """What a file holds of the same measurement. Raises SettingError when it holds another."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        knobs: Found = {name: found["knobs"][name] for name in SWEEPS if name in found["knobs"]}
        same = found["about"] == about
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise SettingError(f"{path}: not figures of this command; name another file") from error
    if not same:
        raise SettingError(f"{path} holds another measurement (brain, pieces, seeds or places "
                           "differ); name another file with --json")  # fmt: skip
    return knobs


def _curve(knob: str, found: Found) -> Curve:
    return Curve(SWEEPS[knob], found["values"], found["runs"])


def _said(curve: Curve) -> str:
    """One line: is it monotone?"""
    sweep, mean, back, still = curve.sweep, curve.mean(), curve.inversions(), curve.dead()
    verdict = f"{back} of {len(mean) - 1} steps back" if back else "monotone"
    verdict += f", {still} hardly move" if still else ""
    return (f"{sweep.name:14} {sweep.statistic.__name__.replace('_', ' ')}: {mean[0]:.3g} to "
            f"{mean[-1]:.3g} {sweep.unit}, rho {curve.rho():+.2f}, {verdict}")  # fmt: skip
