"""Every setting in one place: its default, its range, its unit, and what it does.

Settings are saved so that no power cut can spoil them, and loaded field by field: what is missing
or makes no sense falls back to its default, with a line in the log.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from dataclasses import Field, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from firmware_py import palette as palettes
from firmware_py.palette import Palette
from firmware_py.synths import shelf
from firmware_py.synths.layout import Layout
from notochord.event import instrument_named
from notochord.wholefile import write_whole

log = logging.getLogger(__name__)

MODES = (
    "thru", "continue", "harmonize", "autopitch", "duet", "echo", "solo", "accompany", "chorale",
    "drums",
)  # fmt: skip
BY_RATIO, BY_SQUARE = "ratios", "squares"
AUTO_BRAIN = "auto"  # the one that was brought to the box, else the one that was shipped
GRIDS = {"1/4": 1.0, "1/8": 1 / 2, "1/8t": 1 / 3, "1/16": 1 / 4}  # in beats; t: triplets


class SettingError(ValueError):
    """A setting has no such name or no such value; the message shows what is allowed."""


def _number(
    default: float, low: float, high: float, unit: str, help: str, wiring: bool = False,
    turns: str = "steps",
) -> Any:  # fmt: skip
    """`wiring`: it is how the box is wired up, and stays as it is when a preset is recalled.
    `turns`: what equal turns of the knob are: equal steps; equal ratios, as one hears it; or equal
    steps of the square, of what does little while it is low."""
    limits = {"low": low, "high": high, "unit": unit, "turns": turns}
    return field(default=default, metadata={**limits, "help": help, "wiring": wiring})


def _voice(name: str) -> Any:
    return _number(0.5, 0.0, 1.0, "", f"drums: strokes of {name}; 0 none, middle the network's")


def _choice(
    default: str, choices: tuple[str, ...], unit: str, help: str, wiring: bool = False
) -> Any:
    help = f"{help}: {', '.join(choices)}"
    metadata = {"choices": choices, "unit": unit, "help": help, "wiring": wiring}
    return field(default=default, metadata=metadata)


def _text(default: str, help: str, wiring: bool = False) -> Any:
    return field(default=default, metadata={"unit": "", "help": help, "wiring": wiring})


@dataclass(frozen=True)
class Settings:
    """What the knobs stand at."""

    mode: str = _text("duet", f"the network's role: {', '.join(MODES)}")
    temperature: float = _number(0.95, 0.1, 2.0, "", "how wildly instruments and pitches are drawn")
    rhythm: float = _number(
        0.7, 0.1, 2.0, "", "how wildly long and short moments are drawn", turns=BY_SQUARE
    )
    timing: float = _number(
        0.4, 0.1, 2.0, "", "how loosely moments and velocities are met", turns=BY_SQUARE
    )
    groove: float = _number(
        4.0, 0.1, 10.0, "", "how closely the rhythm that was heard is kept", turns=BY_RATIO
    )
    top_p: float = _number(0.8, 0.5, 1.0, "", "share of the likeliest choices that are drawn from")
    voices: int = _number(2, 1, 8, "notes", "harmonize: voices added to each key")
    span: int = _number(
        12, 1, 60, "semitones", "autopitch: how far a pitch may be from its key", turns=BY_RATIO
    )
    rest: float = _number(
        1.0, 0.1, 10.0, "s", "continue, echo: your silence before it goes on", turns=BY_RATIO
    )
    low: int = _number(28, 0, 127, "pitch", "the network's lowest pitch")
    high: int = _number(96, 0, 127, "pitch", "the network's highest pitch")
    polyphony: int = _number(5, 1, 16, "notes", "notes that the network may hold at once")
    density: float = _number(
        12.0, 1.0, 40.0, "notes/s", "notes it starts in a second, at most", turns=BY_RATIO
    )
    softest: int = _number(1, 1, 127, "", "the network's softest velocity")
    loudest: int = _number(127, 1, 127, "", "the network's loudest velocity")
    shortest: float = _number(
        0.04, 0.04, 4.0, "s", "shortest note of the network", turns=BY_RATIO
    )
    longest: float = _number(
        4.0, 0.1, 4.0, "s", "longest note of the network", turns=BY_RATIO
    )
    balance: float = _number(0.9, 0.1, 1.5, "", "the network's loudness against its own choice")
    share: float = _number(0.3, 0.0, 1.0, "", "duet: the network's share of the notes")
    deadline: float = _number(
        50.0, 5.0, 500.0, "ms", "an answer later than this is dropped", turns=BY_RATIO
    )
    variation: float = _number(0.36, 0.0, 1.0, "", "drums: how freely the pattern is varied")
    swing: float = _number(0.0, 0.0, 1.0, "", "drums: delays the off-beats, at most to triplets")
    kick: float = _voice("the kick drum")
    snare: float = _voice("the snare")
    hats: float = _voice("the hi-hats")
    toms: float = _voice("the toms")
    cymbals: float = _voice("crash and ride")
    tempo: float = _number(120.0, 20.0, 300.0, "bpm", "the beat, where no clock leads")
    magnet: float = _number(0.0, 0.0, 1.0, "", "how far the network is pulled to the grid")
    grid: str = _choice("1/16", tuple(GRIDS), "note", "what the magnet pulls to")
    clock_out: str = _choice("off", ("off", "on"), "", "whether a MIDI clock is sent", wiring=True)
    player: str = _text("piano", "the instrument that you play, unless you send a program change")
    palette: str = _text(
        "auto", "the network's instruments, with commas; 'same' is yours, 'auto' fits the mode"
    )
    brain: str = _text(
        AUTO_BRAIN, "which brain plays, by name; 'auto' is the box's own or the usual one"
    )
    synth: str = _text(shelf.DEFAULT, "which synth is connected, by name", wiring=True)
    preset_channel: int = _number(
        0, 0, 16, "", "MIDI channel whose program changes recall presets", wiring=True
    )
    preset_next: int = _number(
        0, 0, 119, "", "controller that recalls the next preset", wiring=True
    )
    preset_previous: int = _number(
        0, 0, 119, "", "controller that recalls the preset before", wiring=True
    )

    @property
    def parts(self) -> Palette:
        """The palette's parts."""
        return palettes.parsed(self.palette)

    @property
    def layout(self) -> Layout:
        """The layout of the synth that is connected."""
        return shelf.layout(self.synth)

    @property
    def pitches(self) -> tuple[int, int]:
        """The network's lowest and highest pitch; knobs that have crossed change places."""
        return min(self.low, self.high), max(self.low, self.high)

    @property
    def velocities(self) -> tuple[int, int]:
        """The network's softest and loudest velocity, likewise."""
        return min(self.softest, self.loudest), max(self.softest, self.loudest)


FIELDS: dict[str, Field[Any]] = {f.name: f for f in fields(Settings)}
PRESET = tuple(name for name, f in FIELDS.items() if not f.metadata.get("wiring"))


def is_brain_name(text: str) -> bool:
    """Whether a brain can be called so: letters, digits, - and _, as its file is."""
    return len(text) <= 60 and text.replace("-", "a").replace("_", "a").isalnum()


def changed(settings: Settings, name: str, value: object) -> Settings:
    """The settings with one of them changed; raises SettingError with the allowed range."""
    if name not in FIELDS:
        raise SettingError(f"no setting called '{name}'; there are {', '.join(FIELDS)}")
    return replace(settings, **{name: _checked(FIELDS[name], value)})


def _checked(f: Field[Any], value: object) -> Any:
    if "choices" in f.metadata:
        if value not in f.metadata["choices"]:
            choices = ", ".join(f.metadata["choices"])
            raise SettingError(f"{f.name}={value}: must be one of {choices}")
        return value
    if "low" not in f.metadata:
        return _checked_text(f.name, str(value))
    low, high, unit = f.metadata["low"], f.metadata["high"], f.metadata["unit"]
    whole = isinstance(f.default, int)
    try:
        number = float(str(value))
    except ValueError:
        number = float("nan")
    if not low <= number <= high or (whole and number != int(number)):
        kind = "a whole number " if whole else ""
        raise SettingError(f"{f.name}={value}: must be {kind}from {low} to {high} {unit}".rstrip())
    return int(number) if whole else number


def _checked_text(name: str, value: str) -> str:
    if name == "brain" and not is_brain_name(value):
        raise SettingError(f"brain={value[:80]}: must be the name of a brain, or {AUTO_BRAIN}")
    if name == "mode" and value not in MODES:
        raise SettingError(f"no mode called '{value}'; there are {', '.join(MODES)}")
    try:
        if name == "player":
            instrument_named(value)
        elif name == "palette":
            palettes.parsed(value)
        elif name == "synth":
            shelf.layout(value)
    except ValueError as error:
        raise SettingError(f"{name}: {error}") from error
    return value


def parsed(settings: Settings, text: str) -> Settings:
    """The settings with one changed as written on a command line: NAME=VALUE."""
    return changed(settings, *pair(text))


def pair(text: str) -> tuple[str, str]:
    """Name and value as written on a command line: NAME=VALUE. Raises SettingError."""
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError(f"'{text}': write a knob as NAME=VALUE, for example temperature=1.1")
    return name.strip(), value.strip()


def load(path: Path) -> Settings:
    """The saved settings; whatever is missing or wrong in the file is as by default, and a file
    of which nothing can be read is put aside as .bad."""
    settings = Settings()
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        items = list(saved["settings"].items())
    except FileNotFoundError:
        return settings
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("settings in %s cannot be read (%s); all are as by default", path, error)
        with suppress(OSError):
            os.replace(path, path.with_suffix(".bad"))
        return settings
    for name, value in items:
        try:
            settings = changed(settings, name, value)
        except SettingError as error:
            log.warning("settings: %s; left as by default", error)
    return settings


def save(settings: Settings, path: Path) -> None:
    """Write the settings so that the old or the new ones are there whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = json.dumps({"version": 1, "settings": asdict(settings)}, indent=1)
    write_whole(path, data.encode(), durable=True)
