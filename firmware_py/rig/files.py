"""The rig's file: read with one clear line for what is wrong, written power-cut safe."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from firmware_py.rig.curve import Curve, CurveError, shaped
from firmware_py.rig.rig import (
    CONTROL,
    PLAYER,
    ROLES,
    Input,
    Output,
    Rig,
    RigError,
    Zone,
    name_of_pitch,
    pitch_named,
)
from notochord.event import (
    FAMILIES,
    FIRST_ANONYMOUS,
    FIRST_KIT,
    instrument_named,
    instrument_of,
    name_of,
)
from notochord.wholefile import write_whole

Read = Callable[[Any], Any]


def load(path: Path) -> Rig:
    """The rig in a file. Raises RigError, or FileNotFoundError where there is none."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise RigError(f"{path}: {(reason or 'cannot be read').lower()}") from error
    try:
        return replace(parse(tomllib.loads(text)), path=path)
    except tomllib.TOMLDecodeError as error:
        raise RigError(f"{path}: not TOML ({error})") from error
    except RigError as error:
        raise RigError(f"{path}: {error}") from error


def parse(data: Mapping[str, Any]) -> Rig:
    """A rig from what stood in a file. Raises RigError."""
    found = _fields("the file", data, {"input": _tables, "output": _tables})
    inputs = [_input(n, table) for n, table in enumerate(found.get("input", ()), 1)]
    outputs = [_output(n, table) for n, table in enumerate(found.get("output", ()), 1)]
    return Rig(tuple(inputs), tuple(outputs))


def store(rig: Rig, path: Path) -> None:
    """Write a rig: after a power cut the old one or the new one is there. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, written(rig).encode(), durable=True)


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def _fields(where: str, data: Mapping[str, Any], known: Mapping[str, Read]) -> dict[str, Any]:
    """Each field read by its reader; RigError says where it stands."""
    found = {}
    for name, value in data.items():
        if name not in known:
            raise RigError(f"{where}: there is no '{name}'; there are {', '.join(known)}")
        try:
            found[name] = known[name](value)
        except (RigError, CurveError) as error:
            raise RigError(f"{where}: {name}: {error}") from error
    return found


def _tables(value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise RigError("write it in two brackets: [[input]]")
    return value


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise RigError("write it as a table: [input.left]")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RigError(f"'{value}' is no text in quotation marks")
    return value


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise RigError(f"'{value}' must be true or false")
    return value


def _whole(low: int, high: int) -> Read:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise RigError(f"'{value}' is not a whole number from {low} to {high}")
        return value

    return read


def _channel(value: Any) -> int:
    return int(_whole(1, 16)(value)) - 1


def _list_of(read: Read) -> Read:
    def each(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise RigError(f"'{value}' is no list: write it in brackets")
        return tuple(read(item) for item in value)

    return each


def _role(value: Any) -> str:
    if value not in ROLES:
        raise RigError(f"no role is called '{value}'; there are {', '.join(ROLES)}")
    return str(value)


def _instrument(value: Any) -> int:
    try:
        return instrument_named(_text(value))
    except ValueError as error:
        raise RigError(str(error)) from error


def _part(value: Any) -> frozenset[int]:
    """The instruments that a part is: a family's, every drum kit, or the one of that name."""
    name = _text(value).strip().lower()
    if name == "drums":
        return frozenset(range(FIRST_KIT, FIRST_ANONYMOUS))
    if name in FAMILIES:
        first = 8 * FAMILIES.index(name)
        return frozenset(instrument_of(program) for program in range(first, first + 8))
    return frozenset({_instrument(value)})


def _parts(value: Any) -> frozenset[int]:
    return frozenset().union(*_list_of(_part)(value))


def _channels(value: Any) -> frozenset[int]:
    return frozenset(_list_of(_channel)(value))


def _curve(value: Any) -> Curve:
    if isinstance(value, str):
        return shaped(value)
    pairs = _list_of(_list_of(_whole(1, 127)))(value)
    if any(len(pair) != 2 for pair in pairs):
        raise RigError("a point of a curve is two velocities: [22, 49]")
    return Curve(pairs)


_ZONE: dict[str, Read] = {
    "role": _role, "plays": _instrument, "transpose": _whole(-60, 60), "controls": _switch,
}  # fmt: skip
_INPUT: dict[str, Read] = {
    "device": _text, "name": _text, **_ZONE, "split": pitch_named, "left": _table,
    "channels": _channels, "curve": _curve, "sysex": _switch, "clock": _switch, "panic": _switch,
}  # fmt: skip
_OUTPUT: dict[str, Read] = {
    "device": _text, "hears": _list_of(_text), "parts": _parts, "channel": _channel,
    "clock": _switch,
}  # fmt: skip


def _input(n: int, table: Mapping[str, Any]) -> Input:
    where = f"input {n}"
    found = _fields(where, table, _INPUT)
    if "device" not in found:
        raise RigError(f'{where}: it names no device; write device = "..." (or "*" for any)')
    zone = Zone(**{name: found.pop(name) for name in _ZONE if name in found})
    left = replace(zone, **_fields(f"{where}: left", found.pop("left", {}), _ZONE))
    if "left" in table and "split" not in found:
        raise RigError(f'{where}: "left" needs a split, for example split = "C3"')
    if CONTROL in (zone.role, left.role) and zone.role != left.role:
        raise RigError(f"{where}: a device is for control as a whole, not one side of it")
    return Input(zone=zone, left=left, **found)


def _output(n: int, table: Mapping[str, Any]) -> Output:
    found = _fields(f"output {n}", table, _OUTPUT)
    if "device" not in found:
        raise RigError(f'output {n}: it names no device; write device = "..." (or "*" for any)')
    return Output(**found)


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def written(rig: Rig) -> str:
    """The rig as the text of a file that gives the same rig."""
    lines: list[str] = []
    for i in rig.inputs:
        lines += ["[[input]]", *_said(_of_input(i))]
        if i.split is not None:
            lines += ["[input.left]", *_said(_of_zone(i.left, i.zone))]
        lines.append("")
    for o in rig.outputs:
        lines += ["[[output]]", *_said(_of_output(o)), ""]
    return "\n".join(lines)


def _said(values: Mapping[str, Any]) -> list[str]:
    # What JSON writes of text, numbers, truths and lists of them, TOML reads.
    said = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
    return [f"{name} = {value}".replace("\x7f", "\\u007f") for name, value in said.items()]


def _of_zone(zone: Zone, default: Zone) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if zone.role != default.role:
        values["role"] = zone.role
    if zone.plays is not None and zone.plays != default.plays:
        values["plays"] = name_of(zone.plays)
    if zone.transpose != default.transpose:
        values["transpose"] = zone.transpose
    if zone.controls != default.controls:
        values["controls"] = zone.controls
    return values


def _of_input(i: Input) -> dict[str, Any]:
    values: dict[str, Any] = {"device": i.device}
    if i.name:
        values["name"] = i.name
    values |= _of_zone(i.zone, Zone(role=PLAYER))
    if i.channels is not None:
        values["channels"] = sorted(channel + 1 for channel in i.channels)
    if i.curve is not None:
        values["curve"] = [list(point) for point in i.curve.points]
    for name in ("sysex", "clock", "panic"):
        if getattr(i, name) != getattr(Input, name):
            values[name] = getattr(i, name)
    if i.split is not None:
        values["split"] = name_of_pitch(i.split)
    return values


def _of_output(o: Output) -> dict[str, Any]:
    values: dict[str, Any] = {"device": o.device}
    if o.hears is not None:
        values["hears"] = list(o.hears)
    if o.parts is not None:
        values["parts"] = _names_of(o.parts)
    if o.channel is not None:
        values["channel"] = o.channel + 1
    if not o.clock:
        values["clock"] = False
    return values


def _names_of(parts: frozenset[int]) -> list[str]:
    names, left = [], set(parts)
    for name in ("drums", *FAMILIES):
        if _part(name) <= left:
            names.append(name)
            left -= _part(name)
    # What is both a family and an instrument ("piano") would be read as the family.
    families = {"drums", *FAMILIES}
    return names + [str(i) if name_of(i) in families else name_of(i) for i in sorted(left)]
