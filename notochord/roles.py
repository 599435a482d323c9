"""Do the roles work? The harmoniser and the chooser of pitches, on music the brain never heard.

    harmonise   In chorales and hymns, wherever three or more notes begin together, the highest is
                the key that a player presses. How far up the brain's list do the true other
                voices stand, among all pitches that the mode would allow? And which share of the
                voices that it adds lies in the key of the last ten seconds?
    autopitch   For notes of every source, given instrument, time and velocity: how far up stands
                the true pitch among all 128?

Beside the brain stand the rules that need no network: for harmony the notes of the simplest chord
on the local scale that holds the key, for pitches how often each was played lately, and chance.
A rank is told as a share: 0 for the first of the list, 1 for the last.
"""

from __future__ import annotations

import argparse
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from notochord.ask import N_UNIFORMS, Ask, Temperatures, pitch_range
from notochord.batches import plain_instruments
from notochord.brain import Brain
from notochord.corpus import Corpus, CorpusError, piece_events
from notochord.event import Event, is_drums
from notochord.listen import DIATONIC
from notochord.options import add_brain, whole
from notochord.wholefile import check_folder, write_whole

CHORAL = ("js_fakes", "openhymnal")  # sources in which voices move together
BELOW, ABOVE = 24, 12  # semitones from the key in which a voice may lie, as in the mode
LATELY = 10.0  # seconds that tell the local key
FEWEST = 8  # notes that must have sounded before anything is judged
VOICES = 2  # added to each key, as in the mode
TEMPERATURE, TOP_P = 0.8, 0.9  # as the player's knobs stand at first


@dataclass
class Lately:
    """The notes of the last ten seconds: what key they are in, how often each pitch came."""

    notes: deque[tuple[float, int]] = field(default_factory=deque)
    now: float = 0.0

    def take(self, event: Event) -> None:
        """Note an event."""
        self.now += event.dt
        if event.velocity > 0 and not is_drums(event.instrument):
            self.notes.append((self.now, event.pitch))
        while self.notes and self.notes[0][0] < self.now - LATELY:
            self.notes.popleft()

    def counts(self) -> np.ndarray:
        """How often each pitch was struck: (128,)."""
        return np.bincount([pitch for _, pitch in self.notes], minlength=128)

    def scale(self) -> np.ndarray:
        """The pitch classes of the major scale (or its modes) that fits best: (12,) of bool."""
        classes = np.bincount([pitch % 12 for _, pitch in self.notes], minlength=12)
        return max((np.roll(DIATONIC, k) for k in range(12)), key=lambda s: int(classes[s].sum()))


def chord_rule(scale: np.ndarray, key: int) -> np.ndarray:
    """What a rule would add to a key: notes of the triad built on the scale below it come first,
    then the other notes of the scale, nearest to the key first: a score for each pitch, (128,)."""
    degrees = [pc for pc in range(12) if scale[pc]]
    here = key % 12
    if here in degrees:
        at = degrees.index(here)
        triad = {degrees[(at + step) % 7] for step in (2, 4)}
    else:
        triad = {(here + 4) % 12, (here + 7) % 12}
    pitches = np.arange(128)
    in_triad = np.isin(pitches % 12, sorted(triad))
    return 4.0 * in_triad + 2.0 * scale[pitches % 12] - np.abs(pitches - key) / 100


def rank(scores: np.ndarray, allowed: np.ndarray, true: int, rng: np.random.Generator) -> float:
    """Where the true pitch stands among those allowed: 0 first, 1 last; ties fall by chance."""
    others = scores[allowed & (np.arange(128) != true)]
    if not len(others):
        return 0.0
    above = (others > scores[true]).sum() + rng.integers((others == scores[true]).sum() + 1)
    return float(above / len(others))


def piece_of(corpus: Corpus, index: int, most: int) -> list[Event]:
    """The first events of a piece as it stands."""
    piece = corpus.piece(index)
    e = piece_events(piece, plain_instruments(piece)).slice(0, most)
    rows = zip(e.instrument, e.pitch, e.dt, e.velocity, strict=True)
    return [Event(int(i), int(p), float(t), int(v)) for i, p, t, v in rows]


def chords(events: list[Event]) -> Iterator[tuple[int, list[Event]]]:
    """Each place where three or more melodic notes begin together, and those notes."""
    at = 0
    while at < len(events):
        end = at + 1
        while end < len(events) and events[end].dt == 0.0:
            end += 1
        struck = [e for e in events[at:end] if e.velocity > 0 and not is_drums(e.instrument)]
        if len(struck) >= 3:
            yield next(n for n in range(at, end) if events[n].velocity > 0), struck
        at = end


@dataclass
class Harmony:
    """What was found of the harmoniser: ranks by whose list, and shares in the local key."""

    ranks: dict[str, list[float]] = field(
        default_factory=lambda: {"brain": [], "rule": [], "chance": []}
    )
    in_key: dict[str, list[float]] = field(
        default_factory=lambda: {"brain": [], "true": [], "chance": []}
    )


def harmonise(brain: Brain, events: list[Event], found: Harmony, rng: np.random.Generator) -> None:
    """Judge the harmoniser on one piece."""
    state, lately = brain.start(), Lately()
    places = dict(chords(events))
    for n, event in enumerate(events):
        if n in places and len(lately.notes) >= FEWEST:
            _judge_chord(brain, state, event.dt, places[n], lately, found, rng)
        state = brain.tell(state, event)
        lately.take(event)


def _judge_chord(
    brain: Brain, state: Any, dt: float, struck: list[Event], lately: Lately, found: Harmony,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    key = max(struck, key=lambda e: e.pitch)._replace(dt=dt)
    others = {e.pitch for e in struck if e.pitch != key.pitch}
    scale, pitches = lately.scale(), np.arange(128)
    near = (pitches >= key.pitch - BELOW) & (pitches <= key.pitch + ABOVE) & (pitches != key.pitch)
    after = brain.tell(state, key)
    asked = key._replace(dt=0.0)
    lists = {
        "brain": np.array(brain.pitch_log_probs(after, asked)),
        "rule": chord_rule(scale, key.pitch), "chance": np.zeros(128),
    }  # fmt: skip
    for pitch in others:
        if near[pitch]:
            for whose, scores in lists.items():
                found.ranks[whose].append(rank(scores, near, pitch, rng))
            found.in_key["true"].append(float(scale[pitch % 12]))
    found.in_key["chance"].append(float(scale[pitches[near] % 12].mean()))
    bits = pitch_range(key.pitch - BELOW, key.pitch + ABOVE) & ~(1 << key.pitch)
    for _ in range(VOICES):
        ask = Ask(
            "p", instrument=key.instrument, dt=0.0, velocity=key.velocity,
            on={key.instrument: bits}, temperature=Temperatures(pitch=TEMPERATURE), top_p=TOP_P,
        )  # fmt: skip
        voice = brain.ask(after, ask, rng.random(N_UNIFORMS).tolist())
        if voice is None:
            return
        found.in_key["brain"].append(float(scale[voice.pitch % 12]))
        bits &= ~(1 << voice.pitch)
        after = brain.tell(after, voice)


def autopitch(
    brain: Brain, events: list[Event], ranks: dict[str, list[float]], rng: np.random.Generator
) -> None:
    """Judge the choice of pitches on one piece."""
    state, lately, every = brain.start(), Lately(), np.ones(128, dtype=bool)
    for event in events:
        melodic = event.velocity > 0 and not is_drums(event.instrument)
        if melodic and len(lately.notes) >= FEWEST:
            lists = {
                "brain": np.array(brain.pitch_log_probs(state, event)),
                "lately": lately.counts().astype(float), "chance": np.zeros(128),
            }  # fmt: skip
            for whose, scores in lists.items():
                ranks[whose].append(rank(scores, every, event.pitch, rng))
        state = brain.tell(state, event)
        lately.take(event)


def _figures(ranks: list[float]) -> dict[str, float]:
    values = np.array(ranks)
    return {
        "median": float(np.median(values)), "mean": float(values.mean()),
        "first": float((values == 0).mean()), "count": len(values),
    }  # fmt: skip


def roles(
    brain: Brain, corpus: Corpus, split: str = "test", pieces: int = 40, most: int = 400,
    seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Both roles on so many pieces each, the first `most` events of every one."""
    rng = np.random.default_rng(seed)
    indices = rng.permutation(corpus.indices(split)).tolist()
    choral = [i for i in indices if str(corpus.sources[i]) in CHORAL] or indices
    harmony, ranks = Harmony(), {"brain": [], "lately": [], "chance": []}  # type: ignore[var-annotated]
    for index in tqdm(choral[:pieces], desc="harmonising", leave=False):
        harmonise(brain, piece_of(corpus, index, most), harmony, rng)
    for index in tqdm(indices[:pieces], desc="choosing pitches", leave=False):
        autopitch(brain, piece_of(corpus, index, most), ranks, rng)
    if not harmony.ranks["brain"] or not ranks["brain"]:
        raise CorpusError(f"split '{split}' has no chords to judge by; name another")
    return {
        "brain": str(brain.manifest.get("name", "")), "brain_sha256": brain.sha256,
        "split": split, "pieces": pieces, "seed": seed,
        "harmonise": {
            "rank": {whose: _figures(values) for whose, values in harmony.ranks.items()},
            "in_key": {whose: float(np.mean(v)) for whose, v in harmony.in_key.items()},
        },
        "autopitch": {"rank": {whose: _figures(values) for whose, values in ranks.items()}},
    }  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """The figures as lines of text."""
    lines = []
    for role in ("harmonise", "autopitch"):
        lines.append(f"{role:<12}{'median rank':>12}{'mean rank':>11}{'first':>8}")
        for whose, row in result[role]["rank"].items():
            lines.append(
                f"  {whose:<10}{row['median']:12.3f}{row['mean']:11.3f}{row['first']:8.2f}"
            )
    shares = ", ".join(f"{w} {s:.2f}" for w, s in result["harmonise"]["in_key"].items())
    return "\n".join([*lines, f"share of added voices in the local key: {shares}"])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord roles`."""
    add = parser.add_argument
    add("--corpus", type=Path, required=True, help="the prepared corpus file")
    add_brain(parser)
    add("--split", default="test", choices=("train", "valid", "test"))
    add("--pieces", type=whole(1, 10_000), default=40, help="for each role")
    add("--seed", type=whole(0, 2**63 - 1), default=0)
    add("--json", type=Path, help="write the figures here")


def run(args: argparse.Namespace) -> None:
    """Judge, print, write."""
    if args.json:
        check_folder(args.json)
    brain, corpus = Brain.load(args.brain), Corpus(args.corpus)
    result = roles(brain, corpus, args.split, args.pieces, seed=args.seed)
    print(table(result))
    if args.json:
        write_whole(args.json, json.dumps(result, indent=1).encode())
