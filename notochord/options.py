"""Values on the command line, each with the range that it may have."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from notochord.event import instrument_named

BRAINS = Path(__file__).parent / "brains"  # those that are shipped
DEFAULT_BRAIN = BRAINS / "base.brain"


def brain_file(text: str) -> Path:
    """A brain file; the name of a shipped one is enough, unless a file is called so."""
    path, shipped = Path(text), BRAINS / f"{text}.brain"
    return shipped if not path.exists() and shipped.exists() else path


def add_brain(parser: argparse.ArgumentParser) -> None:
    """The option that names the brain."""
    names = sorted(path.stem for path in BRAINS.glob("*.brain") if path != DEFAULT_BRAIN)
    help = f"{DEFAULT_BRAIN.stem} (default), {', '.join(names)}, or a file"
    parser.add_argument("--brain", type=brain_file, default=DEFAULT_BRAIN, help=help)


def number(low: float, high: float) -> Callable[[str], float]:
    """A reader of numbers from low to high, both ends in."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:  # also when it is NaN
            raise argparse.ArgumentTypeError(f"'{text}' is not a number from {low:g} to {high:g}")
        return value

    return read


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers from low to high, both ends in."""

    def read(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isdecimal() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from {low} to {high}")
        return int(text)

    return read


def instruments(text: str) -> list[int]:
    """The ids of instruments named with commas between: "piano, violin, drums"."""
    try:
        return [instrument_named(name) for name in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose complaints are one line, with exit code 2."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Say what is wrong and where the options are told."""
        self.exit(2, f"{self.prog.split()[0]}: {message} (see '{self.prog} --help')\n")
