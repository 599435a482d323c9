"""Files written whole or not at all: beside their place first, then moved there in one step."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def check_folder(path: Path) -> None:
    """Raise OSError when `path` could not be written, before any long work is begun for it."""
    folder = path.parent
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such folder", str(folder))
    if path.is_dir():
        raise IsADirectoryError(21, "is a folder", str(path))
    if not os.access(folder, os.W_OK):
        raise PermissionError(13, "may not be written to", str(folder))


def write_whole(path: Path, data: bytes, durable: bool = False) -> None:
    """Write `data` to `path`; on any error the old file, or none, is left there.

    `durable`: also when the power is cut at any moment, and it waits for the disk. Raises OSError
    that names `path`.
    """
    check_folder(path)
    temporary = path.with_name(path.name + ".writing")
    try:
        temporary.write_bytes(data)
        if durable:
            to_disk(temporary)
        os.replace(temporary, path)
        if durable:
            to_disk(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error


def to_disk(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
