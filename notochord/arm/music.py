"""Music for the comparison: pieces of a corpus, or, where there is none, a band written by chance.

The band plays chords of a key in four-four time: a bass, a piano, a melody and drums, each struck a
little early or late and never twice alike in loudness. It is no good music, but has what music
has: notes at once and apart, held and short, of several instruments, loud and soft.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from notochord.event import Event, Note, instrument_named

SCALE = np.array([0, 2, 4, 5, 7, 9, 11])
CHANGES = ((0, 3, 4, 0), (0, 5, 1, 4), (5, 3, 0, 4))  # chords by their place in the scale
LEADS = ("violin", "flute", "trumpet", "clarinet")
KICK, SNARE, HAT = 36, 38, 42


def _struck(
    rng: np.random.Generator, name: str, pitch: int, at: float, lasts: float, loud: int
) -> Note:
    start = max(round(at + float(rng.normal(0, 0.008)), 3), 0.0)
    velocity = int(np.clip(rng.normal(loud, 8), 1, 127))
    return Note(instrument_named(name), pitch, start, round(start + lasts, 3), velocity)


def _bar(
    rng: np.random.Generator, lead: str, key: int, degree: int, at: float, beat: float
) -> list[Note]:
    """One bar of the band."""

    def tone(step: int) -> int:
        return key + int(SCALE[(degree + step) % 7]) + 12 * ((degree + step) // 7)

    notes = [_struck(rng, "fingered bass", tone(0) - 24, at, 1.8 * beat, 85)]
    notes.append(_struck(rng, "fingered bass", tone(4) - 24, at + 2 * beat, 1.8 * beat, 80))
    for place in (0, 1.5, 2.5):
        notes += [_struck(rng, "piano", tone(s), at + place * beat, beat, 65) for s in (0, 2, 4)]
    place = 0.0
    while place < 4:
        lasts = float(rng.choice([0.5, 1.0, 1.5]))
        pitch = tone(int(rng.integers(0, 8))) + 12
        notes.append(_struck(rng, lead, pitch, at + place * beat, 0.9 * lasts * beat, 90))
        place += lasts
    drums = ((KICK, (0, 2)), (SNARE, (1, 3)), (HAT, np.arange(0, 4, 0.5)))
    for pitch, places in drums:
        notes += [_struck(rng, "drums", pitch, at + float(p) * beat, 0.1, 75) for p in places]
    return notes


def composed(seed: int, events: int) -> list[Event]:
    """So many events of a band; the same seed gives the same piece on every machine."""
    from notochord.midifile import notes_to_events, resolve_overlaps

    rng = np.random.default_rng(seed)
    key, beat = int(rng.integers(55, 67)), 60 / float(rng.uniform(80, 150))
    lead, changes = str(rng.choice(LEADS)), CHANGES[int(rng.integers(len(CHANGES)))]
    notes: list[Note] = []
    for bar in range(events // 20 + 2):
        notes += _bar(rng, lead, key, changes[bar % 4], 4 * beat * bar, beat)
    start, end = (np.array([getattr(note, edge) for note in notes]) for edge in ("start", "end"))
    named = [note.instrument for note in notes], [note.pitch for note in notes]
    keep, end = resolve_overlaps(*named, start, end)
    once = [notes[n]._replace(end=float(e)) for n, e in zip(keep, end, strict=True)]
    return notes_to_events(once)[:events]


def pieces(
    corpus: Path | None, split: str, count: int, events: int, seed: int
) -> list[list[Event]]:
    """So many pieces, the first events of each. Raises CorpusError."""
    if corpus is None:
        return [composed(seed + n, events) for n in range(count)]
    from notochord.corpus import Corpus
    from notochord.roles import piece_of

    music = Corpus(corpus)
    indices = np.random.default_rng(seed).permutation(music.indices(split))[:count]
    return [piece_of(music, int(index), events) for index in indices]
