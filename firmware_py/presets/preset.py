"""A preset, and the text that it is stored as: TOML that a player can read and change.

    name = "late night"

    [settings]
    mode = "duet"
    temperature = 0.9

A setting that is missing is as by default, so that an old preset sounds as it did; where no brain
is named, the one that plays goes on. A setting that this version does not have, or a value out of
range, costs a line in the log and nothing more.
"""

from __future__ import annotations

import json
import logging
import tomllib
from dataclasses import dataclass, replace
from typing import Any

from firmware_py.settings import PRESET, Settings, changed

log = logging.getLogger(__name__)

LONGEST_NAME = 60  # characters


class PresetError(ValueError):
    """There is no such preset, or its file is broken; the message says which, in one line."""


@dataclass(frozen=True)
class Preset:
    """Settings under a number 1..128 (a program change as players count them) and a name."""

    number: int
    name: str
    settings: Settings
    names_brain: bool = False  # else whichever plays goes on, as with presets from before brains

    @property
    def stored(self) -> tuple[str, ...]:
        """The names of the settings that are part of it."""
        return tuple(name for name in PRESET if name != "brain" or self.names_brain)

    def onto(self, settings: Settings) -> Settings:
        """What the settings become when it is recalled: how the box is wired up stays."""
        return replace(settings, **{name: getattr(self.settings, name) for name in self.stored})


def write(preset: Preset) -> str:
    """A preset as text."""
    lines = [f"name = {_value(tidy(preset.name))}", "", "[settings]"]
    lines += [f"{name} = {_value(getattr(preset.settings, name))}" for name in preset.stored]
    return "\n".join(lines) + "\n"


def read(number: int, text: str, strict: bool = False) -> Preset:
    """The preset in a text; PresetError when it is none, or (`strict`) when anything in it is
    wrong."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PresetError(f"not TOML ({str(error) or 'too deep'})") from error
    chosen, name = data.get("settings", {}), data.get("name", "")
    if not isinstance(chosen, dict) or not isinstance(name, str):
        raise PresetError("not a preset: it needs a name and a table [settings]")
    if strict and (unknown := sorted(set(data) - {"name", "settings"})):
        raise PresetError(f"'{unknown[0]}' is no part of a preset; name and [settings] are")
    settings = _settings(number, chosen, strict)
    return Preset(number, tidy(name), settings, names_brain="brain" in chosen)


def _settings(number: int, chosen: dict[str, Any], strict: bool) -> Settings:
    settings = Settings()
    for name, value in chosen.items():
        try:
            settings = changed(settings, name, value)
        except ValueError as error:
            if strict:
                raise PresetError(str(error)[:200]) from error
            log.warning("preset %d: %s; left as by default", number, str(error)[:200])
    return settings


def tidy(name: str) -> str:
    """A name on one line, of bounded length, that can be written as UTF-8."""
    whole = name.encode(errors="replace").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in whole).split())[:LONGEST_NAME]


def _value(value: str | float) -> str:
    """A value in TOML, whose strings are those of JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
