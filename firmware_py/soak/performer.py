"""A performance by chance: everything that a player can do to a box from outside.

    keyboards   keys, pedal, wheels, programs, all notes off; pulled out and plugged in again
    controller  knobs, modes, palettes, what the buttons do; presets
    drums       a clock that starts, stops, goes on elsewhere, jitters, drops out
    synths      pulled out and plugged in again

It comes in movements. Each ends with everything let go and the network told to leave you alone:
what sounds after that has lost its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from random import Random

from firmware_py.message import CLOCK, CONTINUE, SONG, START, STOP, control, note_on, program
from firmware_py.panel.change import ACTIONS
from firmware_py.presets.preset import Preset
from firmware_py.settings import FIELDS, PRESET, Settings
from firmware_py.soak.acts import CONTROLLER, DRUMS, KEYBOARDS, SYNTHS, Play, Plug, Pull, Timed
from firmware_py.soak.keyboard import Keyboard

PANEL, PRESETS_ON = 15, 16  # channels of the controller, counted from 1
FIRST_CC, FIRST_PAD = 20, 36
NEXT, PREVIOUS = 118, 117  # controllers that step through the presets
TURNED = (  # by controllers; a deadline would only have answers come late
    *(name for name in PRESET if "low" in FIELDS[name].metadata and name != "deadline"),
    "mode", "palette", "grid", "clock_out",
)  # fmt: skip
BINDINGS = {
    **{f"cc {PANEL}:{FIRST_CC + n}": name for n, name in enumerate(TURNED)},
    **{f"note {PANEL}:{FIRST_PAD + n}": name for n, name in enumerate(ACTIONS)},
}
KNOBS = {"preset_channel": PRESETS_ON, "preset_next": NEXT, "preset_previous": PREVIOUS}
ALONE, MEASURED = 1, 2  # presets: the network leaves you alone; latency is measured so
PRESETS = (
    Preset(ALONE, "alone", Settings(mode="thru"), names_brain=True),
    # strings have a channel of their own, which tells answers from keys
    Preset(MEASURED, "measured", Settings(mode="harmonize", palette="string ensemble"), True),
    Preset(3, "choir", Settings(mode="harmonize", voices=5, palette="choir aahs")),
    Preset(4, "band", Settings(mode="accompany", magnet=1.0)),
    Preset(5, "answers", Settings(mode="echo", rest=0.3)),
    Preset(6, "by itself", Settings(mode="solo", palette="any", density=30.0)),
    Preset(7, "kit", Settings(mode="drums", brain="groove_transformer", magnet=0.5), True),
    Preset(8, "voices", Settings(mode="chorale", brain="bachprop", rest=0.3), True),
)


def movement(chance: Random, seconds: float) -> Iterator[Timed]:
    """What is done when, in order of time; at the end all that was pulled is plugged in again, and
    all that was held let go."""
    streams = [Keyboard(Random(chance.random()), device).play(seconds) for device in KEYBOARDS]
    streams += [
        stream(Random(chance.random()), seconds) for stream in (_controller, _clock, _synths)
    ]
    yield from merge(*streams, key=itemgetter(0))
    yield seconds, recall(ALONE)


def recall(number: int) -> Play:
    """A preset is recalled."""
    return Play(CONTROLLER, program(PRESETS_ON - 1, number - 1))


def _controller(chance: Random, seconds: float) -> Iterator[Timed]:
    """Knobs turned, pads struck, presets recalled and stepped through."""
    stands, at = [0] * len(TURNED), 0.0
    while (at := at + chance.expovariate(0.6)) < seconds:
        match chance.choices(("turn", "pad", "recall", "step"), (60, 25, 10, 5))[0]:
            case "turn":
                n, goes_to = chance.randrange(len(TURNED)), chance.randrange(128)
                for step in range(1, 7):  # by way of where the setting stands, mostly
                    value = round(stands[n] + (goes_to - stands[n]) * step / 6)
                    yield at, Play(CONTROLLER, control(PANEL - 1, FIRST_CC + n, value))
                    at = min(at + 0.03, seconds)
                stands[n] = goes_to
            case "pad":
                pad = FIRST_PAD + chance.randrange(len(ACTIONS))
                yield at, Play(CONTROLLER, note_on(PANEL - 1, pad, 100))
            case "recall":
                yield at, recall(chance.randrange(1, len(PRESETS) + 2))  # one that there is not
            case "step":
                for value in (127, 0):
                    step_by = control(0, chance.choice((NEXT, PREVIOUS)), value)
                    yield at, Play(CONTROLLER, step_by)


def _clock(chance: Random, seconds: float) -> Iterator[Timed]:
    """A drum machine: it plays for a while at a tempo, jitters by up to 3 ms, and loses ticks."""
    at = 0.0
    while (at := at + chance.uniform(1.0, 20.0)) < seconds:
        begin = chance.choice(([(START,)], [(SONG, chance.randrange(128), 0), (CONTINUE,)]))
        yield from ((at, Play(DRUMS, message)) for message in begin)
        tick = 60 / chance.uniform(60.0, 180.0) / 24
        for _ in range(chance.randrange(24, 1200)):
            at += tick
            jittered = at + chance.uniform(-0.003, 0.003)
            if jittered >= seconds:
                break
            if chance.random() < 0.98:
                yield jittered, Play(DRUMS, (CLOCK,))
        at = min(at + 0.003, seconds)
        yield at, Play(DRUMS, (STOP,))


def _synths(chance: Random, seconds: float) -> Iterator[Timed]:
    """The second synth is pulled out and plugged in again."""
    at = 0.0
    while (at := at + chance.uniform(5.0, 40.0)) < seconds:
        yield at, Pull(SYNTHS[1])
        at = min(at + chance.uniform(0.05, 8.0), seconds)
        yield at, Plug(SYNTHS[1])
