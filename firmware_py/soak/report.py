"""What came of a soak: figures, and whatever is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from firmware_py.soak.vitals import Vitals, growth

MB = 1 << 20
GROWS = {"player": 4 * MB, "brain": 16 * MB}  # at most, from the second third to the last
RACES = ("cannot open MIDI port", "MIDI out failed")  # said when a cable is pulled that moment
PASSING = 1  # descriptor or thread more or fewer, as a port or a brain comes while one looks
JUDGED = 6  # minutes, from which on it can be said whether something grows


@dataclass
class Report:
    """One soak; `faults` says what went wrong, each in a line."""

    minutes: int
    seed: int
    done: int = 0  # things that were done to the box
    pulled: int = 0  # of those: devices pulled out
    heard: int = 0  # notes that the synths were sent
    lost: int = 0  # notes that the box sent, and that never came
    late_cycles: int = 0  # of the JACK server's, in which a client was not finished
    left: list[str] = field(default_factory=list)  # notes without end, with their minute
    vitals: list[dict[str, Vitals]] = field(default_factory=list)  # one each minute
    errors: list[str] = field(default_factory=list)  # lines of the box's log
    exit_code: int | None = None  # None: it was not there any more
    before: dict[str, object] = field(default_factory=dict)  # latency
    after: dict[str, object] = field(default_factory=dict)
    planned_ms: dict[str, float] | None = None  # planned notes, off their time
    clock_ms: dict[str, float] | None = None

    def faults(self) -> list[str]:
        """Everything that must not be."""
        return list(self._faults())

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {**asdict(self), "faults": self.faults()}

    def _faults(self) -> Iterator[str]:
        yield from (f"still sounding after {left}" for left in self.left)
        for line in self.errors:
            if not any(race in line for race in RACES):
                yield f"the box's log says: {line}"
        if self.exit_code != 0:
            ended = "died" if self.exit_code is None else f"ended with code {self.exit_code}"
            yield f"the box {ended}"
        for when, figures in (("before", self.before), ("after", self.after)):
            if figures.get("notes_lost"):
                yield f"{figures['notes_lost']} keys did not sound when measured {when}"
        if self.minutes >= JUDGED:
            yield from self._growing()

    def _growing(self) -> Iterator[str]:
        for process, most in GROWS.items():
            rows = [minute[process] for minute in self.vitals if process in minute]
            more = growth([row.memory for row in rows])
            if more > most:
                yield f"the {process} grows: {more / MB:.1f} MB more in the last third"
            for what in ("descriptors", "threads"):
                if growth([getattr(row, what) for row in rows]) > PASSING:
                    yield f"the {process} holds more and more {what}"

    def lines(self) -> Iterator[str]:
        """What a reader wants to know."""
        yield f"{self.done} things done to it, {self.pulled} devices pulled; {self.heard} notes"
        yield f"lost on their way: {self.lost} notes; JACK's late cycles: {self.late_cycles}"
        for minute, each in enumerate(self.vitals):
            of = (
                f"{name} {v.memory / MB:.1f} MB, {v.descriptors} descriptors, {v.threads} threads"
                for name, v in each.items()
            )
            yield f"minute {minute}: {'; '.join(of)}"
        for name in ("thru_ms", "answer_ms", "transport_ms"):
            yield f"{name}: before {self.before.get(name)}, after {self.after.get(name)}"
        yield f"off their time, in ms: planned notes {self.planned_ms}, ticks {self.clock_ms}"
        yield from self.faults() or ["nothing is wrong"]
