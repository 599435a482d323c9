"""Packets from another process of the box, over a socket that is never waited for."""

from __future__ import annotations

import socket
from collections.abc import Iterator


def packets(connection: socket.socket | None, largest: int) -> Iterator[bytes]:
    """Those that have come, in order, of so many bytes at most. An empty one, the last, says that
    whoever sent them is gone. No socket, or one closed meanwhile, has none."""
    while connection is not None and connection.fileno() >= 0:
        try:
            data = connection.recv(largest)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        yield data
        if not data:
            return
