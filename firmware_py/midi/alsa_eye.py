"""An eye on the ALSA sequencer: who is connected to whom, read from what the kernel writes.

    Client  20 : "Keys" [Kernel Legacy]           /proc/asound/seq/clients
      Port   0 : "Keys MIDI 1" (RWeX) [In/Out]
        Connecting To: 129:0
    Client 129 : "notochord-box-in" [User Legacy]

Reading a file waits without Python's lock, and rtmidi, which keeps it, need look only when
something here has changed. The counts of used cells in between change all the time, and are passed
over, but for the messages that found no room. (Format: Linux, sound/core/seq/seq_clientmgr.c,
snd_seq_info_clients_read.)
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

CLIENTS = Path("/proc/asound/seq/clients")

_CLIENT = re.compile(r'Client +(\d+) : "(.*)" \[')
_PORT = re.compile(r'  Port +(\d+) : "(.*)" \(')
_TO = re.compile(r"    Connecting To: (.*)")
_FROM = re.compile(r"    Connected From: (.*)")
_POOL = re.compile(r"  (Input|Output) pool")
_FAILED = re.compile(r"    Alloc failures +: (\d+)")
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


class Queue(NamedTuple):
    """What waits for one client to be read: whose it is, as "client:port" in numbers, and how many
    messages have found no room in it since the client came."""

    sources: frozenset[str]
    refused: int


def queues(text: str, is_ours: re.Pattern[str]) -> dict[str, Queue]:
    """The queues of our clients, by client.

    The kernel keeps 200 messages for each. When there is no room for one, it throws away all that
    wait with it (snd_seq_read), note-offs too, and rtmidi tells nobody.
    """
    found: dict[str, Queue] = {}
    client, pool = "", ""
    for line in text.splitlines():
        if match := _CLIENT.match(line):
            client, pool = match[1] if is_ours.fullmatch(match[2]) else "", ""
        elif match := _POOL.match(line):
            pool = match[1]
        elif client and (match := _FROM.match(line)):
            queue = found.get(client, Queue(frozenset(), 0))
            found[client] = queue._replace(sources=queue.sources | {*_END.findall(match[1])})
        elif client in found and pool == "Input" and (match := _FAILED.match(line)):
            found[client] = found[client]._replace(refused=int(match[1]))
    return found


class Overruns:
    """Tells from whom something was lost on its way to us."""

    def __init__(self) -> None:
        self._refused: dict[str, int] = {}
        self._lately: frozenset[str] = frozenset()

    def seen(self, text: str, is_ours: re.Pattern[str]) -> frozenset[str]:
        """The ports, as "client:port", from which something was lost since the last look or, once
        more, since the one before: of what had been read by then some may have come later."""
        there = queues(text, is_ours)
        more = (queue.sources for client, queue in there.items()
                if queue.refused > self._refused.get(client, 0))  # fmt: skip
        before, self._lately = self._lately, frozenset().union(*more)
        self._refused = {client: queue.refused for client, queue in there.items()}
        return self._lately | before


def read(path: Path = CLIENTS) -> str | None:
    """What the kernel writes now; None where it writes nothing."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
