"""Plays the instrument at every place of a knob, for several pieces and seeds, and measures it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from firmware_py.brain_link import Report
from firmware_py.message import Message, is_note_on, kind, note_off
from firmware_py.perform import BrainUnusable, perform
from firmware_py.steering.commands import PLACES
from firmware_py.steering.statistics import Heard
from firmware_py.steering.sweeps import Sweep
from firmware_py.story import Told
from notochord.ask import Ask
from notochord.event import Note

LISTENED = 4.0  # seconds of a piece that are played to the box
RESAMPLED = 1000  # times, to say how far chance moves a mean
Timed = tuple[float, str, Message]


class BrainHere:
    """A brain in this process, behind the face of one in a process of its own. Its answers are the
    same; and on a busy machine no time is lost with going to and fro."""

    def __init__(self, path: Path) -> None:
        from firmware_py.brain_process import Server
        from notochord.brain import Brain, BrainError

        try:
            self._brain = Brain.load(path)
        except BrainError as error:
            raise BrainUnusable(str(error)) from error
        self._server, self._reports = Server(self._brain), list[Report]()
        self.state, self.sha256, self.manifest = "ready", self._brain.sha256, self._brain.manifest

    def tell(self, told: Told) -> None:
        """Tell it an event."""
        self._server.take({"tell": [told.number, told.after, *told.event]})

    def forget(self) -> None:
        """Have it go back to the start."""
        self._server.take({"forget": True})

    def ask(
        self, number: int, after: int, ask: Ask, uniforms: list[float], deadline: float
    ) -> None:
        """Ask it; the answer is there at once."""
        reply = self._server.take({"ask": [number, after, None, ask.as_json(), uniforms]})
        assert reply is not None
        _, answer, seconds = reply["answer"]
        self._reports.append(Report("answer", number, answer, seconds))

    def wait(self, timeout: float) -> list[Report]:
        """What it answered."""
        reports, self._reports = self._reports, []
        return reports


@dataclass
class Curve:
    """A sweep and what was measured: a row for each run, a column for each place of the knob."""

    sweep: Sweep
    values: list[float]
    rows: list[list[float | None]] = field(default_factory=list)

    def table(self) -> np.ndarray:
        """The rows, NaN where nothing could be said."""
        return np.array([[np.nan if v is None else v for v in row] for row in self.rows], float)

    def mean(self) -> np.ndarray:
        """The mean of all runs at each place, NaN where no run says anything."""
        return _mean(self.table())

    def _way(self) -> np.ndarray:
        """The mean at the places of which something can be said."""
        mean = self.mean()
        said: np.ndarray = mean[~np.isnan(mean)]
        return said

    def rho(self) -> float:
        """Spearman's rank correlation of the mean with the knob, +1 when it always goes its way."""
        return spearman(self._way()) * self.sweep.way

    def inversions(self) -> int:
        """Neighbouring places between which the mean goes the wrong way."""
        return int((np.diff(self._way()) * self.sweep.way < 0).sum())

    def surely_back(self) -> int:
        """Those between which it does so beyond chance: in 95 of 100 draws of as many performances
        from those there are (bootstrap)."""
        table, random = self.table(), np.random.default_rng(0)
        table = table[:, ~np.isnan(self.mean())]
        drawn = random.integers(0, len(table), (RESAMPLED, len(table)))
        steps = np.diff([_mean(table[rows]) for rows in drawn], axis=1) * self.sweep.way
        return int((np.nanpercentile(steps, 95, axis=0) < 0).sum())

    def dead(self) -> int:
        """Neighbouring places between which the mean moves by less than a fiftieth of its whole
        way; as a ratio, where equal turns of the knob are equal ratios."""
        mean = np.log(np.maximum(self._way(), 1e-3)) if self.sweep.by_ratio else self._way()
        whole = float(mean.max() - mean.min())
        return int((np.abs(np.diff(mean)) < whole / 50).sum()) if whole > 0 else len(mean) - 1

    def as_json(self) -> dict[str, Any]:
        """All of it, as plain values."""
        mean = [None if np.isnan(m) else float(m) for m in self.mean()]
        return {
            "how": self.sweep.how, "values": self.values, "mean": mean, "spearman": self.rho(),
            "inversions": self.inversions(), "surely_back": self.surely_back(),
            "dead": self.dead(), "runs": self.rows,
        }  # fmt: skip


def _mean(table: np.ndarray) -> np.ndarray:
    """The mean of each column, NaN where no row says anything."""
    said = (~np.isnan(table)).sum(0)
    mean: np.ndarray = np.where(said, np.nansum(table, 0) / np.maximum(said, 1), np.nan)
    return mean


def spearman(values: np.ndarray) -> float:
    """Spearman's rho of a sequence with its places; equal values share a rank."""
    ranks = np.array([(values < v).sum() + ((values == v).sum() - 1) / 2 for v in values])
    places = np.arange(len(values), dtype=float)
    if ranks.std() == 0:
        return 0.0
    return float(np.corrcoef(ranks, places)[0, 1])


def beginning(messages: Sequence[Timed], seconds: float = LISTENED) -> list[Timed]:
    """The first seconds of music from its first note on; what is held then is let go."""
    first = next((at for at, _, m in messages if is_note_on(m)), 0.0)
    taken = [(max(at - first, 0.0), port, m) for at, port, m in messages if at - first < seconds]
    held: dict[tuple[str, int, int], None] = {}
    for _, port, m in taken:
        if kind(m) in (0x80, 0x90):
            held.pop((port, m[0] & 0xF, m[1]), None)
            if is_note_on(m):
                held[port, m[0] & 0xF, m[1]] = None
    ends = [(seconds, port, note_off(channel, pitch)) for port, channel, pitch in held]
    pedals = [(seconds, port, (m[0], 64, 0)) for _, port, m in taken
              if kind(m) == 0xB0 and m[1] == 64]  # fmt: skip
    return [*taken, *ends, *pedals]


def _keys(messages: Sequence[Timed]) -> list[Note]:
    """The player's keys as notes, whatever instrument they play."""
    open_keys: dict[tuple[str, int, int], float] = {}
    keys = []
    for at, port, m in messages:
        if kind(m) not in (0x80, 0x90):
            continue
        key = port, m[0] & 0xF, m[1]
        if key in open_keys:
            keys.append(Note(1, m[1], open_keys.pop(key), at, 64))
        if is_note_on(m):
            open_keys[key] = at
    return keys


def run(
    messages: Sequence[Timed], sweep: Sweep, value: float, link: BrainHere, seed: int
) -> float | None:
    """One performance with the knob at a value, measured."""
    with_you = sweep.mode in ("duet", "harmonize", "autopitch", "accompany", "drums")
    listened = LISTENED + sweep.played if with_you else LISTENED
    played = beginning(messages, listened)
    link.forget()
    tail = 0.5 if with_you else sweep.played + (value if sweep.knob == "rest" else 0.0)
    performed = perform(played, sweep.settings(value), link, seed, tail=tail)
    end = max((at for at, _, _ in played), default=0.0) + tail
    since = 0.0 if with_you else listened
    notes = [note for owner, note in performed.notes if owner == "network" and note.start >= since]
    return sweep.statistic(Heard(notes, _keys(played), since, end))


def measure(
    sweep: Sweep, pieces: Sequence[Sequence[Timed]], seeds: Sequence[int], link: BrainHere,
    places: int = PLACES, told: Callable[[], None] = lambda: None,
) -> Curve:  # fmt: skip
    """The whole travel of a knob, for every piece and seed."""
    curve = Curve(sweep, sweep.values(places))
    for messages in pieces:
        for seed in seeds:
            row = []
            for value in curve.values:
                row.append(run(messages, sweep, value, link, seed))
                told()
            curve.rows.append(row)
    return curve
