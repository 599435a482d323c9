"""The player's MIDI ports: every keyboard in, one synth out, plugged and unplugged at will."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import rtmidi

from firmware_py.message import Message
from firmware_py.midi.backend import (
    Backend,
    Change,
    PortError,
    Ports,
    RawIn,
    RawOut,
    available_apis,
    matches,
    open_backend,
    open_by_name,
)
from firmware_py.midi.echo import EchoGuard
from firmware_py.midi.inbox import Heard, Inbox
from firmware_py.midi.listening import Called, Listening, Polled

__all__ = [
    "Backend", "Change", "EchoGuard", "Heard", "Inputs", "Output", "PortError", "Ports",
    "available_apis", "keyboards", "list_ports", "open_backend",
]  # fmt: skip

log = logging.getLogger(__name__)

# ALSA's loop of its own: what goes in comes out, so it is never taken unless it is named.
_LOOP = "midi through"


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
    return tuple(name for name in there if _LOOP not in name.lower())


class Inputs:
    """All that the player listens to: what rtmidi hears is stamped and left for the loop.

    Opens the inputs that match `wanted` (parts of names, or globs; case is ignored), or every
    input but our own and ALSA's "Midi Through" when nothing is wanted. With `virtual` it
    offers a port "in" for others to connect to, and opens only what is wanted by name.
    `now` gives the time in seconds; what `guard` takes for an echo of ours is left out.

    Raises PortError, with the names that there are, when something wanted is not there.
    """

    def __init__(
        self,
        backend: Backend,
        now: Callable[[], float],
        wanted: Sequence[str] = (),
        *,
        virtual: bool = False,
        guard: EchoGuard | None = None,
        capacity: int = 4096,
    ) -> None:
        self._backend, self._now, self._guard = backend, now, guard
        self._wanted, self._virtual = tuple(wanted), virtual
        self._open: dict[str, RawIn] = {}
        there = backend.list_ports().inputs
        for pattern in self._wanted:
            if not any(matches(name, pattern) for name in there):
                raise _no_such_port("input", pattern, there)
        self.inbox = Inbox(capacity)
        way = Polled if backend.polled else Called
        self._listening: Listening = way(self._heard)
        if virtual:
            self._offer()
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
        """Open what was plugged in, close what was pulled out, and name both.

        Call it about twice a second: a device that goes and comes back between two calls is
        not noticed. A call without a change takes well under a millisecond; opening or closing
        a JACK port takes some 15 ms.
        """
        try:
            there = [name for name in self._backend.list_ports().inputs if self._wants(name)]
        except PortError as error:  # a bad moment, or the system died: what is open stays
            log.warning("%s", error)
            return Change()
        kept = {*there, "in"} if self._virtual else set(there)
        gone = tuple(name for name in self._open if name not in kept)
        for name in gone:
            self._close(self._open.pop(name))
        come = tuple(
            name for name in there if name not in self._open and self._listen_to(name)
        )
        return Change(gone, come)

    def close(self) -> None:
        """Close every input; nothing is heard after that."""
        while self._open:
            self._close(self._open.popitem()[1])
        self._listening.close()
        self.inbox.close()

    def _wants(self, name: str) -> bool:
        if self._wanted:
            return any(matches(name, pattern) for pattern in self._wanted)
        return not self._virtual and _LOOP not in name.lower()

    def _offer(self) -> None:
        port = self._new("in")
        port.open_virtual_port("in")
        self._open["in"] = port

    def _listen_to(self, name: str) -> bool:
        port = self._new(name)
        if not open_by_name(port, name, "in"):
            self._close(port)
            return False
        self._open[name] = port
        return True

    def _new(self, name: str) -> RawIn:
        port = self._backend.new_in()
        port.ignore_types(sysex=False, timing=False, active_sense=True)
        self._listening.begin(port, name)
        return port

    def _close(self, port: RawIn) -> None:
        self._listening.end(port)
        port.close_port()
        port.delete()

    def _heard(self, name: str, message: Message) -> None:
        """Runs in a thread beside the loop's: stamps, leaves, wakes, and nothing else."""
        self.inbox.put(self._now(), name, message)


class Output:
    """The one port that the player plays on.

    Plays on the port that matches `wanted` (an exact name, else a part of it or a glob), or
    without `wanted` on the first one there is, preferably one that is not a keyboard's too; or
    with `virtual` it offers a port "out" for others to connect to. `name` is None while there
    is nothing to play on.

    Raises PortError, with the names that there are, when the wanted one is not there.
    """

    def __init__(
        self, backend: Backend, wanted: str | None = None, *, virtual: bool = False
    ) -> None:
        self.name: str | None = None
        self.failed = 0  # messages that the system refused
        self._backend, self._wanted, self._virtual = backend, wanted, virtual
        self._port: RawOut | None = None
        if virtual:
            self._port = backend.new_out()
            self._port.open_virtual_port("out")
            self.name = f"{backend.client}:out"
        elif not self.rescan().come and wanted is not None:
            raise _no_such_port("output", wanted, backend.list_ports().outputs)

    def send(self, message: Message) -> bool:
        """Play a message; False when it did not leave, and it never raises."""
        if self._port is None:
            return False
        try:
            self._port.send_message(message)
        except (rtmidi.RtMidiError, ValueError, OverflowError) as error:
            self.failed += 1
            if self.failed & (self.failed - 1) == 0:  # the 1st, 2nd, 4th ...: no flood of lines
                log.warning("MIDI out failed (%d so far): %s", self.failed, error)
            return False
        return True

    def rescan(self) -> Change:
        """Find the synth again after it was pulled out and plugged in; names what changed."""
        if self._virtual:
            return Change()
        try:
            ports = self._backend.list_ports()
        except PortError as error:
            log.warning("%s", error)
            return Change()
        if self.name in ports.outputs:
            return Change()
        gone = (self.name,) if self.name is not None else ()
        self.close()
        choice = _choose(ports, self._wanted)
        if choice is None or not self._open(choice):
            return Change(gone)
        return Change(gone, (choice,))

    def close(self) -> None:
        """Close the port; `send` then returns False."""
        port, self._port, self.name = self._port, None, None
        if port is not None:
            port.close_port()
            port.delete()

    def _open(self, name: str) -> bool:
        port = self._backend.new_out()
        if not open_by_name(port, name, "out"):
            port.delete()
            return False
        self._port, self.name = port, name
        return True


def _choose(ports: Ports, wanted: str | None) -> str | None:
    if wanted is None:
        found = [name for name in ports.outputs if _LOOP not in name.lower()]
        found.sort(key=lambda name: name in ports.inputs)
    else:
        found = [name for name in ports.outputs if matches(name, wanted)]
        found.sort(key=lambda name: name != wanted)
    if wanted is not None and len(found) > 1:
        log.info("'%s' is the name of %d outputs; playing on %s", wanted, len(found), found[0])
    return found[0] if found else None


def _no_such_port(kind: str, pattern: str, there: Sequence[str]) -> PortError:
    names = ", ".join(there) or "none"
    return PortError(f"no MIDI {kind} matches '{pattern}'; the {kind}s there are: {names}")
