"""A pause before a player that did not come to play is started again; the lamp is red meanwhile.

    starts that failed in a row   1   2   3   4   5   6 and more
    seconds of pause              0   0   1   2   4   8 ... 15

Twice at once, since a release on trial has two starts. Run before the player by the system's
Python, with the standard library alone: what does not start may be anything else. The first failure
has left an empty file in memory and each further one a letter in it (notochord-box.service), and a
player that plays takes it away. So whoever dies while it plays need not wait for this to be run.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

AT_ONCE = 2  # failures in a row without a pause
LONGEST = 15.0  # seconds; the start of a service may take 20
PINS = Path("/opt/notochord-box/current/firmware_py/panel/pins.toml")
DEVICES = Path("/dev")

# The kernel's interface to pins, version 2 (Linux: include/uapi/linux/gpio.h).
_CHIP_INFO, _GET_LINES = 0x8044B401, 0xC250B407
_LABEL = slice(32, 64)
_OUTPUT, _VALUES = 1 << 3, 2  # a flag of lines; the id of the attribute that has their levels
_REQUEST = struct.Struct("=64I32sQI20x II QQ 216x II20xi")
_CONSUMER = b"notochord-box"


def main(argv: list[str] | None = None) -> int:
    """FILE: wait as long as the failures that it counts call for."""
    (name,) = sys.argv[1:] if argv is None else argv
    wait(failures(Path(name)))
    return 0


def failures(path: Path) -> int:
    """How many starts in a row have failed; 0 when nothing is known of any. The folder is the
    player's, and this may run as root: nothing there is opened."""
    try:
        about = os.lstat(path)
    except OSError:
        return 0
    return 1 + about.st_size if stat.S_ISREG(about.st_mode) else 0


def pause(failed: int) -> float:
    """Seconds before the next start."""
    return 0.0 if failed <= AT_ONCE else min(2.0 ** (failed - AT_ONCE - 1), LONGEST)


def wait(
    failed: int, sleep: Callable[[float], object] = time.sleep, devices: Path = DEVICES,
    pins: Path = PINS,
) -> None:  # fmt: skip
    """Sleep before the next start, with the lamp red where there is one."""
    seconds = pause(failed)
    if seconds <= 0:
        return
    sys.stderr.write(f"{failed} starts in a row have failed; the next one in {seconds:.0f} s\n")
    with red(devices, lamp(pins)):
        sleep(seconds)


def lamp(pins: Path) -> tuple[int, int, int] | None:
    """The pins of the lamp: red, green, blue; None where there is none."""
    try:
        found = tomllib.loads(pins.read_text(encoding="utf-8"))["lamp"]
        return int(found["red"]), int(found["green"]), int(found["blue"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def red(devices: Path, rgb: tuple[int, int, int] | None) -> Iterator[None]:
    """The lamp is red while this lasts. No lamp is no fault."""
    lines = None
    if rgb is not None:
        with suppress(OSError):
            lines = _hold(_chip(devices), rgb)
    try:
        yield
    finally:
        if lines is not None:
            os.close(lines)


def _chip(devices: Path) -> Path:
    """The chip with the pins of the header; OSError when there is none."""
    for path in sorted(devices.glob("gpiochip*")):
        information = bytearray(68)
        with suppress(OSError), open(path, "rb") as file:
            fcntl.ioctl(file, _CHIP_INFO, information)
            if information[_LABEL].startswith(b"pinctrl-"):
                return path
    raise FileNotFoundError("no pins")


def _hold(chip: Path, rgb: tuple[int, int, int]) -> int:
    """Drive the three pins, red high; the descriptor by which they are held."""
    offsets = (*rgb, *[0] * (64 - len(rgb)))
    levels, mask = 0b001, 0b111
    request = bytearray(
        _REQUEST.pack(*offsets, _CONSUMER, _OUTPUT, 1, _VALUES, 0, levels, mask, len(rgb), 0, 0)
    )
    with open(chip, "rb") as file:
        fcntl.ioctl(file, _GET_LINES, request)
    return int(_REQUEST.unpack(request)[-1])


if __name__ == "__main__":
    sys.exit(main())
