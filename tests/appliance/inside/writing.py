"""A box that is played while a knob is turned, presets are stored and minutes kept, until the power
goes. What a reader of its files sees is said at every look.

Once it plays, it waits for a line on the second serial port, a number: a snapshot of the machine is
taken there, and each of its lives begins with a number of its own. The knob is only ever turned up,
so that of two settings the greater is the newer.
"""

import json
import random
import time
import tomllib
from contextlib import suppress
from pathlib import Path

from tests.appliance.inside.box import STATE, say
from tests.appliance.inside.player import TOUCH, now

LINE = "/dev/ttyS1"
CONTROLLER, STORE, KEEP = 20, 60, 61  # bound on channel 16: see bindings.toml
TURNED_BEFORE = 20  # where the knob stands when a life begins
PATIENCE = 5.0  # seconds until what was stored can be seen


class Eye:
    """Reads what the box has written, and says what has changed since it looked last."""

    def __init__(self):
        self._seen = {}

    def look(self):
        """One look; what there is by name: settings, presets by number, sizes of sessions."""
        there = {}
        with suppress(OSError):
            saved = json.loads((STATE / "notochord-box.json").read_text())
            there["settings"] = saved["settings"]["density"]
        for path in (STATE / "presets").glob("[0-9]*.toml"):
            with suppress(OSError):
                preset = tomllib.loads(path.read_text())
                there[f"preset {int(path.stem)}"] = preset["settings"]["density"]
        for path in (STATE / "sessions").glob("[0-9]*.session"):
            with suppress(OSError):
                there[f"session {int(path.name.partition('.')[0])}"] = path.stat().st_size
        changed = {name: value for name, value in there.items() if self._seen.get(name) != value}
        self._seen = there
        say("seen", **changed)
        return there


class Writer:
    """Plays and turns and stores, as chance has it."""

    def __init__(self, player):
        self._player, self._eye = player, Eye()
        self._turned, self._chance = 0, random.Random(0)

    def warm(self):
        """Take hold of the knob, by turning it past where its setting stands, and begin."""
        for value in (*range(128), *range(127, TURNED_BEFORE - 1, -1)):
            self._turn_to(value)
        self.phrase()
        self.store()

    def live(self, seed):
        """Until the power goes."""
        self._chance = random.Random(seed)
        acts = (self.phrase, self.phrase, self.turn, self.store, self.store, self.keep)
        while True:
            self._chance.choice(acts)()
            self._eye.look()

    def phrase(self):
        """Some notes."""
        for _ in range(self._chance.randrange(2, 16)):
            pitch = self._chance.randrange(36, 96)
            self._player.send(0x90, pitch, TOUCH)
            time.sleep(self._chance.uniform(0.0, 0.05))
            self._player.send(0x80, pitch, 0)

    def turn(self):
        """Turn the knob up, by as little as it takes."""
        self._turn_to(min(self._turned + 1, 127))

    def _turn_to(self, value):
        self._turned = value
        self._player.send(0xBF, CONTROLLER, value)
        time.sleep(0.005)

    def store(self):
        """Store a preset that there is not yet, and wait until it can be seen."""
        self.turn()
        before, until = len(self._presets()), now() + PATIENCE
        self._player.send(0x9F, STORE, TOUCH, 0x8F, STORE, 0)
        while len(self._presets()) == before and self._turned < 127:
            if now() > until:
                say("not stored", presets=before)
                return
            time.sleep(0.02)

    def keep(self):
        """Have the last minutes kept."""
        self._player.send(0x9F, KEEP, TOUCH, 0x8F, KEEP, 0)

    def _presets(self):
        return list((STATE / "presets").glob("[0-9]*.toml"))


def writing(player):
    """Write, from the next line on the second serial port on, until the power goes."""
    writer = Writer(player)
    writer.warm()
    with Path(LINE).open("rb", buffering=0) as line:
        say("warm")
        seed = int(line.readline())
    say("begun", seed=seed)
    writer.live(seed)
