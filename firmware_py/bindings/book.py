"""The bindings there are, in memory; and as a text file that no power cut can spoil."""

from __future__ import annotations

import json
import logging
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from firmware_py.bindings.binding import BindingError, Source, check, source_in
from notochord.wholefile import write_whole

log = logging.getLogger(__name__)

LARGEST = 1 << 18  # bytes; every control there is takes less
HEAD = """# What MIDI controls do. Controls: "cc CHANNEL:NUMBER", "note CHANNEL:PITCH" or
# "program CHANNEL:NUMBER", channels and programs counted from 1.
[bindings]
"""


class Book:
    """Which control does what. `keep` is handed all of it when it changes, and sees it to the
    disk."""

    def __init__(
        self, bound: Mapping[Source, str] | None = None,
        keep: Callable[[dict[Source, str]], object] = lambda bound: None,
    ) -> None:  # fmt: skip
        self._bound, self._keep = dict(bound or {}), keep
        self._name()

    def _name(self) -> None:
        self.names = tuple((str(source), does) for source, does in self)

    def __iter__(self) -> Iterator[tuple[Source, str]]:
        return iter(sorted(self._bound.items()))

    def does(self, source: Source) -> str | None:
        """What a control does; None when it is not bound."""
        return self._bound.get(source)

    def bind(self, source: Source, does: str) -> None:
        """Bind a control, whatever it did before; raises BindingError."""
        check(source, does)
        self._bound[source] = does
        self._name()
        self._keep(dict(self._bound))

    def forget(self, source: Source) -> bool:
        """Let a control go; False when it was not bound."""
        if self._bound.pop(source, None) is None:
            return False
        self._name()
        self._keep(dict(self._bound))
        return True


def path_in(state: Path) -> Path:
    """Where the bindings are, in the folder of all that the box remembers."""
    return state / "bindings.toml"


def write(path: Path, bound: Mapping[Source, str]) -> None:
    """Write the bindings so that the old or the new ones are there whatever happens; OSError."""
    lines = [f"{json.dumps(str(s))} = {json.dumps(d)}" for s, d in sorted(bound.items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (HEAD + "\n".join(lines) + "\n").encode(), durable=True)


def load(path: Path) -> dict[Source, str]:
    """The bindings in a file; what makes no sense is left out, with a line in the log."""
    try:
        if path.exists() and (not path.is_file() or path.stat().st_size > LARGEST):
            raise ValueError("no plain file, or far too large")
        written = tomllib.loads(path.read_text(encoding="utf-8")).get("bindings", {})
        items = list(written.items())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        log.warning("the bindings in %s cannot be read (%s); there are none", path, _line(error))
        return {}
    bound = {}
    for name, does in items:
        try:
            source = source_in(name)
            check(source, str(does))
            bound[source] = str(does)
        except BindingError as error:
            log.warning("bindings: %s; left out", _line(error))
    return bound


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
