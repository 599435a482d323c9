"""Live: one loop that waits for the next due event, or for something to come, and serves it.

    wait until the earliest of: next due · MIDI came · the brain answered · rescan of the ports
      MIDI    ──▶ instrument.heard
      brain   ──▶ instrument.answered / brain_ready / brain_lost
      time    ──▶ instrument.tick
"""

from __future__ import annotations

import gc
import json
import logging
import os
import select
import signal
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from firmware_py.box.health import Watch
from firmware_py.box.notify import Notifier
from firmware_py.brain_link import ProcessLink, Report
from firmware_py.clock import Clock
from firmware_py.instrument import Instrument
from firmware_py.message import CLOCK, Message, is_channel_message, is_note_on
from firmware_py.midi.ports import Heard, Inputs, Output
from firmware_py.panel.board import Board
from firmware_py.panel.controls import Keep, Panic, StorePreset, Tap, Turn
from firmware_py.panel.lamps import Sign
from firmware_py.presets.bank import Bank
from firmware_py.presets.remote import Recall, Remote, Step
from firmware_py.story import Voice

log = logging.getLogger(__name__)

RESCAN = 2.0  # seconds between two looks for keyboards that came or went
SITTING = 600.0  # seconds without a note or a clock, after which a note begins another session
QUIET = 0.05  # seconds that should be free of due events for such a look
PRIORITY = 10  # real-time, of 1 to 99: after JACK, before everything else
BRIEF = 0.004  # seconds that are enough when it has waited for a second already


class Loop:
    """The instrument, live."""

    def __init__(
        self, instrument: Instrument, inputs: Inputs, output: Output, link: ProcessLink,
        clock: Clock, told: Callable[[str], None] = log.info, board: Board | None = None,
        bank: Bank | None = None, keep: Callable[[float], str] | None = None,
        notifier: Notifier | None = None, watch: Watch | None = None,
    ) -> None:  # fmt: skip
        """`told` is given a line for the player when something changes. `keep` is told the time
        when the last minutes are to be kept, and says what it does about it. `notifier` speaks to
        systemd; `watch` knows whether the machine is too hot or short of power."""
        self._notifier, self._watch = notifier or Notifier(), watch or Watch()
        self._bank, self._remote, self._keep = bank or Bank({}), Remote(), keep
        self._board, self._fault = board, False
        self._instrument, self._link = instrument, link
        self._inputs, self._output = inputs, output
        self._clock, self._told = clock, told
        self._rescan_at = clock.now() + RESCAN
        self._sounded_at: float | None = None  # when a note sounded last
        self._rescan_by = self._rescan_at + 1.0
        self._stopping = False

    def stop(self, *_: int | FrameType | None) -> None:
        """Have the loop end after this turn; also a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Play until stopped; whatever ends it, nothing is left sounding."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        take_priority()
        gc.collect()
        gc.freeze()  # what start-up made is never looked through again
        self._notifier.ready()
        self._link.start()
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._notifier.stopping()
            self._instrument.end(self._clock.now())
            self._link.close()

    def _turn(self) -> None:
        """Wait for something, and serve all that came."""
        self._wait()
        self._hear(self._inputs.drain())
        self._instrument.tick(self._clock.now())
        for report in self._link.poll():
            self._serve(report)
        self._instrument.tick(self._clock.now())
        if self._instrument.sounding:
            self._sounded_at = self._clock.now()
        if self._board is not None:
            self._serve_panel(self._board)
        self._look_for_devices()
        for line in self._watch.news():
            self._told(line)
        self._notifier.alive(self._clock.now())

    def _hear(self, came: list[Heard]) -> None:
        for at, port, message in came:
            self._heard(at, port, message)
            if self._board is not None and message[0] != CLOCK:  # which never rests
                self._board.midi_came()

    def _heard(self, at: float, port: str, message: Message) -> None:
        if is_channel_message(message) and is_note_on(message) and self._is_rested(at):
            self._instrument.begin_anew(at)
        wishes = self._remote.heard(port, message, self._instrument.scene.settings)
        if wishes is None:
            self._instrument.heard(port, message, at)
        for wish in wishes or []:
            self._recall(wish)
        if self._instrument.sounding:
            self._sounded_at = at

    def _is_rested(self, at: float) -> bool:
        """Whether a sitting is over: nothing has sounded for long, and no clock would lose its
        place, or whoever follows ours."""
        instrument = self._instrument
        if instrument.beat.hears_clock(at) or instrument.scene.settings.clock_out == "on":
            return False
        return self._sounded_at is not None and at - self._sounded_at > SITTING

    def _recall(self, wish: Recall | Step) -> None:
        """Recall a preset, this one or so many on; knobs that stand apart from it wait."""
        bank, instrument = self._bank, self._instrument
        preset = bank.recall(wish.number) if isinstance(wish, Recall) else bank.step(wish.by)
        if preset is None:
            number = f" {wish.number}" if isinstance(wish, Recall) else ""
            self._told(f"there is no preset{number}")
            return
        instrument.recall(preset.onto(instrument.scene.settings), self._clock.now())
        if self._board is not None:
            self._board.controls.now_set(instrument.scene.settings)
        self._told(f"preset {preset.number}: {preset.name}")

    def _store(self) -> None:
        preset = self._bank.store(self._instrument.scene.settings)
        if preset is None:
            self._told("every preset is taken; free one with: notochord-box presets delete N")
        else:
            self._told(f"stored as preset {preset.number}: {preset.name}")

    def _wait(self) -> None:
        times = [self._instrument.next_due, self._link.next_due, self._rescan_at]
        times.append(self._notifier.next_due)
        sources = [self._inputs.fileno(), self._link.fileno()]
        if self._board is not None:
            times.append(self._board.next_due)
            sources.append(self._board.fileno())
        due = min(t for t in times if t is not None)
        watched = [fd for fd in sources if fd >= 0]
        try:
            select.select(watched, [], [], max(due - self._clock.now(), 0.0))
        except InterruptedError:
            return

    def _serve(self, report: Report) -> None:
        now = self._clock.now()
        self._fault = report.kind not in ("answer", "ready", "lost")
        if report.kind == "answer":
            self._instrument.answered(report.number, report.answer, now)
        elif report.kind == "ready":
            self._instrument.brain_ready(now)
            self._told("the network is awake")
        elif report.kind == "lost":
            self._instrument.brain_lost(now)
            self._told("the network is away; your keys sound, and it is being started again")
        else:
            self._told(f"no network: {report.text}")

    def _serve_panel(self, board: Board) -> None:
        """Do what was turned and pressed, and show what the box is doing."""
        instrument = self._instrument
        for change in board.poll():
            match change:
                case Turn(setting, value):
                    instrument.set(setting, value, self._clock.now())
                    board.controls.now_set(instrument.scene.settings)
                    if setting == "mode":
                        self._told(f"mode {value}")
                case Step():
                    self._recall(change)
                case StorePreset():
                    self._store()
                case Keep():
                    now = self._clock.now()
                    self._told(self._keep(now) if self._keep else "nothing is being recorded")
                case Tap(at):
                    self._tapped(instrument.tap(at), board)
                case Panic():
                    instrument.panic(self._clock.now())
                    self._told("panic: all silent")
        board.show(self._sign())

    def _tapped(self, bpm: float | None, board: Board) -> None:
        if bpm is not None:
            board.controls.now_set(self._instrument.scene.settings)
            self._told(f"tempo {bpm:.1f}")

    def _sign(self) -> Sign:
        scene = self._instrument.scene
        if not scene.brain:
            return Sign.FAULT if self._fault else Sign.WAKING
        if self._watch.strained:
            return Sign.STRAINED
        if scene.settings.mode == "thru":
            return Sign.THRU
        return Sign.ANSWERING if scene.own else Sign.LISTENING

    def _look_for_devices(self) -> None:
        now, due = self._clock.now(), self._instrument.next_due
        if now < self._rescan_at:
            return
        if due is not None and due < now + (QUIET if now < self._rescan_by else BRIEF):
            self._rescan_at = max(due, now)  # when that is done
            return
        keyboards, synth = self._inputs.rescan(), self._output.rescan()
        for port in keyboards.gone:
            self._instrument.unplugged(port, self._clock.now())
        if synth.come:
            self._instrument.new_synth(self._clock.now())
        for port in (*keyboards.gone, *synth.gone):
            self._told(f"unplugged: {port}")
        for port in (*keyboards.come, *synth.come):
            self._told(f"plugged in: {port}")
        self._rescan_at = self._clock.now() + RESCAN
        self._rescan_by = self._rescan_at + 1.0


class PlannedTimes:
    """When each note that was planned ahead, and each tick of the clock, was due, and when it was
    sent: a few thousand of each."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._due: float | None = None
        self._notes: deque[tuple[float, float]] = deque(maxlen=10_000)
        self._ticks: deque[tuple[float, float]] = deque(maxlen=10_000)

    def watch(self, owner: str, voice: Voice, due: float | None) -> None:
        """A note, or a tick, is about to be sent."""
        self._due = due

    def sent(self, message: Message) -> None:
        """A message was sent."""
        if self._due is None:
            return
        if is_note_on(message):
            self._notes.append((self._due, self._now()))
            self._due = None
        elif message[0] == CLOCK:
            self._ticks.append((self._due, self._now()))
            self._due = None

    def write(self, path: Path) -> None:
        """Pairs of due and sent, in seconds, of notes and of ticks, as JSON."""
        times = {"notes": list(self._notes), "ticks": list(self._ticks)}
        path.write_text(json.dumps(times), encoding="utf-8")


def take_priority() -> bool:
    """Have this thread run before everything else, where that is permitted.

    A note or a tick is sent when the machine lets us, and a busy one keeps others waiting for
    milliseconds. What this thread starts, the brain above all, runs as everything else does.
    """
    try:
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_param(PRIORITY))
    except OSError:
        log.info("no real-time priority is permitted; on a busy machine notes may be late")
        return False
    return True
