"""Scores for the tests: written-out chorales as MIDI files, and a tiny brain in score time."""

from __future__ import annotations

from pathlib import Path

import mido
import numpy as np
import torch

from notochord.brain import Brain
from notochord.corpus import prepare
from notochord.export import export
from notochord.models.bachprop import CONFIGS, BachProp
from tests.notochord.conftest import ABOUT

TICKS = 480  # a quarter note
QUAVER = TICKS // 2
CHORDS = ((48, 55, 64, 72), (50, 57, 65, 74), (43, 55, 62, 71), (45, 57, 60, 69))


def chorale(seed: int, chords: int = 24) -> list[tuple[int, int, int]]:
    """Notes (start, end, pitch in ticks) of four parts: crotchets, some of them two quavers."""
    rng, notes = np.random.default_rng(seed), []
    for n in range(chords):
        for pitch in CHORDS[rng.integers(len(CHORDS))]:
            start = n * TICKS
            if rng.random() < 0.2:
                notes.append((start, start + QUAVER, pitch))
                notes.append((start + QUAVER, start + TICKS, pitch + 2))
            else:
                notes.append((start, start + TICKS, pitch))
    return notes


def score_file(
    notes: list[tuple[int, int, int]], path: Path, tempi: dict[int, int] | None = None
) -> Path:
    """A MIDI file of notes in ticks, with the microseconds of a quarter from some ticks on."""
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    track = mido.MidiTrack()
    changes = (tempi or {}).items()
    moments = [(tick, 0, mido.MetaMessage("set_tempo", tempo=t)) for tick, t in changes]
    for start, end, pitch in notes:
        moments.append((start, 2, mido.Message("note_on", note=pitch, velocity=64)))
        moments.append((end, 1, mido.Message("note_off", note=pitch)))
    now = 0
    for tick, _, message in sorted(moments, key=lambda moment: moment[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    midi.tracks.append(track)
    midi.save(path)
    return path


def score_corpus(folder: Path, pieces: int = 6) -> Path:
    """A prepared corpus of chorales; every third is for validation."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["path,source,licence,split,tier"]
    for n in range(pieces):
        score_file(chorale(n), folder / f"{n}.mid", {0: 600_000})
        split = "valid" if n % 3 == 2 else "train"
        rows.append(f"{n}.mid,{('js_fakes', 'openhymnal')[n % 2]},CC0,{split},open")
    (folder / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    prepare(folder, folder / "scores.npz", processes=1)
    return folder / "scores.npz"


def score_net(loud: float = 8.0) -> BachProp:
    """A tiny network with random weights, its readouts loud enough to have clear preferences."""
    torch.manual_seed(0)
    net = BachProp(CONFIGS["tiny"]).eval()
    with torch.no_grad():
        for head in (net.wait, net.length, net.pitch):
            head.out.weight.mul_(loud)
    return net


def score_brain(folder: Path, int8: bool = False) -> Brain:
    """That network as a brain."""
    path = folder / f"score-{int8}.brain"
    export(score_net(), path, ABOUT, int8)
    return Brain.load(path)
