"""What the box's own readers find in a state folder, as one line of JSON: run on the image's own
Python and release, with the folder as its argument."""

import json
import logging
import sys
from pathlib import Path

from firmware_py import settings
from firmware_py.presets import files
from firmware_py.presets.commands import folder_of as presets_of
from firmware_py.sessions.commands import folder_of as sessions_of
from firmware_py.sessions.record import MAGIC, frames
from firmware_py.sessions.replay import replay
from firmware_py.sessions.session import SessionError, read
from firmware_py.sessions.shelf import Shelf

FRAME = 5  # bytes of a record besides its payload


class Lines(logging.Handler):
    """What the readers warn of."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def left(state):
    """Settings, presets by number and sessions by name, as far as they can be read; what could not,
    is told in `unreadable`."""
    told = Lines()
    logging.getLogger("firmware_py").addHandler(told)
    presets = files.load(presets_of(state))
    name = state / "notochord-box.json"
    found = {
        "settings": settings.load(name).density if name.exists() else None,
        "presets": {n: [p.name, p.settings.density] for n, p in presets.items()},
        "sessions": {},
    }  # fmt: skip
    for volume in Shelf(sessions_of(state)).volumes():
        try:
            data = volume.path.read_bytes()
            whole = len(MAGIC) + sum(len(body) + FRAME for _, body in frames(data))
            found["sessions"][volume.path.name] = [whole, replay(read(volume.path)).difference]
        except SessionError as error:
            found["sessions"][volume.path.name] = [0, str(error)]
    return {**found, "unreadable": told.lines}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(left(Path(sys.argv[1]))) + "\n")
