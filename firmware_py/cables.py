"""Every cable: keyboards in, synths out, DIN; what the rig makes of them; and who comes and goes.

    keyboards ──▶ Inputs ─▶ inbox ─▶ echo guard ─▶ Seating ──▶ the instrument
    DIN in ─────▶ Din ───────┘                                     │
    synths ◀──── Outputs ◀─┐                                       │
    DIN out ◀─── Din ◀─────┴──────── Patchbay ◀────────────────────┘

    the lookout ──news──▶ the loop ──when the music leaves time──▶ close_gone, open_come
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from firmware_py.message import Message, silence
from firmware_py.midi.backend import Backend, PortError, Ports, Sight, no_such_port
from firmware_py.midi.din import NAME as DIN
from firmware_py.midi.din import Din
from firmware_py.midi.echo import EchoGuard
from firmware_py.midi.inbox import PULLED, Heard
from firmware_py.midi.lookout import Lookout
from firmware_py.midi.outputs import LOOP, Outputs, every_synth, the_one_named
from firmware_py.midi.ports import Inputs
from firmware_py.rig.identity import Identity, identify
from firmware_py.rig.patchbay import Patchbay, Send
from firmware_py.rig.rig import NETWORK, YOU, Output, Rig
from firmware_py.rig.seating import Chair, Seating
from firmware_py.story import Voice

log = logging.getLogger(__name__)

_TOLD_AGAIN = 2.0  # seconds without a loss, after which another one is told of

Identify = Callable[[str], Identity | None]


@dataclass(frozen=True)
class Wishes:
    """What the command line asks for: inputs by pattern, one output by pattern, ports of our own
    for others to connect to, and a UART for DIN, which may also have been found by itself."""

    inputs: Sequence[str] = ()
    output: str | None = None
    virtual: bool = False
    din: Path | None = None
    din_was_found: bool = False


@dataclass(frozen=True)
class Plugged:
    """What was plugged in: who sits there, whether the synth is another one than before, and what
    the player is told."""

    chairs: tuple[Chair, ...] = ()
    new_synth: bool = False
    told: tuple[str, ...] = ()


class Cables:
    """All that is plugged in. Raises PortError, with what there is, for a wish that cannot be."""

    def __init__(
        self, backend: Backend, now: Callable[[], float], rig: Rig | None = None,
        wishes: Wishes | None = None, identify: Identify = identify,
    ) -> None:  # fmt: skip
        self._backend, self._now, self._identify = backend, now, identify
        self._rig, self._wishes = rig or Rig(), wishes or Wishes()
        self._known: dict[str, Identity | None] = {}
        self.seating, self.patchbay = Seating(self._rig), Patchbay()
        self._guard = EchoGuard()
        self._note(backend.list_ports() if not backend.lost else Ports((), ()))
        self.outputs = Outputs(backend, self._choose, virtual=self._wishes.virtual)
        if self._wishes.output is not None and not self._wishes.virtual and not self.outputs.names:
            there = backend.list_ports().outputs
            self.outputs.close()
            raise no_such_port("output", self._wishes.output, there)
        self.inputs = Inputs(
            backend, now, self._wishes.inputs, virtual=self._wishes.virtual,
            spurns=lambda port: self.seating.spurns(port, self._known.get(port)),
            guard=self._guard,
        )  # fmt: skip
        self._din = self._open_din(self._wishes.din)
        self._lookout = Lookout(
            backend, self.inputs.inbox.wake, note=self._note, overran=self._overran
        )
        self._overran_at = float("-inf")

    def begin(self) -> tuple[Chair, ...]:
        """Silence what an instrument that was killed may have left sounding, and begin to look
        out; returns who sits where, as the rig says it."""
        for name in self.outputs.names:
            self._plug(name)
        if self._din is not None:
            self.patchbay.plug(DIN, self._guarded(self._din.send), self._rules(DIN))
        for channel in range(16):
            for message in silence(channel):
                self.send(message)
        self._lookout.start()
        ports = (*self.inputs.names, *([DIN] if self._din is not None else []))
        return tuple(chair for port in ports for chair in self._sit(port))

    def close(self) -> None:
        """Give every port back."""
        self._lookout.close()
        if self._din is not None:
            self._din.close()
        self.inputs.close()
        self.outputs.close()

    @property
    def played_on(self) -> tuple[str, ...]:
        """The synths."""
        return (*self.outputs.names, *([DIN] if self._din is not None else []))

    @property
    def heard_from(self) -> tuple[str, ...]:
        """The keyboards."""
        return (*self.inputs.names, *([DIN] if self._din is not None else []))

    # ── music ───────────────────────────────────────────────────────────────────────────────

    def fileno(self) -> int:
        """The descriptor that becomes readable when something was played, or plugged in."""
        return self.inputs.fileno()

    def wake(self) -> None:
        """Wake whoever waits for the descriptor; also from a signal handler."""
        self.inputs.inbox.wake()

    def drain(self) -> list[Heard]:
        """What was played since the last call."""
        return self.inputs.drain()

    def heard(self, port: str, message: Message) -> list[tuple[str, Message]]:
        """What the instrument is to hear of a message: seats and messages. What it sends from here
        on, until `served`, is on behalf of that keyboard."""
        self.patchbay.serves(self.seating.source(port))
        if message[:1] == (0xF0,):
            if self.seating.passes_sysex(port):
                self.patchbay.send(message)
            return []
        return self.seating.heard(port, message)

    def served(self) -> None:
        """Whatever a keyboard had to say has been served."""
        self.patchbay.serves(())

    def send(self, message: Message) -> None:
        """Play a message on every synth that it is for."""
        self.patchbay.send(message)

    def watch(self, owner: str, voice: Voice, due: float | None) -> None:
        """Whose the next note is, as the instrument says it."""
        if owner in ("player", "network"):
            self.patchbay.comes(YOU if owner == "player" else NETWORK, voice[0])

    # ── who comes and goes ──────────────────────────────────────────────────────────────────

    @property
    def news(self) -> Sight | None:
        """What the lookout saw that was not followed yet."""
        return self._lookout.news

    def close_gone(self, sight: Sight) -> tuple[str, ...]:
        """Close the inputs that were pulled out, and name them; what they have left can be drained
        then, and after that they can be left."""
        return self.inputs.close_gone(sight)

    def leave(self, port: str) -> tuple[str, ...]:
        """A keyboard is gone, or nobody knows what is held there: the seats that were played there.
        They are kept for it."""
        seats = self.seating.leave(port)
        if port in self.heard_from:  # DIN's cable was pulled, but its socket is there
            self._sit(port)
        return tuple(seats)

    def open_come(self, sight: Sight) -> Plugged:
        """Open what was plugged in, and see to the synths. On JACK each takes some 25 ms."""
        come, synths = self.inputs.open_come(sight), self.outputs.follow(sight)
        if sight.lost and not self._backend.left:
            self._backend.leave()
        self._lookout.followed(sight, self.inputs.follows and self.outputs.follows)
        for port in synths.gone:
            self.patchbay.unplug(port)
        is_alone = len(synths.come) == len(self.played_on)
        for port in synths.come:
            self._plug(port)
        chairs = tuple(chair for port in come for chair in self._sit(port))
        told = [f"unplugged: {port}" for port in synths.gone]
        told += [f"plugged in: {port}" for port in (*come, *synths.come)]
        return Plugged(chairs, bool(synths.come) and is_alone, tuple(told))

    def _sit(self, port: str) -> list[Chair]:
        return self.seating.sit(port, self._known.get(port))

    def _plug(self, port: str) -> None:
        self.patchbay.plug(
            port, self._guarded(lambda message: self.outputs.send(port, message)),
            self._rules(port),
        )  # fmt: skip

    def _rules(self, port: str) -> tuple[Output, ...]:
        return self._rig.outputs_on(port, self._known.get(port))

    def _guarded(self, send: Send) -> Send:
        guard, now = self._guard, self._now

        def guarded(message: Message) -> object:
            guard.sent(message, now())
            return send(message)

        return guarded

    def _note(self, ports: Ports) -> None:
        """Note which device is behind each port; in the lookout's thread, since it reads files."""
        for port in {*ports.inputs, *ports.outputs}:
            self._known[port] = self._identify(port)

    def _overran(self, names: frozenset[str]) -> None:
        """Messages were lost, the ends of keys maybe among them: what is held there ends. In the
        lookout's thread."""
        now = self._now()
        for name in names:
            self.inputs.inbox.put(now, name, PULLED)
            if now - self._overran_at > _TOLD_AGAIN:
                log.warning("%s sends more than can be heard; its keys were let go", name)
        self._overran_at = now

    def _choose(self, ports: Ports) -> tuple[str, ...]:
        if self._wishes.output is not None:
            return the_one_named(ports, self._wishes.output)
        if self._rig.outputs:
            found = (name for name in ports.outputs if LOOP not in name.lower())
            return tuple(name for name in found if self._rules(name))
        return every_synth(ports)

    def _open_din(self, device: Path | None) -> Din | None:
        try:
            return None if device is None else Din(device, self.inputs.inbox.put, self._now)
        except PortError as error:
            if self._wishes.din_was_found:
                log.warning("%s", error)
                return None
            self.inputs.close()
            self.outputs.close()
            raise
