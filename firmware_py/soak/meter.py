"""The latency of a box that is being played, measured on the devices that it is played with."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack

from firmware_py.latency import KEY_CHANNEL, Bench, figures
from firmware_py.message import Message, is_channel_message, is_note_on, note_off, note_on
from firmware_py.midi.backend import open_backend
from firmware_py.midi.inbox import Heard
from firmware_py.midi.ports import Inputs, Output
from firmware_py.soak.acts import KEYBOARDS, SYNTHS
from firmware_py.soak.box import METER
from firmware_py.soak.devices import Devices

WIRE, BOX = "wire", "box"
EAR = f"ear-of-{METER}"
PROBE, ANSWERS_WITHIN = 60, 0.2  # a pitch; seconds
TOLD = ("notes", "notes_lost", "answers", "thru_ms", "answer_ms", "transport_ms")


class Ears:
    """The synth's end: what the box played, and what came over the wire beside it.

    A box that has been played for a while has your keys on any channel; they are heard here as
    though they were on the first, as the bench has them.
    """

    def __init__(self, devices: Devices, wire: Inputs, own: int) -> None:
        """`own`: the channel on which the keys sound."""
        self._devices, self._wire = devices, wire
        self._swapped = {own: KEY_CHANNEL, KEY_CHANNEL: own}

    def drain(self) -> list[Heard]:
        """What came since the last call."""
        played = self._devices.synths[SYNTHS[0]].listen()
        heard = [(at, BOX, self._moved(message)) for at, _, message in played]
        return heard + [(at, WIRE, message) for at, _, message in self._wire.drain()]

    def _moved(self, message: Message) -> Message:
        if not is_channel_message(message):
            return message
        channel = message[0] & 0xF
        return (message[0] & 0xF0 | self._swapped.get(channel, channel), *message[1:])


def latency(
    devices: Devices, now: Callable[[], float], notes: int, seed: int
) -> dict[str, object]:
    """Press so many keys on the first keyboard; the figures, times in milliseconds."""
    with ExitStack() as opened:
        ears, line = (opened.enter_context(open_backend("jack", name)) for name in (EAR, METER))
        wired = Inputs(ears, now, virtual=True)
        opened.callback(wired.close)
        wire = Output(line, EAR)
        opened.callback(wire.close)
        keys = devices.players[KEYBOARDS[0]].port
        heard = Ears(devices, wired, _own_channel(devices))
        bench = Bench(keys.send, wire.send, heard, WIRE, now)
        found = figures(bench.run(notes, seed))
    return {name: found[name] for name in TOLD}


def _own_channel(devices: Devices) -> int:
    """The channel on which keys sound just now: where the first one does, before any answer."""
    keys, synth = devices.players[KEYBOARDS[0]].port, devices.synths[SYNTHS[0]]
    keys.send(note_on(KEY_CHANNEL, PROBE, 80))
    time.sleep(ANSWERS_WITHIN)
    keys.send(note_off(KEY_CHANNEL, PROBE))
    time.sleep(ANSWERS_WITHIN)
    for _, _, message in synth.listen():
        if is_note_on(message) and message[1] == PROBE:
            return message[0] & 0xF
    return KEY_CHANNEL
