"""The machine's health: its temperature, and whether its power supply holds.

Read from sysfs: /sys/class/thermal on any machine, the firmware's own bits on a Raspberry Pi
(raspberrypi.com/documentation/computers/os.html, get_throttled). The scribe's thread reads; the
loop is told only what changed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
HOT, COOL = 80.0, 75.0  # °C; a Raspberry Pi slows down from 80 °C on
UNDERVOLTAGE, CAPPED, SLOWED, WARM = 1 << 0, 1 << 1, 1 << 2, 1 << 3
EVER = 16  # the same bits, so far up: it has happened since the machine was switched on
TOO_HOT = "too hot: it may slow down; let air to it"
COOLED = "cool enough again"
TOO_WEAK = "too little power: use a stronger supply or a shorter cable"
STRONG = "the power supply holds again"


@dataclass(frozen=True)
class Health:
    """A look at the machine: °C, None where there is no telling, and the firmware's bits."""

    celsius: float | None = None
    bits: int = 0

    @property
    def weak(self) -> bool:
        """Whether there is too little power, now."""
        return bool(self.bits & UNDERVOLTAGE)

    @property
    def was_weak(self) -> bool:
        """Whether there was too little power since the machine was switched on."""
        return bool(self.bits & UNDERVOLTAGE << EVER)

    @property
    def slowed(self) -> bool:
        """Whether the firmware has slowed the processor down, now."""
        return bool(self.bits & (CAPPED | SLOWED))


def look(root: Path = Path("/")) -> Health:
    """The machine as it is now; whatever cannot be read is as if it were well."""
    zones = [_number(zone) for zone in root.glob("sys/class/thermal/thermal_zone*/temp")]
    known = [zone / 1000 for zone in zones if zone is not None]
    return Health(max(known, default=None), _number(root / THROTTLED, 16) or 0)


def _number(path: Path, base: int = 10) -> int | None:
    with suppress(OSError, ValueError):
        return int(path.read_text(encoding="ascii").strip(), base)
    return None


class Watch:
    """Tells of each change once: too hot and cool again, too weak and strong again."""

    def __init__(self, look: Callable[[], Health] = look) -> None:
        self._look = look
        self._hot = self._weak = False
        self._news: deque[str] = deque(maxlen=100)

    @property
    def strained(self) -> bool:
        """Whether the machine is too hot or short of power."""
        return self._hot or self._weak

    def turn(self) -> None:
        """Look; for the scribe, who may wait for a file."""
        health = self._look()
        celsius = health.celsius or 0.0
        hot = celsius >= (COOL if self._hot else HOT) or health.slowed and not health.weak
        if hot != self._hot:
            self._news.append(f"{TOO_HOT} ({celsius:.0f} °C)" if hot else COOLED)
        if health.weak != self._weak:
            self._news.append(TOO_WEAK if health.weak else STRONG)
        self._hot, self._weak = hot, health.weak

    def news(self) -> list[str]:
        """What changed since the last call; for the loop."""
        return [self._news.popleft() for _ in range(len(self._news))]
