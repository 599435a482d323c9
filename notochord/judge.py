"""Does it sound like music? Continuations by the brain beside the true ones, and long runs alone.

From pieces the brain never heard, so many prompts of 10 s are cut. What the brain plays after
each is measured (notochord.listen), and so are the 30 s that truly follow, and 30 s of another
piece: the true continuation is what to be like, the other piece is what any music would score.

    overlap     of the distributions of distances within the true set and from ours to it: 1 when
                ours lie among them (Yang and Lerch, "On the evaluation of generative models in
                music", Neural Computing and Applications 2020)
    likeness    what a continuation has in common with its own prompt, by histogram
    novelty     share of melodic runs that stand in the training set (notochord.originality)

Then the brain plays alone for a long time at several temperatures: does it fall silent, run away,
stick on a note or hold ever more notes?
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from notochord import listen
from notochord.batches import plain_instruments
from notochord.brain import Brain, BrainError
from notochord.corpus import Corpus, CorpusError, expressive, of_sources
from notochord.event import Event, Note, is_drums
from notochord.kinds import GROOVE_TRANSFORMER, KINDS, NOTOCHORD, Kind
from notochord.midifile import notes_to_events
from notochord.options import add_brain, number, whole
from notochord.originality import RUNS, corpus_intervals, intervals, longest_known, profile, runs
from notochord.sample import Manner, plainly, sample
from notochord.wholefile import check_folder, write_whole

PROMPT, LENGTH = 10.0, 30.0  # seconds
FEWEST = 20  # notes that a prompt and what follows must have
WHOSE = ("ours", "true", "other")
LOOP = 8  # one pitch of one instrument so often in a row, with nothing else struck, is a loop


@dataclass(frozen=True)
class Trial:
    """A prompt, what truly follows it, and as much of another piece."""

    path: str
    prompt: list[Note]
    true: list[Note]
    other: list[Note]


def piece_notes(corpus: Corpus, index: int) -> list[Note]:
    """A piece's notes, in order, as the brain is told them."""
    piece = corpus.piece(index)
    ids = plain_instruments(piece)[piece.part]
    rows = zip(ids, piece.pitch, piece.start / 1000, piece.end / 1000, piece.velocity, strict=True)
    return sorted((Note(*row) for row in (map(_plain, row) for row in rows)), key=lambda n: n.start)


def pieces_for(corpus: Corpus, split: str, kind: Kind) -> list[int]:
    """The pieces of a split that a kind of network learns from, or would."""
    if kind.sources is None:
        return list(corpus.indices(split))
    return (expressive if kind.dynamics else of_sources)(corpus, split, kind.sources)


def _plain(value: Any) -> Any:
    return value.item()


def _cut(
    corpus: Corpus, index: int, rng: np.random.Generator, kind: Kind
) -> tuple[list[Note], list[Note]] | None:
    """A prompt from somewhere in a piece and what follows it, or None where it is too thin."""
    notes = as_heard(piece_notes(corpus, index), kind)
    if not notes:
        return None
    room = notes[-1].start - PROMPT - LENGTH
    if room < 0:
        return None
    start = notes[0].start + rng.uniform(0, max(room - notes[0].start, 0.0))
    prompt = [  # with their true ends: what sounds at the cut is the brain's to end
        n._replace(start=n.start - start, end=n.end - start)
        for n in notes
        if start <= n.start < start + PROMPT
    ]
    true = listen.excerpt(notes, start + PROMPT, start + PROMPT + LENGTH)
    return (prompt, true) if min(len(prompt), len(true)) >= FEWEST else None


def as_heard(notes: list[Note], kind: Kind) -> list[Note]:
    """Notes as a kind of network hears them: one that has learnt but one instrument takes every
    melodic part for it, and hears no drums."""
    if kind.instruments is None:
        return notes
    one = kind.instruments[0]
    return [n._replace(instrument=one) for n in notes if not is_drums(n.instrument)]


def trials(
    corpus: Corpus, split: str, count: int, seed: int = 0, kind: Kind = NOTOCHORD
) -> list[Trial]:
    """Prompts from as many different pieces of a split that a kind of network learns from, the
    sources taking turns."""
    rng = np.random.default_rng(seed)
    by_source: dict[str, list[int]] = {}
    for index in rng.permutation(pieces_for(corpus, split, kind)):
        by_source.setdefault(str(corpus.sources[index]), []).append(int(index))
    cuts: list[tuple[str, list[Note], list[Note]]] = []
    while by_source and len(cuts) < count:
        for source in sorted(by_source):
            while by_source[source]:
                index = by_source[source].pop()
                if (cut := _cut(corpus, index, rng, kind)) is not None:
                    cuts.append((str(corpus.paths[index]), *cut))
                    break
            else:
                del by_source[source]
    if not cuts:
        whose = "" if kind.sources is None else f" for a {kind.name}"
        raise CorpusError(
            f"split '{split}' has no piece of {PROMPT + LENGTH:g} s{whose}; name another"
        )
    cuts = cuts[:count]
    shifted = cuts[1:] + cuts[:1]  # sources take turns, so the neighbour is of another source
    return [Trial(*cut, other=then[2]) for cut, then in zip(cuts, shifted, strict=True)]


def heard(trial: Trial) -> list[Event]:
    """The prompt as events, up to the cut: what sounds there is not ended."""
    events = notes_to_events(trial.prompt)
    at = trial.prompt[0].start + np.cumsum([event.dt for event in events])
    return events[: int(np.searchsorted(at, PROMPT))]


def continuation(brain: Brain, trial: Trial, manner: Manner, seed: int) -> list[Note]:
    """What the brain plays in the 30 s after the prompt, with the prompt's instruments."""
    events = heard(trial)
    cut = sum(event.dt for event in events)
    band = sorted({note.instrument for note in trial.prompt})
    notes = sample(brain, band, cut + LENGTH, manner, seed, events, progress=False)
    struck = sum(event.velocity > 0 for event in events)
    new = sorted(notes, key=lambda n: n.start)[struck:]
    return listen.excerpt(new, cut - 1e-6, cut + LENGTH)


def measured(excerpts: Sequence[list[Note]]) -> dict[str, np.ndarray]:
    """Every measure of every excerpt: a column of numbers, or of histograms, by its name."""
    every = {**listen.NUMBERS, **listen.HISTOGRAMS}
    return {
        name: np.array([measure(notes, LENGTH) for notes in excerpts])
        for name, measure in every.items()
    }


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = (x.reshape(len(x), -1) for x in (a, b))
    return np.sqrt(np.maximum(((a[:, None] - b[None]) ** 2).sum(-1), 0))


def _density_curve(values: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """A smoothed density on the grid: Gaussian bells as wide as Scott's rule has it."""
    width = max(values.std() * len(values) ** -0.2, (grid[-1] - grid[0]) / 200, 1e-9)
    curve = np.exp(-0.5 * ((grid[:, None] - values[None]) / width) ** 2).sum(1)
    return curve / max(curve.sum(), 1e-12)


def overlap(ours: np.ndarray, true: np.ndarray) -> float:
    """Overlap area of the distances within the true set and between ours and it, 0..1."""
    n = len(true)
    within = _distances(true, true)[~np.eye(n, dtype=bool)]
    between = _distances(ours, true).ravel()
    high = max(within.max(), between.max(), 1e-9)
    grid = np.linspace(0, high, 400)
    rng = np.random.default_rng(0)  # 4,000 distances show the shape as well as 40,000
    curves = [
        _density_curve(rng.choice(d, min(len(d), 4000), replace=False), grid)
        for d in (within, between)
    ]
    return float(np.minimum(*curves).sum())


def compare(rows: list[Trial], ours: list[list[Note]]) -> dict[str, Any]:
    """Every measure of our continuations beside the true ones and other pieces."""
    sets = {"ours": ours, "true": [t.true for t in rows], "other": [t.other for t in rows]}
    found = {whose: measured(excerpts) for whose, excerpts in sets.items()}
    numbers = {
        name: {
            **{whose: _spread(found[whose][name]) for whose in WHOSE},
            "overlap": overlap(found["ours"][name], found["true"][name]),
        }
        for name in listen.NUMBERS
    }
    prompts = {
        name: [measure(t.prompt, PROMPT) for t in rows]
        for name, measure in listen.HISTOGRAMS.items()
    }
    histograms = {
        name: {
            "overlap": overlap(found["ours"][name], found["true"][name]),
            "likeness_to_prompt": {
                whose: float(np.mean([
                    listen.likeness(a, b)  # type: ignore[arg-type]
                    for a, b in zip(prompts[name], found[whose][name], strict=True)
                ]))
                for whose in WHOSE
            },
        }
        for name in listen.HISTOGRAMS
    }  # fmt: skip
    return {"numbers": numbers, "histograms": histograms}


def _spread(values: np.ndarray) -> dict[str, float]:
    low, middle, high = np.percentile(values, [10, 50, 90])
    return {"mean": float(values.mean()), "p10": low, "p50": middle, "p90": high}


def novelty(
    corpus: Corpus, rows: list[Trial], ours: list[list[Note]], kind: Kind = NOTOCHORD
) -> dict[str, Any]:
    """How much of each set stands in the training set, and how much ours share among themselves."""
    known = corpus_intervals(corpus, pieces_for(corpus, "train", kind))
    sets = {"ours": ours, "true": [t.true for t in rows]}
    out: dict[str, Any] = {}
    for whose, excerpts in sets.items():
        mine = [intervals(notes) for notes in excerpts]
        found = profile(mine, known)
        longest = [longest_known(found, row) for row in range(len(mine))]
        out[whose] = {
            "known": {str(n): _mean(found[n]) for n in RUNS},
            "longest": {str(n): int(sum(x >= n for x in longest)) for n in RUNS},
            "shared_with_each_other": _diversity(mine),
        }
    return out


def _mean(shares: list[float]) -> float:
    """The mean of those rows that have any run of this length, 0 where none has."""
    there = [share for share in shares if share == share]
    return float(np.mean(there)) if there else 0.0


def _diversity(rows: list[np.ndarray], n: int = 8) -> float:
    """Share of each row's runs of n intervals that stand in another of the rows, on average."""
    mine = [np.unique(runs(row, n)) for row in rows]
    every, count = np.unique(np.concatenate(mine), return_counts=True)
    shared = every[count > 1]
    shares = [float(np.isin(row, shared).mean()) for row in mine if len(row)]
    return float(np.mean(shares)) if shares else 0.0


def alone(notes: list[Note], seconds: float) -> dict[str, float]:
    """What could go wrong in a long run: silence, running away, a loop, notes that pile up."""
    onsets = np.array([note.start for note in notes])
    fifth = seconds / 6
    first, last = ((onsets < fifth).sum(), (onsets >= seconds - fifth).sum())
    at = np.sort(np.concatenate([onsets, [n.end + 1e-6 for n in notes]]))
    steps = np.concatenate([np.ones(len(notes)), -np.ones(len(notes))])
    order = np.argsort(np.concatenate([onsets, [n.end + 1e-6 for n in notes]]), kind="stable")
    starts = np.searchsorted(onsets, onsets)  # notes begun before this one
    busiest = np.searchsorted(onsets, onsets + 1.0) - starts
    return {
        "notes": len(notes),
        "longest_gap": listen.longest_gap(notes, seconds),
        "busiest_second": int(busiest.max(initial=0)),
        "density_first_sixth": first / fifth,
        "density_last_sixth": last / fifth,
        "most_sounding": int(np.cumsum(steps[order]).max(initial=0)) if len(at) else 0,
        "longest_loop": _longest_loop(notes),
    }


def _longest_loop(notes: list[Note]) -> int:
    """Most times in a row that one pitch of one instrument is struck with nothing else between."""
    longest, run, last = 0, 0, None
    for note in sorted(notes, key=lambda n: n.start):
        key = note.instrument, note.pitch
        run = run + 1 if key == last else 1
        longest, last = max(longest, run), key
    return longest


def healthy(figures: dict[str, float]) -> bool:
    """Whether a long run neither fell silent, nor ran away, nor stuck."""
    first, last = figures["density_first_sixth"], figures["density_last_sixth"]
    return bool(
        figures["longest_gap"] <= 5.0
        and last <= 3.0 * max(first, 1.0)
        and figures["longest_loop"] <= 4 * LOOP
        and figures["most_sounding"] <= 64
    )


def free_runs(
    brain: Brain, trial: Trial, minutes: float, temperatures: Sequence[float], manner: Manner
) -> dict[str, dict[str, float]]:
    """A long run at each temperature, begun after one prompt."""
    out, events = {}, heard(trial)
    cut, seconds = sum(event.dt for event in events), 60.0 * minutes
    band = sorted({note.instrument for note in trial.prompt})
    for t in temperatures:
        freely = replace(manner, temperature=t)
        notes = sample(brain, band, cut + seconds, freely, 0, events)
        out[f"{t:g}"] = alone(listen.excerpt(notes, cut, cut + seconds), seconds)
    return out


def judge(
    brain: Brain, corpus: Corpus, manner: Manner, split: str = "test", count: int = 200,
    seed: int = 0, minutes: float = 30.0, temperatures: Sequence[float] = (0.7, 1.0, 1.3),
    listener: Callable[[int, Trial, list[Note]], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """All of the above, as plain values for JSON. `listener` is handed every continuation."""
    kind = KINDS[brain.manifest["network"]]
    rows = trials(corpus, split, count, seed, kind)
    ours = []
    for n, trial in enumerate(tqdm(rows, desc="continuing", leave=False)):
        ours.append(continuation(brain, trial, manner, seed + n))
        if listener is not None:
            listener(n, trial, ours[-1])
    lone = free_runs(brain, rows[0], minutes, temperatures, manner) if minutes > 0 else {}
    return {
        "brain": str(brain.manifest.get("name", "")), "brain_sha256": brain.sha256,
        "split": split, "continuations": len(rows), "seed": seed,
        "temperature": manner.temperature, "minutes": minutes,
        **compare(rows, ours),
        "novelty": novelty(corpus, rows, ours, kind),
        "free_runs": {t: {**f, "healthy": healthy(f)} for t, f in lone.items()},
    }  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """The figures as lines of text."""
    lines = [f"{'':<16}{'ours':>8}{'true':>8}{'other':>8}{'overlap':>9}"]
    for name, row in result["numbers"].items():
        means = "".join(f"{row[whose]['mean']:8.2f}" for whose in WHOSE)
        lines.append(f"{name:<16}{means}{row['overlap']:9.2f}")
    lines.append("what continuations have in common with their prompts")
    for name, row in result["histograms"].items():
        shares = "".join(f"{row['likeness_to_prompt'][whose]:8.2f}" for whose in WHOSE)
        lines.append(f"{name:<16}{shares}{row['overlap']:9.2f}")
    for whose, row in result["novelty"].items():
        known = ", ".join(f"{n}: {share:.0%}" for n, share in row["known"].items())
        lines.append(f"{whose}: runs of intervals that stand in the training set: {known}")
        lines.append(f"{whose}: runs of 8 shared with another: {row['shared_with_each_other']:.0%}")
    for t, row in result["free_runs"].items():
        lines.append(
            f"alone at {t}: {'healthy' if row['healthy'] else 'NOT healthy'}; longest gap "
            f"{row['longest_gap']:.1f} s, {row['density_first_sixth']:.1f} to "
            f"{row['density_last_sixth']:.1f} notes/s, busiest second {row['busiest_second']}, "
            f"{row['most_sounding']} at once, one note {row['longest_loop']} times in a row"
        )
    return "\n".join(lines)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord judge`."""
    add = parser.add_argument
    add("--corpus", type=Path, required=True, help="the prepared corpus file")
    add_brain(parser)
    add("--split", default="test", choices=("train", "valid", "test"))
    add("--continuations", type=whole(2, 10_000), default=200)
    add("--minutes", type=number(0, 600), default=30.0, help="of each run alone; 0: none")
    add("--temperature", type=number(0, 10), help="0.95 by default; other kinds: 1 for everything")
    add("--seed", type=whole(0, 2**63 - 1), default=0)
    add("--json", type=Path, help="write the figures here")
    add("--midi", type=Path, help="folder for the continuations, each after its prompt")


def manner_of(brain: Brain, temperature: float | None) -> Manner:
    """How a brain is to play: Notochord as in the box, another kind as it was described, with one
    temperature for everything."""
    if brain.manifest["network"] == NOTOCHORD.name:
        return Manner() if temperature is None else Manner(temperature=temperature)
    return plainly(1.0 if temperature is None else temperature)


def run(args: argparse.Namespace) -> None:
    """Judge, print, write."""
    from notochord.sample import midi_bytes

    if args.json:
        check_folder(args.json)
    if args.midi:
        args.midi.mkdir(parents=True, exist_ok=True)

    def keep(n: int, trial: Trial, ours: list[Note]) -> None:
        if args.midi:
            later = [x._replace(start=x.start + PROMPT, end=x.end + PROMPT) for x in ours]
            write_whole(args.midi / f"{n:03d}.mid", midi_bytes(trial.prompt + later))

    brain = Brain.load(args.brain)
    if brain.manifest["network"] == GROOVE_TRANSFORMER.name:
        _run_grooves(brain, args)
        return
    brain.must_play_alone()
    result = judge(
        brain, Corpus(args.corpus), manner_of(brain, args.temperature), args.split,
        args.continuations, args.seed, args.minutes, listener=keep,
    )  # fmt: skip
    print(table(result))
    if args.json:
        write_whole(args.json, json.dumps(result, indent=1).encode())


def _run_grooves(brain: Any, args: argparse.Namespace) -> None:
    """The same for a brain that makes drum patterns: bars to the grooves of drummers, and 32 bars
    in a row, beside the drummers' own."""
    from notochord import groove_evaluate

    if args.midi:
        raise BrainError("a brain of drum patterns continues no pieces: leave out --midi")
    found, *_ = groove_evaluate.judge(brain, Corpus(args.corpus), args.split, args.continuations)
    print(groove_evaluate.table(found))
    if args.json:
        write_whole(args.json, json.dumps(found, indent=1).encode())
