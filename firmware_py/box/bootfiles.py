"""A Raspberry Pi's config.txt and cmdline.txt, changed for the box and changed back.

config.txt gets one block of ours at its end. cmdline.txt loses the console on the serial port,
which would write its log into whatever is plugged into the MIDI socket. Elsewhere nothing is done.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDERS = ("boot/firmware", "boot")  # Raspberry Pi OS from Bookworm on, and before
BEGIN, END = "# notochord-box: begin", "# notochord-box: end"
_BLOCK = re.compile(rf"\n?{BEGIN}\n.*?{END}\n", re.DOTALL)
_CONSOLE = re.compile(r"console=(?:serial0|ttyAMA0|ttyS0)(?:,\S*)? ?")


def with_block(text: str, block: str) -> str:
    """A config.txt with our block at its end, and nowhere else; filters end with it."""
    return f"{without_block(text)}\n{BEGIN}\n{block.strip()}\n[all]\n{END}\n"


def without_block(text: str) -> str:
    """The config.txt that there was before."""
    return _BLOCK.sub("", text)


def before(root: Path) -> dict[str, Any]:
    """What `restore` needs: cmdline.txt as it is."""
    path = _find(root, "cmdline.txt")
    return {"cmdline": None if path is None else path.read_text("utf-8")}


def change(root: Path, block: str) -> None:
    """Change both files where they are; a second time changes nothing more."""
    if (config := _find(root, "config.txt")) is not None:
        _write(config, with_block(config.read_text("utf-8"), block))
    if (cmdline := _find(root, "cmdline.txt")) is not None:
        _write(cmdline, _CONSOLE.sub("", cmdline.read_text("utf-8")))


def restore(root: Path, found: Mapping[str, Any]) -> None:
    """Change both files back. Whatever else was changed in them meanwhile stays."""
    if (config := _find(root, "config.txt")) is not None:
        _write(config, without_block(config.read_text("utf-8")))
    cmdline, was = _find(root, "cmdline.txt"), found.get("cmdline")
    if cmdline is not None and was is not None:
        now = cmdline.read_text("utf-8")
        if now == _CONSOLE.sub("", was):
            _write(cmdline, was)
        elif not _CONSOLE.search(now):
            consoles = [word.group().strip() for word in _CONSOLE.finditer(was)]
            _write(cmdline, " ".join([*consoles, now]))


def _find(root: Path, name: str) -> Path | None:
    places = (root / folder / name for folder in FOLDERS)
    return next((place for place in places if place.is_file()), None)


def _write(path: Path, text: str) -> None:
    """On a FAT partition that loses power: the old file or the new one, as far as FAT can."""
    if path.read_text("utf-8") == text:
        return
    new = path.with_name(path.name + ".new")
    with open(new, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
