"""What a temperature does to a network over tokens: one for every token, as in the article.

    0.8 "overly fixates on a few patterns" · 0.9 · 1 as learnt · 1.1 · 1.2 · 1.5 · 2 ever wilder

Performances are drawn at each temperature with nothing else that bends the draw, and told by
numbers: how often a run of eight intervals comes back, how evenly the keys are used, how dense it
is, and whether it falls over: goes silent, runs away, or is caught in one note.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from notochord import listen
from notochord.brain import Brain
from notochord.event import Note
from notochord.judge import alone, healthy
from notochord.options import add_brain, number, whole
from notochord.originality import intervals, runs
from notochord.sample import midi_bytes, plainly, sample
from notochord.wholefile import check_folder, write_whole

ARTICLE = (0.8, 0.9, 1.0, 1.1, 1.2, 1.5, 2.0)
RUN = 8  # intervals of a pattern
PIANO = 1


def told(notes: Sequence[Note], seconds: float) -> dict[str, float]:
    """A performance by numbers."""
    patterns = runs(intervals(notes), RUN)
    pitches = np.bincount([note.pitch for note in notes], minlength=128) / max(len(notes), 1)
    used = pitches[pitches > 0]
    figures = alone(list(notes), seconds)
    return {
        "repeated": 1.0 - len(np.unique(patterns)) / len(patterns) if len(patterns) else 0.0,
        "pitch_entropy": float(-(used * np.log2(used)).sum()),
        "notes_a_second": listen.density(notes, seconds),
        "notes_at_once": listen.polyphony(notes, seconds),
        "in_key": listen.in_key(notes, seconds),
        "consonant": listen.consonance(notes, seconds),
        "velocity_spread": float(np.std([note.velocity for note in notes])) if notes else 0.0,
        "healthy": float(healthy(figures)),
    }


def measure(
    brain: Brain, temperatures: Sequence[float], performances: int, seconds: float, seed: int = 0,
    keep: Path | None = None,
) -> dict[str, dict[str, float]]:  # fmt: skip
    """Means over performances at each temperature; the share of healthy ones among them. `keep`:
    a folder for the first at each temperature."""
    found: dict[str, dict[str, float]] = {}
    for temperature in temperatures:
        rows = []
        for n in tqdm(range(performances), desc=f"at {temperature:g}", leave=False):
            notes = sample(brain, [PIANO], seconds, plainly(temperature), seed + n, progress=False)
            rows.append(told(notes, seconds))
            if keep is not None and n == 0:
                write_whole(keep / f"temperature-{temperature:g}.mid", midi_bytes(notes))
        found[f"{temperature:g}"] = {
            name: float(np.mean([row[name] for row in rows])) for name in rows[0]
        }
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures as lines of text, a temperature each."""
    names = list(next(iter(found.values())))
    lines = ["temperature  " + "  ".join(names)]
    for temperature, row in found.items():
        cells = "  ".join(f"{row[name]:{len(name)}.3f}" for name in names)
        lines.append(f"{temperature:<11}  {cells}")
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord temperature`."""
    add = parser.add_argument
    add_brain(parser)
    add("--temperatures", type=number(0.01, 10), nargs="+", default=list(ARTICLE))
    add("--performances", type=whole(1, 1000), default=8, help="at each")
    add("--seconds", type=number(1, 3600), default=60.0, help="of each; 300: five minutes")
    add("--seed", type=whole(0, 2**63 - 1), default=0)
    add("--json", type=Path, help="write the figures here")
    add("--midi", type=Path, help="folder for the first performance at each temperature")


def run(args: argparse.Namespace) -> None:
    """Measure, print, write."""
    if args.json:
        check_folder(args.json)
    if args.midi:
        args.midi.mkdir(parents=True, exist_ok=True)
    brain = Brain.load(args.brain)
    brain.must_play_alone()
    found = measure(
        brain, args.temperatures, args.performances, args.seconds, args.seed, args.midi
    )
    print(table(found))
    if args.json:
        about: dict[str, Any] = {
            "brain": str(brain.manifest.get("name", "")), "brain_sha256": brain.sha256,
            "seconds": args.seconds, "performances": args.performances, "seed": args.seed,
        }  # fmt: skip
        write_whole(args.json, json.dumps({**about, "temperatures": found}, indent=1).encode())
