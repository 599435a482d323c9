"""Which panels there are: a board on the pins, a small display, a terminal."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from firmware_py.panel.board import find_board
from firmware_py.panel.outside import Outside
from firmware_py.panel.panel import Panel
from firmware_py.panel.pinmap import DisplayMap, PinMap
from firmware_py.settings import Settings

log = logging.getLogger(__name__)

PANELS = ("auto", "terminal", "none")
SMALLEST = 80, 24  # columns and rows of a terminal
EVERY = 0.1  # seconds between two glances for the small display


class PanelError(ValueError):
    """The panel that was asked for cannot be had; the message says why, in one line."""


def check_terminal() -> None:
    """Raise PanelError where no terminal panel can be shown."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PanelError("there is no terminal to show the panel in; leave --panel terminal out")
    kind = os.environ.get("TERM", "")
    if kind in ("", "dumb", "unknown"):
        raise PanelError(f"this terminal (TERM={kind}) cannot show a panel; use another")
    columns, rows = os.get_terminal_size(sys.stdout.fileno())
    if columns < SMALLEST[0] or rows < SMALLEST[1]:
        raise PanelError(
            f"the terminal has {columns} x {rows} letters, and the panel needs"
            f" {SMALLEST[0]} x {SMALLEST[1]}; make it larger"
        )


def find_panels(
    pin_map: PinMap, settings: Settings, now: Callable[[], float]
) -> list[Panel]:
    """The panels that are wired to this machine."""
    display = None if pin_map.display is None else find_display(pin_map.display, now)

    def blinks() -> bool:  # the display's process ends where there is none on the bus
        return display is None or display.fileno() < 0

    board = find_board(pin_map, settings, now, blinks)
    return [panel for panel in (board, display) if panel is not None]


def find_display(display: DisplayMap, now: Callable[[], float]) -> Outside | None:
    """The small display, where there is a bus that it can be on, and the package that drives it."""
    if not Path(f"/dev/i2c-{display.port}").exists():
        log.info("panel: this machine has no I2C bus %d, so no display", display.port)
        return None
    if find_spec("luma") is None or find_spec("luma.oled") is None:
        log.info("panel: a display needs luma.oled: pip install 'notochord-box[display]'")
        return None
    command = ["-m", "firmware_py.panel.oled", "--port", str(display.port)]
    return Outside("display", [*command, "--address", str(display.address)], now, EVERY)
