"""The player's end of the way to the brain: starts its process, watches it, and never waits for it.

    stopped ──start──▶ waking ──ready──▶ ready ──dead, or silent too long──▶ stopped (start again)
                          └──refused──▶ refused: the file cannot be used; keys sound, no brain
"""

from __future__ import annotations

import contextlib
import json
import logging
import select
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from firmware_py.story import Told
from notochord.ask import Answer, Ask
from notochord.event import Event

log = logging.getLogger(__name__)

LARGEST = 1 << 18  # bytes of one message
SILENT = 1.0  # seconds without an answer that was due, after which the brain is started anew
LONGEST_WAKING = 60.0  # seconds it may take to load
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0  # seconds before starting again, doubled at every failure


@dataclass(frozen=True)
class Report:
    """What came from the brain: "ready", "lost", "refused" or "answer"."""

    kind: str
    number: int = 0
    answer: Answer = None
    seconds: float = 0.0  # that the answer took inside the brain
    text: str = ""


class BrainLink(Protocol):
    """The way to the brain. Telling and asking never wait."""

    def tell(self, told: Told) -> None:
        """Tell it an event, sounded or planned."""
        ...

    def ask(
        self, number: int, after: int, ask: Ask, uniforms: list[float], deadline: float
    ) -> None:
        """Ask it something, to be answered by a time in seconds."""
        ...

    def forget(self) -> None:
        """Have it forget every event it was told."""
        ...


class ProcessLink:
    """One brain process after another, behind one face."""

    def __init__(self, path: Path, now: Callable[[], float], timely: bool = True) -> None:
        """`timely`: deadlines are real times, which the brain keeps too, and nothing waits for it.

        Otherwise what it is told waits until it can take it, so that nothing is ever lost.
        """
        self._path, self._now, self._timely = path, now, timely
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._waiting: dict[int, float] = {}  # asks not answered yet: when they were sent
        self._unsent: list[int] = []  # asks that the brain could not take
        self._started_at = 0.0
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
        command += ["--brain", str(self._path), "--fd", str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        theirs.close()
        ours.setblocking(False)
        self._socket, self._started_at, self.state = ours, self._now(), "waking"

    def fileno(self) -> int:
        """The descriptor that becomes readable when something came; -1 when there is none."""
        return -1 if self._socket is None else self._socket.fileno()

    @property
    def pid(self) -> int | None:
        """The brain's process."""
        return None if self._process is None else self._process.pid

    @property
    def next_due(self) -> float | None:
        """When `poll` should be called at the latest."""
        if self._unsent:
            return self._now()
        if self.state == "stopped":
            return self._again_at
        if self.state == "waking":
            return self._started_at + LONGEST_WAKING
        return min(self._waiting.values()) + SILENT if self._waiting else None

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
        reports = self._receive()
        reports += [Report("answer", number) for number in self._unsent]
        self._unsent.clear()
        if self.state == "ready" and self._waiting:
            if now - min(self._waiting.values()) > SILENT:
                log.warning("the brain does not answer; it is started anew")
                reports += self._stop(now)
        elif self.state == "waking" and now - self._started_at > LONGEST_WAKING:
            log.warning("the brain does not wake; it is started anew")
            reports += self._stop(now)
        return reports

    def wait(self, seconds: float) -> list[Report]:
        """Poll, waiting until something came or the time is up: for use without a player."""
        with contextlib.suppress(OSError, ValueError):
            if self._socket is not None:
                select.select([self._socket], [], [], seconds)
        return self.poll()

    def _receive(self) -> list[Report]:
        reports: list[Report] = []
        while self._socket is not None:
            try:
                data = self._socket.recv(LARGEST)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                reports += self._gone()
                break
            reports.append(self._report(json.loads(data)))
        return reports

    def _report(self, message: dict[str, Any]) -> Report:
        if "answer" in message:
            number, event, seconds = message["answer"]
            self._waiting.pop(number, None)
            self._pause = FIRST_PAUSE
            return Report("answer", number, Event(*event) if event else None, seconds)
        if "refused" in message:
            self.state = "refused"
            log.error("%s", message["refused"])
            return Report("refused", text=message["refused"])
        self.state, self.manifest = "ready", message["ready"]
        self.sha256 = message["sha256"]
        return Report("ready")

    def _gone(self) -> list[Report]:
        if self.state == "refused":
            self._close()
            return []
        log.warning("the brain's process ended; it is started anew")
        return self._stop(self._now())

    def _stop(self, now: float) -> list[Report]:
        self._close()
        self._again_at = now + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self.state = "stopped"
        return [Report("lost")]

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._waiting.clear()
        self._unsent.clear()

    def close(self) -> None:
        """End the brain's process, for good."""
        self._close()
        self.state = "closed"
