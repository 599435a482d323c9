"""The presets' files: 001.toml to 128.toml in one folder. Whatever is in it, the box starts."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from firmware_py.presets.preset import Preset, PresetError, read, write
from notochord.wholefile import write_whole

log = logging.getLogger(__name__)

NUMBERS = range(1, 129)
LARGEST = 1 << 16  # bytes; a preset takes about 500


def path_of(folder: Path, number: int) -> Path:
    """Where a preset is kept."""
    return folder / f"{number:03}.toml"


def load(folder: Path) -> dict[int, Preset]:
    """The presets there are, by number; a broken file is put aside as .bad, with one log line."""
    try:
        there = set(os.listdir(folder))
    except FileNotFoundError:
        return {}
    except OSError as error:
        log.warning("the presets in %s cannot be read: %s", folder, error.strerror)
        return {}
    presets = {}
    for number in NUMBERS:
        path = path_of(folder, number)
        if path.name in there:
            try:
                presets[number] = read(number, _text(path))
            except (OSError, PresetError) as error:
                _put_aside(path, error)
    return presets


def store(folder: Path, preset: Preset) -> None:
    """Write a preset so that the old or the new one is there whatever happens; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path_of(folder, preset.number), write(preset).encode(), durable=True)


def delete(folder: Path, number: int) -> None:
    """Free a number; raises PresetError when it is free."""
    try:
        path_of(folder, number).unlink()
    except FileNotFoundError as error:
        raise PresetError(f"there is no preset {number}; see 'presets list'") from error


def _text(path: Path) -> str:
    """A file's text; PresetError when it is no plain file, too large, or not UTF-8."""
    size = path.stat().st_size
    if not path.is_file() or size > LARGEST:  # a pipe would never end
        raise PresetError("not a preset: no plain file, or far too large")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PresetError("not text") from error


def _put_aside(path: Path, error: Exception) -> None:
    aside = path.with_suffix(".bad")
    try:
        os.replace(path, aside)
        done = f"put aside as {aside.name}"
    except OSError:
        done = "it stays where it is"
    reason = " ".join(str(error).split())[:200]
    log.warning("preset %s cannot be read (%s); %s", path.name, reason, done)
