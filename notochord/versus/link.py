"""Our end of the line to the original: its process, started in its own environment."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from notochord.versus.wire import Arrays, Words, receive, send

PACKAGE = Path(__file__).resolve().parents[1]
ENVIRONMENT = PACKAGE.parent / ".venv-original"


class OriginalError(ValueError):
    """The original cannot be used; the message says why and what to do, in one line."""


def original_python() -> Path:
    """The interpreter of the original's environment: NOTOCHORD_ORIGINAL, or `make versus`'s."""
    return Path(os.environ.get("NOTOCHORD_ORIGINAL") or ENVIRONMENT / "bin" / "python")


class Link:
    """The original's process, to be used in a `with`; it ends with it.

    Every call raises OriginalError when the original fails or its process is gone.
    """

    def __init__(self, python: Path | None = None) -> None:
        python = python or original_python()
        if not python.is_file():
            message = f"{python}: no environment of the original there; make it with 'make versus'"
            raise OriginalError(message)
        self._home = tempfile.TemporaryDirectory()  # the original makes a folder as it is imported
        self._complaints = tempfile.TemporaryFile()
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONHOME"}
        environment |= {"PYTHONPATH": str(PACKAGE), "XDG_DATA_HOME": self._home.name}
        self._process = subprocess.Popen(
            [str(python), "-P", "-m", "versus.worker"], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints,
        )  # fmt: skip

    def call(self, do: str, arrays: Arrays | None = None, **words: Any) -> Words:
        """Have the original do something, and wait for its answer."""
        return self._exchange(do, arrays, words)[0]

    def rate(self, events: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Nats of each sub-event of events (B, T, 4), given (K, 4, 4): (B, T, K, 4)."""
        return self._exchange("rate", {"events": events, "given": given}, {})[1]["nats"]

    def _exchange(self, do: str, arrays: Arrays | None, words: Words) -> tuple[Words, Arrays]:
        assert self._process.stdin and self._process.stdout
        try:
            send(self._process.stdin, {"do": do, "with": words}, arrays)
            answer = receive(self._process.stdout)
        except OSError:
            answer = None
        if answer is None:
            raise OriginalError(self._how_it_ended())
        if "error" in answer[0]:
            raise OriginalError(f"the original could not {do}: {answer[0]['error']}")
        return answer

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        said = f" ({lines[-1].strip()})" if lines else ""
        return f"the original's process ended with code {code}{said}; 'make versus' mends its home"

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        assert self._process.stdin and self._process.stdout
        self._process.stdout.close()
        try:
            self._process.stdin.close()  # at the end of its input it ends by itself
        except OSError:
            pass
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # in the middle of a long answer that nobody wants
            self._process.kill()
            self._process.wait()
        self._complaints.close()
        self._home.cleanup()
