"""The player's MIDI inputs: every keyboard, plugged and unplugged at will."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from firmware_py.message import Message
from firmware_py.midi.backend import (
    Backend,
    Change,
    PortError,
    Ports,
    RawIn,
    Sight,
    available_apis,
    matches,
    no_such_port,
    open_backend,
    open_by_name,
)
from firmware_py.midi.echo import EchoGuard
from firmware_py.midi.inbox import Heard, Inbox
from firmware_py.midi.listening import Called, Listening, Polled
from firmware_py.midi.outputs import LOOP, Output, Outputs

__all__ = [
    "Backend", "Change", "EchoGuard", "Heard", "Inputs", "Output", "Outputs", "PortError", "Ports",
    "Sight", "available_apis", "keyboards", "list_ports", "open_backend",
]  # fmt: skip

log = logging.getLogger(__name__)


def list_ports(api: str = "auto") -> Ports:
    """The ports there are, by name, ours left out; PortError where there is no MIDI system."""
    with open_backend(api) as backend:
        return backend.list_ports()


def keyboards(api: str = "auto") -> tuple[str, ...]:
    """The inputs that somebody may play; none where there is no MIDI system at all."""
    try:
        there = list_ports(api).inputs
    except PortError:
        return ()
    return tuple(name for name in there if LOOP not in name.lower())


class Inputs:
    """All that the player listens to: what rtmidi hears is stamped and left for the loop.

    Opens the inputs that match `wanted` (parts of names, or globs; case is ignored), or every
    input but our own and ALSA's "Midi Through" when nothing is wanted. With `virtual` it
    offers a port "in" for others to connect to, and opens only what is wanted by name.
    `spurns` says of the others which are never opened. `now` gives the time in seconds; what
    `guard` takes for an echo of ours is left out.

    Raises PortError, with the names that there are, when something wanted is not there.
    """

    def __init__(
        self,
        backend: Backend,
        now: Callable[[], float],
        wanted: Sequence[str] = (),
        *,
        virtual: bool = False,
        spurns: Callable[[str], bool] = lambda name: False,
        guard: EchoGuard | None = None,
        capacity: int = 4096,
    ) -> None:
        self._backend, self._now, self._guard = backend, now, guard
        self._wanted, self._virtual, self._spurns = tuple(wanted), virtual, spurns
        self.follows = True  # whether all that should be open is
        self._open: dict[str, RawIn] = {}
        there = () if backend.lost else backend.list_ports().inputs
        for pattern in self._wanted:
            if not any(matches(name, pattern) for name in there):
                raise no_such_port("input", pattern, there)
        self.inbox = Inbox(capacity)
        way = Polled if backend.polled else Called
        self._listening: Listening = way(self._heard)
        self.rescan()

    @property
    def names(self) -> tuple[str, ...]:
        """The open inputs."""
        return tuple(self._open)

    def fileno(self) -> int:
        """The descriptor that becomes readable when something was played."""
        return self.inbox.fileno()

    def drain(self) -> list[Heard]:
        """What was played since the last call: (seconds, name of the port, message)."""
        heard = self.inbox.drain()
        if self._guard is None:
            return heard
        return [item for item in heard if not self._guard.is_echo(item[2], item[0])]

    def rescan(self) -> Change:
        """Look, and follow what was seen: without a lookout."""
        sight = self._backend.look()
        return Change() if sight is None else self.follow(sight)

    def follow(self, sight: Sight) -> Change:
        """Close what was pulled out, open what was plugged in, and name both."""
        return Change(self.close_gone(sight), self.open_come(sight))

    def close_gone(self, sight: Sight) -> tuple[str, ...]:
        """Close what was pulled out; what it had left is in the inbox then.

        A port that is open and not connected any more has gone and come back between two looks:
        it is closed too. Closing a JACK port takes some 10 ms, and opening one 25.
        """
        kept = {"in"} if self._virtual and not sight.lost else set()
        kept |= {name for name in sight.ports.inputs if self._wants(name)}
        gone = tuple(name for name in self._open if name not in kept or self._is_cut(name, sight))
        for name in gone:
            self._close(self._open.pop(name))
        return gone

    def open_come(self, sight: Sight) -> tuple[str, ...]:
        """Open what was plugged in."""
        there = [name for name in sight.ports.inputs if self._wants(name)]
        if self._virtual and not sight.lost and "in" not in self._open:
            self._offer()
        come = tuple(
            name for name in there if name not in self._open and self._listen_to(name)
        )
        self.follows = all(name in self._open for name in there)
        return come

    def _is_cut(self, name: str, sight: Sight) -> bool:
        if name == "in" and self._virtual:
            return False
        is_known = sight.changes == self._backend.changes
        return is_known and sight.heard is not None and name not in sight.heard

    def close(self) -> None:
        """Close every input; nothing is heard after that."""
        while self._open:
            self._close(self._open.popitem()[1])
        self._listening.close()
        self.inbox.close()

    def _wants(self, name: str) -> bool:
        if self._wanted:
            return any(matches(name, pattern) for pattern in self._wanted)
        return not self._virtual and LOOP not in name.lower() and not self._spurns(name)

    def _offer(self) -> None:
        port = self._new("in")
        port.open_virtual_port("in")
        self._opened("in", port)

    def _listen_to(self, name: str) -> bool:
        try:
            port = self._new(name)
        except PortError as error:
            log.warning("%s", error)
            return False
        if not open_by_name(port, name, "in"):
            self._close(port)
            return False
        self._opened(name, port)
        return True

    def _new(self, name: str) -> RawIn:
        port = self._backend.new_in()
        port.ignore_types(sysex=False, timing=False, active_sense=True)
        self._listening.begin(port, name)
        return port

    def _opened(self, name: str, port: RawIn) -> None:
        self._open[name] = port
        self._backend.changes += 1

    def _close(self, port: RawIn) -> None:
        self._listening.end(port)
        self._backend.take_in(port)

    def _heard(self, name: str, message: Message) -> None:
        """Runs in a thread beside the loop's: stamps, leaves, wakes, and nothing else."""
        if message:
            self.inbox.put(self._now(), name, message)
