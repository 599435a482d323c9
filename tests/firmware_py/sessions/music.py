"""Performances to be recorded: everything that can happen to an instrument, in a random order."""

from __future__ import annotations

import random
from dataclasses import replace

from firmware_py.message import CLOCK, CONTINUE, SONG, START, STOP, control, program
from firmware_py.palette import ANY, NAMED
from firmware_py.sessions import record
from firmware_py.sessions.recorded import Recorded
from firmware_py.sessions.session import Session
from firmware_py.sessions.tape import Tape
from firmware_py.settings import FIELDS, GRIDS, MODES, PRESET, Settings
from tests.firmware_py.stage import Stage, obedient

KNOBS = [name for name in PRESET if "low" in FIELDS[name].metadata and name != "deadline"]
SYNTHS = ("general-midi", "mono", "two-channels", "moog-minitaur", "novation-circuit-tracks")


class TapedStage(Stage):
    """A stage whose instrument is recorded."""

    def __init__(self, tape=None, script=obedient, seed=0, **settings):
        super().__init__(script, awake=False)
        self.tape = tape or Tape()
        brain = lambda: {"name": "scripted", "sha256": "00"}  # noqa: E731
        self.instrument = Recorded(
            Settings(**settings), self._send, self, seed, tape=self.tape, now=lambda: self.now,
            brain=brain,
        )  # fmt: skip
        self.instrument.brain_ready(0.0)

    def session(self):
        """What is on the tape so far."""
        (data,) = self.tape.take()
        return session_of(data)


def session_of(data):
    """The session that these bytes of a tape make up."""
    first, *rest = record.records(record.MAGIC + data)
    return Session(first.about, tuple(rest))


def _happening(stage, chance):
    """One thing that may happen to a box."""
    instrument, now = stage.instrument, stage.now
    pitch, port = chance.randrange(40, 80), chance.choice(["kbd", "other", "pad é"])
    match chance.randrange(20):
        case 0 | 1 | 2 | 3:
            stage.down(pitch, chance.randrange(1, 128), chance.choice([0, 0, 9, 3]), port)
        case 4 | 5:
            stage.up(pitch, port=port)
        case 6:
            instrument.heard(port, control(0, 64, chance.choice([0, 127])), now)
        case 7:
            odd = [(0xE0, 1, 2), (0xF8,), (0x90, 60), (), (0xF0, 1, 0xF7), program(0, pitch)]
            odd += [control(0, 123, 0)]
            instrument.heard(port, chance.choice(odd), now)
        case 8:
            instrument.set("mode", chance.choice(MODES), now)
        case 9:
            instrument.set(*_turned(chance), now)
        case 10:
            now_set = instrument.scene.settings
            form = replace(now_set, mode=chance.choice(MODES), voices=chance.randrange(1, 6))
            form = replace(form, tempo=chance.choice([now_set.tempo, 97.0]))
            instrument.recall(replace(form, player=chance.choice(["piano", "violin"])), now)
        case 11:
            rare = [instrument.panic, instrument.new_synth, instrument.brain_ready]
            often = [instrument.undo, instrument.again]
            chance.choice(rare if chance.random() < 0.3 else often)(now)
        case 12 if chance.random() < 0.3:
            instrument.unplugged(port, now)
            instrument.seat(port, chance.choice([None, 34, 257]), chance.random() < 0.5, now)
        case 13 if chance.random() < 0.2:
            instrument.brain_lost(now)
            stage.asked.clear()
            instrument.brain_ready(now + 0.001)
            stage.now += 0.001
        case 14 | 15:
            _beat(stage, chance)
        case _:
            stage.crank(chance.random())


def _turned(chance):
    """A knob and a value that it may have."""
    name = chance.choice([*KNOBS, "palette", "synth"])
    if name == "palette":
        return name, chance.choice([*NAMED, "auto", ANY, "violin*3 50..70, drums"])
    if name == "synth":
        return name, chance.choice(SYNTHS)
    limits, whole = FIELDS[name].metadata, isinstance(FIELDS[name].default, int)
    value = chance.uniform(limits["low"], limits["high"])
    return name, round(value) if whole else value


def _beat(stage, chance):
    """One thing that may happen to the beat."""
    instrument, now = stage.instrument, stage.now
    match chance.randrange(7):
        case 0:
            instrument.tap(now)
        case 1:
            instrument.set("tempo", chance.uniform(20, 300), now)
        case 2:
            instrument.set("clock_out", chance.choice(["on", "on", "off"]), now)
        case 3:
            instrument.set("magnet", chance.choice([0, 0.5, 1]), now)
        case 4:
            instrument.set("grid", chance.choice(list(GRIDS)), now)
        case 5:
            told = chance.choice([(START,), (STOP,), (CONTINUE,), (SONG, 9, 0)])
            instrument.heard("drums", told, now)
        case 6:
            for _ in range(chance.randrange(1, 60)):
                instrument.heard("drums", (CLOCK,), stage.now)
                stage.crank(chance.choice([0.018, 0.02, 0.022]))


def play(stage, seed, happenings=400, seconds=float("inf")):
    """Have so many things happen, or so many seconds go by, then end. As in the loop, `tick` also
    comes before it is due. Returns the modes that were played in."""
    chance, modes = random.Random(seed), set()
    for _ in range(happenings):
        if stage.now >= seconds:
            break
        modes.add(stage.instrument.scene.settings.mode)
        _happening(stage, chance)
        stage.instrument.tick(stage.now)
        stage.now += chance.choice([0.0, 0.003])
        stage.instrument.tick(stage.now)
    stage.instrument.end(stage.now)
    return modes
