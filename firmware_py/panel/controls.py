"""From what was turned and pressed to what is to be done: the panel without its hardware."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_py.panel.encoder import Encoder
from firmware_py.panel.knob import Knob
from firmware_py.panel.pinmap import KnobMap, PinMap
from firmware_py.panel.switch import Switch
from firmware_py.presets.remote import Step
from firmware_py.settings import FIELDS, MODES, Settings

LONG = 1.0  # seconds that two buttons are held for a panic, or the encoder to store a preset
PUSH = "push"  # the encoder's switch


@dataclass(frozen=True)
class Turn:
    """Set a setting to a value."""

    setting: str
    value: float | str


@dataclass(frozen=True)
class Panic:
    """Silence everything."""


@dataclass(frozen=True)
class StorePreset:
    """Store everything as it stands."""


@dataclass(frozen=True)
class Keep:
    """Keep the last minutes of the performance."""


@dataclass(frozen=True)
class Tap:
    """The tempo was tapped, at a time in seconds."""

    at: float


Change = Turn | Tap | Panic | Step | StorePreset | Keep
PRESSES: dict[str, Change] = {
    "next preset": Step(1),
    "previous preset": Step(-1),
    "store preset": StorePreset(),
    "keep": Keep(),
}


class Controls:
    """The controls of a board. Switches are named by their pins."""

    def __init__(self, pin_map: PinMap, settings: Settings) -> None:
        self._map, self._settings = pin_map, settings
        self._knobs = {knob.channel: (knob, Knob()) for knob in pin_map.knobs}
        self._encoder = Encoder()
        self._does = {button.pin: button.does for button in pin_map.buttons}
        push = pin_map.encoder.push if pin_map.encoder else None
        if push is not None:
            self._does[push] = PUSH
        self._switches = {pin: Switch() for pin in self._does}
        self._before = settings.mode if settings.mode != "thru" else "duet"  # to go back to
        self._push, self._pushed_at = push, 0.0
        self._turned_in = False  # the encoder, since it was pushed in
        self._panicked = self._together = False  # since the last moment when none was held

    @property
    def due(self) -> float | None:
        """When `tick` must be called, in seconds."""
        times = [s.due for s in self._switches.values() if s.due is not None]
        if (long := self._long_at()) is not None:
            times.append(long)
        return min(times, default=None)

    def now_set(self, settings: Settings) -> None:
        """The settings have been changed, here or elsewhere: knobs that stand apart wait."""
        for knob_map, knob in self._knobs.values():
            old, new = (getattr(s, knob_map.setting) for s in (self._settings, settings))
            if old != new:
                knob.wait_at(_place(knob_map, new))
        self._settings = settings
        if settings.mode != "thru":
            self._before = settings.mode

    def knob(self, channel: int, raw: float, now: float) -> list[Change]:
        """A knob was read, 0..1."""
        knob_map, knob = self._knobs[channel]
        position = knob.read(raw, now)
        if position is None:
            return []
        value: float = knob_map.low + position * (knob_map.high - knob_map.low)
        if isinstance(FIELDS[knob_map.setting].default, int):
            value = round(value)
        return self._turned(knob_map.setting, value)

    def encoder(self, a: bool, b: bool) -> list[Change]:
        """The encoder's contacts moved; True is open."""
        detents = self._encoder.moved(a, b)
        if detents and self._push is not None and self._switches[self._push].pressed_at is not None:
            self._turned_in = True
            return [Step(detents)]
        return self._mode_by(detents) if detents else []

    def switch(self, pin: int, closed: bool, now: float) -> list[Change]:
        """A switch's contact closed or opened."""
        return self._pressed(pin, self._switches[pin].changed(closed, now), now)

    def tick(self, now: float) -> list[Change]:
        """Do what is due: look again at switches that bounced, notice long presses."""
        changes: list[Change] = []
        for pin, switch in self._switches.items():
            changes += self._pressed(pin, switch.tick(now), now)
        long = self._long_at()
        if long is not None and long <= now:
            self._panicked = True
            changes.append(Panic())
        return changes

    def _held(self) -> list[float]:
        at = (switch.pressed_at for switch in self._switches.values())
        return sorted(t for t in at if t is not None)

    def _long_at(self) -> float | None:
        """When two buttons will have been held long enough for a panic."""
        held = self._held()
        return held[1] + LONG if len(held) >= 2 and not self._panicked else None

    def _pressed(self, pin: int, pressed: bool | None, now: float) -> list[Change]:
        """A button acts when it is let go, alone: a press of two is no press of either. A tap is
        its moment, so it counts when the button goes down, unless another is held."""
        if pressed is None:
            return []
        held = len(self._held())
        if pressed:
            self._together = self._together or held > 1
            if pin == self._push:
                self._pushed_at, self._turned_in = now, False
            taps = self._does[pin] == "tap tempo" and not self._together
            return [Tap(now)] if taps else []
        alone = not self._together
        if held == 0:
            self._together = self._panicked = False
        if not alone:
            return []
        return self._let_go(now) if pin == self._push else self._do(self._does[pin])

    def _let_go(self, now: float) -> list[Change]:
        """The encoder comes out again, having been held in for long or turned meanwhile."""
        stored = now - self._pushed_at >= LONG and not self._turned_in
        return [StorePreset()] if stored else []

    def _do(self, does: str) -> list[Change]:
        if does == "take over":
            thru = self._settings.mode == "thru"
            return self._turned("mode", self._before if thru else "thru")
        if does == "next mode":
            return self._mode_by(1)
        return [PRESSES[does]] if does in PRESSES else []  # a tap has counted already

    def _mode_by(self, detents: int) -> list[Change]:
        at = MODES.index(self._settings.mode)
        return self._turned("mode", MODES[(at + detents) % len(MODES)])

    def _turned(self, setting: str, value: float | str) -> list[Change]:
        return [] if getattr(self._settings, setting) == value else [Turn(setting, value)]


def _place(knob: KnobMap, value: float) -> float:
    """Where on its travel a knob would stand for this value."""
    return min(max((value - knob.low) / (knob.high - knob.low), 0.0), 1.0)
