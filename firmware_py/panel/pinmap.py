"""The pin map: which control is on which pin, and what it does, from one data file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_py.panel.change import ACTIONS
from firmware_py.panel.travel import Travel
from firmware_py.settings import FIELDS

DEFAULT = Path(__file__).parent / "pins.toml"
PINS = range(2, 28)  # BCM numbers on the 40-pin header
SPI_PINS = {8: "select", 9: "miso", 10: "mosi", 11: "clock"}
CHANNELS = range(8)  # of an MCP3008
I2C_PINS = {2: "data", 3: "clock"}
ADDRESSES = range(0x08, 0x78)  # of devices on an I2C bus


class PinMapError(ValueError):
    """The pin map cannot be used; the message says what is wrong, in one line."""


@dataclass(frozen=True)
class ShiftedMap:
    """What a knob turns while the encoder is held in: a setting, and its values at the two ends."""

    setting: str
    low: float
    high: float

    @property
    def travel(self) -> Travel:
        """The setting over the knob's travel."""
        return Travel(self.setting, self.low, self.high)


@dataclass(frozen=True)
class KnobMap:
    """A potentiometer: its ADC channel, the setting it turns, and its values at the two ends; and
    what it turns while the encoder is held in, or None."""

    channel: int
    setting: str
    low: float
    high: float
    shifted: ShiftedMap | None = None

    @property
    def travel(self) -> Travel:
        """The setting over the knob's travel."""
        return Travel(self.setting, self.low, self.high)


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
class DisplayMap:
    """An SSD1306 display of 128 x 64 dots: its I2C bus, and its address there."""

    port: int = 1
    address: int = 0x3C


@dataclass(frozen=True)
class PinMap:
    """A board."""

    name: str
    knobs: tuple[KnobMap, ...] = ()
    encoder: EncoderMap | None = None
    buttons: tuple[ButtonMap, ...] = ()
    lamp: LampMap | None = None
    midi_lamp: int | None = None
    display: DisplayMap | None = None
    web: int | None = None  # the pin of the button that opens web access when it is held at a start

    def switches(self) -> list[int]:
        """The pins of everything that is pressed: the buttons, and the encoder's push."""
        push = self.encoder.push if self.encoder is not None else None
        return [button.pin for button in self.buttons] + ([] if push is None else [push])

    def pins(self) -> list[int]:
        """Every pin in use, the SPI's where there are knobs."""
        pins = [button.pin for button in self.buttons]
        if self.encoder is not None:
            pins += [pin for pin in vars(self.encoder).values() if pin is not None]
        if self.lamp is not None:
            pins += vars(self.lamp).values()
        if self.midi_lamp is not None:
            pins.append(self.midi_lamp)
        if self.display is not None and self.display.port == 1:
            pins += list(I2C_PINS)
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
    except KeyError as error:
        raise PinMapError(f"{path}: {error.args[0]} is missing") from error
    except (PinMapError, TypeError, ValueError, AttributeError) as error:
        raise PinMapError(f"{path}: {error}") from error
    return pin_map


def _read(data: dict[str, Any]) -> PinMap:
    known = {"name", "knob", "encoder", "button", "lamp", "midi_lamp", "display", "web"}
    if unknown := sorted(set(data) - known):
        raise PinMapError(f"no part is called '{unknown[0]}'; there are {', '.join(sorted(known))}")
    return PinMap(
        name=str(data.get("name", "")),
        knobs=tuple(_knob(knob) for knob in data.get("knob", [])),
        encoder=EncoderMap(**data["encoder"]) if "encoder" in data else None,
        buttons=tuple(ButtonMap(**button) for button in data.get("button", [])),
        lamp=LampMap(**data["lamp"]) if "lamp" in data else None,
        midi_lamp=data["midi_lamp"]["pin"] if "midi_lamp" in data else None,
        display=DisplayMap(**data["display"]) if "display" in data else None,
        web=data["web"]["hold"] if "web" in data else None,
    )


def _knob(data: dict[str, Any]) -> KnobMap:
    shifted = ShiftedMap(**data["shifted"]) if "shifted" in data else None
    return KnobMap(**{**data, "shifted": shifted})


def _check(pin_map: PinMap) -> None:
    taken: set[int] = set()
    for pin in pin_map.pins():
        if not isinstance(pin, int) or pin not in PINS:
            raise PinMapError(f"there is no pin {pin}; they go from {PINS[0]} to {PINS[-1]}")
        if pin in taken:
            raise PinMapError(f"pin {pin} is used twice")
        taken.add(pin)
    for knob in pin_map.knobs:
        _check_knob(knob, pin_map.encoder is not None and pin_map.encoder.push is not None)
    channels = [knob.channel for knob in pin_map.knobs]
    if len(set(channels)) < len(channels):
        raise PinMapError("two knobs are on one channel")
    for button in pin_map.buttons:
        if button.does not in ACTIONS:
            raise PinMapError(f"no button does '{button.does}'; they do {', '.join(ACTIONS)}")
    if pin_map.web is not None and pin_map.web not in pin_map.switches():
        raise PinMapError(f"web access is asked for with a button, and pin {pin_map.web} has none")
    if pin_map.display is not None and pin_map.display.address not in ADDRESSES:
        raise PinMapError(f"there is no I2C address {pin_map.display.address}; 0x08 to 0x77")


def _check_knob(knob: KnobMap, can_shift: bool) -> None:
    if knob.channel not in CHANNELS:
        raise PinMapError(f"there is no channel {knob.channel}; an MCP3008 has 0 to 7")
    _check_travel(knob)
    if knob.shifted is None:
        return
    if not can_shift:
        raise PinMapError(f"the knob for {knob.setting} has a shifted setting, and there is no "
                          "encoder with a push to hold in")  # fmt: skip
    _check_travel(knob.shifted)


def _check_travel(knob: KnobMap | ShiftedMap) -> None:
    limits = FIELDS[knob.setting].metadata if knob.setting in FIELDS else {}
    if "low" not in limits:
        numbers = ", ".join(name for name, f in FIELDS.items() if "low" in f.metadata)
        raise PinMapError(f"no knob turns '{knob.setting}'; there are {numbers}")
    if knob.low == knob.high:
        raise PinMapError(f"the knob for {knob.setting} goes from {knob.low} to {knob.high}")
    for end in (knob.low, knob.high):
        if not limits["low"] <= end <= limits["high"]:
            raise PinMapError(
                f"{knob.setting} cannot be {end}; it goes from {limits['low']} to {limits['high']}"
            )
