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
import select
import signal
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from firmware_py.brain_link import ProcessLink, Report
from firmware_py.clock import Clock
from firmware_py.instrument import Instrument
from firmware_py.message import Message, is_note_on, silence
from firmware_py.midi.ports import Inputs, Output
from firmware_py.story import Voice

log = logging.getLogger(__name__)

RESCAN = 2.0  # seconds between two looks for keyboards that came or went
QUIET = 0.05  # seconds that must be free of due events for such a look


class Loop:
    """The instrument, live."""

    def __init__(
        self, instrument: Instrument, inputs: Inputs, output: Output, link: ProcessLink,
        clock: Clock, told: Callable[[str], None] = log.info,
    ) -> None:  # fmt: skip
        """`told` is given a line for the player when something changes."""
        self._instrument, self._link = instrument, link
        self._inputs, self._output = inputs, output
        self._clock, self._told = clock, told
        self._rescan_at = clock.now() + RESCAN
        self._stopping = False

    def stop(self, *_: int | FrameType | None) -> None:
        """Have the loop end after this turn; also a signal handler."""
        self._stopping = True

    def run(self) -> None:
        """Play until stopped; whatever ends it, nothing is left sounding."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        gc.collect()
        gc.freeze()  # what start-up made is never looked through again
        self._link.start()
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._instrument.silence(self._clock.now())
            self._link.close()

    def _turn(self) -> None:
        """Wait for something, and serve all that came."""
        self._wait()
        for at, port, message in self._inputs.drain():
            self._instrument.heard(port, message, at)
        self._instrument.tick(self._clock.now())
        for report in self._link.poll():
            self._serve(report)
        self._instrument.tick(self._clock.now())
        self._look_for_devices()

    def _wait(self) -> None:
        times = (self._instrument.next_due, self._link.next_due, self._rescan_at)
        due = min(t for t in times if t is not None)
        watched: list[int] = [fd for fd in (self._inputs.fileno(), self._link.fileno()) if fd >= 0]
        try:
            select.select(watched, [], [], max(due - self._clock.now(), 0.0))
        except InterruptedError:
            return

    def _serve(self, report: Report) -> None:
        now = self._clock.now()
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

    def _look_for_devices(self) -> None:
        now, due = self._clock.now(), self._instrument.next_due
        if now < self._rescan_at or (due is not None and due < now + QUIET):
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


class PlannedTimes:
    """When each note that was planned ahead was due, and when it was sent: a few thousand."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._due: float | None = None
        self._times: deque[tuple[float, float]] = deque(maxlen=10_000)

    def watch(self, owner: str, voice: Voice, due: float | None) -> None:
        """A note is about to be sent."""
        self._due = due

    def sent(self, message: Message) -> None:
        """A message was sent."""
        if self._due is not None and is_note_on(message):
            self._times.append((self._due, self._now()))
            self._due = None

    def write(self, path: Path) -> None:
        """Pairs of due and sent, in seconds, as JSON."""
        path.write_text(json.dumps(list(self._times)), encoding="utf-8")


def sweep(send: Callable[[Message], object]) -> None:
    """Silence what an instrument that was killed may have left sounding, on every channel."""
    for channel in range(16):
        for message in silence(channel):
            send(message)
