"""The whole player in simulated time: the real loop, cables, memory and board, with a scripted MIDI
system, brain, pins and clock. Only `select` is not real: where it would wait, time goes on."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import gpiozero
from gpiozero.pins.mock import MockFactory, MockPWMPin

from firmware_py import live
from firmware_py.bindings import book as bindings
from firmware_py.bindings.binding import source_in
from firmware_py.brain_choice import BrainChoice
from firmware_py.brain_link import Report
from firmware_py.cables import Cables
from firmware_py.changing_link import ChangingLink
from firmware_py.live import Loop
from firmware_py.memory import Memory
from firmware_py.panel.board import Board
from firmware_py.panel.pinmap import PinMap, load
from firmware_py.panel.viewer import Viewer
from firmware_py.presets import commands as presets
from firmware_py.presets import files
from firmware_py.settings import Settings, changed
from firmware_py.soak.acts import PLAYERS, SYNTHS, Play, Pull
from firmware_py.soak.ear import Ear
from firmware_py.soak.performer import BINDINGS, KNOBS, PRESETS
from tests.firmware_py.midi.test_ports import Desk, DeskPort
from tests.firmware_py.stage import obedient

THINKS = 0.003  # seconds that the brain takes to answer
LOOKS, WRITES = 0.2, 2.0  # seconds between two turns of the lookout and of the scribe
NUMBERS = 16  # that the MIDI system gives its ports
KNOWS = {
    "groove_transformer": {"modes": ["drums"]}, "bachprop": {"modes": ["continue", "chorale"]},
}  # fmt: skip
SHELF = {name: Path(name) for name in ("auto", *KNOWS)}
SPINS = 2000  # turns of the loop in one moment, of which nothing can come any more


class Table(Desk):
    """The desk with a synth's ear behind each output."""

    def __init__(self) -> None:
        super().__init__([], [])
        self.ears = {name: Ear() for name in SYNTHS}
        self._named, self._number = {}, 20
        for name in (*PLAYERS, *SYNTHS):
            self.plug(name)

    def joined(self):
        made = super().joined()
        return made._replace(make_out=lambda name: SynthPort(self, False))

    def plug(self, device: str) -> None:
        """It comes, under another number than it had; it has 16 of them."""
        self._number = 20 + (self._number - 19) % NUMBERS
        self._named[device] = port = f"{device}:{device} {self._number}:0"
        (self.outputs if device in SYNTHS else self.inputs).append(port)

    def pull(self, device: str) -> None:
        port = self._named.pop(device)
        if device in SYNTHS:
            self.outputs.remove(port)
            self.ears[device].lost_power()
        else:
            self.inputs.remove(port)
            self.heard.pop(port, None)

    def play(self, device: str, message) -> None:
        """A key struck on a keyboard that was not opened yet is lost, as it is in life."""
        call = self.heard.get(self._named[device])
        if call is not None:
            call(message)


class SynthPort(DeskPort):
    """An output, at whose end there is a synth while it is plugged in."""

    def send_message(self, message) -> None:
        if self._name in self._desk.outputs:
            self._desk.ears[self._name.partition(":")[0]].hear(tuple(message))


class Brain:
    """A brain that answers what the ask allows, after a while; and may be lost."""

    has_ended, sha256, pid, lost_events = True, "00", 0, 0

    def __init__(self, now, path=Path("auto")) -> None:
        self._now, self._about = now, {"name": path.name, **KNOWS.get(path.name, {})}
        self.state, self.manifest = "waking", {}
        self._reports: list[tuple[float, Report]] = []
        self._awake = False

    def fileno(self) -> int:
        return -1

    @property
    def next_due(self):
        return self._reports[0][0] if self._reports else None

    def start(self) -> None:
        self._reports.append((self._now() + 1.0, Report("ready")))

    def lose(self) -> None:
        """It dies, and is back soon."""
        self._awake = False
        self._reports = [(self._now(), Report("lost")), (self._now() + 2.0, Report("ready"))]

    def poll(self):
        due = [report for at, report in self._reports if at <= self._now()]
        self._reports = [item for item in self._reports if item[0] > self._now()]
        if any(report.kind == "ready" for report in due):
            self._awake, self.state, self.manifest = True, "ready", self._about
        return due

    def tell(self, told) -> None:
        pass

    def forget(self) -> None:
        self._reports = [item for item in self._reports if item[1].kind != "answer"]

    def ask(self, number, after, ask, uniforms, deadline) -> None:
        if self._awake:
            answer = obedient(ask, uniforms)
            report = Report("answer", number, answer, THINKS, THINKS)
            self._reports.append((self._now() + THINKS, report))

    def part(self) -> None:
        self._reports.clear()

    def close(self) -> None:
        pass


class WholeBox:
    """A box that is played in simulated time."""

    def __init__(self, folder, monkeypatch, seed=0) -> None:
        self.time, self._until, self._spins = 100.0, 100.0, 0
        self._looks_at = self._writes_at = 0.0
        monkeypatch.setattr(live, "select", SimpleNamespace(select=self._select))
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # the disk would set the pace
        self.pins = MockFactory(pin_class=MockPWMPin)
        monkeypatch.setattr(gpiozero.Device, "pin_factory", self.pins)
        for number in files.NUMBERS:  # all are taken: what is stored by chance would grow
            preset = replace(PRESETS[(number - 1) % len(PRESETS)], number=number)
            files.store(presets.folder_of(folder), preset)
        bound = {source_in(source): does for source, does in BINDINGS.items()}
        bindings.write(bindings.path_in(folder), bound)
        settings = Settings()
        for name, value in KNOBS.items():
            settings = changed(settings, name, value)
        self.lines: list[str] = []
        self.table = Table()
        self.link = ChangingLink(Brain(self.now), partial(Brain, self.now), self.now)
        self.cables = Cables(self.table.backend(), self.now, identify=lambda port: None)
        self.cables._lookout.start = lambda: None  # looked out for below
        self.memory, self._viewer = Memory(folder, True, 1 << 26), Viewer(lambda: None)
        self.instrument = self.memory.instrument(
            settings, self._send, self.link, seed, self._watch, self.now,
            brain=lambda: {"name": "scripted", "sha256": "00"},
        )  # fmt: skip
        whole = load()
        self.board = Board(
            PinMap("no knobs", (), whole.encoder, whole.buttons, whole.lamp, whole.midi_lamp),
            settings, self.now,
        )  # fmt: skip
        self.loop = Loop(
            self.instrument, self.cables, self.link, self, self._told, [self.board],
            self.memory.bank, self.memory.keep, self.memory.book, self._viewer,
            choice=BrainChoice(self.link, SHELF),
        )  # fmt: skip
        self.link.start()
        self.loop._seat(self.cables.begin())

    def now(self) -> float:
        return self.time

    @property
    def brain(self) -> Brain:
        """The brain that plays."""
        return self.link._link

    def crank(self, seconds: float) -> None:
        """Let time go by, with the loop turning as it does in life."""
        self._until += seconds
        while self.time < self._until:
            self.loop._turn()

    def do(self, act) -> None:
        """Something is done to the box."""
        if isinstance(act, Play):
            self.table.play(act.device, act.message)
        elif isinstance(act, Pull):
            self.table.pull(act.device)
        else:
            self.table.plug(act.device)

    def unlearn(self) -> None:
        """Let go what was learnt by chance, and bind again what was let go."""
        book = self.memory.book
        for source, does in book.names:
            if BINDINGS.get(source) != does:
                self.loop._learner.forget(source)
        for source, does in BINDINGS.items():
            book.bind(source_in(source), does)

    def takes(self) -> tuple[int, int]:
        """Blocks of Python's memory that are in use, and open descriptors."""
        for pin in self.pins.pins.values():
            pin.clear_states()  # a mock's history, which no real pin has
        gc.collect()
        return sys.getallocatedblocks(), len(os.listdir("/proc/self/fd"))

    def left(self) -> dict[str, list[str]]:
        """What sounds on each synth."""
        return {name: ear.left for name, ear in self.table.ears.items() if ear.left}

    def close(self) -> None:
        self.instrument.end(self.time)
        self.memory.__exit__(None, None, None)
        self.board.close()
        self.pins.reset()
        self.cables.close()

    def _told(self, line: str) -> None:
        self.lines[:] = [*self.lines[-100:], line]

    def _send(self, message) -> None:
        self.cables.send(message)
        self._viewer.sent(message, self.time)

    def _watch(self, owner, voice, due) -> None:
        self.cables.watch(owner, voice, due)
        self._viewer.watch(owner, voice, due)

    def _select(self, watched, writable, failed, timeout: float):
        """Time goes on until whatever comes first; the threads beside the loop have their turn."""
        ends = min(self.time + timeout, max(self._until, self.time))
        self._spins = 0 if ends > self.time else self._spins + 1
        assert self._spins < SPINS, "the loop turns and turns, and time stands still"
        self.time = ends
        if self.time >= self._looks_at:
            self._looks_at = self.time + LOOKS
            self.cables._lookout.look()
        if self.time >= self._writes_at:
            self._writes_at = self.time + WRITES
            self.memory._scribe.turn()
        return [], [], []
