"""What a brain thinks of a piece, drawn: how little it expected each note, and what comes next.

    surprise      the piano roll, each note in the colour of its nats, and below it nats a second
    --at SECONDS  the events from there on, a row each: what the brain expects of each sub-event,
                  knowing those to the left of it; the line is what came (the third figure of
                  "Notochord: a Flexible Probabilistic Model for Real-Time MIDI Performance", 2022)
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from notochord.ask import SUB_EVENT_LETTERS
from notochord.brain import CHAIN, Brain
from notochord.event import MAX_DT, N_INSTRUMENTS, N_PITCHES, Event, Note, name_of
from notochord.midifile import MidiFileError, events_to_notes, notes_to_events, read_notes
from notochord.options import add_brain, number, whole
from notochord.wholefile import check_folder, write_whole

ORDER = "tvip"  # in which the sub-events of an event are foreseen, here as in CHAIN
TITLES = {"i": "instrument", "p": "pitch", "t": "time, s", "v": "velocity (0: the end of a note)"}
TIMES = np.unique(np.concatenate([np.arange(0.0, 1.0, 0.01), np.geomspace(1.0, MAX_DT, 60)]))
MOST_NAMED = 8  # instruments
SMOOTH = 2.0  # seconds over which nats a second are counted
INCHES_PER_SECOND, NARROWEST, WIDEST = 0.22, 10.0, 60.0
Expected = dict[str, tuple[np.ndarray, np.ndarray]]  # by letter: values, and how likely each is


def expected(brain: Brain, state: Any, event: Event) -> Expected:
    """How likely every value of each sub-event is, knowing those of `event` before it in ORDER.
    Times are per 10 ms. Raises BrainError for a brain that cannot say."""
    values = {
        "i": np.arange(1, N_INSTRUMENTS), "p": np.arange(N_PITCHES), "t": TIMES,
        "v": np.arange(128),
    }  # fmt: skip
    found = {}
    for letter in ORDER:
        place = SUB_EVENT_LETTERS.index(letter)
        nats = []
        for value in values[letter]:
            other = event._replace(**{Event._fields[place]: value.item()})
            nats.append(brain.likelihood(state, other, CHAIN)[place])
        found[letter] = values[letter], np.exp(nats)
    return found


def expectations(
    brain: Brain, events: Sequence[Event], first: int, count: int
) -> list[tuple[Event, Expected]]:
    """Events of a piece from the first on, with what was expected in their place."""
    state = brain.start()
    for event in events[:first]:
        state = brain.tell(state, event)
    rows = []
    for event in events[first : first + count]:
        rows.append((event, expected(brain, state, event)))
        state = brain.tell(state, event)
    return rows


def expectations_png(rows: Sequence[tuple[Event, Expected]], title: str = "") -> bytes:
    """A row an event, a column a sub-event, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 2.2 * len(rows) + 0.8), layout="constrained")
    grid = figure.subplots(len(rows), len(ORDER), squeeze=False)
    for (event, likely), line in zip(rows, grid, strict=True):
        for letter, axes in zip(ORDER, line, strict=True):
            _draw_expected(axes, letter, *likely[letter], event)
    for letter, axes in zip(ORDER, grid[0], strict=True):
        axes.set_title(TITLES[letter], fontsize=10)
    figure.suptitle(title)
    return _png(figure)


def _draw_expected(
    axes: Any, letter: str, values: np.ndarray, likely: np.ndarray, event: Event
) -> None:
    true = event[SUB_EVENT_LETTERS.index(letter)]
    axes.set_ylim(0.0, max(float(likely.max()), 1e-3) * 1.1)
    axes.tick_params(labelsize=8)
    if letter == "i":
        best = np.argsort(-likely, kind="stable")[:MOST_NAMED]
        names = [name_of(int(values[i])) for i in best]
        colours = ["tab:red" if values[i] == true else "tab:blue" for i in best]
        axes.bar(range(len(best)), likely[best], color=colours)
        axes.set_xticks(range(len(best)), names, rotation=30, ha="right", fontsize=7)
        return
    if letter == "t":
        axes.plot(values, likely, color="tab:blue", linewidth=1)
        axes.set_xscale("symlog", linthresh=0.1)
        axes.set_xlim(0.0, MAX_DT)
    else:
        axes.bar(values, likely, width=1.0, color="tab:blue")
    axes.axvline(true, color="tab:red", linewidth=1, alpha=0.7)


def surprise_png(notes: Sequence[Note], nats: np.ndarray, title: str = "") -> bytes:
    """The roll of notes, in order of their beginnings, coloured by nats (notes,); and below it the
    nats a second."""
    from matplotlib.figure import Figure

    seconds = max((note.end for note in notes), default=1.0)
    width = min(max(INCHES_PER_SECOND * seconds, NARROWEST), WIDEST)
    figure = Figure(figsize=(width, 7.5), layout="constrained")
    roll, curve = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [5, 1.3]})
    most = float(np.percentile(nats, 98)) if len(nats) else 1.0
    _draw_notes(figure, roll, notes, nats, max(most, 1e-3))
    at, rate = nats_a_second(notes, nats, seconds)
    curve.plot(at, rate, color="black", linewidth=1)
    curve.set(xlabel="seconds", ylabel="nats/s", xlim=(0.0, seconds), ylim=(0.0, None))
    figure.suptitle(title)
    return _png(figure)


def _draw_notes(
    figure: Any, axes: Any, notes: Sequence[Note], nats: np.ndarray, most: float
) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    colours = ScalarMappable(Normalize(0.0, most), colormaps["viridis"])
    axes.barh(
        [note.pitch for note in notes], [max(note.end - note.start, 0.05) for note in notes],
        left=[note.start for note in notes], height=0.9, linewidth=0,
        color=colours.to_rgba(nats) if len(nats) else None,
    )  # fmt: skip
    axes.set_ylabel("pitch, or drum key")
    axes.grid(alpha=0.3)
    figure.colorbar(colours, ax=axes, label="nats of its beginning", extend="max", pad=0.01)


def nats_a_second(
    notes: Sequence[Note], nats: np.ndarray, seconds: float
) -> tuple[np.ndarray, np.ndarray]:
    """Times, and the nats a second of the notes begun in the two seconds around each."""
    at = np.arange(0.0, seconds + 0.25, 0.25)
    onsets = np.array([note.start for note in notes])
    heap = np.concatenate([[0.0], np.cumsum(nats)])
    rate: np.ndarray = (
        heap[np.searchsorted(onsets, at + SMOOTH / 2)]
        - heap[np.searchsorted(onsets, at - SMOOTH / 2)]
    ) / SMOOTH  # fmt: skip
    return at, rate


def _png(figure: Any) -> bytes:
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=100)
    return png.getvalue()


def surprising(brain: Brain, events: Sequence[Event]) -> tuple[list[Note], np.ndarray]:
    """The notes of a piece in order of their beginnings, and the nats of each beginning."""
    nats, now, begins = brain.surprises(events), 0.0, {}
    for event, cost in zip(events, nats, strict=True):
        now += event.dt
        if event.velocity > 0:
            begins[event.instrument, event.pitch, now] = float(cost)
    notes = events_to_notes(list(events))
    return notes, np.array([begins[note.instrument, note.pitch, note.start] for note in notes])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord show`."""
    add = parser.add_argument
    add("--midi", type=Path, required=True, help="the piece")
    add("--out", type=Path, required=True, help="the PNG file to write")
    add_brain(parser)
    add("--seconds", type=number(1, 3600), default=60.0, help="how much of the piece is read")
    add("--at", type=number(0, 3600), help="show what was expected of the events from here on")
    add("--events", type=whole(1, 20), default=4, help="how many of these")


def run(args: argparse.Namespace) -> None:
    """Read, draw, and say in a line what is to be seen."""
    check_folder(args.out)
    every = notes_to_events(read_notes(args.midi))
    times = np.cumsum([event.dt for event in every])
    events = every[: int(np.searchsorted(times, args.seconds))]
    brain = Brain.load(args.brain)
    name = f"{args.midi.stem[:60]}, {brain.manifest.get('name', '')}"
    if args.at is None:
        notes, nats = surprising(brain, events)
        write_whole(args.out, surprise_png(notes, nats, name))
        print(f"{args.out}: {len(notes)} notes, {nats.mean():.2f} nats each")
        return
    first = int(np.searchsorted(times, args.at))
    if first >= len(events):
        raise MidiFileError(f"{args.midi}: nothing comes after {args.at:g} s; name an earlier --at")
    rows = expectations(brain, events, first, args.events)
    write_whole(args.out, expectations_png(rows, f"{name}, from {args.at:g} s"))
    print(f"{args.out}: {len(rows)} events from {args.at:g} s")
