"""A box on real ports, played by chance in real time; measured before, meanwhile and after."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired
from tempfile import TemporaryDirectory

from firmware_py.clock import MonotonicClock
from firmware_py.latency import lateness, percentiles
from firmware_py.midi.jack import JackServer
from firmware_py.soak.acts import Act, Pull
from firmware_py.soak.box import Box
from firmware_py.soak.devices import Devices
from firmware_py.soak.meter import latency
from firmware_py.soak.performer import ALONE, MEASURED, movement, recall
from firmware_py.soak.report import Report

DIES_AWAY = 2.0  # seconds at the end of each movement in which it must fall silent
SETTLES = 1.0  # seconds after a preset
WAKES = 60.0  # seconds in which its brain must play, before it is measured
LISTENS = 0.02  # seconds between two looks at what the synths were sent


class Soak:
    """One box, and whoever plays it."""

    def __init__(self, box: Box, devices: Devices, report: Report, length: float) -> None:
        """`length`: of a movement, in seconds."""
        self._box, self._devices, self._report, self._length = box, devices, report, length
        self._now = MonotonicClock().now

    def run(self, notes: int, tell: Callable[[str], None]) -> None:
        """Measure, play, measure again; `tell` is given a line each minute."""
        report, chance = self._report, Random(self._report.seed)
        report.before = self._measure(notes)
        report.vitals.append(self._box.vitals())
        for minute in range(1, report.minutes + 1):
            self._play(chance, minute)
            if not self._box.lives:
                return
            report.vitals.append(self._box.vitals())
            memory = report.vitals[-1]["player"].memory / (1 << 20)
            tell(f"minute {minute}: {report.done} things done, the player takes {memory:.1f} MB")
        report.after = self._measure(notes)

    def _play(self, chance: Random, minute: int) -> None:
        """One movement; what still sounds at its end is noted."""
        begins = self._now()
        for at, act in movement(chance, self._length - DIES_AWAY):
            self._listen_until(begins + at)
            self._do(act)
        self._listen_until(begins + self._length)
        self._report.left += [f"minute {minute}: {left}" for left in self._devices.left]

    def _do(self, act: Act) -> None:
        self._devices.do(act)
        self._report.done += 1
        self._report.pulled += isinstance(act, Pull)

    def _measure(self, notes: int) -> dict[str, object]:
        self._devices.do(recall(MEASURED))
        self._listen_until(self._now() + SETTLES)
        until = self._now() + WAKES  # another brain may have played so far
        while self._now() < until and not self._latency(1)["answers"]:
            self._listen_until(self._now() + SETTLES)
        found = self._latency(notes)
        self._devices.do(recall(ALONE))
        self._listen_until(self._now() + SETTLES)
        return found

    def _latency(self, notes: int) -> dict[str, object]:
        return latency(self._devices, self._now, notes, self._report.seed)

    def _listen_until(self, at: float) -> None:
        while (left := at - self._now()) > 0:
            time.sleep(min(left, LISTENS))
            _listen(self._devices, self._box)


def soak(
    brain: Path, minutes: int, seed: int, notes: int, tell: Callable[[str], None],
    length: float = 60.0,
) -> Report:  # fmt: skip
    """Play a box of its own; raises PortError where there is no JACK or the box does not wake.
    `length`: of a minute, in seconds."""
    report = Report(minutes, seed)
    now = MonotonicClock().now
    with (
        TemporaryDirectory() as folder,
        JackServer(log=Path(folder) / "jackd") as server,
        Devices(now) as devices,
    ):
        with Box(brain, Path(folder), seed) as box:
            Soak(box, devices, report, length).run(notes, tell)
            if box.lives:
                with suppress(TimeoutExpired):
                    report.exit_code = box.end()
                _look_back(box, report)
            report.errors = box.errors()
            _listen(devices, box)
        report.left += [f"its end: {left}" for left in devices.left]
        report.lost, report.late_cycles = devices.lost, server.late_cycles
        report.heard = sum(synth.ear.notes for synth in devices.synths.values())
    return report


def _listen(devices: Devices, box: Box) -> None:
    """Hear what came to the synths, and what the box says that it sent them."""
    devices.listen()
    for port, message in box.witness.drain():
        devices.told(port, message)


def _look_back(box: Box, report: Report) -> None:
    """How well the last of the planned notes and ticks kept their time."""
    with suppress(FileNotFoundError):
        times = box.times()
        report.planned_ms = percentiles(lateness(times["notes"]))
        report.clock_ms = percentiles(lateness(times["ticks"]))
