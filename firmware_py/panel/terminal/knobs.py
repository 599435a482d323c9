"""The settings as knobs of a terminal: which there are, and what a turn makes of them."""

from __future__ import annotations

from firmware_py.panel.travel import whole_travel
from firmware_py.settings import FIELDS, Settings

MAIN = ("temperature", "density", "high", "balance")  # as on the board
ELSEWHERE = tuple(  # neither numbers nor choices: chosen in other places, or written
    name for name, f in FIELDS.items() if not {"low", "choices"} & set(f.metadata)
)
OTHERS = tuple(name for name in FIELDS if name not in (*MAIN, *ELSEWHERE))
STEPS = 50  # from one end of a knob to the other


def place(settings: Settings, name: str) -> float:
    """Where a knob stands, 0..1."""
    value = getattr(settings, name)
    if "choices" in FIELDS[name].metadata:
        options = FIELDS[name].metadata["choices"]
        return float(options.index(value) / (len(options) - 1))
    return whole_travel(name).place(value)


def turned(settings: Settings, name: str, steps: float) -> float | str:
    """The value after so many steps (negative: back), held at the ends."""
    value = getattr(settings, name)
    if "choices" in FIELDS[name].metadata:
        options = FIELDS[name].metadata["choices"]
        way = (steps > 0) - (steps < 0)
        return str(options[min(max(options.index(value) + way, 0), len(options) - 1)])
    travel = whole_travel(name)
    moved = travel.value(min(max(travel.place(value) + steps / STEPS, 0.0), 1.0))
    if not isinstance(FIELDS[name].default, int):
        return round(moved, 3)
    if moved == value:  # it has fewer whole numbers than steps: the next one
        moved += 1 if steps > 0 else -1
    return int(min(max(moved, travel.low), travel.high))


def put(name: str, position: float) -> float | str:
    """The value with the knob at a position 0..1."""
    position = min(max(position, 0.0), 1.0)
    if "choices" in FIELDS[name].metadata:
        options = FIELDS[name].metadata["choices"]
        return str(options[min(int(position * len(options)), len(options) - 1)])
    value = whole_travel(name).value(position)
    return value if isinstance(value, int) else round(value, 3)


def written(value: float | str) -> str:
    """A value as it is shown."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def bar(position: float, width: int) -> str:
    """A bar of so many letters, filled to a position in eighths."""
    eighths = round(position * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(width, "·")[:width]
