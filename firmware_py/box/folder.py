"""The folder of all that the box remembers, tried before it is used.

What is ruined is put aside under another name, where a person may still look into it, and made
anew. Where even that cannot be done, memory takes its place: the box plays, and forgets.
"""

from __future__ import annotations

import errno
import logging
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

# A folder that can be listed, and written only later or never: what is in it counts all the same.
NO_FAULT = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}
PARTS = ("presets", "sessions")
PROBE = b"can be written and read\n"


def usable(folder: Path, parts: tuple[str, ...] = PARTS) -> Path:
    """`folder` with its parts, sound; or another folder, until the power goes, in its place."""
    reason = _repair(folder)
    if reason is None:
        for part in parts:
            reason = reason or _repair(folder / part)
    if reason is None:
        return folder
    instead = Path(tempfile.mkdtemp(prefix="notochord-box-", dir=runtime()))
    log.error("%s; presets and sessions are kept until the power goes, in %s", reason, instead)
    return instead


def _repair(folder: Path) -> str | None:
    """Put a ruined folder aside and make it anew; why it cannot be used, or None when it can."""
    fault = _fault(folder)
    if fault is None:
        return None
    aside = _free_name(folder)
    try:
        os.replace(folder, aside)
    except OSError:
        return f"{folder} cannot be used ({fault})"
    log.warning("%s cannot be used (%s); it is put aside as %s", folder, fault, aside.name)
    fault = _fault(folder)
    return None if fault is None else f"{folder} cannot be made anew ({fault})"


def _fault(folder: Path) -> str | None:
    """What is wrong with a folder, which is made where there is none: it is listed, and a file in
    it written, brought to the disk and read again."""
    probe, listed = folder / ".probe", False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.listdir(folder)
        listed = True
        with open(probe, "wb") as file:
            file.write(PROBE)
            file.flush()
            os.fsync(file.fileno())
        if probe.read_bytes() != PROBE:
            return "what is written is not what is read"
    except OSError as error:
        if listed and error.errno in NO_FAULT:
            log.warning("%s cannot be written now: %s", folder, (error.strerror or "").lower())
            return None
        return (error.strerror or str(error)).lower()
    finally:
        with suppress(OSError):
            probe.unlink()
    return None


def _free_name(folder: Path) -> Path:
    number = 1
    while os.path.lexists(aside := folder.with_name(f"{folder.name}.ruined-{number}")):
        number += 1
    return aside


def runtime(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder in memory that the service manager gave us, if it did (systemd.exec(5),
    RuntimeDirectory=)."""
    folder = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(folder) if folder else None
