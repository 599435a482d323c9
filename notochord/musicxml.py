"""A score of several parts as MusicXML 4.0, as notation programs read it. Plain xml.etree.

    notes in ticks ──on lines──▶ cut at bars ──▶ cut into written values, tied ──▶ <note>s

Bars are of four quarters: a network of notes counts none. A quarter of the beat in which a part's
notes begin or end on thirds is written as a triplet, any other on demisemiquavers. The key is the
major key that most notes are in, and tells how they are spelt.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree as etree
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from notochord.score import QUARTER

BAR = 4 * QUARTER
# Written values in ticks: name, and whether dotted.
VALUES = {
    96: ("whole", False), 72: ("half", True), 48: ("half", False), 36: ("quarter", True),
    24: ("quarter", False), 18: ("eighth", True), 12: ("eighth", False), 9: ("16th", True),
    6: ("16th", False), 3: ("32nd", False),
}  # fmt: skip
TRIPLETS = {16: "quarter", 8: "eighth", 4: "16th"}
STEPS = {-1: "F", 0: "C", 1: "G", 2: "D", 3: "A", 4: "E", 5: "B"}  # on the line of fifths
MAJOR = (0, 2, 4, 5, 7, 9, 11)
DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)


class Written(NamedTuple):
    """A note of a part: when it begins and ends, in ticks, and its pitch."""

    start: int
    end: int
    pitch: int


@dataclass(frozen=True)
class Part:
    """A part: its name, and its notes, one at a time, in order."""

    name: str
    notes: list[Written]


class Piece(NamedTuple):
    """One written value within a bar: when, how long, which pitch (None: a rest), and its ties."""

    start: int
    length: int
    pitch: int | None
    tied_from: bool
    tied_on: bool


def musicxml(parts: list[Part], title: str, bpm: float) -> bytes:
    """The score, with so many quarters a minute."""
    fifths = key_of([note.pitch for part in parts for note in part.notes])
    final = max((note.end for part in parts for note in part.notes), default=0)
    bars = max(-(-final // BAR), 1)
    root = Element("score-partwise", version="4.0")
    SubElement(SubElement(root, "work"), "work-title").text = title
    names = SubElement(root, "part-list")
    for n, part in enumerate(parts, 1):
        SubElement(SubElement(names, "score-part", id=f"P{n}"), "part-name").text = part.name
    for n, part in enumerate(parts, 1):
        _write_part(SubElement(root, "part", id=f"P{n}"), part, bars, fifths, bpm)
    etree.indent(root)
    body = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCTYPE}\n{body}\n'.encode()


def key_of(pitches: list[int]) -> int:
    """The major key that most of these pitches are in, as sharps (above 0) or flats (below)."""
    counts = np.bincount(np.array(pitches, dtype=np.int64) % 12, minlength=12)
    fits = {f: sum(counts[(7 * f + step) % 12] for step in MAJOR) for f in range(-6, 6)}
    return max(fits, key=lambda f: (fits[f], -abs(f)))


def spelt(pitch: int, fifths: int) -> tuple[str, int, int]:
    """A pitch as (step, alter, octave) in a key: the name nearest to it on the line of fifths."""
    place = next(p for p in range(fifths - 3, fifths + 9) if 7 * p % 12 == pitch % 12)
    alter = (place + 1) // 7
    return STEPS[place - 7 * alter], alter, (pitch - alter) // 12 - 1


def _write_part(element: Element, part: Part, bars: int, fifths: int, bpm: float) -> None:
    notes = on_lines(part.notes)
    thirds = beats_in_thirds(notes)
    low = not notes or np.median([note.pitch for note in notes]) < 60
    pieces = list(written(notes, bars * BAR, thirds))
    for bar in range(bars):
        measure = SubElement(element, "measure", number=str(bar + 1))
        if bar == 0:
            _write_attributes(measure, fifths, low, bpm)
        for piece in pieces:
            if bar * BAR <= piece.start < (bar + 1) * BAR:
                _write_note(measure, piece, fifths, piece.start // QUARTER in thirds)


def _write_attributes(measure: Element, fifths: int, low: bool, bpm: float) -> None:
    attributes = SubElement(measure, "attributes")
    SubElement(attributes, "divisions").text = str(QUARTER)
    SubElement(SubElement(attributes, "key"), "fifths").text = str(fifths)
    time, clef = SubElement(attributes, "time"), SubElement(attributes, "clef")
    SubElement(time, "beats").text, SubElement(time, "beat-type").text = "4", "4"
    sign, line = ("F", "4") if low else ("G", "2")
    SubElement(clef, "sign").text, SubElement(clef, "line").text = sign, line
    SubElement(measure, "sound", tempo=f"{bpm:g}")


def _write_note(measure: Element, piece: Piece, fifths: int, third: bool) -> None:
    note = SubElement(measure, "note")
    if piece.pitch is None:
        SubElement(note, "rest")
    else:
        step, alter, octave = spelt(piece.pitch, fifths)
        pitch = SubElement(note, "pitch")
        SubElement(pitch, "step").text = step
        if alter:
            SubElement(pitch, "alter").text = str(alter)
        SubElement(pitch, "octave").text = str(octave)
    SubElement(note, "duration").text = str(piece.length)
    ties = [kind for kind, is_tied in (("stop", piece.tied_from), ("start", piece.tied_on))
            if is_tied]  # fmt: skip
    for kind in ties:
        SubElement(note, "tie", type=kind)
    SubElement(note, "voice").text = "1"
    _write_value(note, piece, third)
    brackets = _brackets(piece) if third else []
    if ties or brackets:
        notations = SubElement(note, "notations")
        for kind in ties:
            SubElement(notations, "tied", type=kind)
        for kind in brackets:
            SubElement(notations, "tuplet", type=kind)


def _write_value(note: Element, piece: Piece, third: bool) -> None:
    name, dotted = (TRIPLETS[piece.length], False) if third else VALUES[piece.length]
    SubElement(note, "type").text = name
    if dotted:
        SubElement(note, "dot")
    if third:
        change = SubElement(note, "time-modification")
        SubElement(change, "actual-notes").text = "3"
        SubElement(change, "normal-notes").text = "2"


def _brackets(piece: Piece) -> list[str]:
    """Where a triplet begins and stops: it fills its beat."""
    begins, stops = piece.start % QUARTER == 0, (piece.start + piece.length) % QUARTER == 0
    return ["start"] * begins + ["stop"] * stops


def on_lines(notes: list[Written]) -> list[Written]:
    """Notes whose times are put on demisemiquavers or on thirds, beat by beat, whichever is nearer
    to all that begins and ends within it; one that would have no length is left out."""
    times = sorted({t for note in notes for t in (note.start, note.end)})
    grid: dict[int, int] = {}
    for beat in {t // QUARTER for t in times}:
        inside = [t for t in times if t // QUARTER == beat]
        grid[beat] = min((3, 4), key=lambda g: sum(abs(t - g * round(t / g)) for t in inside))

    def put(t: int) -> int:
        line = grid[t // QUARTER]
        return line * round(t / line)

    moved = [Written(put(note.start), put(note.end), note.pitch) for note in notes]
    return [note for note in moved if note.end > note.start]


def beats_in_thirds(notes: list[Written]) -> set[int]:
    """The beats in which something begins or ends off the demisemiquavers."""
    return {t // QUARTER for note in notes for t in (note.start, note.end) if t % 3}


def written(notes: list[Written], until: int, thirds: set[int]) -> Iterator[Piece]:
    """Every written value of a part, rests included, in order, up to a time."""
    now = 0
    for note in notes:
        yield from _cut(now, note.start, None, thirds)
        yield from _cut(note.start, note.end, note.pitch, thirds)
        now = note.end
    yield from _cut(now, until, None, thirds)


def _cut(start: int, end: int, pitch: int | None, thirds: set[int]) -> Iterator[Piece]:
    """A note or rest as values that can be written, none across a bar or into a triplet's beat."""
    edges = {start, end, *range(-(-start // BAR) * BAR, end, BAR)}
    for beat in thirds:
        edges |= {t for t in (beat * QUARTER, (beat + 1) * QUARTER) if start < t < end}
    cuts = [start]
    for a, b in pairwise(sorted(edges)):
        cuts += np.cumsum([a, *_values(b - a, a // QUARTER in thirds)])[1:].tolist()
    spans = list(pairwise(cuts))
    for n, (a, b) in enumerate(spans):
        tied = pitch is not None
        yield Piece(a, b - a, pitch, tied and n > 0, tied and n < len(spans) - 1)


def _values(length: int, third: bool) -> list[int]:
    """Written values that make up a length, the longest first."""
    values, left = [], length
    for value in TRIPLETS if third else VALUES:
        while left >= value:
            values.append(value)
            left -= value
    assert not left, f"{length} ticks cannot be written"
    return values
