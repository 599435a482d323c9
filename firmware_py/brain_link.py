"""The player's end of the way to the brain: starts its process, watches it, and never waits for it.

    stopped ──start──▶ waking ──ready──▶ ready ──dead, silent, grown──▶ stopped (start again)
                          ├──dead──▶ gone ──how it ended is known──▶ stopped (start again)
                          │            └──again and again──▶ stopped, and tried once a minute
                          └──refused──▶ refused: the file cannot be used; keys sound, no brain

Torch is first imported in that process: a wheel that crashes on this processor takes it alone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import select
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.box.claims import resident
from firmware_py.child import Child
from firmware_py.packets import packets
from firmware_py.story import Told
from notochord.ask import Answer, Ask
from notochord.event import Event, is_sane

log = logging.getLogger(__name__)

LARGEST = 1 << 18  # bytes of one message
SILENT = 1.0  # seconds without an answer that was due, after which the brain is started anew
LONGEST_WAKING = 60.0  # seconds it may take to load
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0  # seconds before starting again, doubled at every failure
DIES_WITHIN = 0.1  # seconds from the end of its socket to that of a process
CRASHES, REST = 3, 60.0  # deaths before it was ready, in a row, after which it rests, in seconds
LOOK = 2.0  # seconds between two looks after a brain that is asked nothing
HUNG = 5.0  # seconds that it may take to say that it lives
CATCHES_UP = 5.0  # seconds for which it may be as slow to answer, after it was told the past anew
GROWTH = 256 << 20  # bytes that it may grow by; the states that it keeps take up to 77 MB
PING = -1  # the number of the question whether it lives; those of others count from 0 up


@dataclass(frozen=True)
class Report:
    """What came from the brain: "ready", "lost", "refused", "answer"; or "failing", after "lost":
    it has not woken for some time, and `text` says why."""

    kind: str
    number: int = 0
    answer: Answer = None
    seconds: float = 0.0  # that the answer took inside the brain
    waited: float = 0.0  # seconds from the question to the answer
    text: str = ""


class ProcessLink:
    """One brain process after another, behind one face."""

    def __init__(
        self, path: Path, now: Callable[[], float], timely: bool = True,
        place: Callable[[int], object] = lambda pid: None, size: Callable[[int], int] = resident,
        instead: Path | None = None,
    ) -> None:  # fmt: skip
        """`timely`: deadlines are real times, which the brain keeps too, and nothing waits for it.

        Otherwise what it is told waits until it can take it, so that nothing is ever lost.
        `place` is handed each new process; `size` says how many bytes of memory one takes.
        `instead`: another brain file, should this one turn out not to be of use.
        """
        self._instead = instead
        self._path, self._now, self._timely = path, now, timely
        self._place, self._size = place, size
        self._look_at, self._room, self._crashes = 0.0, 0, 0
        self._child: Child | None = None
        self._dying: list[Child] = []  # killed, and not gone yet
        self._gone_at = 0.0  # when the end of a socket was seen
        self._socket: socket.socket | None = None
        self._waiting: dict[int, float] = {}  # asks not answered yet: when they were sent
        self._unsent: list[int] = []  # asks that the brain could not take
        self._started_at = 0.0
        self._forgot_at = float("-inf")
        self._pause, self._again_at = FIRST_PAUSE, 0.0
        self.state = "stopped"
        self.manifest: dict[str, Any] = {}
        self.sha256 = ""
        self.lost_events = 0

    def start(self) -> None:
        """Start a brain process; it reports when it is ready."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)
        command = [sys.executable, "-m", "firmware_py.brain_process"]
        command += ["--brain", str(self._path), "--fd"]
        self._child = Child(command, theirs, self._place)
        ours.setblocking(False)
        self._socket, self._started_at, self.state = ours, self._now(), "waking"

    def fileno(self) -> int:
        """The descriptor that becomes readable when something came; -1 when there is none."""
        return -1 if self._socket is None else self._socket.fileno()

    @property
    def pid(self) -> int | None:
        """The brain's process, as soon as it runs."""
        return None if self._child is None else self._child.pid

    @property
    def next_due(self) -> float | None:
        """When `poll` should be called at the latest."""
        if self._unsent:
            return self._now()
        if self.state == "stopped":
            return self._again_at
        if self.state == "waking":
            return self._started_at + LONGEST_WAKING
        if self.state == "gone":
            return self._gone_at + DIES_WITHIN
        return min((self._patience(number) for number in self._waiting), default=None)

    # ── to the brain ────────────────────────────────────────────────────────────────────────

    def tell(self, told: Told) -> None:
        """Tell it an event; lost without harm while there is no brain."""
        self._post({"tell": [told.number, told.after, *told.event]})

    def ask(
        self, number: int, after: int, ask: Ask, uniforms: list[float], deadline: float
    ) -> None:
        """Ask it something."""
        limit = deadline if self._timely else None
        if self._post({"ask": [number, after, limit, ask.as_json(), uniforms]}):
            self._waiting[number] = self._now()
        else:
            self._unsent.append(number)

    def forget(self) -> None:
        """Have it go back to the start."""
        self._forgot_at = self._now()
        self._post({"forget": True})

    def _post(self, message: dict[str, Any]) -> bool:
        if self._socket is None or self.state != "ready":
            return False
        try:
            if not self._timely:
                select.select([], [self._socket], [], SILENT)
            self._socket.send(json.dumps(message).encode())
        except BlockingIOError:  # it cannot keep up: rather lose this than wait
            self.lost_events += 1
            return False
        except OSError:  # it is gone; poll will find out
            return False
        return True

    # ── from the brain ──────────────────────────────────────────────────────────────────────

    def poll(self) -> list[Report]:
        """Take what came, and see to it that the brain lives."""
        now = self._now()
        if self.state == "stopped":
            if now >= self._again_at:
                self.start()
            return []
        if self.state == "gone":
            return self._gone(now)
        reports = self._receive()
        reports += [Report("answer", number) for number in self._unsent]
        self._unsent.clear()
        if self.state == "ready":
            if any(now > self._patience(number) for number in self._waiting):
                log.warning("the brain does not answer; it is started anew")
                reports += self._stop(now)
            elif self._timely and now >= self._look_at:
                reports += self._look(now)
        elif self.state == "waking" and now - self._started_at > LONGEST_WAKING:
            reports += self._not_woken(f"it is not ready in {LONGEST_WAKING:.0f} s", now)
        return reports

    def _patience(self, number: int) -> float:
        """Until when an answer is waited for."""
        slow = number == PING or self._waiting[number] < self._forgot_at + CATCHES_UP
        return self._waiting[number] + (HUNG if slow else SILENT)

    def _look(self, now: float) -> list[Report]:
        """See whether it lives, and has not grown without end."""
        self._look_at = now + LOOK
        self._post({"ping": True})
        self._waiting.setdefault(PING, now)  # also when it cannot even take that
        if self._resident() <= self._room:
            return []
        log.warning("the brain has grown by more than %d MB; it is started anew", GROWTH >> 20)
        return self._stop(now)

    def wait(self, seconds: float) -> list[Report]:
        """Poll, waiting until something came or the time is up: for use without a player."""
        with contextlib.suppress(OSError, ValueError):
            if self._socket is not None:
                select.select([self._socket], [], [], seconds)
        return self.poll()

    def _receive(self) -> list[Report]:
        reports: list[Report] = []
        for data in packets(self._socket, LARGEST):
            try:
                reports += self._report(json.loads(data)) if data else self._parted()
            except (ValueError, TypeError, LookupError):
                log.warning("the brain talks nonsense (%.80r); it is started anew", data)
                reports += self._stop(self._now())
        return reports

    def _report(self, message: dict[str, Any]) -> list[Report]:
        """What a message says; raises ValueError, TypeError or LookupError on nonsense."""
        if "answer" in message:
            number, event, seconds = message["answer"]
            answer = None if event is None else Event(*event)
            if answer is not None and not is_sane(answer):
                raise ValueError(f"no such event: {answer}")
            waited = self._now() - self._waiting.pop(number)
            self._pause = FIRST_PAUSE
            return [Report("answer", number, answer, seconds, waited=waited)]
        if "pong" in message:
            self._waiting.pop(PING, None)
            return []
        if "refused" in message:
            if self._instead is not None:
                self._turn_to_the_other(message["refused"])
                return self._stop(self._now())
            self.state = "refused"
            log.error("%s", message["refused"])
            return [Report("refused", text=message["refused"])]
        self.manifest, self.sha256 = dict(message["ready"]), str(message["sha256"])
        self.state, self._crashes = "ready", 0
        self._look_at = self._now() + LOOK
        self._room = GROWTH + self._resident()
        return [Report("ready")]

    def _resident(self) -> int:
        return 0 if self.pid is None else self._size(self.pid)

    def _parted(self) -> list[Report]:
        """Its end of the socket is closed."""
        if self.state == "refused":
            self._close()
            return []
        if self.state == "waking":
            self._let_go()
            self.state, self._gone_at = "gone", self._now()
            return self._gone(self._now())
        log.warning("the brain's process ended; it is started anew")
        return self._stop(self._now())

    def _gone(self, now: float) -> list[Report]:
        """It never woke. How it ended says why, and is known a little later."""
        if self._child is not None and self._child.ended is None:
            if now < self._gone_at + DIES_WITHIN:
                return []
        return self._not_woken("its process ends before it is ready", now)

    def _not_woken(self, how: str, now: float) -> list[Report]:
        """Start it again; after some times, or when it will never be otherwise, after a rest."""
        why, hopeless = self._why()
        reports = self._stop(now)
        text = f"{how} ({why}); see 'notochord-box doctor'"
        self._crashes += 1
        if self._crashes < CRASHES and not hopeless:
            log.warning("the brain does not wake: %s", text)
            return reports
        if self._instead is not None:
            self._turn_to_the_other(text)
            return reports
        self._again_at = now + REST
        return [*reports, Report("failing", text=text)]

    def _turn_to_the_other(self, why: str) -> None:
        """Play with the other brain from now on."""
        assert self._instead is not None
        log.error("%s; %s plays instead", why, self._instead.name)
        self._path, self._instead, self._crashes = self._instead, None, 0

    def _why(self) -> tuple[str, bool]:
        """How the process ended, and whether it will never end otherwise."""
        if self._child is None:
            return "no process", False
        return self._child.end, self._child.ended == -signal.SIGILL

    def _stop(self, now: float) -> list[Report]:
        self._close()
        self._again_at = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self.state = "stopped"
        return [Report("lost")]

    def _close(self) -> None:
        """Have done with this process, without waiting until it is gone: while its memory is given
        back or a card is waited for, that takes longer than a note may. The next end sees to it."""
        self._let_go()
        self._dying = [child for child in self._dying if child.ended is None]
        if self._child is not None:
            self._child.kill()
            self._dying.append(self._child)
            self._child = None
        self._waiting.clear()
        self._unsent.clear()

    def _let_go(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def part(self) -> None:
        """Have the brain's process end by itself, as it does when nobody listens any more: to kill
        it and wait for that takes longer than a note may."""
        self._let_go()
        self.state = "closed"

    @property
    def has_ended(self) -> bool:
        """Whether there is no process any more."""
        return self._child is None or self._child.ended is not None

    def close(self) -> None:
        """End the brain's process, for good."""
        self._close()
        for child in self._dying:
            child.wait()
        self.state = "closed"
