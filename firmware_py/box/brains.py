"""The brain that the box plays with: one that was brought to it, else the one that was shipped.

    upload/brain ──checked, copied──▶ brains/own.brain ──it cannot be used──▶ the shipped one plays
"""

from __future__ import annotations

import os
from pathlib import Path

from firmware_py.settings import AUTO_BRAIN, is_brain_name
from notochord.wholefile import to_disk

UPLOADED = Path("upload/brain")  # below the box's memory, and written by the web's own user
OWN = Path("brains/own.brain")
LARGEST = 64 << 20  # bytes


class NotTaken(ValueError):
    """The uploaded file is not the one that was checked; in one line."""


def own(state: Path) -> Path | None:
    """The brain that was brought to the box, if one was."""
    return state / OWN if (state / OWN).is_file() else None


def shelf(state: Path, shipped: Path, usual: Path) -> dict[str, Path]:
    """The brain files that the box can play, by name: `auto` (its own, else the usual one), those
    that were shipped, and those in the folder brains of its memory. None of them is opened."""
    found = {AUTO_BRAIN: own(state) or usual}
    for folder in (shipped, (state / OWN).parent):
        files = sorted(folder.glob("*.brain"))
        found |= {path.stem: path for path in files if is_brain_name(path.stem)}
    return found


def take(state: Path, sha256: str) -> None:
    """Make the uploaded file, if it has this sum, the box's own brain. Raises NotTaken, OSError."""
    target = state / OWN
    target.parent.mkdir(exist_ok=True)
    half = target.with_suffix(".writing")
    from hashlib import sha256 as sums  # not before there is something to sum

    source = os.open(state / UPLOADED, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        with open(source, "rb") as reading, open(half, "wb") as writing:
            found, left = sums(), LARGEST
            while data := reading.read(min(1 << 20, left)):
                left -= len(data)
                found.update(data)
                writing.write(data)
            writing.flush()
            os.fsync(writing.fileno())
        if found.hexdigest() != sha256:
            raise NotTaken("the brain file changed after it was checked; upload it again")
        os.replace(half, target)
        to_disk(target.parent)
    finally:
        half.unlink(missing_ok=True)


def drop(state: Path) -> None:
    """Play with the shipped brain again. Raises OSError."""
    (state / OWN).unlink(missing_ok=True)
