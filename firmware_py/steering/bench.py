"""notochord-box steer, once it is called: measures, says and draws what the knobs do."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from firmware_py.brain_choice import offered
from firmware_py.outfile import write_json
from firmware_py.settings import SettingError
from firmware_py.steering.measure import BrainHere, Curve, Timed, measure
from firmware_py.steering.picture import draw
from firmware_py.steering.sweeps import SWEEPS, Sweep
from firmware_py.steering.taps import GROOVES, tapped
from firmware_py.tune import tune
from notochord.midifile import read_messages
from notochord.wholefile import check_folder

Found = dict[str, Any]


def steer(args: argparse.Namespace, say: Callable[[str], object]) -> int:
    """Run the command, a line a knob; raises SettingError, MidiFileError, OSError."""
    for path in filter(None, (args.json, args.png)):
        check_folder(path)
    for knob in args.only or ():
        if knob not in SWEEPS:
            raise SettingError(f"no knob '{knob}' to measure; there are {', '.join(SWEEPS)}")
    given = [_messages(path) for path in args.input]
    tunes, grooves = given or [_tune()], given or [tapped(groove) for groove in GROOVES]
    link = BrainHere(args.brain)
    sweeps = [name for name, sweep in SWEEPS.items() if sweep.mode in offered(link.manifest)]
    for knob in args.only or ():
        if knob not in sweeps:
            name = link.manifest.get("name", "")
            raise SettingError(f"the brain '{name}' does not play the mode of '{knob}'; it plays "
                               f"those of {', '.join(sweeps)}")  # fmt: skip
    about = {"pieces": len(given) or 1, "seeds": args.seeds, "places": args.places,
             "brain_sha256": link.sha256}  # fmt: skip
    knobs = _known(args.json, about)
    for knob in args.only or sweeps:
        if knob not in knobs:
            sweep = SWEEPS[knob]
            pieces = grooves if sweep.mode == "drums" else tunes
            curve = measure(sweep, pieces, range(args.seeds * sweep.times), link, args.places)
            knobs[knob] = curve.as_json()
            write_json({"about": about, "knobs": knobs}, args.json)
        say(_said(_curve(knob, knobs[knob])))
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
    """What a file holds of the same measurement, less what was measured in another way. Raises
    SettingError when it holds another."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        measured, same = dict(found["knobs"]), found["about"] == about
        alike = [n for n, sweep in SWEEPS.items() if n in measured and _alike(sweep, measured[n])]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(f"{path}: not figures of this command; name another file") from error
    if not same:
        raise SettingError(f"{path} holds another measurement (brain, pieces, seeds or places "
                           "differ); name another file with --json")  # fmt: skip
    return {name: measured[name] for name in alike}


def _alike(sweep: Sweep, found: Found) -> bool:
    """Whether these are figures of this very sweep, at the places where its knob has them now."""
    values = found["values"]
    return bool(found["how"] == sweep.how and np.allclose(values, sweep.values(len(values))))


def _curve(knob: str, found: Found) -> Curve:
    return Curve(SWEEPS[knob], found["values"], found["runs"])


def _said(curve: Curve) -> str:
    """One line: is it monotone?"""
    sweep, mean, back, still = curve.sweep, curve.mean(), curve.inversions(), curve.dead()
    surely = curve.surely_back()
    beyond = f", {surely} of them beyond chance" if surely else " by chance"
    verdict = f"{back} of {len(mean) - 1} steps back{beyond}" if back else "monotone"
    verdict += f", {still} hardly move" if still else ""
    return (f"{sweep.name:14} {sweep.statistic.__name__.replace('_', ' ')}: {mean[0]:.3g} to "
            f"{mean[-1]:.3g} {sweep.unit}, rho {curve.rho():+.2f}, {verdict}")  # fmt: skip
