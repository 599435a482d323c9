"""The terminal while a panel has it: nothing else writes there, and it is left as it was found."""

from __future__ import annotations

import logging
import os
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any

from firmware_py.panel.outside import Outside

LEAVE = (  # what a panel that was killed has left switched on
    "\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"
    "\x1b[?2004l\x1b[?1004l\x1b[?2048l\x1b[<u\x1b[0m"
)
LAST = 1 << 16  # bytes of what was written meanwhile that are shown afterwards


class _Lines(logging.Handler):
    """Log lines, as lines of the panel."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage())


@contextmanager
def terminal(now: Callable[[], float], said: Callable[[str], None]) -> Iterator[Outside]:
    """A panel in this terminal, for as long as the `with` lasts.

    What this process and its children write meanwhile is kept, and shown afterwards; what is
    logged, `said` is given as lines.
    """
    before = termios.tcgetattr(0)
    panel = Outside("terminal", ["-m", "firmware_py.panel.terminal"], now, quits=True)
    logger = logging.getLogger()
    handlers, logger.handlers = logger.handlers, [_Lines(said)]
    ours = os.dup(1), os.dup(2)
    with TemporaryFile() as aside:
        try:
            for stream in (1, 2):
                os.dup2(aside.fileno(), stream)
            yield panel
        finally:
            sys.stdout.flush()
            for stream, ours_was in zip((1, 2), ours, strict=True):
                os.dup2(ours_was, stream)
                os.close(ours_was)
            logger.handlers = handlers
            clean = panel.close()
            _restore(before, clean)
            aside.seek(max(aside.seek(0, os.SEEK_END) - LAST, 0))
            os.write(2, aside.read())


def _restore(before: list[Any], clean: bool) -> None:
    """A panel that ended as it should has tidied up; after any other, we do."""
    if not clean:
        os.write(1, LEAVE.encode())
    termios.tcflush(0, termios.TCIFLUSH)
    termios.tcsetattr(0, termios.TCSANOW, before)  # at once: what is shown may hang
