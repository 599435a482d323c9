"""The corpus in one compact file: prepared once from MIDI files, read whole into memory.

The file is a compressed numpy archive of four tables, each a set of columns:

    pieces   path, source, split (train, valid, test), tier, licence, number of parts, of tempi
    parts    program (-1: none named), drums, number of notes
    notes    onset (ms after the part's note before), duration (ms), pitch, velocity
    tempi    from when on (ms), how long a quarter note lasts (ms)

A file from before tempi were kept has none; whoever needs score time says so.

Notes are stored part by part in order of onset, which is what makes the file small.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from notochord.event import MAX_DT
from notochord.midifile import (
    MidiFileError,
    Part,
    Tempi,
    of_one_moment,
    read_parts_and_tempi,
    resolve_overlaps,
)
from notochord.wholefile import write_whole

FORMAT = 1
SPLITS = ("train", "valid", "test")

# How much one note of a source counts in training, against one note of another. Large sources of
# one kind, and generated accompaniment, are held back so that they do not drown the rest.
SOURCE_WEIGHTS = {
    "freedoom": 1.0, "simutrans": 1.0, "blasphemer": 1.0, "easyrpg_rtp": 1.0,
    "mutopia_pd_by": 1.0, "openhymnal": 1.0, "openscore_orchestra": 0.5, "musetrainer": 0.5,
    "openscore_quartets": 0.3, "openscore_lieder": 0.3, "openewld_mma": 0.3, "js_fakes": 0.3,
    "groove_gmd": 0.3, "pianolatron_rolls": 0.3, "pop909": 0.3, "giantmidi_eval": 0.3,
}  # fmt: skip


class CorpusError(ValueError):
    """The corpus cannot be prepared or read; the message says why, in one line."""


@dataclass
class Piece:
    """One piece: its notes as columns, each note belonging to one part.

    Columns have one length: part (index), start and end (ms, integers), pitch, velocity.
    """

    path: str
    source: str
    program: np.ndarray  # by part; -1 where the file names none
    drums: np.ndarray  # by part
    part: np.ndarray
    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray

    @property
    def flat(self) -> bool:
        """Whether the piece has two or fewer velocities: it would teach flat dynamics."""
        return len(np.unique(self.velocity)) <= 2


@dataclass
class Events:
    """A run of events as columns: instrument, pitch, dt in seconds, velocity (0 = note-off)."""

    instrument: np.ndarray
    pitch: np.ndarray
    dt: np.ndarray
    velocity: np.ndarray

    def __len__(self) -> int:
        return len(self.pitch)

    def slice(self, a: int, b: int) -> Events:
        """Events a to b."""
        columns = (self.instrument, self.pitch, self.dt, self.velocity)
        return Events(*(column[a:b] for column in columns))


def piece_events(
    piece: Piece, instruments: np.ndarray, order: np.ndarray | None = None
) -> Events:
    """A piece's events in time order, with `instruments[part]` as its parts' ids.

    Parts that share an id are merged. At one moment note-offs come before note-ons; events of one
    kind at one moment are ordered by instrument and pitch, or by `order` (a number per note).
    What follows within a few milliseconds is of one moment too (`MOMENT`).
    """
    instrument = instruments[piece.part]
    keep, end = resolve_overlaps(instrument, piece.pitch, piece.start, piece.end)
    n = len(keep)
    time = np.concatenate([piece.start[keep], end])
    on = np.concatenate([np.ones(n, dtype=np.int64), np.zeros(n, dtype=np.int64)])
    instrument = np.tile(instrument[keep], 2)
    pitch = np.tile(piece.pitch[keep], 2)
    rank = instrument * 128 + pitch if order is None else np.tile(order[keep], 2)
    at = np.lexsort((rank, on, time))
    heard = of_one_moment(time[at] / 1000.0)
    dt = np.diff(heard, prepend=heard[0])
    velocity = np.concatenate([piece.velocity[keep], np.zeros(n, dtype=np.int64)])
    return Events(
        instrument[at].astype(np.int64),
        pitch[at].astype(np.int64),
        np.minimum(dt, MAX_DT).astype(np.float32),
        velocity[at].astype(np.int64),
    )


class Corpus:
    """A prepared corpus file in memory; pieces are cut out of its columns on demand."""

    def __init__(self, path: str | Path) -> None:
        """Reads the file; raises CorpusError when it is missing, cut short or of another format."""
        try:
            with np.load(path, allow_pickle=False) as file:
                data = {name: file[name] for name in file.files}
        except FileNotFoundError as error:
            raise CorpusError(f"{path}: no such file; make it with 'notochord prepare'") from error
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise CorpusError(f"{path}: not a prepared corpus; prepare it again") from error
        if int(data.get("format", -1)) != FORMAT:
            raise CorpusError(f"{path}: of another format version; prepare it again")
        self._data = data
        self.paths, self.sources, self.licences = data["path"], data["source"], data["licence"]
        self.splits, self.tiers = data["split"], data["tier"]
        self.part_at = np.concatenate([[0], np.cumsum(data["parts"], dtype=np.int64)])
        self.note_at = np.concatenate([[0], np.cumsum(data["part_notes"], dtype=np.int64)])
        self._tempo_at = np.concatenate([[0], np.cumsum(data.get("tempi", []), dtype=np.int64)])

    def __len__(self) -> int:
        return len(self.paths)

    def notes(self, index: int) -> int:
        """How many notes a piece has."""
        a, b = self.part_at[index], self.part_at[index + 1]
        return int(self.note_at[b] - self.note_at[a])

    def indices(self, split: str) -> list[int]:
        """The pieces of a split that hold notes."""
        return [i for i in np.flatnonzero(self.splits == split).tolist() if self.notes(i) > 0]

    def piece(self, index: int) -> Piece:
        """One piece, by its number."""
        a, b = self.part_at[index], self.part_at[index + 1]
        counts = self._data["part_notes"][a:b].astype(np.int64)
        lo, hi = self.note_at[a], self.note_at[b]
        start = np.cumsum(self._data["onset"][lo:hi].astype(np.int64))
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        base = np.concatenate([[0], start])[first]
        start -= np.repeat(base, counts)
        return Piece(
            path=str(self.paths[index]),
            source=str(self.sources[index]),
            program=self._data["program"][a:b].astype(np.int64),
            drums=self._data["drums"][a:b],
            part=np.repeat(np.arange(b - a), counts),
            start=start,
            end=start + self._data["duration"][lo:hi],
            pitch=self._data["pitch"][lo:hi].astype(np.int64),
            velocity=self._data["velocity"][lo:hi].astype(np.int64),
        )

    def tempi(self, index: int) -> np.ndarray:
        """A piece's tempi, (changes, 2): from when on, and how long a quarter note lasts, in ms.

        Empty for a piece without quarter notes. Raises CorpusError when the file keeps no tempi.
        """
        if "tempi" not in self._data:
            raise CorpusError(
                "this corpus was prepared before tempi were kept, and has no score time; "
                "prepare it again with 'notochord prepare'"
            )
        a, b = self._tempo_at[index], self._tempo_at[index + 1]
        return np.stack([self._data["tempo_at"][a:b], self._data["quarter"][a:b]], axis=1)


def of_sources(corpus: Corpus, split: str, sources: tuple[str, ...] | None) -> list[int]:
    """The pieces of some sources, or of all."""
    return [i for i in corpus.indices(split) if sources is None or corpus.sources[i] in sources]


def expressive(corpus: Corpus, split: str, sources: tuple[str, ...] | None) -> list[int]:
    """Those of them whose dynamics are not flat."""
    return [i for i in of_sources(corpus, split, sources) if not corpus.piece(i).flat]


def _columns(parts: Iterable[Part]) -> list[tuple]:
    """Each part as (program, drums, onset gaps, durations, pitches, velocities), in ms."""
    columns = []
    for part in parts:
        start = np.rint(np.array(part.start) * 1000).astype(np.int64)
        end = np.maximum(np.rint(np.array(part.end) * 1000).astype(np.int64), start + 1)
        pitch, velocity = np.array(part.pitch), np.array(part.velocity)
        keep, end = resolve_overlaps(np.zeros(len(start)), pitch, start, end)
        by_time = np.lexsort((pitch[keep], start[keep]))
        keep, end = keep[by_time], end[by_time]
        gaps = np.diff(start[keep], prepend=0)
        program = -1 if part.program is None else part.program
        columns.append(
            (program, part.drums, gaps.astype(np.uint32), (end - start[keep]).astype(np.uint32),
             pitch[keep].astype(np.uint8), velocity[keep].astype(np.uint8))
        )  # fmt: skip
    return columns


def _read_one(path: str) -> tuple[list[tuple], Tempi, str]:
    try:
        parts, tempi = read_parts_and_tempi(path)
    except MidiFileError as error:
        return [], [], str(error)
    return _columns(parts), tempi, ""


def _manifest(folder: Path, tier: str) -> list[dict[str, str]]:
    try:
        with open(folder / "manifest.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise CorpusError(f"{folder}: no manifest.csv there to read") from error
    missing = {"path", "source", "licence", "split", "tier"} - set(rows[0] if rows else ())
    if missing:
        raise CorpusError(f"{folder}/manifest.csv: no column {', '.join(sorted(missing))}")
    return [row for row in rows if tier == "all" or row["tier"] == tier]


def prepare(folder: Path, out: Path, tier: str = "all", processes: int = 2) -> Counter:
    """Read every MIDI file that the manifest names into one corpus file.

    `tier` is "all" or one tier of the manifest ("open" leaves out the sources with a doubt about
    their licence). Files that cannot be read are skipped, named and counted. Returns the counts
    read, skipped, notes and bytes. Raises CorpusError.
    """
    rows = _manifest(Path(folder), tier)
    if not rows:
        raise CorpusError(f"{folder}/manifest.csv: names no file of tier '{tier}'")
    paths = [str(Path(folder) / row["path"]) for row in rows]
    count: Counter = Counter()
    kept, parts_of, parts, tempi_of = [], [], [], []
    with Pool(processes) as pool:
        results = pool.imap(_read_one, paths, chunksize=8)
        for row, (columns, tempi, error) in zip(rows, tqdm(results, total=len(rows)), strict=True):
            if error:
                tqdm.write(f"skipped: {error}")
                count["skipped"] += 1
                continue
            kept.append(row)
            parts_of.append(len(columns))
            parts += columns
            tempi_of.append(tempi)
    count["read"], count["notes"] = len(kept), sum(len(part[2]) for part in parts)
    if not kept:
        raise CorpusError(f"{folder}: none of the {len(rows)} files could be read")
    _write(Path(out), kept, parts_of, parts, tempi_of)
    count["bytes"] = Path(out).stat().st_size
    return count


def _write(
    out: Path, rows: list[dict[str, str]], parts_of: list[int], parts: list[tuple],
    tempi_of: list[Tempi],
) -> None:  # fmt: skip
    tempi = np.array([tempo for tempi in tempi_of for tempo in tempi]).reshape(-1, 2) * 1000.0
    program, drums, onset, duration, pitch, velocity = zip(*parts, strict=True)
    table: dict[str, Any] = {name: np.array([row[name] for row in rows])
             for name in ("path", "source", "split", "tier", "licence")}  # fmt: skip
    data = io.BytesIO()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            data, format=FORMAT, parts=np.array(parts_of, dtype=np.uint16),
            program=np.array(program, dtype=np.int16), drums=np.array(drums, dtype=bool),
            part_notes=np.array([len(p) for p in pitch], dtype=np.uint32),
            onset=np.concatenate(onset), duration=np.concatenate(duration),
            pitch=np.concatenate(pitch), velocity=np.concatenate(velocity),
            tempi=np.array([len(tempi) for tempi in tempi_of], dtype=np.uint32),
            tempo_at=tempi[:, 0], quarter=tempi[:, 1], **table,
        )  # fmt: skip
        write_whole(out, data.getvalue())
    except OSError as error:
        raise CorpusError(f"{out}: could not be written ({error.strerror})") from error
