"""An eye on the ALSA sequencer: who is connected to whom, read from what the kernel writes.

    Client  20 : "Keys" [Kernel Legacy]           /proc/asound/seq/clients
      Port   0 : "Keys MIDI 1" (RWeX) [In/Out]
        Connecting To: 129:0
    Client 129 : "notochord-box-in" [User Legacy]

Reading a file waits without Python's lock, and rtmidi, which keeps it, need look only when
something here has changed. The counts of used cells in between change all the time, and are passed
over. (Format: Linux, sound/core/seq/seq_clientmgr.c, snd_seq_info_clients_read.)
"""

from __future__ import annotations

import re
from pathlib import Path

CLIENTS = Path("/proc/asound/seq/clients")

_CLIENT = re.compile(r'Client +(\d+) : "(.*)" \[')
_PORT = re.compile(r'  Port +(\d+) : "(.*)" \(')
_TO = re.compile(r"    Connecting To: (.*)")
_END = re.compile(r"\d+:\d+")


def glance(text: str) -> str:
    """All that says who is there and who is connected, and nothing that changes by itself."""
    kept = ("Client ", "  Port ", "    Connect")
    return "\n".join(line for line in text.splitlines() if line.startswith(kept))


def connected(text: str, is_ours: re.Pattern[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The ports, as "client:port" in numbers, that a client of ours hears, and plays on."""
    names: dict[str, str] = {}
    connections: list[tuple[str, str]] = []
    client = port = ""
    for line in text.splitlines():
        if match := _CLIENT.match(line):
            client = match[1]
            names[client] = match[2]
        elif match := _PORT.match(line):
            port = f"{client}:{match[1]}"
        elif match := _TO.match(line):
            connections += [(port, end) for end in _END.findall(match[1])]

    def ours(end: str) -> bool:
        return is_ours.fullmatch(names.get(end.partition(":")[0], "")) is not None

    return (
        frozenset(source for source, sink in connections if ours(sink)),
        frozenset(sink for source, sink in connections if ours(source)),
    )


def read(path: Path = CLIENTS) -> str | None:
    """What the kernel writes now; None where it writes nothing."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
