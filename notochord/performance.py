"""The vocabulary of Performance RNN: a piano performance spelt as tokens.

    token         how many                 what it does
    note-on       one a pitch              begins a note, as loud as was said last
    note-off      one a pitch              ends it
    time shift    100: 10 ms to 1 s        moves on; longer waits take several
    velocity      32: bins four wide       says how loud the notes after it are, where that changes

With all 128 pitches of MIDI that is 388 tokens (Simon and Oore, "Performance RNN", 2017); with the
88 of a piano 308. The article on that variant (Wolfram Summer School, 2018) counts 310: it lists 34
velocity events, yet says that velocities are quantised into 32 bins, for which 32 are enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from notochord.event import MAX_DT, MAX_VELOCITY, N_PITCHES, Event, is_drums

STEP = 0.01  # seconds, the unit of time
SHIFTS = 100  # steps that one token may move on, at most
BINS = 32  # of velocity
BIN_WIDTH = (MAX_VELOCITY + 1) // BINS
PIANO = 21, 108  # the lowest and highest pitch of a piano


@dataclass(frozen=True)
class Place:
    """Where in a performance one is: seconds that have passed and were not spelt yet, and the
    velocity bin that was said last, -1 before the first."""

    owed: float = 0.0
    velocity: int = -1


@dataclass(frozen=True)
class Vocabulary:
    """The tokens, numbered in the order above, for pitches low..high, both ends in."""

    low: int = 0
    high: int = N_PITCHES - 1

    @property
    def pitches(self) -> int:
        """How many pitches there are."""
        return self.high - self.low + 1

    @property
    def first_off(self) -> int:
        """The number of the first note-off."""
        return self.pitches

    @property
    def first_shift(self) -> int:
        """The number of the shortest time shift."""
        return 2 * self.pitches

    @property
    def first_velocity(self) -> int:
        """The number of the softest velocity."""
        return self.first_shift + SHIFTS

    @property
    def size(self) -> int:
        """How many tokens there are."""
        return self.first_velocity + BINS

    def holds(self, event: Event) -> bool:
        """Whether an event can be spelt: a piano has no drums, and only so many keys."""
        return self.low <= event.pitch <= self.high and not is_drums(event.instrument)

    def spell(self, event: Event, place: Place) -> tuple[list[int], Place]:
        """An event as tokens, and the place after it. One that cannot be spelt is no token, and
        its time is owed. Times are rounded where they stand, not one by one, so that no error
        adds up."""
        waited = place.owed + event.dt
        if not self.holds(event):
            return [], Place(min(waited, MAX_DT), place.velocity)
        steps = max(round(waited / STEP), 0)
        tokens, velocity = self.wait(steps), place.velocity
        if event.velocity == 0:
            tokens.append(self.first_off + event.pitch - self.low)
        else:
            velocity = bin_of(event.velocity)
            if velocity != place.velocity:
                tokens.append(self.first_velocity + velocity)
            tokens.append(event.pitch - self.low)
        return tokens, Place(waited - steps * STEP, velocity)

    def wait(self, steps: int) -> list[int]:
        """So many steps of time as time shifts, the longest first."""
        whole, rest = divmod(steps, SHIFTS)
        longest = self.first_shift + SHIFTS - 1
        return [longest] * whole + ([self.first_shift + rest - 1] if rest else [])

    def spelt(self, events: Iterable[Event]) -> list[int]:
        """A performance from its beginning as tokens."""
        place, tokens = Place(), []
        for event in events:
            more, place = self.spell(event, place)
            tokens += more
        return tokens

    def read(self, tokens: Iterable[int], instrument: int = 1) -> list[Event]:
        """The events that tokens spell, as an instrument plays them; a note before any velocity
        is of middle loudness."""
        events, steps, velocity = [], 0, BINS // 2
        for token in tokens:
            if token >= self.first_velocity:
                velocity = token - self.first_velocity
            elif token >= self.first_shift:
                steps += token - self.first_shift + 1
            else:
                off, key = divmod(token, self.pitches)
                loudness = 0 if off else velocity_of(velocity)
                dt = min(steps * STEP, MAX_DT)
                events.append(Event(instrument, self.low + key, dt, loudness))
                steps = 0
        return events


def bin_of(velocity: int) -> int:
    """The bin 0..31 of a note-on's velocity 1..127."""
    return velocity // BIN_WIDTH


def velocity_of(bin: int) -> int:
    """The velocity in the middle of a bin."""
    return bin * BIN_WIDTH + BIN_WIDTH // 2


def bins_in(softest: int, loudest: int) -> range:
    """The bins that hold a velocity from one to the other, both in 1..127."""
    return range(bin_of(softest), bin_of(loudest) + 1) if softest <= loudest else range(0)
