"""notochord-box sessions: what was played, listed, exported, replayed, kept and deleted."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

from firmware_py.actions import add_actions
from firmware_py.sessions import record
from firmware_py.sessions.record import Excerpt, Mark, Start
from firmware_py.sessions.session import Session, SessionError, read
from firmware_py.sessions.shelf import Shelf, Volume
from notochord.options import whole
from notochord.wholefile import write_whole

HEAD = 1 << 14  # bytes that hold the first record
TAIL = 64  # bytes that hold the last ones


def folder_of(state: Path) -> Path:
    """Where the sessions are, in the folder of all that the box remembers."""
    return state / "sessions"


def add_to(commands: Any) -> None:
    """Add `sessions` to the commands of a parser."""
    actions = add_actions(commands, "sessions", "what was played: list, export, replay, keep", (
        ("list", _list, "every session, oldest first"),
        ("export", _export, "write one as a MIDI file, a track for each part"),
        ("replay", _replay, "play one again, silently: is every message the same?"),
        ("keep", _keep, "have one spared when room is made"),
        ("delete", _delete, "delete one"),
    ))  # fmt: skip
    for name in ("export", "replay", "keep", "delete"):
        actions[name].add_argument("number", type=whole(1, 10**9), metavar="N")
    actions["export"].add_argument("out", type=Path, metavar="OUT.mid")


def _shelf(args: argparse.Namespace) -> Shelf:
    return Shelf(folder_of(args.state))


def _session(args: argparse.Namespace) -> Session:
    return read(_shelf(args).find(args.number).path)


def _list(args: argparse.Namespace) -> int:
    volumes = _shelf(args).volumes()
    for volume in volumes:
        print(line(volume))
    if not volumes:
        print(f"no session yet in {folder_of(args.state)}")
    return 0


def line(volume: Volume) -> str:
    """A session in one line, from its two ends where it is whole."""
    with open(volume.path, "rb") as file:
        head = file.read(HEAD)
        file.seek(max(volume.size - TAIL, 0))
        ending = record.ending(file.read())
    start = next(record.records(head), None)
    if not isinstance(start, Start):
        return f"{volume.number:5}  cannot be read"
    return f"{volume.number:5}  {_when(start)}  {_length(start, ending)}{_what(volume, ending)}"


def _when(start: Start) -> str:
    return str(start.about.get("date", ""))[:16].replace("T", " ")


def _length(start: Start, ending: list[record.Record]) -> str:
    for item in ending:
        if isinstance(item, Excerpt):
            return _clock(item.until - max(item.since, float(start.about.get("at", 0.0))))
        if isinstance(item, Mark):
            return _clock(item.at - float(start.about.get("at", 0.0)))
    return "   torn"


def _what(volume: Volume, ending: list[record.Record]) -> str:
    whole_one = len(ending) < 2 or not isinstance(ending[0], Excerpt)
    marks = [item for item in ending if whole_one and isinstance(item, Mark)]
    counts = [f"  {mark.keys} keys, {mark.notes} notes sent" for mark in marks]
    playing = "  being played" if volume.is_being_played() else ""
    kept = "  kept" if volume.kept else ""
    return f"{''.join(counts)}  {volume.size / 1e6:.1f} MB{kept}{playing}"


def _clock(seconds: float) -> str:
    whole_seconds = round(max(seconds, 0.0))
    minutes, rest = divmod(whole_seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _export(args: argparse.Namespace) -> int:
    data = io.BytesIO()
    from firmware_py.sessions.export import midi_file

    midi = midi_file(_session(args))
    midi.save(file=data)
    write_whole(args.out, data.getvalue())
    print(f"{args.out}: {midi.length:.1f} s, tracks: {', '.join(t.name for t in midi.tracks)}")
    return 0


def _replay(args: argparse.Namespace) -> int:
    from firmware_py.sessions.replay import replay

    session = _session(args)
    done = replay(session)
    if done.difference:
        version = session.about.get("version", "unknown")
        raise SessionError(
            f"session {args.number} goes another way: {done.difference} (recorded by {version})"
        )
    until = " up to a gap in the record" if done.broken_off else ""
    print(f"session {args.number}: {done.happened} happenings, "
          f"{done.sent} messages sent, every one the same{until}")  # fmt: skip
    return 0


def _keep(args: argparse.Namespace) -> int:
    _shelf(args).keep(args.number)
    print(f"session {args.number} is kept")
    return 0


def _delete(args: argparse.Namespace) -> int:
    _shelf(args).delete(args.number)
    print(f"session {args.number} is deleted")
    return 0
