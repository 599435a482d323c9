"""MIDI files to notes and events, and back.

A file is read per track: orchestra files have more tracks than MIDI has channels. A part is one
track's notes on one channel under one program. The tempo map is honoured, the sustain pedal is
folded into the durations, and notes left hanging are ended.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import mido
import numpy as np
from mido.midifiles import meta

from notochord.event import (
    DRUM_CHANNEL,
    FIRST_ANONYMOUS,
    FIRST_ANONYMOUS_DRUM,
    MAX_DT,
    MOMENT,
    N_ANONYMOUS,
    Event,
    Note,
    instrument_of,
    is_anonymous,
    is_drums,
    program_of,
)

TICKS_PER_BEAT = 1000  # at the default 120 bpm one tick is half a millisecond
TICKS_PER_SECOND = 2 * TICKS_PER_BEAT
LONGEST_HANGING = 10.0  # seconds a note without its note-off is let sound
SHORTEST = 0.001  # seconds; a note must end after it starts
SMPTE = 0x8000  # this bit of a file's division says that its ticks are parts of a film's frames

Tempi = list[tuple[float, float]]  # from when on, in seconds, and seconds a quarter note


class KeySignature(meta.MetaSpec):
    """A key signature, ignored: some files hold impossible ones, and none changes a note."""

    type = "key_signature"
    type_byte = 0x59
    attributes = ["key"]
    defaults = ["C"]

    def decode(self, message, data):
        """Any data is well."""
        message.key = "C"

    def encode(self, message):
        """No sharps or flats, major."""
        return [0, 0]


meta.add_meta_spec(KeySignature)


class MidiFileError(ValueError):
    """The file cannot be read as MIDI; the message says why, in one line."""


@dataclass
class Part:
    """One instrument's notes, in file order: seconds, pitches 0..127, velocities 1..127."""

    program: int | None  # 0..127, or None where the file names no program
    drums: bool
    name: str = ""
    start: list[float] = field(default_factory=list)
    end: list[float] = field(default_factory=list)
    pitch: list[int] = field(default_factory=list)
    velocity: list[int] = field(default_factory=list)


def _open(path: str | Path) -> mido.MidiFile:
    try:
        return mido.MidiFile(str(path), clip=True)
    except FileNotFoundError as error:
        raise MidiFileError(f"{path}: no such file") from error
    except (OSError, EOFError, ValueError, LookupError, TypeError) as error:
        reason = str(error) or "it ends too early"
        raise MidiFileError(f"{path}: not a readable MIDI file ({reason})") from error


def read_parts(path: str | Path) -> list[Part]:
    """Every part of a MIDI file that has notes, in track order.

    Raises MidiFileError when the file is missing, cut short, not MIDI, or holds no note.
    """
    return read_parts_and_tempi(path)[0]


def read_parts_and_tempi(path: str | Path) -> tuple[list[Part], Tempi]:
    """Every part of a MIDI file that has notes, and its tempi: from when on (seconds) how long a
    quarter note lasts (seconds). A file in SMPTE time has no quarter notes, and no tempi.

    Raises MidiFileError as `read_parts` does.
    """
    midi = _open(path)
    seconds = _tempo_map(midi)
    programs, pedals = _shared_controls(midi)
    parts = [p for track in midi.tracks for p in _track_parts(track, seconds, programs, pedals)]
    if not parts:
        raise MidiFileError(f"{path}: the file holds no note")
    if midi.ticks_per_beat & SMPTE:
        return parts, []
    changes = _tempo_changes(midi)
    return parts, [(float(seconds(tick)), changes[tick] / 1e6) for tick in sorted(changes)]


def _tempo_changes(midi: mido.MidiFile) -> dict[int, int]:
    """Microseconds a quarter note, by the absolute tick from which on."""
    changes = {0: 500_000}
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                changes[tick] = message.tempo
    return changes


def _tempo_map(midi: mido.MidiFile):
    """A function from absolute ticks to seconds, over every tempo change in the file."""
    division = midi.ticks_per_beat
    if division & SMPTE:  # frames a second (negative, high byte) times ticks a frame
        rate = (256 - (division >> 8 & 0xFF)) * (division & 0xFF)
        return lambda ticks: np.asarray(ticks, dtype=float) / max(rate, 1)
    changes = _tempo_changes(midi)
    ticks = np.array(sorted(changes), dtype=float)
    per_tick = np.array([changes[t] for t in sorted(changes)]) / 1e6 / max(division, 1)
    at = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * per_tick[:-1])])

    def seconds(tick):
        i = np.searchsorted(ticks, tick, side="right") - 1
        return at[i] + (np.asarray(tick, dtype=float) - ticks[i]) * per_tick[i]

    return seconds


def _shared_controls(midi: mido.MidiFile):
    """Programs and pedals by channel, from tracks that set them but play no note there."""
    programs: dict[int, int] = {}
    pedals: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    for track in midi.tracks:
        tick, found, sounding = 0, [], set()
        for message in track:
            tick += message.time
            if message.type == "note_on":
                sounding.add(message.channel)
            elif message.type == "program_change":
                programs.setdefault(message.channel, message.program)
            elif message.type == "control_change" and message.control == 64:
                found.append((message.channel, tick, message.value >= 64))
        for channel, at, down in found:
            if channel not in sounding:
                pedals[channel].append((at, down))
    return programs, pedals


class _TrackReader:
    """Collects one track's notes by channel and program, and folds the pedal in at the end."""

    def __init__(self, programs: dict[int, int]) -> None:
        self.program: dict[int, int | None] = dict(programs)
        self.named: set[int] = set()  # channels whose program this track sets itself
        self.open: dict[tuple[int, int], list[list]] = defaultdict(list)
        self.notes: dict[tuple[int, int | None], list[list]] = defaultdict(list)
        self.pedals: dict[int, list[tuple[int, bool]]] = defaultdict(list)
        self.name = ""

    def read(self, track: mido.MidiTrack) -> int:
        """Take in every message; returns the track's length in ticks."""
        tick = 0
        for message in track:
            tick += message.time
            kind = message.type
            if kind == "note_on" and message.velocity > 0:
                note = [tick, None, message.note, message.velocity]
                channel = message.channel
                self.open[channel, message.note].append(note)
                self.notes[channel, self.program.get(channel)].append(note)
            elif kind in ("note_off", "note_on"):
                waiting = self.open[message.channel, message.note]
                if waiting:  # first on, first off
                    waiting.pop(0)[1] = tick
            elif kind == "program_change":
                self.program[message.channel] = message.program
            elif kind == "control_change" and message.control == 64:
                self.pedals[message.channel].append((tick, message.value >= 64))
            elif kind == "track_name":
                self.name = message.name
        return tick


def _track_parts(track, seconds, programs, shared_pedals) -> list[Part]:
    reader = _TrackReader(programs)
    length = reader.read(track)
    parts = []
    for (channel, program), notes in reader.notes.items():
        on, off, pitch, velocity = zip(*notes, strict=True)
        start = seconds(np.array(on))
        hanging = np.array([end is None for end in off])
        end = seconds(np.array([length if e is None else e for e in off]))
        end = np.where(hanging, np.minimum(end, start + LONGEST_HANGING), end)
        pedal = reader.pedals.get(channel) or shared_pedals.get(channel)
        if pedal and channel != DRUM_CHANNEL:
            end = _sustain(end, pedal, seconds, float(seconds(length)))
        end = np.maximum(end, start + SHORTEST)
        part = Part(program, channel == DRUM_CHANNEL, reader.name)
        part.start, part.end = start.tolist(), end.tolist()
        part.pitch, part.velocity = list(pitch), list(velocity)
        parts.append(part)
    return parts


def _sustain(end: np.ndarray, pedal, seconds, last: float) -> np.ndarray:
    """Ends moved to the moment the pedal comes up, for notes let go while it was down."""
    at = seconds(np.array([tick for tick, _ in pedal]))
    down = np.array([is_down for _, is_down in pedal])
    # For each pedal message: when the pedal is next up, at or after it.
    up_at = np.where(down, np.inf, at)
    next_up = np.minimum.accumulate(up_at[::-1])[::-1]
    i = np.searchsorted(at, end, side="right") - 1
    held = (i >= 0) & down[np.maximum(i, 0)]
    return np.where(held, np.maximum(end, np.minimum(next_up[np.maximum(i, 0)], last)), end)


def part_instruments(parts: list[Part]) -> list[int]:
    """An instrument id for each part: its program or kit, or the next free anonymous part."""
    ids, melodic, drum = [], 0, 0
    for part in parts:
        if part.program is not None:
            ids.append(instrument_of(part.program, part.drums))
        elif part.drums:
            ids.append(FIRST_ANONYMOUS_DRUM + drum % N_ANONYMOUS)
            drum += 1
        else:
            ids.append(FIRST_ANONYMOUS + melodic % N_ANONYMOUS)
            melodic += 1
    return ids


def read_notes(path: str | Path) -> list[Note]:
    """Every note of a MIDI file in order of onset, overlaps of one pitch resolved."""
    parts = read_parts(path)
    columns = []
    for instrument, part in zip(part_instruments(parts), parts, strict=True):
        rows = zip(part.pitch, part.start, part.end, part.velocity, strict=True)
        columns += [(instrument, *row) for row in rows]
    table = np.array(columns, dtype=float)
    order, ends = resolve_overlaps(table[:, 0], table[:, 1], table[:, 2], table[:, 3])
    notes = [
        Note(int(i), int(p), float(s), float(e), int(v))
        for (i, p, s, _, v), e in zip(table[order], ends, strict=True)
    ]
    return sorted(notes, key=lambda note: (note.start, note.instrument, note.pitch))


def resolve_overlaps(instrument, pitch, start, end) -> tuple[np.ndarray, np.ndarray]:
    """Make every pitch of every instrument sound once at a time.

    A note that starts while the same pitch of the same instrument sounds ends the earlier one;
    of several that start together the longest stays. Returns the indices of the notes that stay
    and their ends, in the units that came in (arrays of one length, any order).
    """
    key = np.asarray(instrument, dtype=np.int64) * 128 + np.asarray(pitch, dtype=np.int64)
    order = np.lexsort((-end, start, key))
    k, s, e = key[order], start[order], end[order]
    double = np.zeros(len(order), dtype=bool)
    double[1:] = (k[1:] == k[:-1]) & (s[1:] == s[:-1])
    order, k, s, e = order[~double], k[~double], s[~double], e[~double].copy()
    same = k[1:] == k[:-1]
    e[:-1] = np.where(same, np.minimum(e[:-1], s[1:]), e[:-1])
    return order, e


def of_one_moment(time: np.ndarray) -> np.ndarray:
    """Ascending times (seconds), each that follows the one before in less than MOMENT put where
    the first of them is: a chord's notes, and a drum's end one tick after its beginning."""
    begins = np.diff(time, prepend=-np.inf) >= MOMENT
    return time[np.maximum.accumulate(np.where(begins, np.arange(len(time)), 0))]


def notes_to_events(notes: list[Note]) -> list[Event]:
    """Notes as events in time order; at one moment the note-offs come before the note-ons. What
    follows within a few milliseconds is of one moment too (`MOMENT`)."""
    moments = []
    for note in notes:
        moments.append((note.start, 1, note.instrument, note.pitch, note.velocity))
        moments.append((note.end, 0, note.instrument, note.pitch, 0))
    moments.sort()
    events, times = [], np.array([moment[0] for moment in moments])
    waits = np.diff(of_one_moment(times), prepend=times[:1]).tolist()
    for dt, (_, _, instrument, pitch, velocity) in zip(waits, moments, strict=True):
        events.append(Event(instrument, pitch, min(dt, MAX_DT), velocity))
    return events


def events_to_notes(events: list[Event]) -> list[Note]:
    """Events as notes; a note that never ends is ended with the last event."""
    now, notes = 0.0, []
    open_notes: dict[tuple[int, int], tuple[float, int]] = {}
    for event in events:
        now += event.dt
        key = event.instrument, event.pitch
        if key in open_notes:
            start, velocity = open_notes.pop(key)
            notes.append(Note(*key, start, max(now, start + SHORTEST), velocity))
        if event.velocity > 0:
            open_notes[key] = now, event.velocity
    for key, (start, velocity) in open_notes.items():
        notes.append(Note(*key, start, max(now, start + SHORTEST), velocity))
    return sorted(notes, key=lambda note: (note.start, note.instrument, note.pitch))


def midi_file(notes: list[Note]) -> mido.MidiFile:
    """Notes as a MIDI file with one track an instrument (anonymous parts get no program)."""
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    channels = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    melodic = 0
    for instrument in sorted({note.instrument for note in notes}):
        if is_drums(instrument):
            channel = DRUM_CHANNEL
        else:
            channel, melodic = channels[melodic % len(channels)], melodic + 1
        mine = [note for note in notes if note.instrument == instrument]
        midi.tracks.append(_track(mine, instrument, channel))
    return midi


def _track(notes: list[Note], instrument: int, channel: int) -> mido.MidiTrack:
    track, moments = mido.MidiTrack(), []
    if not is_anonymous(instrument):
        program = program_of(instrument)
        track.append(mido.Message("program_change", channel=channel, program=program))
    for note in notes:
        on, off = (round(t * TICKS_PER_SECOND) for t in (note.start, note.end))
        moments.append((on, 1, note.pitch, note.velocity))
        moments.append((max(off, on + 1), 0, note.pitch, 0))
    now = 0
    for tick, is_on, pitch, velocity in sorted(moments):
        kind = "note_on" if is_on else "note_off"
        track.append(
            mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - now)
        )
        now = tick
    return track


def read_messages(path: str | Path) -> list[tuple[float, int, tuple[int, ...]]]:
    """A file's channel messages as they would be played: seconds, track number, bytes.

    A program that one track sets for another's channel is repeated on the track that plays there.
    Raises MidiFileError as `read_parts` does.
    """
    midi = _open(path)
    seconds = _tempo_map(midi)
    programs, _ = _shared_controls(midi)
    timed = []
    for number, track in enumerate(midi.tracks):
        tick, channels, named = 0, set(), set()
        for message in track:
            tick += message.time
            if message.is_meta or message.type in ("sysex", "end_of_track"):
                continue
            if not hasattr(message, "channel"):
                continue
            timed.append((float(seconds(tick)), number, tuple(message.bytes())))
            channels.add(message.channel)
            if message.type == "program_change":
                named.add(message.channel)
        timed += [
            (-1.0, number, (0xC0 | c, programs[c])) for c in channels - named if c in programs
        ]
    if not any(data[0] & 0xF0 == 0x90 and data[2] for _, _, data in timed):
        raise MidiFileError(f"{path}: the file holds no note")
    timed.sort(key=lambda item: item[0])
    return [(max(at, 0.0), number, data) for at, number, data in timed]


def messages_file(timed: list[tuple[float, tuple[int, ...]]]) -> mido.MidiFile:
    """Messages that were sent, with their times in seconds, as a file: one track a channel."""
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    for channel in sorted({data[0] & 0xF for _, data in timed}):
        track, now = mido.MidiTrack(), 0
        for at, data in timed:
            if data[0] & 0xF == channel:
                tick = round(at * TICKS_PER_SECOND)
                track.append(mido.Message.from_bytes(data, time=max(tick - now, 0)))
                now = max(tick, now)
        midi.tracks.append(track)
    return midi
