"""The MIDI system of the machine, ALSA or JACK: what is plugged in, and fresh ports to use."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, Protocol

import rtmidi

log = logging.getLogger(__name__)

CLIENT = "notochord-box"
_SCANS = 5  # a device pulled out in the middle of a scan spoils that scan, not five of them
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


class Backend:
    """One MIDI system, and this program's client name in it.

    It keeps one enumerator for each direction as long as it lives, for each new one would be
    another client of the system. Ports of a client that is called `client`, or `client` and a
    suffix, are our own and are never listed. `polled` says that its threads must not be made to
    wait for Python (see firmware_py.midi.listening).
    """

    def __init__(
        self,
        make_in: Callable[[str], RawIn],
        make_out: Callable[[str], RawOut],
        client: str = CLIENT,
        polled: bool = False,
    ) -> None:
        self.client, self.polled = client, polled
        self._make_in, self._make_out = make_in, make_out
        self._inputs = make_in(f"{client}-scan")
        self._outputs = make_out(f"{client}-scan")

    def list_ports(self) -> Ports:
        """The ports of everybody else, by name; PortError when the system gives no answer."""
        return Ports(self._others(self._inputs), self._others(self._outputs))

    def new_in(self) -> RawIn:
        """A fresh input, not yet opened. Its client name differs from the outputs', since JACK
        gives a name to one client only."""
        return self._make_in(f"{self.client}-in")

    def new_out(self) -> RawOut:
        """A fresh output, not yet opened."""
        return self._make_out(self.client)

    def close(self) -> None:
        """Give the enumerators back; ports opened from here are closed by who opened them."""
        self._outputs.delete()
        self._inputs.delete()

    def __enter__(self) -> Backend:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _others(self, port: RawPort) -> tuple[str, ...]:
        return tuple(name for name in scan(port) if not self._is_ours(name))

    def _is_ours(self, name: str) -> bool:
        client = name.partition(":")[0]
        return client == self.client or client.startswith(f"{self.client}-")


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


def _try_backend(api: int, client: str) -> Backend | None:
    try:
        with _quiet_libraries():
            return Backend(
                lambda name: rtmidi.MidiIn(api, name),  # type: ignore[no-any-return]
                lambda name: rtmidi.MidiOut(api, name),  # type: ignore[no-any-return]
                client,
                polled=api == rtmidi.API_UNIX_JACK,
            )
    except rtmidi.RtMidiError as error:
        log.debug("no MIDI system: %s", error)
        return None


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
