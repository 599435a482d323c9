"""A keyboard that is played by chance: it knows what it holds, so that it can let go."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from firmware_py import message as midi
from firmware_py.message import Message, control, note_off, note_on, program
from firmware_py.soak.acts import Act, Play, Plug, Pull, Timed

PACE = 5.0  # happenings a second, on average
RESTS, REST = 0.02, (1.0, 5.0)  # how often one rests after a happening, for how many seconds
PULLED = (0.05, 4.0)  # seconds for which it is unplugged: also too short for a look to see


class Keyboard:
    """One keyboard in the hands of chance."""

    def __init__(self, chance: Random, device: str) -> None:
        self._chance, self._device = chance, device
        self._held: list[tuple[int, int]] = []  # channel and pitch
        self._pedals: set[int] = set()  # channels on which it is down
        self._does = {
            self._strike: 50.0, self._release: 38.0, self._pedal: 4.0, self._wheel: 6.0,
            self._program: 1.0, self._all_off: 0.3,
        }  # fmt: skip

    def play(self, seconds: float) -> Iterator[Timed]:
        """Everything that is done on it in so many seconds, at the end of which it is plugged in
        and nothing is held."""
        chance, at = self._chance, 0.0
        while True:
            at += chance.expovariate(PACE)
            at += chance.uniform(*REST) if chance.random() < RESTS else 0.0
            if at >= seconds:
                break
            if chance.random() < 0.004:
                yield at, self._pull()
                at = min(at + chance.uniform(*PULLED), seconds)
                yield at, Plug(self._device)
                continue
            (does,) = chance.choices(list(self._does), list(self._does.values()))
            yield at, Play(self._device, does())
        yield from ((seconds, act) for act in self._let_go())

    def _let_go(self) -> list[Act]:
        ends = [note_off(*key) for key in self._held]
        ends += [control(channel, midi.SUSTAIN, 0) for channel in sorted(self._pedals)]
        return [Play(self._device, message) for message in ends]

    def _pull(self) -> Act:
        self._held.clear()
        self._pedals.clear()
        return Pull(self._device)

    def _strike(self) -> Message:
        key = self._chance.choice((0, 0, 0, 9, 3)), self._chance.randrange(36, 90)
        if key in self._held:
            self._held.remove(key)
            return note_off(*key)
        self._held.append(key)
        return note_on(*key, self._chance.randrange(1, 128))

    def _release(self) -> Message:
        if not self._held:
            return self._strike()
        return note_off(*self._held.pop(self._chance.randrange(len(self._held))))

    def _pedal(self) -> Message:
        channel = self._chance.choice((0, 0, 3))
        self._pedals ^= {channel}
        return control(channel, midi.SUSTAIN, 127 if channel in self._pedals else 0)

    def _wheel(self) -> Message:
        low, high = self._chance.randrange(128), self._chance.randrange(128)
        return self._chance.choice(((0xE0, low, high), (0xD0, low), control(0, 1, low)))

    def _program(self) -> Message:
        return program(self._chance.choice((0, 3)), self._chance.randrange(128))

    def _all_off(self) -> Message:
        return control(0, self._chance.choice((120, 123)), 0)
