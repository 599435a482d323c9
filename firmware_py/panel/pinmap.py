"""The pin map: which control is on which pin, and what it does, from one data file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.settings import FIELDS

DEFAULT = Path(__file__).parent / "pins.toml"
PINS = range(2, 28)  # BCM numbers on the 40-pin header
SPI_PINS = {8: "select", 9: "miso", 10: "mosi", 11: "clock"}
CHANNELS = range(8)  # of an MCP3008
DOES = (
    "take over", "next mode", "tap tempo", "keep", "next preset", "previous preset", "store preset"
)  # fmt: skip


class PinMapError(ValueError):
    """The pin map cannot be used; the message says what is wrong, in one line."""


@dataclass(frozen=True)
class KnobMap:
    """A potentiometer: its ADC channel, the setting it turns, and its values at the two ends."""

    channel: int
    setting: str
    low: float
    high: float


@dataclass(frozen=True)
class EncoderMap:
    """A rotary encoder with a push switch, or None."""

    a: int
    b: int
    push: int | None = None


@dataclass(frozen=True)
class ButtonMap:
    """A switch to ground, and what it does."""

    pin: int
    does: str


@dataclass(frozen=True)
class LampMap:
    """A lamp of three colours."""

    red: int
    green: int
    blue: int


@dataclass(frozen=True)
class PinMap:
    """A board."""

    name: str
    knobs: tuple[KnobMap, ...] = ()
    encoder: EncoderMap | None = None
    buttons: tuple[ButtonMap, ...] = ()
    lamp: LampMap | None = None
    midi_lamp: int | None = None

    def pins(self) -> list[int]:
        """Every pin in use, the SPI's where there are knobs."""
        pins = [button.pin for button in self.buttons]
        if self.encoder is not None:
            pins += [pin for pin in vars(self.encoder).values() if pin is not None]
        if self.lamp is not None:
            pins += vars(self.lamp).values()
        if self.midi_lamp is not None:
            pins.append(self.midi_lamp)
        return pins + (list(SPI_PINS) if self.knobs else [])


def load(path: Path = DEFAULT) -> PinMap:
    """The pin map in a file. Raises PinMapError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PinMapError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PinMapError(f"{path}: not TOML ({error})") from error
    try:
        pin_map = _read(data)
        _check(pin_map)
    except (PinMapError, TypeError, ValueError, AttributeError) as error:
        raise PinMapError(f"{path}: {error}") from error
    return pin_map


def _read(data: dict[str, Any]) -> PinMap:
    known = {"name", "knob", "encoder", "button", "lamp", "midi_lamp"}
    if unknown := sorted(set(data) - known):
        raise PinMapError(f"no part is called '{unknown[0]}'; there are {', '.join(sorted(known))}")
    return PinMap(
        name=str(data.get("name", "")),
        knobs=tuple(KnobMap(**knob) for knob in data.get("knob", [])),
        encoder=EncoderMap(**data["encoder"]) if "encoder" in data else None,
        buttons=tuple(ButtonMap(**button) for button in data.get("button", [])),
        lamp=LampMap(**data["lamp"]) if "lamp" in data else None,
        midi_lamp=data["midi_lamp"]["pin"] if "midi_lamp" in data else None,
    )


def _check(pin_map: PinMap) -> None:
    taken: set[int] = set()
    for pin in pin_map.pins():
        if not isinstance(pin, int) or pin not in PINS:
            raise PinMapError(f"there is no pin {pin}; they go from {PINS[0]} to {PINS[-1]}")
        if pin in taken:
            raise PinMapError(f"pin {pin} is used twice")
        taken.add(pin)
    for knob in pin_map.knobs:
        _check_knob(knob)
    channels = [knob.channel for knob in pin_map.knobs]
    if len(set(channels)) < len(channels):
        raise PinMapError("two knobs are on one channel")
    for button in pin_map.buttons:
        if button.does not in DOES:
            raise PinMapError(f"no button does '{button.does}'; they do {', '.join(DOES)}")


def _check_knob(knob: KnobMap) -> None:
    if knob.channel not in CHANNELS:
        raise PinMapError(f"there is no channel {knob.channel}; an MCP3008 has 0 to 7")
    limits = FIELDS[knob.setting].metadata if knob.setting in FIELDS else {}
    if "low" not in limits:
        numbers = ", ".join(name for name, f in FIELDS.items() if "low" in f.metadata)
        raise PinMapError(f"no knob turns '{knob.setting}'; there are {numbers}")
    for end in (knob.low, knob.high):
        if not limits["low"] <= end <= limits["high"]:
            raise PinMapError(
                f"{knob.setting} cannot be {end}; it goes from {limits['low']} to {limits['high']}"
            )
