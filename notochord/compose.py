"""`notochord score`: a brain in score time composes, as MIDI and MusicXML, and is measured by it.

Notes are drawn as the network foresees them, dT, then T, then P; never the same pitch twice in a
chord, and no more at once than there are voices. A piece begins with nothing, or with the first
notes of one that the network never heard, and ends with the first whole chord once it is long
enough, held to the end of its bar. Its notes are given to four voices chord by chord.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from notochord.brain import Brain, BrainError
from notochord.corpus import SPLITS, Corpus
from notochord.draw import choose
from notochord.event import N_PITCHES, Note, instrument_named
from notochord.musicxml import BAR, Part, Written, musicxml
from notochord.options import add_brain, number, whole
from notochord.sample import midi_bytes
from notochord.score import LENGTHS, QUARTER, WAITS, ScoreNote, in_ticks
from notochord.score_brain import ScoreBrain
from notochord.score_sampler import ScoreNetwork, softened
from notochord.voice_leading import MIDDLES, VOICES, sung_by
from notochord.wholefile import check_folder, write_whole

CHORD = 3  # notes of a whole chord, at least
LONGER = 32  # quarters for which a piece may look for its last chord
SINGERS = ("contrabass", "cello", "viola", "violin")  # bass to soprano
VELOCITY = 76


@dataclass(frozen=True)
class Manner:
    """How freely each feature is drawn, and how long a piece is, in quarters."""

    temperature: float = 0.95
    rhythm: float = 0.7
    length: float = 0.8
    top_p: float = 0.9
    quarters: float = 64


class Voiced(NamedTuple):
    """A note of one voice, in ticks."""

    start: int
    end: int
    pitch: int


def compose(
    network: ScoreNetwork, rng: np.random.Generator, manner: Manner, begun: np.ndarray
) -> np.ndarray:
    """A score (notes, 3) that begins with `begun`, and is the network's from there."""
    memory, now = network.start(), 0
    score: list[ScoreNote] = []
    ends: list[int] = []  # in ticks, of what sounds
    chord: set[int] = set()
    for row in begun.tolist():
        note = ScoreNote(*row)
        memory, now, ends, chord = _after(network, memory, note, now, ends, chord)
        score.append(note)
    enough = manner.quarters * QUARTER
    while True:
        note = _drawn(network, memory, rng, manner, now, ends, chord)
        over = now >= enough and note.wait and (len(chord) >= CHORD or now > enough + LONGER * 24)
        if over:
            return np.array(score)
        memory, now, ends, chord = _after(network, memory, note, now, ends, chord)
        score.append(note)


def _drawn(
    network: ScoreNetwork, memory: object, rng: np.random.Generator, manner: Manner, now: int,
    ends: list[int], chord: set[int],
) -> ScoreNote:  # fmt: skip
    u = rng.random(3)
    soonest = min(ends) - now if len(ends) >= len(VOICES) else 0
    waits = softened(network.waits(memory), manner.rhythm, np.array(WAITS) >= soonest)
    wait = choose(waits, 1.0, u[0])
    every = np.ones(len(LENGTHS), dtype=bool)
    length = choose(softened(network.lengths(memory, wait), manner.length, every), 1.0, u[1])
    free = np.ones(N_PITCHES, dtype=bool)
    if not wait:
        free[list(chord)] = False
    pitches = softened(network.pitches(memory, wait, length), manner.temperature, free)
    return ScoreNote(wait, length, choose(pitches, manner.top_p, u[2]))


def _after(
    network: ScoreNetwork, memory: object, note: ScoreNote, now: int, ends: list[int],
    chord: set[int],
) -> tuple[object, int, list[int], set[int]]:  # fmt: skip
    now += WAITS[note.wait]
    ends = [end for end in ends if end > now] + [now + LENGTHS[note.length]]
    chord = {note.pitch} if note.wait else chord | {note.pitch}
    return network.fed(memory, note), now, ends, chord


def voiced(score: np.ndarray) -> list[list[Voiced]]:
    """The notes of each voice, bass to soprano, one at a time; the last chord is held to the end
    of its bar, and what a voice holds ends where it sings again."""
    onsets, lengths = in_ticks(score)
    voices: list[list[Voiced]] = [[] for _ in VOICES]
    last = list(MIDDLES)
    for onset in np.unique(onsets).tolist():
        here = onsets == onset
        notes = sorted(zip(score[here, 2].tolist(), lengths[here].tolist(), strict=True))
        free = [v for v, sung in enumerate(voices) if not sung or sung[-1].end <= onset]
        for v in reversed(range(len(VOICES))):  # a piece of another hand may have more voices
            if len(free) < min(len(notes), len(VOICES)) and v not in free:
                free = sorted([*free, v])
                voices[v][-1] = voices[v][-1]._replace(end=onset)
        singers = sung_by(free, [pitch for pitch, _ in notes], last)
        for v, (pitch, length) in zip(singers, notes, strict=False):
            voices[v].append(Voiced(onset, onset + length, pitch))
            last[v] = pitch
    return [_held_out(voice, int(onsets[-1])) for voice in voices]


def _held_out(voice: list[Voiced], final: int) -> list[Voiced]:
    """A voice whose last note is held to the end of the bar of the last chord."""
    voice = [note for note in voice if note.end > note.start]
    ends = (final // BAR + 1) * BAR
    if voice and voice[-1].end >= final:
        voice[-1] = voice[-1]._replace(end=ends)
    return [note._replace(end=min(note.end, ends)) for note in voice]


def as_notes(voices: list[list[Voiced]], bpm: float) -> list[Note]:
    """The voices as notes in seconds, each with an instrument of its own."""
    tick = 60 / bpm / QUARTER
    notes = [
        Note(instrument_named(singer), each.pitch, each.start * tick, each.end * tick, VELOCITY)
        for singer, voice in zip(SINGERS, voices, strict=True) for each in voice
    ]  # fmt: skip
    return sorted(notes, key=lambda note: (note.start, note.pitch))


def as_parts(voices: list[list[Voiced]]) -> list[Part]:
    """The voices as parts of a written score, soprano first."""
    return [
        Part(name, [Written(*each) for each in voice])
        for name, voice in reversed(list(zip(VOICES, voices, strict=True)))
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord score`."""
    add_brain(parser)
    add, manner = parser.add_argument, Manner()
    add("--out", type=Path, required=True, help="folder for 000.mid, 000.musicxml and so on")
    add("--pieces", type=whole(1, 1000), default=4)
    add("--quarters", type=number(1, 4096), default=manner.quarters, help="of each, at least")
    add("--seed", type=whole(0, 2**31), default=0)
    add("--bpm", type=number(20, 300), default=90.0)
    add("--temperature", type=number(0.1, 2), default=manner.temperature, help="of the pitch")
    add("--rhythm-temperature", type=number(0.1, 2), default=manner.rhythm, help="of dT")
    add("--length-temperature", type=number(0.1, 2), default=manner.length, help="of T")
    add("--top-p", type=number(0.1, 1), default=manner.top_p, help="of the pitch")
    add("--corpus", type=Path, help="the prepared corpus file: begin as its pieces do, and measure")
    add("--sources", default="js_fakes,openhymnal", help="whose pieces, with commas")
    add("--split", default="valid", choices=SPLITS, help="of which split")
    add("--begin-with", type=whole(0, 512), default=0, help="so many notes of a piece")
    add("--json", type=Path, help="write the figures here")


def run(args: argparse.Namespace) -> None:
    """Compose, write, measure."""
    if args.json:
        check_folder(args.json)
    if args.corpus is None and (args.begin_with or args.json):
        raise BrainError("--begin-with and --json need a --corpus; name the prepared corpus file")
    brain = Brain.load(args.brain)
    if not isinstance(brain, ScoreBrain):
        raise brain._cannot("write a score")
    pieces, composed = _pieces(brain, args)
    for n, score in enumerate(pieces):
        voices = voiced(score)
        write_whole(args.out / f"{n:03d}.mid", midi_bytes(as_notes(voices, args.bpm)))
        xml = musicxml(as_parts(voices), f"Piece {n + 1}", args.bpm)
        write_whole(args.out / f"{n:03d}.musicxml", xml)
    print(f"{args.out}: {len(pieces)} pieces, {sum(map(len, pieces)):,} notes")
    if args.corpus:
        from notochord.score_measures import measure, table

        sources = tuple(args.sources.split(","))
        found = measure(composed, Corpus(args.corpus), args.split, sources)
        print(table(found))
        if args.json:
            about = {"brain": brain.manifest.get("name", ""), "brain_sha256": brain.sha256}
            write_whole(args.json, json.dumps({**about, **found}, indent=1).encode())


def _pieces(
    brain: ScoreBrain, args: argparse.Namespace
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The pieces, and what of each is the network's own."""
    manner = Manner(
        args.temperature, args.rhythm_temperature, args.length_temperature, args.top_p,
        args.quarters,
    )  # fmt: skip
    beginnings = [np.zeros((0, 3), dtype=np.int64)] * args.pieces
    if args.begin_with:
        from notochord.score_measures import reference

        sources = tuple(args.sources.split(","))
        known = reference(Corpus(args.corpus), args.split, sources, args.pieces)
        beginnings = [known[n % len(known)][: args.begin_with] for n in range(args.pieces)]
    args.out.mkdir(parents=True, exist_ok=True)
    pieces, composed = [], []
    for n, begun in enumerate(tqdm(beginnings, unit=" pieces", leave=False)):
        with brain._torch.inference_mode():
            score = compose(brain.network, np.random.default_rng([args.seed, n]), manner, begun)
        pieces.append(score)
        composed.append(score[len(begun) :])
    return pieces, composed
