"""A session as a Standard MIDI File: one track a part, every message at the time it was sent.

A part is whose notes they are and on which instrument: "you: piano", "network: fingered bass".
What is sent to a channel for all that sounds there (pedal, bend, programs) goes with the part that
the channel plays for. A session that is kept for an excerpt gives the excerpt, beginning at 0 s.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import mido

from firmware_py.message import (
    CONTROL,
    PROGRAM,
    Message,
    is_channel_message,
    is_note_off,
    is_note_on,
    kind,
    note_off,
)
from firmware_py.sessions.record import Out
from firmware_py.sessions.session import Session, SessionError
from notochord.event import name_of
from notochord.midifile import TICKS_PER_BEAT, TICKS_PER_SECOND

Timed = tuple[float, Message]


class Part(NamedTuple):
    """Whose ("player" or "network") and on which instrument."""

    owner: str
    instrument: int

    @property
    def name(self) -> str:
        """As it is shown."""
        return f"{'you' if self.owner == 'player' else self.owner}: {name_of(self.instrument)}"


class _Sorter:
    """Sorts what was sent into parts. `since` and `until` in seconds; out go times from `since`."""

    def __init__(self, since: float, until: float) -> None:
        self._since, self._until = since, until
        self.parts: dict[Part, list[Timed]] = {}
        self._open: dict[tuple[int, int], Part | None] = {}  # None: begun before `since`
        self._plays: dict[int, Part] = {}  # the part that a channel played for last
        self._waiting: dict[int, list[Timed]] = {}  # for the part that plays there next
        self._before: dict[tuple[int, ...], Message] = {}  # how the channels stood at `since`

    def take(self, out: Out) -> None:
        """A message that was sent; in order."""
        if not is_channel_message(out.message) or out.at > self._until:
            return
        early, channel = out.at < self._since, out.message[0] & 0xF
        place = channel, out.message[1]
        if is_note_on(out.message):
            part = Part(out.owner, out.instrument)
            self._plays[channel] = part
            self._open[place] = None if early else part
            if not early:
                self._begin(part, channel, (out.at - self._since, out.message))
        elif is_note_off(out.message):
            ended = self._open.pop(place, None)
            if ended is not None:
                self.parts[ended].append((out.at - self._since, out.message))
        elif early:
            number = out.message[1] if kind(out.message) == CONTROL else -1
            self._before[out.message[0], number] = out.message
        else:
            self._set_up(channel, (out.at - self._since, out.message))

    def close(self) -> None:
        """End what still sounds, at the end."""
        for (channel, pitch), part in self._open.items():
            if part is not None:
                self.parts[part].append((self._until - self._since, note_off(channel, pitch)))

    def _begin(self, part: Part, channel: int, note: Timed) -> None:
        for key in [key for key in self._before if key[0] & 0xF == channel]:
            self.parts.setdefault(part, []).append((0.0, self._before.pop(key)))
        waiting = self._waiting.pop(channel, [])
        self.parts.setdefault(part, []).extend([*waiting, note])

    def _set_up(self, channel: int, message: Timed) -> None:
        part = self._plays.get(channel)
        if kind(message[1]) == PROGRAM or part not in self.parts:
            self._waiting.setdefault(channel, []).append(message)
        else:
            self.parts[part].append(message)


def parts(sent: Iterable[Out], since: float, until: float) -> dict[Part, list[Timed]]:
    """What was sent between two times, by part: (seconds after `since`, message), in order."""
    sorter = _Sorter(since, until)
    for out in sent:
        sorter.take(out)
    sorter.close()
    return sorter.parts


def midi_file(session: Session) -> mido.MidiFile:
    """The session, or what it is kept for; raises SessionError when no note was played."""
    sent = (r for r in session.records if isinstance(r, Out))
    found = parts(sent, session.since, session.until)
    if not found:
        raise SessionError("no note was played in it, so there is nothing to export")
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    for part in sorted(found, key=lambda part: (part.owner != "player", part.instrument)):
        midi.tracks.append(_track(part, found[part]))
    return midi


def _track(part: Part, timed: list[Timed]) -> mido.MidiTrack:
    track, now = mido.MidiTrack(), 0
    track.append(mido.MetaMessage("track_name", name=part.name))
    for at, data in sorted(timed, key=lambda item: item[0]):
        tick = max(round(at * TICKS_PER_SECOND), now)
        track.append(mido.Message.from_bytes(data, time=tick - now))
        now = tick
    return track
