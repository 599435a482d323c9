"""How long the instrument takes, measured from outside: a keyboard, a synth, and a clock.

    keyboard ──▶ instrument ──▶ synth      thru, answer
    wire ─────────────────────▶ synth      the transport's own time

All in one run, so that what the machine does besides weighs on both alike.
"""

from __future__ import annotations

import random
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from typing import Protocol, TypeVar

from firmware_py.message import Message, is_note_on, note_off, note_on
from firmware_py.midi.backend import PortError, open_backend
from firmware_py.midi.inbox import Heard
from firmware_py.midi.ports import Inputs, Output

Port = TypeVar("Port")

KEYS = range(48, 85)  # the pitches pressed
KEY_CHANNEL = 0  # what the instrument passes through; its answers are on other channels
_LISTENS_ON = 0.5  # seconds after the last key, for what is still under way
_APPEARS_WITHIN = 20.0
_LOST_AFTER = 1.0  # seconds; a note that is later than that counts as lost


@dataclass(frozen=True)
class Press:
    """A key pressed: when, in seconds, and which pitch."""

    at: float
    pitch: int


@dataclass
class Trace:
    """All that one run saw: what went to the instrument and the wire, and what came of each."""

    pressed: list[Press] = field(default_factory=list)
    wired: list[Press] = field(default_factory=list)
    played: list[Heard] = field(default_factory=list)
    carried: list[Heard] = field(default_factory=list)


class Listener(Protocol):
    """The synth's end: gives what it heard since it was last asked."""

    def drain(self) -> list[Heard]: ...


@dataclass
class Bench:
    """The measuring clients: a keyboard and a wire to play on, and a synth that hears both."""

    keyboard: Callable[[Message], bool]
    wire: Callable[[Message], bool]
    synth: Listener
    wire_name: str  # the wire's port as the synth names it
    now: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep

    def run(
        self, notes: int, seed: int = 0, spacing: tuple[float, float] = (0.04, 0.09)
    ) -> Trace:
        """Press `notes` keys, `spacing` seconds apart, drawn anew each time from the seed."""
        rng, trace, pitch = random.Random(seed), Trace(), 0
        self.synth.drain()  # what sounded before is not ours
        for _ in range(notes):
            pitch = rng.choice([key for key in KEYS if key != pitch])
            gap = rng.uniform(*spacing)
            self._press(trace, pitch, gap)
            self._collect(trace)
        self.sleep(_LISTENS_ON)
        self._collect(trace)
        return trace

    def _press(self, trace: Trace, pitch: int, gap: float) -> None:
        """One key down and up, and the same note over the wire while nothing else is going on."""
        trace.pressed.append(Press(self.now(), pitch))
        self.keyboard(note_on(KEY_CHANNEL, pitch, 80))
        self.sleep(gap / 2)
        self.keyboard(note_off(KEY_CHANNEL, pitch))
        self.sleep(gap / 4)
        trace.wired.append(Press(self.now(), pitch))
        self.wire(note_on(KEY_CHANNEL, pitch, 80))
        self.sleep(gap / 4)

    def _collect(self, trace: Trace) -> None:
        for heard in self.synth.drain():
            (trace.carried if heard[1] == self.wire_name else trace.played).append(heard)


def thru(pressed: Sequence[Press], played: Sequence[Heard]) -> list[float | None]:
    """Seconds from each key press to its own note coming out; None where it never came."""
    times: dict[int, list[float]] = {}
    for at, _, message in sorted(played):
        if is_note_on(message) and message[0] & 0x0F == KEY_CHANNEL:
            times.setdefault(message[1], []).append(at)
    until = _next_of_same_pitch(pressed)
    return [
        _first_within(times.get(press.pitch, ()), press.at, end)
        for press, end in zip(pressed, until, strict=True)
    ]


def answers(pressed: Sequence[Press], played: Sequence[Heard]) -> list[float | None]:
    """Seconds from each key press to the first note on another channel before the next press.

    None where there is no such note: the network need not answer every key.
    """
    times = sorted(
        at
        for at, _, message in played
        if is_note_on(message) and message[0] & 0x0F != KEY_CHANNEL
    )
    ends = [press.at for press in pressed[1:]] + [press.at + _LOST_AFTER for press in pressed[-1:]]
    return [
        _first_within(times, press.at, end) for press, end in zip(pressed, ends, strict=True)
    ]


def percentiles(seconds: Sequence[float]) -> dict[str, float] | None:
    """p50, p99 and p999 in milliseconds, by nearest rank; None when there is nothing to rank."""
    if not seconds:
        return None
    ranked = sorted(seconds)
    marks = (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
    return {
        name: round(ranked[max(0, ceil(share * len(ranked)) - 1)] * 1e3, 3)
        for name, share in marks
    }


def jitter(seconds: Sequence[float]) -> list[float]:
    """How far each lies from the middle one: what is left when a steady delay is taken off."""
    if not seconds:
        return []
    middle = median(seconds)
    return [abs(value - middle) for value in seconds]


def lateness(due_and_sent: Sequence[tuple[float, float]]) -> list[float]:
    """How far from its due time each scheduled note was sent, in seconds, early or late."""
    return [abs(sent - due) for due, sent in due_and_sent]


def figures(
    trace: Trace, due_and_sent: Sequence[tuple[float, float]] = (),
    ticks: Sequence[tuple[float, float]] = (),
) -> dict[str, object]:  # fmt: skip
    """The report of a run, times in milliseconds.

    `jitter_ms` is that of scheduled notes where their (due, sent) times are given, else that
    of the keys' own notes. `clock_ms` is that of the clock's ticks, whose (due, sent) times are
    `ticks`; None where no clock was sent.
    """
    through = thru(trace.pressed, trace.played)
    arrived = [value for value in through if value is not None]
    carried = [value for value in thru(trace.wired, trace.carried) if value is not None]
    answered = [value for value in answers(trace.pressed, trace.played) if value is not None]
    off_time = lateness(due_and_sent) if due_and_sent else jitter(arrived)
    return {
        "notes": len(trace.pressed),
        "notes_lost": through.count(None),
        "wire_lost": len(trace.wired) - len(carried),
        "answers": len(answered),
        "thru_ms": percentiles(arrived),
        "answer_ms": percentiles(answered),
        "transport_ms": percentiles(carried),
        "jitter_ms": percentiles(off_time),
        "ticks": len(ticks),
        "clock_ms": percentiles(lateness(ticks)),
    }


def measure(
    now: Callable[[], float],
    notes: int,
    *,
    to: str = "notochord-box-in:in",
    back: str = "notochord-box:out",
    api: str = "jack",
    seed: int = 0,
    due_and_sent: Callable[[], Mapping[str, Sequence[tuple[float, float]]]] = dict,
) -> dict[str, object]:
    """Play `notes` keys into the instrument's port `to`, hear its port `back`; the figures.

    Waits up to 20 s for the two ports; PortError when they do not appear. `due_and_sent` is
    asked at the end for the times of scheduled "notes", and of a clock's "ticks".
    """
    with ExitStack() as open_now:
        keys, line, ears = (
            open_now.enter_context(open_backend(api, f"latency-{role}"))
            for role in ("keyboard", "wire", "synth")
        )
        wire = Output(line, virtual=True)
        open_now.callback(wire.close)
        keyboard = _patiently(lambda: Output(keys, to), now)
        open_now.callback(keyboard.close)
        synth = _patiently(lambda: Inputs(ears, now, [back, "latency-wire:out"]), now)
        open_now.callback(synth.close)
        name = next(name for name in synth.names if name.startswith("latency-wire:out"))
        trace = Bench(keyboard.send, wire.send, synth, name, now).run(notes, seed)
    times = due_and_sent()
    return figures(trace, times.get("notes", ()), times.get("ticks", ()))


def _patiently(attempt: Callable[[], Port], now: Callable[[], float]) -> Port:
    deadline = now() + _APPEARS_WITHIN
    while True:
        try:
            return attempt()
        except PortError:
            if now() > deadline:
                raise
            time.sleep(0.05)


def _next_of_same_pitch(pressed: Sequence[Press]) -> list[float]:
    """When each key is pressed again, in seconds: from then on its note belongs to that press."""
    again: dict[int, float] = {}
    ends = []
    for press in reversed(pressed):
        ends.append(min(again.get(press.pitch, float("inf")), press.at + _LOST_AFTER))
        again[press.pitch] = press.at
    return ends[::-1]


def _first_within(times: Sequence[float], start: float, end: float) -> float | None:
    index = bisect_left(times, start)
    return times[index] - start if index < len(times) and times[index] < end else None
