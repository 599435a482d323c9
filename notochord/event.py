"""The event, the instruments it may name, and their General MIDI names.

An event is one moment of music with four sub-events, as in Notochord (Shepardson, Armitage and
Magnusson, AIMC 2022): which instrument, which pitch, how long since the event before, how hard.
Velocity 0 ends a note.

    id         instrument
    0          the start token (no instrument; never sounds)
    1..128     General MIDI programs 0..127
    129..256   drum kits: program 0..127 on the drum channel
    257..288   anonymous melodic parts: music whose instrument is not told
    289..320   anonymous drum parts
"""

from __future__ import annotations

from typing import NamedTuple

START_INSTRUMENT = 0
START_PITCH = 128
N_INSTRUMENTS = 321
N_PITCHES = 128
MAX_VELOCITY = 127
MAX_DT = 10.0  # seconds; a longer wait is heard as this long
MOMENT = 0.004  # seconds; what follows sooner is heard as at once
DRUM_CHANNEL = 9  # MIDI channel 10, counted from 0

FIRST_KIT = 129
FIRST_ANONYMOUS = 257
FIRST_ANONYMOUS_DRUM = 289
N_ANONYMOUS = 32


class Event(NamedTuple):
    """One event: instrument id, MIDI pitch 0..127, seconds since the last event, velocity 0..127.

    Velocity 0 is a note-off.
    """

    instrument: int
    pitch: int
    dt: float
    velocity: int


class Note(NamedTuple):
    """One sounding note in a piece: onset and end in seconds, pitch 0..127, velocity 1..127."""

    instrument: int
    pitch: int
    start: float
    end: float
    velocity: int


def instrument_of(program: int, drums: bool = False) -> int:
    """The instrument id of a General MIDI program 0..127, or of that program's drum kit."""
    return (FIRST_KIT if drums else 1) + program


def is_sane(event: object) -> bool:
    """Whether this is an event that can sound: whole numbers in range, a finite time."""
    if not isinstance(event, Event):
        return False
    whole = all(isinstance(x, int) for x in (event.instrument, event.pitch, event.velocity))
    return (
        whole
        and START_INSTRUMENT < event.instrument < N_INSTRUMENTS
        and 0 <= event.pitch < N_PITCHES
        and 0 <= event.velocity <= MAX_VELOCITY
        and 0 <= event.dt <= MAX_DT  # false for NaN
    )


def is_drums(instrument: int) -> bool:
    """Whether the id names a drum kit or an anonymous drum part."""
    return FIRST_KIT <= instrument < FIRST_ANONYMOUS or instrument >= FIRST_ANONYMOUS_DRUM


def is_bass(instrument: int) -> bool:
    """Whether the id names one of General MIDI's basses, acoustic to synthetic."""
    return instrument_of(32) <= instrument <= instrument_of(39)


def is_anonymous(instrument: int) -> bool:
    """Whether the id is one of the parts whose instrument is not told."""
    return instrument >= FIRST_ANONYMOUS


def program_of(instrument: int) -> int:
    """The MIDI program 0..127 that plays this instrument; anonymous parts play program 0."""
    if 1 <= instrument < FIRST_KIT:
        return instrument - 1
    if FIRST_KIT <= instrument < FIRST_ANONYMOUS:
        return instrument - FIRST_KIT
    return 0


def name_of(instrument: int) -> str:
    """A name a player knows: "violin", "drums (kit 25)", "anonymous 3"."""
    if instrument == START_INSTRUMENT:
        return "start"
    if instrument < FIRST_KIT:
        return GENERAL_MIDI[instrument - 1]
    if instrument < FIRST_ANONYMOUS:
        kit = instrument - FIRST_KIT
        return "drums" if kit == 0 else f"drums (kit {kit})"
    if instrument < FIRST_ANONYMOUS_DRUM:
        return f"anonymous {instrument - FIRST_ANONYMOUS + 1}"
    return f"anonymous drums {instrument - FIRST_ANONYMOUS_DRUM + 1}"


def instrument_named(name: str) -> int:
    """The id of an instrument given by name or by number.

    Accepts "violin", "drums", "anonymous 3", or an id 1..320. Raises ValueError with the nearest
    names when there is no such instrument.
    """
    text = name.strip().lower()
    if text.isdigit() and 1 <= int(text) < N_INSTRUMENTS:
        return int(text)
    for instrument in range(1, N_INSTRUMENTS):
        if name_of(instrument) == text:
            return instrument
    near = [known for known in GENERAL_MIDI if text and text in known][:5]
    hint = f"did you mean {', '.join(near)}?" if near else "try piano, violin, fingered bass, drums"
    raise ValueError(f"no instrument called '{name}'; {hint}")


# The sixteen families of General MIDI, eight programs each, in program order.
FAMILIES = (
    "piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass",
    "reed", "pipe", "synth lead", "synth pad", "synth effects", "ethnic", "percussive",
    "sound effects",
)  # fmt: skip

GENERAL_MIDI = (
    "piano", "bright piano", "electric grand", "honky-tonk piano", "electric piano",
    "fm electric piano", "harpsichord", "clavinet",
    "celesta", "glockenspiel", "music box", "vibraphone", "marimba", "xylophone", "tubular bells",
    "dulcimer",
    "drawbar organ", "percussive organ", "rock organ", "church organ", "reed organ", "accordion",
    "harmonica", "bandoneon",
    "nylon guitar", "steel guitar", "jazz guitar", "clean guitar", "muted guitar",
    "overdriven guitar", "distortion guitar", "guitar harmonics",
    "acoustic bass", "fingered bass", "picked bass", "fretless bass", "slap bass", "slap bass 2",
    "synth bass", "synth bass 2",
    "violin", "viola", "cello", "contrabass", "tremolo strings", "pizzicato strings", "harp",
    "timpani",
    "string ensemble", "slow strings", "synth strings", "synth strings 2", "choir aahs",
    "voice oohs", "synth voice", "orchestra hit",
    "trumpet", "trombone", "tuba", "muted trumpet", "french horn", "brass section",
    "synth brass", "synth brass 2",
    "soprano sax", "alto sax", "tenor sax", "baritone sax", "oboe", "english horn", "bassoon",
    "clarinet",
    "piccolo", "flute", "recorder", "pan flute", "blown bottle", "shakuhachi", "whistle",
    "ocarina",
    "square lead", "saw lead", "calliope lead", "chiff lead", "charang lead", "voice lead",
    "fifths lead", "bass and lead",
    "new age pad", "warm pad", "polysynth pad", "choir pad", "bowed pad", "metallic pad",
    "halo pad", "sweep pad",
    "rain", "soundtrack", "crystal", "atmosphere", "brightness", "goblins", "echoes", "sci-fi",
    "sitar", "banjo", "shamisen", "koto", "kalimba", "bagpipe", "fiddle", "shanai",
    "tinkle bell", "agogo", "steel drums", "woodblock", "taiko", "melodic tom", "synth drum",
    "reverse cymbal",
    "guitar fret noise", "breath noise", "seashore", "bird tweet", "telephone", "helicopter",
    "applause", "gunshot",
)  # fmt: skip
