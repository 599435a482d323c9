"""An eye on the JACK graph: which ports there are, which of them we hear, and whether it lives.

rtmidi can list ports, but not connections; it does not notice that its server has died, whose last
list it goes on telling; and it keeps Python's lock while it looks. So the looking is done by one
client of our own, in the very libjack that rtmidi uses, through calls that wait without the lock.

When a server has died every client must be closed before a new one is opened: libjack then frees
those that are left, and whoever uses one of them crashes.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_MIDI = b"8 bit raw midi"
_NO_START = 1  # JackNoStartServer
_IN, _OUT = 1, 2  # JackPortIsInput, JackPortIsOutput
_Names = ctypes.POINTER(ctypes.c_char_p)
_Shutdown = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_SIGNATURES: dict[str, tuple[object, tuple[object, ...]]] = {
    "jack_client_open": (ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)),
    "jack_client_close": (ctypes.c_int, (ctypes.c_void_p,)),
    "jack_activate": (ctypes.c_int, (ctypes.c_void_p,)),
    "jack_on_shutdown": (None, (ctypes.c_void_p, _Shutdown, ctypes.c_void_p)),
    "jack_get_ports": (
        _Names, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong),
    ),
    "jack_port_by_name": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_char_p)),
    "jack_port_get_all_connections": (_Names, (ctypes.c_void_p, ctypes.c_void_p)),
    "jack_free": (None, (ctypes.c_void_p,)),
    "jack_set_error_function": (None, (ctypes.c_void_p,)),
    "jack_set_info_function": (None, (ctypes.c_void_p,)),
}  # fmt: skip


def find_library(maps: Path = Path("/proc/self/maps")) -> str | None:
    """The libjack that rtmidi has loaded into this process; a wheel brings one of its own."""
    with suppress(OSError):
        for line in maps.read_text(encoding="utf-8", errors="replace").splitlines():
            path = line.partition("/")[2]
            if path.rpartition("/")[2].startswith("libjack"):
                return f"/{path}"
    return None


def _load(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    # What libjack would write to the terminal ends in a function of C's that does nothing with it:
    # one of ours would have its threads wait for Python's lock.
    nothing = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
    library.jack_set_error_function(nothing)
    library.jack_set_info_function(nothing)
    return library


class JackEye:
    """One client that only looks. Raises OSError when there is no library or no server.

    `alive` turns false when the server has gone, within milliseconds.
    """

    def __init__(self, client: str, path: str | None = None) -> None:
        path = path or find_library()
        if path is None:
            raise OSError("rtmidi has loaded no libjack")
        self._jack = _load(path)
        self._lock = threading.Lock()  # it is not closed while it looks
        self._client = self._jack.jack_client_open(client.encode(), _NO_START, None)
        if not self._client:
            raise OSError("no JACK server answers")
        self.alive = True
        self._on_shutdown = _Shutdown(self._gone)  # kept: C holds no reference
        self._jack.jack_on_shutdown(self._client, self._on_shutdown, None)
        self._jack.jack_activate(self._client)

    def _gone(self, _: object) -> None:
        self.alive = False

    def sources(self) -> tuple[str, ...]:
        """The ports that can be listened to, in the server's order."""
        return self._ports(_OUT)

    def sinks(self) -> tuple[str, ...]:
        """The ports that can be played on, in the server's order."""
        return self._ports(_IN)

    def connections(self, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """What each of these ports is connected to; a port that has just gone is left out."""
        found = {}
        with self._lock:
            for name in names if self._client else ():
                port = self._jack.jack_port_by_name(self._client, name.encode())
                if port:
                    found[name] = self._taken(
                        self._jack.jack_port_get_all_connections(self._client, port)
                    )
        return found

    def close(self) -> None:
        """Leave the server; everything is empty after that."""
        with self._lock:
            client, self._client, self.alive = self._client, None, False
            if client:
                self._jack.jack_client_close(client)

    def _ports(self, flags: int) -> tuple[str, ...]:
        with self._lock:
            if not self._client:
                return ()
            return self._taken(self._jack.jack_get_ports(self._client, None, _MIDI, flags))

    def _taken(self, names: ctypes._Pointer[ctypes.c_char_p]) -> tuple[str, ...]:
        """A list of names of C's, ended by a null, and given back to it."""
        if not names:
            return ()
        found: list[str] = []
        while (name := names[len(found)]) is not None:
            found.append(bytes(name).decode(errors="replace"))
        self._jack.jack_free(names)
        return tuple(found)
