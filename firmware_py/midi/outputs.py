"""The ports that the player plays on: the synths, plugged and unplugged at will."""

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
    RawOut,
    Sight,
    matches,
    no_such_port,
    open_by_name,
)
from firmware_py.midi.tap import Tap

log = logging.getLogger(__name__)

# ALSA's loop of its own: what goes in comes out, so it is never taken unless it is named.
LOOP = "midi through"

Choose = Callable[[Ports], Sequence[str]]


def every_synth(ports: Ports) -> tuple[str, ...]:
    """Every output that is not a keyboard's too; where there is none, the first there is."""
    found = [name for name in ports.outputs if LOOP not in name.lower()]
    return tuple(name for name in found if name not in ports.inputs) or tuple(found[:1])


def the_one_named(ports: Ports, wanted: str) -> tuple[str, ...]:
    """The output of that exact name, else the first that it is a part of or a glob for."""
    found = [name for name in ports.outputs if matches(name, wanted)]
    found.sort(key=lambda name: name != wanted)
    if len(found) > 1:
        log.info("'%s' is the name of %d outputs; playing on %s", wanted, len(found), found[0])
    return tuple(found[:1])


class Outputs:
    """The outputs that are open. `choose` says which of those there are shall be; with `virtual`
    a port "out" is offered instead, for others to connect to."""

    def __init__(self, backend: Backend, choose: Choose, *, virtual: bool = False) -> None:
        self.failed = 0  # messages that the system refused
        self.follows = True  # whether all that should be open is
        self.tap: Tap | None = None  # who is told of every message that left
        self._backend, self._choose, self._virtual = backend, choose, virtual
        self._open: dict[str, RawOut] = {}
        self.rescan()

    @property
    def names(self) -> tuple[str, ...]:
        """The open outputs."""
        return tuple(self._open)

    def send(self, name: str, message: Message) -> bool:
        """Play a message on one of them; False when it did not leave, and it never raises."""
        port = self._open.get(name)
        if port is None:
            return False
        try:
            port.send_message(message)
        except (rtmidi.RtMidiError, ValueError, OverflowError) as error:
            self.failed += 1
            if self.failed & (self.failed - 1) == 0:  # the 1st, 2nd, 4th ...: no flood of lines
                log.warning("MIDI out failed (%d so far): %s", self.failed, error)
            return False
        if self.tap is not None:
            self.tap.sent(name, message)
        return True

    def rescan(self) -> Change:
        """Look, and follow what was seen: without a lookout."""
        sight = self._backend.look()
        return Change() if sight is None else self.follow(sight)

    def follow(self, sight: Sight) -> Change:
        """Open what was plugged in, close what was pulled out, and name both."""
        if self._virtual:
            return self._follow_virtual(sight)
        shall = () if sight.lost else tuple(self._choose(sight.ports))
        gone = tuple(name for name in self._open if name not in shall or self._is_cut(name, sight))
        for name in gone:
            self._backend.take_out(self._open.pop(name))
        come = tuple(name for name in shall if name not in self._open and self._play_on(name))
        self.follows = len(self._open) == len(shall)
        return Change(gone, come)

    def _is_cut(self, name: str, sight: Sight) -> bool:
        """Whether a port that is open has gone and come back between two looks."""
        is_known = sight.changes == self._backend.changes
        return is_known and sight.played is not None and name not in sight.played

    def close(self) -> None:
        """Close every output; `send` then returns False."""
        while self._open:
            self._backend.take_out(self._open.popitem()[1])

    def _follow_virtual(self, sight: Sight) -> Change:
        name = f"{self._backend.client}:out"
        if sight.lost and self._open:
            self.close()
            return Change((name,))
        if not sight.lost and not self._open:
            self._offer()
            return Change((), (name,))
        return Change()

    def _offer(self) -> None:
        port = self._backend.new_out()
        port.open_virtual_port("out")
        self._open[f"{self._backend.client}:out"] = port

    def _play_on(self, name: str) -> bool:
        try:
            port = self._backend.new_out()
        except PortError as error:
            log.warning("%s", error)
            return False
        if not open_by_name(port, name, "out"):
            self._backend.take_out(port)
            return False
        self._open[name] = port
        self._backend.changes += 1
        return True


class Output:
    """One port to play on.

    Plays on the port that matches `wanted` (an exact name, else a part of it or a glob), or
    without `wanted` on the first one there is, preferably one that is not a keyboard's too; or
    with `virtual` it offers a port "out" for others to connect to. `name` is None while there
    is nothing to play on.

    Raises PortError, with the names that there are, when the wanted one is not there.
    """

    def __init__(
        self, backend: Backend, wanted: str | None = None, *, virtual: bool = False
    ) -> None:
        def choose(ports: Ports) -> tuple[str, ...]:
            return every_synth(ports)[:1] if wanted is None else the_one_named(ports, wanted)

        self._ports = Outputs(backend, choose, virtual=virtual)
        if wanted is not None and not virtual and self.name is None:
            raise no_such_port("output", wanted, backend.list_ports().outputs)

    @property
    def name(self) -> str | None:
        """The port; None while there is nothing to play on."""
        return next(iter(self._ports.names), None)

    @property
    def failed(self) -> int:
        """Messages that the system refused."""
        return self._ports.failed

    def send(self, message: Message) -> bool:
        """Play a message; False when it did not leave, and it never raises."""
        return self._ports.send(self.name or "", message)

    def rescan(self) -> Change:
        """Find the synth again after it was pulled out and plugged in; names what changed."""
        return self._ports.rescan()

    def close(self) -> None:
        """Close the port; `send` then returns False."""
        self._ports.close()
