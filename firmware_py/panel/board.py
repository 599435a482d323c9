"""The panel's hardware: gpiozero devices that feed the controls, and lamps.

    gpiozero's threads      decode the encoder; (time, what, state) ──▶ queue ──▶ wake the loop
    the loop, every 10 ms   reads the knobs

Everything is optional. A board without GPIO gives no panel; a converter that is not there (all its
channels read the same end) gives no knobs; and the box plays.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from firmware_py.panel.change import Change
from firmware_py.panel.controls import Controls
from firmware_py.panel.encoder import Encoder
from firmware_py.panel.glance import Glance
from firmware_py.panel.lamps import MIDI_LIT, Sign, light_at
from firmware_py.panel.pinmap import CHANNELS, SPI_PINS, PinMap
from firmware_py.settings import Settings

log = logging.getLogger(__name__)

READ_EVERY = 0.01  # seconds between two readings of the knobs
FAILED_FOR = 5.0  # seconds for which a converter that fails is left alone
FULL = 1023  # of ten bits


class Board:
    """The panel that is plugged in."""

    def __init__(
        self, pin_map: PinMap, settings: Settings, now: Callable[[], float],
        blinks: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        """Opens the devices through gpiozero's pin factory. `blinks`: whether the lamp is to show
        numbers, as nothing else here does.

        Raises gpiozero's GPIOZeroError, or OSError, when there is no GPIO to open.
        """
        self.controls = Controls(pin_map, settings)
        self._map, self._now = pin_map, now
        # When, which switch and whether it closed; or None and by how many detents the encoder
        # was turned: decoded where its edges arrive, it outruns no queue however it bounces.
        self._moved: deque[tuple[float, int | None, int]] = deque(maxlen=1000)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._devices = ExitStack()
        self._devices.callback(os.close, self._wake)
        self._blinks = blinks
        self._code, self._code_since = "", 0.0
        self._dark_until: float | None = None  # or lit: when a blinking lamp changes next
        self._sign: Sign | None = None
        self._colour: tuple[float, float, float] | None = None
        self._lit_until: float | None = None
        try:
            self._encoder_pins = self._open_encoder()
            held = self._open_buttons()
            self._lamp, self._midi_lamp = self._open_lamps()
            self._knobs = self._open_knobs()
        except BaseException:
            self.close()
            raise
        self._read_at, self._failed = now(), False
        self.controls.begin(held, now())

    def close(self) -> None:
        """Lamps out, and the pins given back."""
        self._devices.close()

    def fileno(self) -> int:
        """The descriptor that becomes readable when a contact moved."""
        return self._wake

    @property
    def next_due(self) -> float | None:
        """When `poll` must be called next, in seconds."""
        times = [self.controls.due, self._lit_until, self._dark_until]
        times += [self._read_at if self._knobs else None]
        return min((t for t in times if t is not None), default=None)

    def poll(self) -> list[Change]:
        """What was turned and pressed since the last call."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        changes: list[Change] = []
        while self._moved:
            at, pin, state = self._moved.popleft()
            changes += self._take(at, pin, state)
        now = self._now()
        if self._knobs and now >= self._read_at:
            changes += self._read_knobs(now)
        if self._lit_until is not None and now >= self._lit_until:
            self._lit_until = None
            self._midi_lamp.off()
        if self._dark_until is not None and now >= self._dark_until:
            self._light(now)
        return changes + self.controls.tick(now)

    def _read_knobs(self, now: float) -> list[Change]:
        """What was turned. A converter that fails is asked again a while later: keys are more."""
        self._read_at, changes = now + READ_EVERY, []
        try:
            for channel, device in self._knobs.items():
                changes += self.controls.knob(channel, device.raw_value / FULL, now)
            self._failed = False
        except Exception as error:  # noqa: BLE001 (each way to the pins has errors of its own kind)
            self._read_at = now + FAILED_FOR
            if not self._failed:
                log.warning("panel: the knobs cannot be read (%s); look at the converter", error)
            self._failed = True
        return changes

    def show(self, glance: Glance) -> None:
        """Light the lamp."""
        sign = glance.sign
        if self.controls.steps_presets and sign is not Sign.DONE:
            sign = Sign.PRESETS
        now = self._now()
        if glance.code != self._code:
            self._code, self._code_since = glance.code, now
        self._sign = sign
        self._light(now)

    def _light(self, now: float) -> None:
        """The lamp as it is to be now: its sign's colour, or a number that blinks."""
        colour = Sign.WAKING.value if self._sign is None else self._sign.value
        self._dark_until = None
        if self._code and self._blinks() and self._sign is not Sign.DONE:
            lit, seconds = light_at(self._code, now - self._code_since)
            colour = Sign.CODE.value if lit else (0.0, 0.0, 0.0)
            self._dark_until = now + seconds
        if colour != self._colour:
            self._colour = colour
            if self._lamp is not None:
                self._lamp.color = colour

    def midi_came(self) -> None:
        """Light the MIDI lamp for a moment."""
        if self._midi_lamp is not None:
            if self._lit_until is None:
                self._midi_lamp.on()
            self._lit_until = self._now() + MIDI_LIT

    def now_set(self, settings: Settings) -> None:
        """The settings have been changed: knobs that stand apart wait."""
        self.controls.now_set(settings)

    def learnt(self) -> None:
        """A MIDI control was bound while the encoder was held in."""
        self.controls.learnt()

    def _take(self, at: float, pin: int | None, state: int) -> list[Change]:
        if pin is not None:
            return self.controls.switch(pin, bool(state), at)
        return self.controls.turned(state, at)

    def _put(self, pin: int | None, state: int) -> None:
        """From gpiozero's threads."""
        self._moved.append((self._now(), pin, state))
        with suppress(BlockingIOError):
            os.eventfd_write(self._wake, 1)

    def _open(self, kind: str, *arguments: Any, **options: Any) -> Any:
        import gpiozero

        return self._devices.enter_context(getattr(gpiozero, kind)(*arguments, **options))

    def _input(self, pin: int) -> Any:
        return self._open("DigitalInputDevice", pin, pull_up=True)

    def _open_encoder(self) -> tuple[Any, Any] | None:
        encoder = self._map.encoder
        if encoder is None:
            return None
        decoder, opened = Encoder(), [True, True]

        def moved(contact: int, is_open: bool) -> None:  # as the edge says, not as it is by now
            opened[contact] = is_open
            detents = decoder.moved(*opened)
            if detents:
                self._put(None, detents)

        a, b = self._input(encoder.a), self._input(encoder.b)
        for contact, device in enumerate((a, b)):  # active: closed to ground
            device.when_activated = lambda contact=contact: moved(contact, False)
            device.when_deactivated = lambda contact=contact: moved(contact, True)
        return a, b

    def _open_buttons(self) -> set[int]:
        """Which of them are held already."""
        held = set()
        for pin in self._map.switches():
            device = self._input(pin)
            if device.is_active:
                held.add(pin)
            device.when_activated = lambda pin=pin: self._put(pin, True)
            device.when_deactivated = lambda pin=pin: self._put(pin, False)
        return held

    def _open_lamps(self) -> tuple[Any, Any]:
        colours, midi = self._map.lamp, self._map.midi_lamp
        lamp = None
        if colours is not None:
            lamp = self._open("RGBLED", colours.red, colours.green, colours.blue)
        return lamp, None if midi is None else self._open("LED", midi)

    def _open_knobs(self) -> dict[int, Any]:
        """The ADC's channels that have knobs; none when no converter answers."""
        if not self._map.knobs:
            return {}
        wires = {f"{name}_pin": pin for pin, name in SPI_PINS.items()}
        devices = {c: self._open("MCP3008", channel=c, **wires) for c in CHANNELS}
        codes = {device.raw_value for device in devices.values()}
        if codes in ({0}, {FULL}):
            log.info("panel: no converter answers, so there are no knobs")
            return {}
        return {knob.channel: devices[knob.channel] for knob in self._map.knobs}


def find_board(
    pin_map: PinMap, settings: Settings, now: Callable[[], float],
    blinks: Callable[[], bool] = lambda: True,
) -> Board | None:  # fmt: skip
    """The machine's panel, or None, with a line in the log, where it has no GPIO."""
    if not list(Path("/dev").glob("gpiochip*")):
        log.info("panel: this machine has no GPIO")
        return None
    try:
        return Board(pin_map, settings, now, blinks)
    except Exception as error:  # noqa: BLE001 (each way to the pins has errors of its own kind)
        log.warning("panel: cannot be opened (%s); the box plays without it", error)
        return None
