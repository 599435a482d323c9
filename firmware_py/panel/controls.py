"""From what was turned and pressed to what is asked for: a board without its hardware."""

from __future__ import annotations

from collections.abc import Set

from firmware_py.panel.change import (
    ACTIONS,
    AT_ONCE,
    Change,
    Listen,
    OpenAccess,
    Panic,
    Restart,
    StepMode,
    StepPalette,
    StorePreset,
    Turn,
)
from firmware_py.panel.knob import Knob
from firmware_py.panel.pinmap import KnobMap, PinMap
from firmware_py.panel.switch import Switch
from firmware_py.panel.travel import Travel
from firmware_py.presets.remote import Step
from firmware_py.settings import Settings

LONG = 1.0  # seconds that two buttons are held for a panic, or the encoder to store a preset
LONGER = 3.0  # seconds that three are held to start the box anew
ASKED = 2.0  # seconds after a start for which the button is held on that opens web access
CLICK = 0.5  # seconds; an encoder that was held in for less was clicked
LAYER = 5.0  # seconds without a turn after which a clicked encoder is back at the modes
PUSH = "push"  # the encoder's switch


class Controls:
    """The controls of a board. Switches are named by their pins."""

    def __init__(self, pin_map: PinMap, settings: Settings) -> None:
        self._settings = settings
        self._knobs = {knob.channel: (knob, Knob()) for knob in pin_map.knobs}
        self._does = {button.pin: button.does for button in pin_map.buttons}
        push = pin_map.encoder.push if pin_map.encoder else None
        if push is not None:
            self._does[push] = PUSH
        self._switches = {pin: Switch() for pin in self._does}
        self._push, self._pushed_at = push, 0.0
        self._used = False  # the encoder, since it was pushed in: it or a knob turned, or learnt
        self._presets_until: float | None = None  # it steps through the presets
        self._most = 0  # buttons that were held at once, since the last moment when none was
        self._panicked = self._restarted = False  # since then
        self._web = pin_map.web
        self._web_at: float | None = None  # when web access opens

    @property
    def due(self) -> float | None:
        """When `tick` must be called, in seconds."""
        times = [s.due for s in self._switches.values() if s.due is not None]
        times += [t for t in (self._long_at(), self._longer_at()) if t is not None]
        times += [t for t in (self._presets_until, self._web_at) if t is not None]
        return min(times, default=None)

    @property
    def steps_presets(self) -> bool:
        """Whether the encoder steps through the presets."""
        return self._presets_until is not None

    def begin(self, held: Set[int], now: float) -> None:
        """The box starts, while these switches are held: none of them counts as pressed."""
        if held == {self._web}:
            self._web_at = now + ASKED

    def now_set(self, settings: Settings) -> None:
        """The settings have been changed, here or elsewhere: knobs that stand apart wait."""
        for knob_map, knob in self._knobs.values():
            travel = self._travel(knob_map)
            old, new = (getattr(s, travel.setting) for s in (self._settings, settings))
            if old != new and (knob.at is None or travel.value(knob.at) != new):
                knob.wait_at(travel.place(new))
        self._settings = settings

    def learnt(self) -> None:
        """A MIDI control was bound: the encoder was held in for that, and not for a preset."""
        self._used = True

    def knob(self, channel: int, raw: float, now: float) -> list[Change]:
        """A knob was read, 0..1."""
        knob_map, knob = self._knobs[channel]
        position, travel = knob.read(raw, now), self._travel(knob_map)
        if position is None:
            return []
        self._used = self._used or self._held_in
        value = travel.value(position)
        return [] if getattr(self._settings, travel.setting) == value else [
            Turn(travel.setting, value)
        ]  # fmt: skip

    def turned(self, detents: int, now: float) -> list[Change]:
        """The encoder was turned by so many detents (negative: back)."""
        if self._held_in:
            self._used = True
            return [StepPalette(detents)]
        if self._presets_until is not None:
            self._presets_until = now + LAYER
            return [Step(detents)]
        return [StepMode(detents)]

    def switch(self, pin: int, closed: bool, now: float) -> list[Change]:
        """A switch's contact closed or opened."""
        self._web_at = None
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
        longer = self._longer_at()
        if longer is not None and longer <= now:
            self._restarted = True
            changes += [Panic(), Restart()]
        if self._web_at is not None and self._web_at <= now:
            self._web_at = None
            changes.append(OpenAccess())
        if self._presets_until is not None and self._presets_until <= now:
            self._presets_until = None
        return changes

    @property
    def _held_in(self) -> bool:
        """Whether the encoder is, so that knobs turn their shifted settings."""
        return self._push is not None and self._switches[self._push].pressed_at is not None

    def _travel(self, knob: KnobMap) -> Travel:
        """What a knob turns now."""
        return knob.shifted.travel if knob.shifted and self._held_in else knob.travel

    def _shift(self) -> None:
        """The encoder went in or came out: knobs turn other settings from now on."""
        for knob_map, knob in self._knobs.values():
            if knob_map.shifted is not None:
                travel = self._travel(knob_map)
                knob.stands_for(travel.place(getattr(self._settings, travel.setting)))

    def _held(self) -> list[float]:
        at = (switch.pressed_at for switch in self._switches.values())
        return sorted(t for t in at if t is not None)

    def _long_at(self) -> float | None:
        """When two buttons will have been held long enough for a panic. What is left of three
        is no two: whoever lets go of them does not mean a panic."""
        held = self._held()
        return held[1] + LONG if len(held) == self._most == 2 and not self._panicked else None

    def _longer_at(self) -> float | None:
        """When three will have been held long enough to start anew."""
        held = self._held()
        return held[2] + LONGER if len(held) >= 3 and not self._restarted else None

    def _pressed(self, pin: int, pressed: bool | None, now: float) -> list[Change]:
        """A button acts when it is let go, alone: a press of two is no press of either. A tap is
        its moment, so it counts when the button goes down, unless another is held."""
        if pressed is None:
            return []
        changes = self._down(pin, now) if pressed else self._up(pin, now)
        if pin == self._push:
            self._shift()
        return changes

    def _down(self, pin: int, now: float) -> list[Change]:
        self._most = max(self._most, len(self._held()))
        if pin == self._push:
            self._pushed_at, self._used = now, False
            return [Listen(True)]
        at_once = self._does[pin] in AT_ONCE and self._most == 1
        return [ACTIONS[self._does[pin]](now)] if at_once else []

    def _up(self, pin: int, now: float) -> list[Change]:
        alone = self._most <= 1
        if not self._held():
            self._most, self._panicked, self._restarted = 0, False, False
        if pin == self._push:
            return [Listen(False), *(self._let_go(now) if alone else [])]
        if not alone or self._does[pin] in AT_ONCE:
            return []
        return [ACTIONS[self._does[pin]](now)]

    def _let_go(self, now: float) -> list[Change]:
        """The encoder comes out again: clicked, or held in for long; or it was put to use."""
        held = now - self._pushed_at
        if self._used or any(knob.was_turned for _, knob in self._knobs.values()):
            return []
        if held < CLICK:
            self._presets_until = None if self.steps_presets else now + LAYER
        return [StorePreset()] if held >= LONG else []
