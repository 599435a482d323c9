"""The MIDI system of the machine, ALSA or JACK: what is plugged in, and fresh ports to use."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import rtmidi

from firmware_py.midi import alsa_eye
from firmware_py.midi.jack_eye import JackEye

log = logging.getLogger(__name__)

CLIENT = "notochord-box"
_SCANS = 5  # a device pulled out in the middle of a scan spoils that scan, not five of them
_ALSA = Path("/dev/snd/seq")
_APIS = {"alsa": rtmidi.API_LINUX_ALSA, "jack": rtmidi.API_UNIX_JACK}
_REMEDIES = {
    "alsa": "ALSA has no sequencer here: load the kernel module snd-seq, or use --api jack",
    "jack": "no JACK server answers: start one (jackd2 or pipewire-jack), or use --api alsa",
    "auto": "no MIDI system here: neither ALSA (load the kernel module snd-seq) "
    "nor a JACK server (start jackd) answers",
}


class PortError(ValueError):
    """A port or MIDI system that cannot be had; the text is one line with cause and remedy."""


class Ports(NamedTuple):
    """Names of the ports there are: those we can listen to, and those we can play on."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class Change(NamedTuple):
    """Names of the ports that went and that came since the last look."""

    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()


class RawPort(Protocol):
    """What we use of rtmidi's MidiIn and MidiOut, both alike."""

    def get_ports(self) -> list[str | None]: ...
    def open_port(self, port: int, name: str) -> Any: ...
    def open_virtual_port(self, name: str) -> Any: ...
    def close_port(self) -> None: ...
    def delete(self) -> None: ...


class RawIn(RawPort, Protocol):
    """An rtmidi MidiIn."""

    def ignore_types(self, sysex: bool, timing: bool, active_sense: bool) -> None: ...
    def set_callback(self, func: Callable[[Any, Any], None], data: Any) -> None: ...
    def cancel_callback(self) -> None: ...
    def get_message(self) -> tuple[list[int], float] | None: ...


class RawOut(RawPort, Protocol):
    """An rtmidi MidiOut."""

    def send_message(self, message: Sequence[int]) -> None: ...


class Sight(NamedTuple):
    """What was seen at a look at the system.

    `heard`, `played`: those inputs and outputs that are connected to a port of ours; None where
    that cannot be seen.
    `changes`: how often a port of ours had been opened or closed when the look began.
    """

    ports: Ports
    heard: frozenset[str] | None = None
    played: frozenset[str] | None = None
    changes: int = 0
    lost: bool = False  # the system itself has gone
    overrun: frozenset[str] = frozenset()  # inputs that sent more than was kept for us


class Joined(NamedTuple):
    """A MIDI system that was joined: how to make its inputs and outputs, and an eye on JACK's."""

    make_in: Callable[[str], RawIn]
    make_out: Callable[[str], RawOut]
    eye: JackEye | None = None


class Backend:
    """One MIDI system, and this program's client name in it.

    Clients are long-lived: one to look, and one for each port that was ever open at a time, which
    goes back on the shelf when its device goes. Ports of a client that is called `client`, or
    `client` and a suffix, are our own and are never listed. `polled` says that its threads must
    not be made to wait for Python (see firmware_py.midi.listening).

    A JACK server may die: then `look` says "lost", everything must be given back and `leave` be
    called, and `rejoin` tries to join it again. ALSA's sequencer lives as long as the kernel.
    """

    def __init__(
        self, join: Callable[[], Joined], client: str = CLIENT, polled: bool = False,
        absent: bool = False,
    ) -> None:  # fmt: skip
        """`join` raises rtmidi's errors or OSError while there is no such system; `absent`: there
        is none yet, so it is not tried at once."""
        self.client, self.polled = client, polled
        self._join = join
        self._joined: Joined | None = None if absent else join()
        self._lookers: tuple[RawIn, RawOut] | None = None
        self._shelf_in: list[RawIn] = []
        self._shelf_out: list[RawOut] = []
        self._ours = re.compile(rf"{re.escape(client)}(-.*)?", re.DOTALL)
        self._glance: str | None = None
        self._overruns = alsa_eye.Overruns()
        self._ports = Ports((), ())
        self.changes = 0

    @property
    def lost(self) -> bool:
        """Whether there is no system to use: it has died, or was left and not joined again."""
        return self._joined is None or (
            self._joined.eye is not None and not self._joined.eye.alive
        )

    @property
    def left(self) -> bool:
        """Whether nothing of ours is left in the system, so that it can be joined again."""
        return self._joined is None

    def list_ports(self) -> Ports:
        """The ports of everybody else, by name; PortError when the system gives no answer."""
        joined = self._system()
        if joined.eye is not None:
            return Ports(self._others(joined.eye.sources()), self._others(joined.eye.sinks()))
        inputs, outputs = self._looking(joined)
        return Ports(self._others(scan(inputs)), self._others(scan(outputs)))

    def look(self) -> Sight | None:
        """What there is now; None when the system gives no answer. From any one thread."""
        changes, joined = self.changes, self._joined
        sight: Sight | None = None
        try:
            if joined is not None and joined.eye is not None:
                ports = self.list_ports()
                heard = self._connected(joined.eye, ports.inputs)
                played = self._connected(joined.eye, ports.outputs)
                sight = Sight(ports, heard, played, changes)
            elif joined is not None:
                sight = self._look_at_alsa(changes)
        except PortError as error:
            log.debug("%s", error)
        # Asked afterwards: what a dying server said is not to be believed.
        return Sight(Ports((), ()), changes=changes, lost=True) if self.lost else sight

    def _connected(self, eye: JackEye, names: Sequence[str]) -> frozenset[str]:
        found = eye.connections(names)
        return frozenset(
            name for name, others in found.items() if any(self._is_ours(other) for other in others)
        )

    def _look_at_alsa(self, changes: int) -> Sight:
        text = alsa_eye.read()
        glance = None if text is None else alsa_eye.glance(text)
        if glance is None or glance != self._glance:
            self._ports = self.list_ports()
            self._glance = glance
        if text is None:
            return Sight(self._ports, changes=changes)
        heard, played = alsa_eye.connected(text, self._ours)
        inputs, outputs = self._ports
        overrun = _numbered(inputs, self._overruns.seen(text, self._ours))
        heard, played = _numbered(inputs, heard), _numbered(outputs, played)
        return Sight(self._ports, heard, played, changes, overrun=overrun)

    def new_in(self) -> RawIn:
        """An input that is not open. Its client name differs from the outputs', since JACK gives
        a name to one client only. Raises PortError, as does `new_out`, where the system is gone."""
        if self._shelf_in:
            return self._shelf_in.pop()
        try:
            return self._system().make_in(f"{self.client}-in")
        except rtmidi.RtMidiError as error:
            raise PortError("the MIDI system takes no more clients") from error

    def new_out(self) -> RawOut:
        """An output that is not open."""
        if self._shelf_out:
            return self._shelf_out.pop()
        try:
            return self._system().make_out(self.client)
        except rtmidi.RtMidiError as error:
            raise PortError("the MIDI system takes no more clients") from error

    def take_in(self, port: RawIn) -> None:
        """Close an input; its client waits for the next device."""
        if self._close(port):
            while self.polled and port.get_message() is not None:
                pass  # what came between the last look and the closing is nobody's
            self._shelf_in.append(port)

    def take_out(self, port: RawOut) -> None:
        """Close an output; its client waits for the next device."""
        if self._close(port):
            self._shelf_out.append(port)

    def _close(self, port: RawPort) -> bool:
        """Close a port; whether its client can be used again."""
        if self.lost:
            port.delete()  # which closes it, too
            return False
        port.close_port()
        self.changes += 1
        return True

    def leave(self) -> None:
        """Close every client of ours but those whose ports are open: these must be back before."""
        for shelf in (self._shelf_in, self._shelf_out):
            while shelf:
                shelf.pop().delete()
        if self._lookers is not None:
            for port in reversed(self._lookers):
                port.delete()
        if self._joined is not None and self._joined.eye is not None:
            self._joined.eye.close()
        self._lookers, self._joined, self._glance = None, None, None

    def rejoin(self) -> bool:
        """Try to join the system again after `leave`; whether it is back."""
        if self._joined is not None:
            return not self.lost
        try:
            self._joined = self._join()
        except (rtmidi.RtMidiError, OSError) as error:
            log.debug("no MIDI system yet: %s", error)
            return False
        return True

    def close(self) -> None:
        """As `leave`; ports opened from here are closed by who opened them."""
        self.leave()

    def __enter__(self) -> Backend:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _system(self) -> Joined:
        if self._joined is None or self.lost:
            raise PortError("the MIDI system has gone; it is joined again when it is back")
        return self._joined

    def _looking(self, joined: Joined) -> tuple[RawIn, RawOut]:
        if self._lookers is None:
            name = f"{self.client}-scan"
            self._lookers = joined.make_in(name), joined.make_out(name)
        return self._lookers

    def _others(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if not self._is_ours(name))

    def _is_ours(self, name: str) -> bool:
        return self._ours.fullmatch(name.partition(":")[0]) is not None


def _numbered(names: Sequence[str], numbers: frozenset[str]) -> frozenset[str]:
    """Those of ALSA's names, which end in "client:port", whose numbers are among these."""
    return frozenset(name for name in names if name.rpartition(" ")[2] in numbers)


def scan(port: RawPort) -> list[str]:
    """Names of the ports it could open, in rtmidi's order; PortError when none can be read."""
    for _ in range(_SCANS):
        try:
            return [name or "" for name in port.get_ports()]
        except rtmidi.RtMidiError as error:
            log.debug("scan of MIDI ports spoilt: %s", error)
    raise PortError("the MIDI system does not answer: check that it still runs, and start again")


def open_by_name(port: RawPort, name: str, as_name: str) -> bool:
    """Open the port of that exact name; False when it has gone in the meantime."""
    try:
        port.open_port(scan(port).index(name), as_name)
    except (rtmidi.RtMidiError, ValueError) as error:
        log.warning("cannot open MIDI port %s: %s", name, error)
        return False
    return True


def matches(name: str, pattern: str) -> bool:
    """Whether a port is meant: the pattern is a part of its name or a glob; case is ignored."""
    name, pattern = name.lower(), pattern.lower()
    return pattern in name or fnmatchcase(name, pattern)


def no_such_port(kind: str, pattern: str, there: Sequence[str]) -> PortError:
    """What is said when a wanted "input" or "output" is not there."""
    names = ", ".join(there) or "none"
    return PortError(f"no MIDI {kind} matches '{pattern}'; the {kind}s there are: {names}")


def available_apis() -> tuple[str, ...]:
    """Those of "alsa" and "jack" that answer on this machine now."""
    found = []
    for api in _APIS:
        try:
            open_backend(api).close()
        except PortError:
            continue
        found.append(api)
    return tuple(found)


def open_backend(api: str = "auto", client: str = CLIENT) -> Backend:
    """Join the MIDI system: "alsa", "jack", or "auto" for ALSA where it is and else JACK.

    Raises PortError, with the remedy, where it is absent. Never starts a JACK server.
    """
    if api not in _REMEDIES:
        raise PortError(f"unknown MIDI system '{api}': choose one of {', '.join(_REMEDIES)}")
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    for name in _APIS if api == "auto" else (api,):
        backend = _try_backend(_APIS[name], client)
        if backend is not None:
            return backend
    raise PortError(_REMEDIES[api])


def absent_backend(api: str = "auto", client: str = CLIENT) -> Backend:
    """A backend for a system that is not there yet: it can be joined when it comes."""

    def join() -> Joined:
        if api != "jack" and _ALSA.exists():
            return _join_alsa(client)
        return _join_jack(client)

    # Whichever comes, polling suits it.
    return Backend(join, client, polled=True, absent=True)


def _try_backend(api: int, client: str) -> Backend | None:
    join = _join_jack if api == rtmidi.API_UNIX_JACK else _join_alsa
    try:
        with _quiet_libraries():
            return Backend(lambda: join(client), client, polled=api == rtmidi.API_UNIX_JACK)
    except (rtmidi.RtMidiError, OSError) as error:
        log.debug("no MIDI system: %s", error)
        return None


def _join_alsa(client: str) -> Joined:
    """ALSA shows that it is there when the first client is made."""
    api = rtmidi.API_LINUX_ALSA
    rtmidi.MidiIn(api, f"{client}-scan").delete()
    return Joined(
        lambda name: rtmidi.MidiIn(api, name),  # type: ignore[no-any-return]
        lambda name: rtmidi.MidiOut(api, name),  # type: ignore[no-any-return]
    )


def _join_jack(client: str) -> Joined:
    api = rtmidi.API_UNIX_JACK
    return Joined(
        lambda name: rtmidi.MidiIn(api, name),  # type: ignore[no-any-return]
        lambda name: rtmidi.MidiOut(api, name),  # type: ignore[no-any-return]
        JackEye(f"{client}-eye"),
    )


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep what libasound and libjack write to the terminal off it; our own line says more."""
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(nowhere)
        os.close(terminal)
