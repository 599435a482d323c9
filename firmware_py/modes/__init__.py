"""The roles that the network takes, one a file. A mode imports no port, pin or torch."""

from __future__ import annotations

from firmware_py.modes.accompany import Accompany
from firmware_py.modes.autopitch import Autopitch
from firmware_py.modes.chorale import Chorale
from firmware_py.modes.continuing import Continue
from firmware_py.modes.drums import Drums
from firmware_py.modes.duet import Duet
from firmware_py.modes.echo import Echo
from firmware_py.modes.harmonize import Harmonize
from firmware_py.modes.mode import Mode, Thru
from firmware_py.modes.solo import Solo

BY_NAME: dict[str, type[Mode]] = {
    "thru": Thru,
    "continue": Continue,
    "harmonize": Harmonize,
    "autopitch": Autopitch,
    "duet": Duet,
    "echo": Echo,
    "solo": Solo,
    "accompany": Accompany,
    "chorale": Chorale,
    "drums": Drums,
}

__all__ = ["BY_NAME", "Mode"]
