"""The budget: how much room the sessions may take, and which go first."""

from __future__ import annotations

import logging

from firmware_py.sessions.shelf import Shelf, Volume

log = logging.getLogger(__name__)

BUDGET = 200 << 20  # bytes, unless told otherwise


def too_many(volumes: list[Volume], budget: int) -> list[Volume]:
    """Which must go: the oldest first, kept ones after all others, until the rest fit."""
    going, total = [], sum(volume.size for volume in volumes)
    for volume in sorted(volumes, key=lambda v: (v.kept, v.number)):
        if total <= budget:
            break
        going.append(volume)
        total -= volume.size
    return going


def trim(shelf: Shelf, budget: int) -> None:
    """Delete what does not fit into the budget; what is being played stays. Raises OSError."""
    volumes = shelf.volumes()
    playing = [volume for volume in volumes if volume.is_being_played()]
    rest = [volume for volume in volumes if volume not in playing]
    for volume in too_many(rest, budget - sum(volume.size for volume in playing)):
        if volume.kept:
            log.warning("session %d was kept, but there is no room left for it", volume.number)
        volume.path.unlink(missing_ok=True)
