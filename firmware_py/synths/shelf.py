"""The layouts that are shipped, and those in a player's own files.

A setting holds a shipped layout's name, or a whole layout as JSON on one line. So settings, and the
sessions that record them, need no file of the player's: what was played stays as it was played.
"""

from __future__ import annotations

import json
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from firmware_py.synths.layout import Layout, SynthError, read

FOLDER = Path(__file__).parent
DEFAULT = "general-midi"
LONGEST = 20_000  # characters of a layout; a session's first record has to hold it


@cache
def shipped() -> dict[str, Layout]:
    """The shipped layouts by name, the default first."""
    names = sorted((path.stem for path in FOLDER.glob("*.toml")), key=lambda n: (n != DEFAULT, n))
    return {name: read(_toml(FOLDER / f"{name}.toml")) for name in names}


@lru_cache(maxsize=64)
def layout(text: str) -> Layout:
    """The layout that a setting means. Raises SynthError."""
    if not text.startswith("{"):
        if text not in shipped():
            raise SynthError(f"no synth called '{text}'; there are {', '.join(shipped())}")
        return shipped()[text]
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SynthError(f"the layout is not JSON ({error})") from error
    return read(data)


def setting(wanted: str) -> str:
    """What to set for a shipped layout's name, or for a file. Raises SynthError."""
    name = wanted.strip().lower().replace(" ", "-")
    if name in shipped():
        return name
    path = Path(wanted)
    if not path.exists():
        raise SynthError(
            f"no synth and no file called '{wanted}'; there are {', '.join(shipped())}"
        )
    try:
        data = _toml(path)
        read(data)
    except SynthError as error:
        raise SynthError(f"{wanted}: {error}") from error
    text = json.dumps(data, separators=(",", ":"), default=str)
    if len(text) > LONGEST:
        raise SynthError(f"{wanted}: longer than {LONGEST} characters; leave something out")
    return text


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SynthError((error.strerror or "cannot be read").lower()) from error
    except (ValueError, RecursionError) as error:
        raise SynthError(f"not TOML ({str(error) or 'too deep'})") from error
