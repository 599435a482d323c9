"""Live: one loop that waits for the next due event, or for something to come, and serves it.

    wait until the earliest of: next due · MIDI came · the brain answered · something was plugged in
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
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FrameType

from firmware_py.bindings.book import Book
from firmware_py.bindings.learner import Learner
from firmware_py.box.health import Watch
from firmware_py.box.notify import Notifier
from firmware_py.box.renewed import REST, Renewed
from firmware_py.brain_choice import BrainChoice
from firmware_py.brain_link import Report
from firmware_py.cables import Cables
from firmware_py.changing_link import ChangingLink
from firmware_py.clock import Clock
from firmware_py.desk import PALETTES, Desk
from firmware_py.instrument import Instrument
from firmware_py.message import CLOCK, Message, is_channel_message, is_note_on
from firmware_py.midi.inbox import PULLED
from firmware_py.midi.ports import Heard
from firmware_py.panel.access import opened_in
from firmware_py.panel.change import Change, Turn
from firmware_py.panel.panel import Panel
from firmware_py.panel.viewer import EVERY, Viewer
from firmware_py.presets.bank import Bank
from firmware_py.presets.remote import Remote
from firmware_py.priority import share_promptly, take_priority
from firmware_py.rig.seating import Chair
from firmware_py.story import Voice

log = logging.getLogger(__name__)

SITTING = 600.0  # seconds without a note or a clock, after which a note begins another session
QUIET = 0.05  # seconds that should be free of due events to open or close ports
LONGEST_SLEEP = 2.0  # seconds; what no descriptor tells, as heat, is seen that soon
BRIEF = 0.004  # seconds that are enough when that has waited for long enough
PATIENCE = 0.4  # seconds: so that what was plugged in can be used within one


class Loop:
    """The instrument, live."""

    def __init__(
        self, instrument: Instrument, cables: Cables, link: ChangingLink, clock: Clock,
        told: Callable[[str], None] = log.info, panels: Sequence[Panel] = (),
        bank: Bank | None = None, keep: Callable[[float], str] | None = None,
        book: Book | None = None, viewer: Viewer | None = None,
        notifier: Notifier | None = None, watch: Watch | None = None,
        renewed: Renewed | None = None, take_brain: Callable[[str | None], object] = lambda _: None,
        choice: BrainChoice | None = None,
    ) -> None:  # fmt: skip
        """`told` is given a line for the player when something changes. `keep` is told the time
        when the last minutes are to be kept, and says what it does about it. `book`: the MIDI
        controls that are bound. `viewer` has seen what was sent. `notifier` speaks to systemd;
        `watch` knows whether the machine is too hot or short of power; `renewed`, whether
        something new waits for a start; `choice`, which brains there are."""
        self._choice = choice or BrainChoice()
        self._notifier, self._watch = notifier or Notifier(), watch or Watch()
        self._told = told
        self._panels, self._viewer, self._remote = panels, viewer or Viewer(), Remote()
        self._learner = Learner(book or Book(), instrument.scene.settings, PALETTES)
        self._desk = Desk(
            instrument, clock.now, self._told, bank or Bank({}), self._learner, keep,
            quit=self.stop, access=opened_in(panels), take_brain=take_brain,
            restarts=self._notifier.is_heard, choice=self._choice,
        )  # fmt: skip
        for panel in panels:
            self._desk.tell(panel)
        self._desk.tell(self._choice)
        self._show_at, self._unseen = 0.0, True
        self._instrument, self._link = instrument, link
        self._cables, self._clock = cables, clock
        self._news_since: float | None = None  # how long something was plugged in, not yet used
        self._sounded_at: float | None = None  # when a note sounded last
        self._renewed = renewed or Renewed()
        self._renewed_at: float | None = None  # when something new came, to be played with
        self._stopping = False

    def stop(self, *_: int | FrameType | None) -> None:
        """Have the loop end after this turn; also a signal handler."""
        if not self._stopping:
            self._stopping = True
            self._cables.wake()

    def run(self) -> None:
        """Play until stopped; whatever ends it, nothing is left sounding."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
            signal.signal(signal.SIGHUP, self.stop)
        share_promptly()
        if not take_priority():
            log.info("no real-time priority is permitted; on a busy machine notes may be late")
        gc.collect()
        gc.freeze()  # what start-up made is never looked through again
        self._notifier.ready()
        self._link.start()
        self._seat(self._cables.begin())
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._stopping = True
            self._notifier.stopping()
            self._instrument.end(self._clock.now())
            self._link.close()

    def _turn(self) -> None:
        """Wait for something, and serve all that came."""
        self._wait()
        self._hear(self._cables.drain())
        self._instrument.tick(self._clock.now())
        for report in self._link.poll():
            self._serve(report)
        self._change_brain(self._clock.now())
        self._instrument.tick(self._clock.now())
        if self._instrument.sounding:
            self._sounded_at = self._clock.now()
        self._serve_panels()
        self._follow_cables()
        for line in self._watch.news():
            self._told(line)
        self._renew(self._clock.now())
        self._notifier.alive(self._clock.now())

    def _renew(self, now: float) -> None:
        """Start anew, where somebody would start us again, once something new is there and nobody
        plays."""
        for line in self._renewed.news():
            self._told(line)
            self._renewed_at = now
        if self._renewed_at is None or not self._notifier.is_heard:
            return
        if self._instrument.beat.hears_clock(now):  # whoever follows would lose its place
            return
        if now - max(self._renewed_at, self._sounded_at or 0.0) >= REST:
            self.stop()

    def _hear(self, came: list[Heard]) -> None:
        for at, port, message in came:
            if message == PULLED:
                self._leave(port)
                continue
            self._heard(at, port, message)
            if message[0] != CLOCK:  # which never rests
                for panel in self._panels:
                    panel.midi_came()

    def _heard(self, at: float, port: str, message: Message) -> None:
        settings = self._instrument.scene.settings
        wishes: Sequence[Change] | None = self._remote.heard(port, message, settings)
        if wishes is None:
            wishes = self._learner.heard(message, at)
        if wishes is None:
            for seat, meant in self._cables.heard(port, message):
                self._played(at, seat, meant)
            self._cables.served()
        for wish in wishes or []:
            self._desk.obey(wish)
        if self._instrument.sounding:
            self._sounded_at = at

    def _played(self, at: float, seat: str, message: Message) -> None:
        if is_channel_message(message) and is_note_on(message) and self._is_rested(at):
            self._instrument.begin_anew(at)
        self._instrument.heard(seat, message, at)

    def _is_rested(self, at: float) -> bool:
        """Whether a sitting is over: nothing has sounded for long, and no clock would lose its
        place, or whoever follows ours."""
        instrument = self._instrument
        if instrument.beat.hears_clock(at) or instrument.scene.settings.clock_out == "on":
            return False
        return self._sounded_at is not None and at - self._sounded_at > SITTING

    def _wait(self) -> None:
        times = [self._instrument.next_due, self._link.next_due, self._notifier.next_due]
        if self._news_since is not None:
            times.append(self._clock.now() + BRIEF)
        times += [panel.next_due for panel in self._panels]
        if self._panels:
            soonest = self._desk.next_due
            times.append(None if soonest is None else max(soonest, self._show_at))
            times.append(self._show_at if self._unseen else None)
        sources = [self._cables.fileno(), self._link.fileno()]
        sources += [panel.fileno() for panel in self._panels]
        now = self._clock.now()
        due = min((t for t in times if t is not None), default=now + LONGEST_SLEEP)
        watched = [fd for fd in sources if fd >= 0]
        try:
            select.select(watched, [], [], min(max(due - now, 0.0), LONGEST_SLEEP))
        except InterruptedError:
            return

    def _serve(self, report: Report) -> None:
        now = self._clock.now()
        self._viewer.fault = report.kind not in ("answer", "ready", "lost", "kept")
        if report.kind == "answer":
            self._instrument.answered(report.number, report.answer, now)
            if report.waited > 0:  # it was asked
                self._viewer.answered(report.waited)
        elif report.kind == "ready":
            self._desk.brain_changed()
            self._instrument.brain_ready(now)
            self._told("the network is awake")
        elif report.kind == "kept":
            self._told(f"{report.text}; the brain before plays on")
            self._desk.obey(Turn("brain", self._choice.kept()))
        elif report.kind == "lost":
            self._instrument.brain_lost(now)
            self._told("the network is away; your keys sound, and it is being started again")
        else:
            self._told(f"no network: {report.text}")

    def _change_brain(self, now: float) -> None:
        """Have a brain that waits take over, once that cuts no note."""
        mode = self._choice.mode_for(self._instrument, now)
        if mode is None:
            return
        name = self._choice.take()
        self._desk.brain_changed()
        if self._instrument.scene.brain:
            self._instrument.brain_changed(now)
        else:  # the one before was lost meanwhile
            self._instrument.brain_ready(now)
        self._told(f"the brain '{name}' plays now")

    def _serve_panels(self) -> None:
        """Do what was turned and pressed, and show what the box is doing."""
        for panel in self._panels:
            for change in panel.poll():
                self._desk.touch(change)
                self._desk.obey(change)
        now = self._clock.now()
        if not self._panels or now < self._show_at:
            self._unseen = bool(self._panels)
            return
        self._show_at, self._unseen = now + EVERY, False
        self._viewer.strained = self._watch.strained
        glance = self._viewer.glance(self._instrument, self._desk, self._learner, now)
        for panel in self._panels:
            panel.show(glance)

    def _follow_cables(self) -> None:
        """See to what was plugged in and out, as soon as the music leaves time for it."""
        news = self._cables.news
        if news is None:
            return
        now, due = self._clock.now(), self._instrument.next_due
        since = self._news_since = now if self._news_since is None else self._news_since
        if due is not None and due < now + (QUIET if now < since + PATIENCE else BRIEF):
            return
        self._news_since = None
        gone = self._cables.close_gone(news)
        self._hear(self._cables.drain())  # what they have left, before they are left
        for port in gone:
            self._leave(port)
            self._told(f"unplugged: {port}")
        plugged = self._cables.open_come(news)
        self._seat(plugged.chairs)
        if plugged.new_synth:
            self._instrument.new_synth(self._clock.now())
        for line in plugged.told:
            self._told(line)

    def _leave(self, port: str) -> None:
        for seat in self._cables.leave(port):
            self._instrument.unplugged(seat, self._clock.now())

    def _seat(self, chairs: Iterable[Chair]) -> None:
        for chair in chairs:
            self._instrument.seat(chair.seat, chair.plays, chair.second, self._clock.now())


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
