"""Two ways to hear an rtmidi input: being called by its thread, and looking for what it left.

rtmidi closes ports with Python's lock held, so no thread that the MIDI system waits for may wait
for that lock. ALSA's thread is rtmidi's own and nobody waits for it but in closing the very port;
being called costs no delay. JACK's is a part of the graph: while it waits for Python, the server
waits for it, and a port that is just being closed waits for the server, for seconds, until one of
them is torn down in the middle of its work. So JACK's thread is left alone with a queue.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from firmware_py.message import Message
from firmware_py.midi.backend import RawIn
from firmware_py.priority import take_priority

_CALLBACK_ENDS = 0.003  # seconds; a callback needs some 20 µs
_LOOKS_EVERY = 0.0005  # seconds: the delay of a key that is polled, at most

Hear = Callable[[str, Message], None]  # name of the port, message; from any thread


class Listening(Protocol):
    """How inputs are heard."""

    def begin(self, port: RawIn, name: str) -> None:
        """Hear what is played on this port, which is not yet open, under this name."""

    def end(self, port: RawIn) -> None:
        """Hear what this port has left, and then no more; it may be closed then."""

    def close(self) -> None:
        """Hear nothing any more."""


class Called(Listening):
    """rtmidi's thread calls at every message."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._loop = threading.get_ident()
        self._thread = threading.local()  # what each of rtmidi's threads knows of itself

    def begin(self, port: RawIn, name: str) -> None:
        port.set_callback(self._called, name)

    def end(self, port: RawIn) -> None:
        """Closing ends the thread. One that just waits for Python's lock would never end, so the
        callback is taken off first, and one that has begun gets the time to end. rtmidi frees
        the callback's arguments when it is taken off, begun or not; `alive` keeps them until
        then."""
        alive: list[Any] = gc.get_referents(port)
        port.cancel_callback()
        time.sleep(_CALLBACK_ENDS)
        del alive

    def close(self) -> None:
        pass

    def _called(self, event: tuple[list[int], float], name: str) -> None:
        if threading.get_ident() != self._loop and not hasattr(self._thread, "is_prompt"):
            self._thread.is_prompt = take_priority()
        self._hear(name, tuple(event[0]))


class Polled(Listening):
    """A thread of ours looks into rtmidi's queues two thousand times a second."""

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._ports: dict[RawIn, str] = {}
        self._lock = threading.Lock()  # a port is not closed while it is looked into
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="midi-in", daemon=True)
        self._thread.start()

    def begin(self, port: RawIn, name: str) -> None:
        with self._lock:
            self._ports[port] = name

    def end(self, port: RawIn) -> None:
        self.look()
        with self._lock:
            self._ports.pop(port, None)

    def close(self) -> None:
        self._ending = True
        self._thread.join()

    def look(self) -> None:
        """Hear all that waits in the queues."""
        with self._lock:
            for port, name in self._ports.items():
                while (event := port.get_message()) is not None:
                    self._hear(name, tuple(event[0]))

    def _run(self) -> None:
        take_priority()
        while not self._ending:
            self.look()
            time.sleep(_LOOKS_EVERY)
