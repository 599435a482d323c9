"""The small display's own process: takes glances, and writes pictures to an SSD1306 over I2C.

A picture takes tens of milliseconds to write, so it is drawn only when it would be another one. The
one place that knows luma.oled.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
from typing import Any

from firmware_py.panel.display import draw, shows
from firmware_py.panel.glance import Glance
from firmware_py.panel.wire import LARGEST, glance_in

NO_DISPLAY = 3  # exit code


def device(port: int, address: int, bus: Any = None) -> Any:
    """The display on this bus; raises luma's DeviceNotFoundError, or OSError, where there is none.

    `bus`: an opened bus instead of the machine's.
    """
    from luma.core.interface.serial import i2c
    from luma.oled.device import ssd1306

    return ssd1306(i2c(bus=bus, port=port, address=address))


def serve(connection: socket.socket, display: Any) -> None:
    """Show what comes until the player goes away; of glances that wait, only the last."""
    glance, shown = Glance(), None
    while data := connection.recv(LARGEST):
        glance = glance_in(data, glance)
        while _waits(connection) and (data := connection.recv(LARGEST)):
            glance = glance_in(data, glance)
        if shows(glance) != shown:
            shown = shows(glance)
            display.display(draw(glance))


def _waits(connection: socket.socket) -> bool:
    try:
        connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    return True


def main(argv: list[str] | None = None) -> int:
    """Entry point: --fd SOCKET --port BUS --address ADDRESS."""
    parser = argparse.ArgumentParser()
    for name in ("--fd", "--port", "--address"):
        parser.add_argument(name, type=int, required=True)
    args = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the player ends us, by closing the socket
    with socket.socket(fileno=args.fd) as connection:
        from luma.core.error import DeviceNotFoundError

        try:
            display = device(args.port, args.address)
        except (DeviceNotFoundError, OSError):
            return NO_DISPLAY
        try:
            serve(connection, display)
        except OSError:  # the player is gone, or the display was pulled off
            return 0
        display.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
