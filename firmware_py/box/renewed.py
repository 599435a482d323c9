"""What was brought to the box while it plays: an update, another brain. It is played with as soon
as that interrupts nobody, by starting anew.

Root leaves a line in /run/notochord-box/renewed; the player's scribe looks for it, since the loop
touches no file.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from pathlib import Path

from firmware_py.box.folder import runtime

FILE = "renewed"
REST = 10.0  # seconds of silence after which the player starts anew
LONGEST = 200  # characters of a line


class Renewed:
    """Looks for such a line, and is told of what the player itself has brought in."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: the service's runtime directory; None where there is none."""
        self._path = None if folder is None else folder / FILE
        self._news: deque[str] = deque(maxlen=100)

    @staticmethod
    def of_service() -> Renewed:
        """Where systemd has the service's runtime directory."""
        return Renewed(runtime())

    def turn(self) -> None:
        """Look; for the scribe, who may wait for a file."""
        if self._path is None:
            return
        with suppress(FileNotFoundError):
            line = self._path.read_bytes()[:LONGEST].decode(errors="replace")
            self._path.unlink()
            self.tell(" ".join(line.split()))

    def tell(self, line: str) -> None:
        """Something new is there."""
        self._news.append(line)

    def news(self) -> list[str]:
        """What came since the last call; for the loop."""
        return [self._news.popleft() for _ in range(len(self._news))]
