"""A root that is only read, as an image's, opened for as long as something has to be written.

The standard library alone: it is installed beside the releases too, as `releases.py` is.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def writable(
    place: Path, carry_out: Callable[[Sequence[str]], object] = subprocess.check_call
) -> Iterator[None]:
    """For as long as it takes, let the file system that holds `place` be written, if it is only
    read otherwise. Raises OSError when that cannot be done."""
    if not os.statvfs(place).f_flag & os.ST_RDONLY:
        yield
        return
    point = place.resolve()
    while not os.path.ismount(point):
        point = point.parent
    try:
        carry_out(["mount", "-o", "remount,rw", str(point)])
    except subprocess.CalledProcessError as error:
        raise OSError(f"{point} is only read, and cannot be written") from error
    try:
        yield
    finally:
        with suppress(subprocess.CalledProcessError):  # busy: so until the next start
            carry_out(["mount", "-o", "remount,ro", str(point)])
