"""Keyboards and synths on a real JACK server, which are plugged in and pulled out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from firmware_py.message import Message
from firmware_py.midi.backend import open_backend
from firmware_py.midi.inbox import Heard
from firmware_py.midi.ports import Inputs, Output
from firmware_py.soak.acts import PLAYERS, SYNTHS, Act, Play, Pull
from firmware_py.soak.ear import Ear

ENDED = ", though the box ended it: lost on its way"


class Player:
    """Something to play on; each time it is plugged in it is a JACK client of its own."""

    def __init__(self, name: str) -> None:
        self._name, self._plugged = name, ExitStack()

    def plug(self) -> None:
        """It is plugged in."""
        system = self._plugged.enter_context(open_backend("jack", self._name))
        self.port = Output(system, virtual=True)
        self._plugged.callback(self.port.close)

    def pull(self) -> None:
        """It is unplugged."""
        self._plugged.close()


class Synth:
    """Something that is played on, with an ear."""

    def __init__(self, name: str, now: Callable[[], float]) -> None:
        self._name, self._now, self._plugged = name, now, ExitStack()
        self._port: Inputs | None = None
        self.ear, self.told = Ear(), Ear()  # by what came, and by what the box says it sent

    def plug(self) -> None:
        """It is plugged in."""
        system = self._plugged.enter_context(open_backend("jack", self._name))
        self._port = Inputs(system, self._now, virtual=True)
        self._plugged.callback(self._port.close)

    def pull(self) -> None:
        """It is unplugged, and knows of nothing any more."""
        self._port = None
        self._plugged.close()
        self.ear.lost_power()
        self.told.lost_power()

    def listen(self) -> list[Heard]:
        """Hear what came."""
        came = [] if self._port is None else self._port.drain()
        for _, _, message in came:
            self.ear.hear(message)
        return came

    @property
    def left(self) -> list[str]:
        """What sounds, and whether the box has ended it."""
        open_yet = self.told.left
        return [left + ("" if left in open_yet else ENDED) for left in self.ear.left]


class Devices:
    """All of them, for the length of a `with`."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.players = {name: Player(name) for name in PLAYERS}
        self.synths = {name: Synth(name, now) for name in SYNTHS}

    def __enter__(self) -> Devices:
        for device in self._all():
            device.plug()
        return self

    def __exit__(self, *exception: object) -> None:
        for device in self._all():
            device.pull()

    def _all(self) -> list[Player | Synth]:
        return [*self.players.values(), *self.synths.values()]

    def do(self, act: Act) -> None:
        """Have one of them do something."""
        if isinstance(act, Play):
            self.players[act.device].port.send(act.message)
            return
        device = self.players.get(act.device) or self.synths[act.device]
        device.pull() if isinstance(act, Pull) else device.plug()

    def listen(self) -> None:
        """Hear what came to the synths."""
        for synth in self.synths.values():
            synth.listen()

    @property
    def left(self) -> list[str]:
        """What sounds, on any of the synths."""
        return [f"{name}: {left}" for name, s in self.synths.items() for left in s.left]

    def told(self, port: str, message: Message) -> None:
        """The box says that it sent this to the synth of that port."""
        next(s for name, s in self.synths.items() if port.startswith(name)).told.hear(message)

    @property
    def lost(self) -> int:
        """Notes that the box began on the synth that is never pulled out, and that never came."""
        synth = self.synths[SYNTHS[0]]
        return synth.told.notes - synth.ear.notes
