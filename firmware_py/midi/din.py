"""DIN: MIDI by a UART at 31,250 baud, in and out, in one thread of its own.

    bytes in  ──▶ StreamParser ──▶ the inbox, as from any keyboard, under the name "DIN"
    messages  ──▶ Wire ──────────▶ bytes out, as fast as the wire carries them and no faster

A keyboard that sends active sensing (0xFE) promises to send something at least every 300 ms; when
it does not, its cable was pulled, and what is held there ends (MIDI 1.0 detailed specification,
"Active Sensing"). A UART that goes away, as one on USB does, is opened again when it is back.

Bytes are handed to the kernel a millisecond before the wire can carry them, so that a clock waits
for three bytes at most, and the wire never rests while something waits.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import serial

from firmware_py.message import Message, silence
from firmware_py.midi.backend import PortError
from firmware_py.midi.inbox import PULLED
from firmware_py.midi.stream import StreamParser
from firmware_py.midi.wire import ACTIVE_SENSING, BYTE_SECONDS, Wire
from firmware_py.priority import take_priority

log = logging.getLogger(__name__)

NAME = "DIN"
BAUD = 31_250
LEAD = 0.001  # seconds that bytes are with the kernel before they are on the wire
SILENT = 0.3  # seconds without a byte, after active sensing, that mean a pulled cable
REOPENS_EVERY = 0.5  # seconds
ON_A_PI = Path("/dev/serial0")
_DEBUG_SOCKET = "ttyAMA10"  # a Pi 5's, which is not on the header
_UNHEARD = frozenset({ACTIVE_SENSING, 0xFF})  # the wire's own affair, and a reset

Put = Callable[[float, str, Message], None]


class Sensing:
    """Whether a keyboard that promised never to be silent has kept its promise. Pure."""

    def __init__(self) -> None:
        self._last: float | None = None  # None: nothing was promised

    @property
    def until(self) -> float | None:
        """When the next byte must have come, in seconds; None where none must."""
        return None if self._last is None else self._last + SILENT

    def heard(self, at: float, promises: bool) -> None:
        """Something came; it `promises` if active sensing was among it."""
        if promises or self._last is not None:
            self._last = at

    def is_pulled(self, now: float) -> bool:
        """Whether the promise is broken; said once."""
        if self.until is None or now < self.until:
            return False
        self._last = None
        return True


class Pace:
    """When the next bytes may be handed to the kernel. Pure; in seconds."""

    def __init__(self) -> None:
        self._carried_at = 0.0  # when the wire will have carried all that it was given

    def next(self, now: float) -> float:
        """When more may be handed over: now, or later."""
        return max(self._carried_at - LEAD, now)

    def handed(self, count: int, now: float) -> None:
        """So many bytes were handed over."""
        self._carried_at = max(self._carried_at, now) + count * BYTE_SECONDS


def open_uart(device: Path) -> Any:
    """A UART at MIDI's speed. Raises PortError with the remedy."""
    try:
        return serial.Serial(str(device), BAUD, timeout=0, exclusive=True)
    except (serial.SerialException, ValueError, OSError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise PortError(f"{device}: no DIN port can be had there: {reason}") from error


def find_uart(root: Path = Path("/")) -> Path | None:
    """The UART on a Raspberry Pi's header, where there is one, it is ours to open, and no console
    runs on it; else None."""
    device = root / ON_A_PI.relative_to("/")
    try:
        model = (root / "proc/device-tree/model").read_text(errors="replace")
        consoles = (root / "proc/consoles").read_text(errors="replace").splitlines()
    except OSError:
        return None
    name = device.resolve().name
    is_console = name == _DEBUG_SOCKET or any(line.partition(" ")[0] == name for line in consoles)
    is_ours = device.exists() and os.access(device, os.R_OK | os.W_OK)
    return device if "Raspberry Pi" in model and is_ours and not is_console else None


class Din:
    """The cable in and the cable out on one UART. Raises PortError when it cannot be opened."""

    def __init__(
        self, device: Path, put: Put, now: Callable[[], float],
        open_device: Callable[[Path], Any] = open_uart,
    ) -> None:  # fmt: skip
        """`put` takes what is heard: seconds, "DIN", message; from the thread."""
        self._device, self._put, self._now, self._open = device, put, now, open_device
        self._uart: Any = open_device(device)
        self._wire, self._lock = Wire(), threading.Lock()
        self._parser, self._sensing, self._pace = StreamParser(), Sensing(), Pace()
        self._unsent = b""  # handed over, but not taken by the kernel yet
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="din", daemon=True)
        self._thread.start()

    @property
    def dropped_notes(self) -> int:
        """Notes that would have come too late."""
        return self._wire.dropped_notes

    def send(self, message: Message) -> bool:
        """Play a message as soon as the wire is free; False when there is no room for it."""
        with self._lock:
            is_kept = self._wire.put(message)
        self._rouse()
        return is_kept

    def close(self, patience: float = 0.5) -> None:
        """Send what waits, within `patience` seconds, and give the UART back."""
        self._ending = True
        self._closes_at = self._now() + patience
        self._rouse()
        self._thread.join()
        os.close(self._wake)

    # ── the thread ──────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        take_priority()
        while not (self._ending and (self._is_idle() or self._now() >= self._closes_at)):
            try:
                self._turn()
            except (OSError, serial.SerialException) as error:
                self._lose(error)
        self._close()

    def _is_idle(self) -> bool:
        """Whether nothing waits, and the wire has carried all but what the kernel still has."""
        return not self._wire and not self._unsent

    def _turn(self) -> None:
        """Wait for something to come, to leave, or to be due, and serve it."""
        if self._uart is None:
            self._reopen()
            return
        now = self._now()
        times = [self._sensing.until] if self._sensing.until is not None else []
        if self._wire or self._unsent:
            times.append(self._pace.next(now))
        if self._ending:
            times.append(self._closes_at)
        wait = max(min(times) - now, 0.0) if times else None
        ready, _, _ = select.select([self._uart.fileno(), self._wake], [], [], wait)
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        if self._uart.fileno() in ready:
            self._hear(os.read(self._uart.fileno(), 256))
        if self._sensing.is_pulled(self._now()):
            self._put(self._now(), NAME, PULLED)
        self._play()

    def _hear(self, data: bytes) -> None:
        if not data:
            raise OSError("it is gone")
        at, messages = self._now(), self._parser.feed(data)
        self._sensing.heard(at, (ACTIVE_SENSING,) in messages)
        for message in messages:
            if message[0] not in _UNHEARD:
                self._put(at, NAME, message)

    def _play(self) -> None:
        """Hand over what the wire can carry now."""
        now = self._now()
        while self._pace.next(now) <= now:
            if not self._unsent:
                with self._lock:
                    self._unsent = self._wire.take(now)
                self._pace.handed(len(self._unsent), now)
            if not self._unsent:
                return
            try:
                sent = os.write(self._uart.fileno(), self._unsent)
            except BlockingIOError:  # nobody takes it at the other end
                self._pace.handed(8, now)
                return
            self._unsent = self._unsent[sent:]

    def _lose(self, error: Exception) -> None:
        log.warning("%s is gone (%s); it is opened again when it is back", self._device, error)
        self._close()
        self._put(self._now(), NAME, PULLED)

    def _reopen(self) -> None:
        select.select([] if self._ending else [self._wake], [], [], REOPENS_EVERY)
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        with suppress(PortError):
            self._uart = self._open(self._device)
            self._parser, self._sensing, self._pace = StreamParser(), Sensing(), Pace()
            with self._lock:
                self._wire, self._unsent = Wire(), b""
                for channel in range(16):  # nobody knows what the synth was left with
                    for message in silence(channel):
                        self._wire.put(message)
            log.warning("%s is back", self._device)

    def _close(self) -> None:
        uart, self._uart = self._uart, None
        if uart is not None:
            with suppress(OSError, serial.SerialException):
                uart.close()

    def _rouse(self) -> None:
        with suppress(BlockingIOError):
            os.eventfd_write(self._wake, 1)
