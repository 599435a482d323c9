"""What was heard, as the score that a network of notes knows: pure, each telling a new state.

    heard      ▂▂▂▂▂  ▂▂▂▂▂▂▂      ▂▂▂▂...       seconds, as it was played
    score      1      1/2 (1)      1/2           dT and T from the dictionaries
                                      ▲
               known by their ends    still held: as long as the network foresees

A network of notes is told how long a note lasts when it begins, and a player does not say so. So a
note that begins is given a length that the network foresees, drawn by a number that follows from
all that was told: the same for whoever asks for the note and for whoever tells it. When it ends
otherwise, or is held longer, it is told anew, and with it what came after; so are the notes of a
chord that did not come in order of pitch. Only the last few notes can be told anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from notochord.event import Event, is_drums
from notochord.score import LENGTHS, QUARTER, WAITS, ScoreNote, length_of, wait_of
from notochord.tempo_heard import REMEMBERED, USUAL, quarter_heard

TOGETHER = 0.035  # seconds in which keys struck one after another are one chord
AS_PLANNED = 0.03  # seconds by which a note may end beside its time
TOLD_ANEW = 8  # notes, at most
MIDDLE = 76  # velocity, where none was heard yet

Voice = tuple[int, int]  # instrument, pitch


class Network(Protocol):
    """What a network of notes can be asked."""

    def start(self) -> Any:
        """The memory before any note."""

    def fed(self, memory: Any, note: ScoreNote) -> Any:
        """The memory after a note."""

    def length(self, memory: Any, wait: int, uniform: float, least: int = 0) -> int:
        """A length for a note after this wait, drawn by a number in [0, 1)."""


@dataclass(frozen=True)
class Open:
    """A note that can be told anew: who plays it, when its chord began, and the memory before."""

    note: ScoreNote
    voice: Voice
    moment: float
    memory: Any
    ended: bool = False


@dataclass(frozen=True)
class Held:
    """A note that sounds: when its chord began (seconds), and how long it is to last."""

    moment: float
    length: int

    def ends(self, quarter: float) -> float:
        """When it is to end, in seconds."""
        return self.moment + LENGTHS[self.length] * quarter / QUARTER


@dataclass(frozen=True)
class Heard:
    """A state: the network's memory, and where one is in the score."""

    memory: Any
    now: float = 0.0  # seconds
    moment: float | None = None  # when the last chord began
    quarter: float = USUAL  # seconds
    gaps: tuple[float, ...] = ()  # between chords
    last: tuple[Open, ...] = ()
    held: Mapping[Voice, Held] = field(default_factory=dict)
    velocity: int = MIDDLE
    seed: int = 0

    @property
    def uniform(self) -> float:
        """The number by which the length of the next note is drawn."""
        return _mixed(self.seed) / 2.0**64


def told(network: Network, state: Heard, event: Event) -> Heard:
    """The state after an event that sounded; of drums, only the time passes."""
    state = replace(state, now=state.now + event.dt)
    if is_drums(event.instrument):
        return state
    voice = event.instrument, event.pitch
    state = _ended(network, state, voice)
    return _begun(network, state, voice, event.velocity) if event.velocity else state


def _ended(network: Network, state: Heard, voice: Voice) -> Heard:
    """A voice ends; nothing where it does not sound."""
    if voice not in state.held:
        return state
    held = {v: h for v, h in state.held.items() if v != voice}
    planned, state = state.held[voice], replace(state, held=held)
    at = _place(state, voice)
    if at is None:
        return state
    note = state.last[at].note
    if abs(planned.ends(state.quarter) - state.now) > AS_PLANNED:
        heard = (state.now - planned.moment) / state.quarter * QUARTER
        note = note._replace(length=length_of(heard))
    last = list(state.last)
    anew = note != last[at].note
    last[at] = replace(last[at], note=note, ended=True)
    state = replace(state, last=tuple(last))
    return _told_anew(network, state, at) if anew else state


def _begun(network: Network, state: Heard, voice: Voice, velocity: int) -> Heard:
    state = lasting(network, state, state.now)
    wait = wait_at(state, state.now)
    if wait and state.moment is not None:
        gaps = (*state.gaps, state.now - state.moment)[-REMEMBERED:]
        quarter = quarter_heard(gaps, state.quarter)
        state = replace(state, gaps=gaps, quarter=quarter, moment=state.now)
    moment = state.now if state.moment is None else state.moment
    chord = [each for each in state.last if each.moment == moment]
    length = network.length(state.memory, wait, state.uniform)
    seed = _mixed(state.seed ^ (voice[1] << 16 | velocity << 8 | wait))
    held = {**state.held, voice: Held(moment, length)}
    state = replace(state, moment=moment, held=held, velocity=velocity, seed=seed)
    if any(each.note.pitch == voice[1] for each in chord):  # in unison: one note on paper
        return state
    note = ScoreNote(wait, length, voice[1])
    higher = [each for each in chord if each.note.pitch > voice[1]] if not wait else []
    return _placed(network, state, Open(note, voice, moment, state.memory), len(higher))


def _placed(network: Network, state: Heard, new: Open, before: int) -> Heard:
    """A note put before so many of the last, which are higher notes of its chord."""
    at = len(state.last) - before
    last = [*state.last[:at], new, *state.last[at:]]
    if before:
        after = last[at + 1]
        last[at] = replace(new, note=new.note._replace(wait=after.note.wait), memory=after.memory)
        last[at + 1] = replace(after, note=after.note._replace(wait=0))
    state = _told_anew(network, replace(state, last=tuple(last)), at)
    return replace(state, last=state.last[-TOLD_ANEW:])


def _told_anew(network: Network, state: Heard, at: int) -> Heard:
    """The last notes told again from one of them on."""
    last, memory = list(state.last), state.last[at].memory
    for n in range(at, len(last)):
        last[n] = replace(last[n], memory=memory)
        memory = network.fed(memory, last[n].note)
    return replace(state, last=tuple(last), memory=memory)


def lasting(
    network: Network, state: Heard, now: float, ending: frozenset[Voice] = frozenset()
) -> Heard:
    """The state in which what is still held at a time lasts at least until then, but for voices
    that are about to end."""
    held, last, first = dict(state.held), list(state.last), len(state.last)
    for voice, each in state.held.items():
        least = _length_until(now - each.moment, state.quarter)
        if voice in ending or least <= each.length:
            continue
        held[voice] = replace(each, length=least)
        at = _place(state, voice)
        if at is not None:
            last[at] = replace(last[at], note=last[at].note._replace(length=least))
            first = min(first, at)
    if first == len(last):
        return replace(state, held=held)
    return _told_anew(network, replace(state, held=held, last=tuple(last)), first)


def _length_until(seconds: float, quarter: float) -> int:
    """The shortest length that is not over by then; the longest, where all are."""
    ticks = (seconds - AS_PLANNED) / quarter * QUARTER
    return next((n for n, length in enumerate(LENGTHS) if length >= ticks), len(LENGTHS) - 1)


def wait_at(state: Heard, now: float) -> int:
    """The wait after which a note begins that begins now."""
    if state.moment is None or now - state.moment < TOGETHER:
        return 0
    return wait_of((now - state.moment) / state.quarter * QUARTER)


def wait_ends(state: Heard, wait: int, quarter: float) -> float:
    """When a wait of the dictionary is over, in seconds."""
    moment = state.now if state.moment is None else state.moment
    return moment + WAITS[wait] * quarter / QUARTER


def _place(state: Heard, voice: Voice) -> int | None:
    """Where a voice that sounds is among the last notes."""
    places = [n for n, each in enumerate(state.last) if each.voice == voice and not each.ended]
    return places[-1] if places else None


def _mixed(seed: int) -> int:
    """The next of a row of numbers below 2**64 (splitmix64)."""
    z = (seed + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31
