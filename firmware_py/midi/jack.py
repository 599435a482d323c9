"""A JACK server of our own, without sound hardware: a loop to measure and to test in."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from firmware_py.clock import MonotonicClock
from firmware_py.midi.backend import PortError, open_backend

_STARTS_WITHIN = 10.0  # seconds
_STOPS_WITHIN = 3.0
_PRIORITY = 20  # of 1 to 99
_VARIABLE = "JACK_DEFAULT_SERVER"
LATE = b"was not finished"


class JackServer:
    """A private jackd with the dummy driver, there for the length of a `with`.

    Inside, this process and its children find it as their JACK server. `period` is in frames
    at 48 kHz: a message waits for the next one, so 64 makes up to 1.33 ms. Below 64 jackd
    loses messages on a busy machine. `log`: a file for what it says.

    Raises PortError when jackd is not installed or does not answer within 10 s.
    """

    def __init__(self, name: str = "", period: int = 64, log: Path | None = None) -> None:
        self.name = name or f"notochord-{os.getpid()}"
        self._period, self._log = period, log or Path(os.devnull)
        self._process: subprocess.Popen[bytes] | None = None
        self._outside: str | None = None

    def __enter__(self) -> JackServer:
        program = shutil.which("jackd")
        if program is None:
            raise PortError("jackd is not installed: install jackd2")
        self._outside = os.environ.get(_VARIABLE)
        os.environ[_VARIABLE] = self.name
        said = self._log.open("wb")
        self._process = subprocess.Popen(
            # sync: the server waits for a client that is late, instead of losing what it plays;
            # with real-time priority for two periods alone. Told to wait for longer, it stands
            # still for as long in every cycle once a client has been killed or stopped.
            [program, *_priority(), "--sync", "--name", self.name]
            + ["-d", "dummy", "-r", "48000", "-p", str(self._period)],
            stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said.close()
        try:
            self._wait_until_it_answers(self._process)
        except BaseException:  # also Ctrl-C: never leave a server behind
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server for certain, and look for JACK where it was looked for before."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._outside is None:
            os.environ.pop(_VARIABLE, None)
        else:
            os.environ[_VARIABLE] = self._outside

    @property
    def late_cycles(self) -> int:
        """How often, by its log, a client was not finished when the cycle was over: what that one
        played in it is lost."""
        return self._log.read_bytes().count(LATE)

    def kill(self) -> None:
        """Have it die, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        clock = MonotonicClock()
        deadline = clock.now() + _STARTS_WITHIN
        while clock.now() < deadline and process.poll() is None:
            try:
                open_backend("jack", "notochord-waiting").close()
            except PortError:
                time.sleep(0.05)
            else:
                return
        raise PortError("jackd does not start: run 'jackd -d dummy' to see why")


def _priority() -> tuple[str, ...]:
    """As JACK is meant to run, before everything else, where that is permitted: a server that
    is kept waiting on a busy machine loses notes."""
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    except PermissionError:
        return ("--no-realtime",)
    os.sched_setscheduler(0, policy, priority)
    return ("--realtime", "--realtime-priority", str(_PRIORITY))
