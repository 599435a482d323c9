"""File to file: the whole instrument, through the same code as live, in simulated time.

Time jumps from one happening to the next. The brain's process answers really; its answer is heard
a fixed simulated time after the question, however long this machine took, so that the same input,
knobs and seed give the same bytes everywhere the network computes the same.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from firmware_py.brain_link import Report
from firmware_py.changing_link import CAUGHT_UP
from firmware_py.clock import Clock, CrankedClock, MonotonicClock
from firmware_py.instrument import Instrument
from firmware_py.link import BrainLink
from firmware_py.message import Message, is_note_off, is_note_on
from firmware_py.schedule import Schedule
from firmware_py.sessions.recorded import Recorded
from firmware_py.sessions.tape import Tape
from firmware_py.settings import Settings
from firmware_py.story import Told, Voice
from notochord.ask import N_UNIFORMS, Ask
from notochord.event import Note, name_of

log = logging.getLogger(__name__)

FOREVER = float("inf")
RESTART = 2.0  # simulated seconds that a brain which died is away
TAILS = {"continue": 30.0}  # seconds of music after the input's end; 4 in every other mode

Happening = Callable[[float], None]
Also = Callable[["Instrument", float], float | None]  # returns when it is to happen again


class BrainUnusable(ValueError):
    """The brain file was refused, or the brain does not wake; the message says why."""


class AnsweringLink(BrainLink, Protocol):
    """A way to a brain whose answers can be waited for."""

    @property
    def state(self) -> str:
        """"ready" while it can be asked."""
        ...

    def wait(self, timeout: float) -> list[Report]:
        """Wait for what it has to say, so many seconds at most."""
        ...


class SimulatedLink:
    """A link that waits for each real answer, and has it heard a fixed simulated time later."""

    def __init__(
        self, link: AnsweringLink, agenda: Schedule[Happening], clock: Clock, answer_seconds: float
    ) -> None:
        self._link, self._agenda, self._clock = link, agenda, clock
        self._answer_seconds = answer_seconds
        self._real = MonotonicClock()
        self.instrument: Instrument | None = None
        self.answer_times: list[float] = []  # real seconds from question to answer
        self._busy = False  # whether it may still be taking in what it was told

    def tell(self, told: Told) -> None:
        """Tell the brain an event, when it has taken in the one before, as it has when keys come in
        real time: else an answer would have to wait for all that was played before it."""
        if self._busy:
            self._link.ask(CAUGHT_UP, 0, Ask(), [0.5] * N_UNIFORMS, FOREVER)
            self._wait(CAUGHT_UP)
        self._link.tell(told)
        self._busy = True

    def forget(self) -> None:
        """Have the brain go back to the start."""
        self._link.forget()

    def ask(
        self, number: int, after: int, ask: Ask, uniforms: list[float], deadline: float
    ) -> None:
        """Ask, wait for the answer, and put it on the agenda."""
        asked_at = self._real.now()
        self._link.ask(number, after, ask, uniforms, deadline)
        report = self._wait(number)
        if report is not None:
            self.answer_times.append(self._real.now() - asked_at)
            self._hear(number, report.answer)

    def _wait(self, number: int) -> Report | None:
        """The answer with this number; None where the brain is lost instead."""
        while self._link.state == "ready":
            for report in self._link.wait(0.5):
                if report.kind == "lost":
                    self._lost()
                    return None
                if report.kind == "answer" and report.number == number:
                    self._busy = False
                    return report
        return None

    def _hear(self, number: int, answer: Any) -> None:
        def hear(now: float) -> None:
            assert self.instrument is not None
            self.instrument.answered(number, answer, now)

        self._agenda.put(self._clock.now() + self._answer_seconds, hear)

    def _lost(self) -> None:
        assert self.instrument is not None
        self._busy = False
        self._agenda.put(self._clock.now(), self.instrument.brain_lost)
        self._agenda.put(self._clock.now() + RESTART, self._back)

    def _back(self, now: float) -> None:
        assert self.instrument is not None
        wake(self._link)
        self.instrument.brain_ready(now)


def wake(link: AnsweringLink) -> None:
    """Wait until the brain is ready; raises BrainUnusable when it will not be."""
    while link.state != "ready":
        for report in link.wait(0.05):
            if report.kind in ("refused", "failing"):
                raise BrainUnusable(report.text)


@dataclass
class Performed:
    """What came of a performance: every message sent, and every note with whose it was."""

    sent: list[tuple[float, Message]] = field(default_factory=list)
    notes: list[tuple[str, Note]] = field(default_factory=list)  # "player" or "network"
    notes_in: int = 0
    asks: int = 0
    late_answers: int = 0
    answer_times: list[float] = field(default_factory=list)

    @property
    def hanging(self) -> int:
        """Note-ons that were left without their note-off, counted from what was sent."""
        open_notes: Counter[tuple[int, int]] = Counter()
        for _, message in self.sent:
            if is_note_on(message):
                open_notes[message[0] & 0xF, message[1]] += 1
            elif is_note_off(message):
                open_notes[message[0] & 0xF, message[1]] -= 1
        return sum(abs(n) for n in open_notes.values())

    def report(self) -> dict[str, Any]:
        """The figures, as they are written to JSON."""
        by_instrument = Counter(name_of(note.instrument) for _, note in self.notes)
        times = np.array(self.answer_times) * 1000 if self.answer_times else np.zeros(1)
        p50, p90, p99 = (round(float(np.percentile(times, q)), 3) for q in (50, 90, 99))
        return {
            "notes_in": self.notes_in,
            "notes_out": sum(is_note_on(message) for _, message in self.sent),
            "notes_out_by_instrument": dict(by_instrument.most_common()),
            "notes_of_the_network": sum(owner == "network" for owner, _ in self.notes),
            "hanging_notes": self.hanging,
            "asks": self.asks,
            "late_answers": self.late_answers,
            "answer_ms": {"p50": p50, "p90": p90, "p99": p99, "max": round(float(times.max()), 3)},
        }


class _Recorder:
    """Takes down what is sent, and pairs each note's start and end with whose it is."""

    def __init__(self, clock: Clock, performed: Performed) -> None:
        self._clock, self._performed = clock, performed
        self._next: tuple[str, Voice] = ("player", (0, 0))
        self._open: dict[tuple[int, int], tuple[str, Voice, float, int]] = {}

    def watch(self, owner: str, voice: Voice, due: float | None) -> None:
        """The next note-on is this one's."""
        self._next = owner, voice

    def send(self, message: Message) -> None:
        """A message leaves the instrument."""
        now = self._clock.now()
        self._performed.sent.append((now, message))
        if not (is_note_on(message) or is_note_off(message)):
            return
        place = message[0] & 0xF, message[1]
        if place in self._open:
            owner, (instrument, pitch), since, velocity = self._open.pop(place)
            self._performed.notes.append((owner, Note(instrument, pitch, since, now, velocity)))
        if is_note_on(message):
            self._open[place] = (*self._next, now, message[2])


def perform(
    messages: Iterable[tuple[float, str, Message]], settings: Settings, link: AnsweringLink,
    seed: int = 0, answer_ms: float = 3.0, tail: float | None = None,
    also: Iterable[tuple[float, Also]] = (),
    tape: Tape | None = None,
) -> Performed:  # fmt: skip
    """Play messages (seconds, port, bytes) through the instrument; the brain must be awake.

    `tail`: seconds of music after the last message. `also`: other things to happen at a time, with
    the instrument in hand: knobs turned, a keyboard unplugged; what returns a time happens again
    then. `tape`: it is taken down there.
    """
    clock, agenda, performed = CrankedClock(), Schedule[Happening](), Performed()
    recorder = _Recorder(clock, performed)
    simulated = SimulatedLink(link, agenda, clock, answer_ms / 1000)
    instrument = (
        Instrument(settings, recorder.send, simulated, seed, recorder.watch) if tape is None else
        Recorded(settings, recorder.send, simulated, seed, recorder.watch, tape=tape, now=clock.now)
    )  # fmt: skip
    simulated.instrument = instrument
    end = 0.0
    for at, port, message in messages:
        agenda.put(at, lambda now, p=port, m=message: instrument.heard(p, m, now))  # type: ignore[misc]
        end = max(end, at)
        performed.notes_in += is_note_on(message)

    def put(at: float, happen: Also) -> None:
        def happens(now: float) -> None:
            again = happen(instrument, now)
            if again is not None:
                put(again, happen)

        agenda.put(at, happens)

    for at, happen in also:
        put(at, happen)
    end += TAILS.get(settings.mode, 4.0) if tail is None else tail
    instrument.brain_ready(0.0)
    _play(instrument, agenda, clock, end)
    performed.asks, performed.late_answers = instrument.questions.asked, instrument.questions.late
    performed.answer_times = simulated.answer_times
    performed.notes.sort(key=lambda item: (item[1].start, item[1].instrument, item[1].pitch))
    return performed


def _play(
    instrument: Instrument, agenda: Schedule[Happening], clock: CrankedClock, end: float
) -> None:
    """Crank the clock from happening to happening until the end, then fall silent."""
    while True:
        times = [t for t in (agenda.next, instrument.next_due) if t is not None]
        at = min(times, default=end)
        if at >= end:
            break
        clock.set(at)
        for _, happen in agenda.due(clock.now()):
            happen(clock.now())
        instrument.tick(clock.now())
    clock.set(end)
    instrument.end(end)
