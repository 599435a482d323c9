"""What a mode is: events and the time in, actions out.

A mode looks at the scene (settings, the story, what sounds) and says what is to be done; it never
does it. The instrument carries the actions out, through the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from firmware_py.answer import PHRASE
from firmware_py.keys import Key
from firmware_py.settings import Settings
from firmware_py.story import Story, Told, Voice
from firmware_py.synths.layout import MANY
from firmware_py.tempo.beat import Beat
from notochord.ask import Answer, Ask, Temperatures, pitch_range
from notochord.event import is_drums


@dataclass(frozen=True)
class Stroke:
    """A key that was struck: which, and what it means: instrument, pitch, velocity 1..127, and
    whether a second player struck it, for whose keys nothing is played."""

    key: Key
    instrument: int
    pitch: int
    velocity: int
    second: bool = False

    @property
    def voice(self) -> Voice:
        """What sounds: instrument and pitch."""
        return self.instrument, self.pitch


@dataclass(frozen=True)
class Strike:
    """Start a note of the network. `told`: the brain knows it already; `at`: when it was due.

    `ahead`: it waited for its time; a note that is due as soon as it is known does not.
    """

    voice: Voice
    velocity: int
    told: Told | None = None
    at: float | None = None
    ahead: bool = False


@dataclass(frozen=True)
class Damp:
    """End a note of the network."""

    voice: Voice
    told: Told | None = None
    at: float | None = None


@dataclass(frozen=True)
class Imagine:
    """Tell the brain an event that is planned."""

    told: Told


@dataclass(frozen=True)
class Enquire:
    """Ask the brain; the answer comes back to the mode under this tag. `after`: which event."""

    tag: int
    ask: Ask
    after: int


Action = Strike | Damp | Imagine | Enquire
Actions = list[Action]


@dataclass
class Scene:
    """What a mode may look at; kept up to date by the instrument."""

    settings: Settings = field(default_factory=Settings)
    story: Story = field(default_factory=Story)
    own: dict[Voice, float] = field(default_factory=dict)  # the network's notes, since when
    strokes: dict[Key, Stroke] = field(default_factory=dict)  # keys that sound, pedal included
    ahead: frozenset[Voice] = frozenset()  # the network's, heard already before their own time
    pressed: set[Key] = field(default_factory=set)  # keys under a finger
    brain: bool = False  # whether the brain can be asked
    beat: Beat = field(default_factory=lambda: Beat(Settings().tempo))  # that the box keeps
    seed: int = 0  # of everything random

    def quarter(self, now: float) -> float:
        """Seconds a beat, where a clock or taps lead; 0 where none do."""
        return 0.0 if self.beat.lead() == "internal" else self.beat.line(now).seconds

    def temperatures(self) -> Temperatures:
        """The temperature knobs, as an ask takes them."""
        s = self.settings
        return Temperatures(s.temperature, s.rhythm, s.timing, s.timing)

    def palette(self, default: Iterable[int], same: Iterable[int]) -> tuple[int, ...]:
        """The network's instruments: the palette's, with the mode's own default for 'auto'. What
        the synth cannot play is left out."""
        layout = self.settings.layout
        chosen = self.settings.parts.instruments(default, same)
        return tuple(i for i in chosen if layout.part(i) is not None)

    def weight(self, instrument: int) -> float:
        """How much likelier than the network has it an instrument is to play next."""
        return self.settings.parts.part(instrument).weight

    def is_full(self, instrument: int, networks: Iterable[Voice]) -> bool:
        """Whether the synth has no voice left for an instrument, with these notes of the network
        and the player's keys."""
        layout = self.settings.layout
        voices = layout.home(instrument).voices
        if voices >= MANY:
            return False
        others = [*networks, *((s.instrument, s.pitch) for s in self.strokes.values())]
        return sum(layout.together(instrument, voice[0]) for voice in others) >= voices

    def free(self, instrument: int) -> int:
        """The pitches that the network may start on an instrument, as a set of bits."""
        if is_drums(instrument):
            allowed = pitch_range(35, 59)  # a drum kit's pieces, in General MIDI's map
        else:
            allowed = pitch_range(*self.settings.pitches)
        part = self.settings.parts.part(instrument)
        allowed &= pitch_range(part.low, part.high) & self.settings.layout.reach(instrument)
        for sounding, pitch in self.story.sounding:
            if sounding == instrument:
                allowed &= ~(1 << pitch)
        return allowed

    def loudness(self, velocity: float) -> int:
        """A velocity under the balance knob, 1..127, moved into the range of velocities: what is
        soft for the network becomes the softest that is allowed, what is loud the loudest."""
        softest, loudest = self.settings.velocities
        level = (min(max(velocity * self.settings.balance, 1.0), 127.0) - 1.0) / 126.0
        return round(softest + level * (loudest - softest))


class Mode:
    """A role. The base does nothing: keys sound, and that is all."""

    sounds_keys = True  # whether a key sounds as it is played, before the mode hears of it
    # What an undo takes back: back to your last key where it takes turns with you, and at most so
    # many seconds, counted from the network's last note.
    takes_turns, span = False, PHRASE

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @property
    def wake_at(self) -> float | None:
        """When `tick` wants to be called, in seconds; None for never."""
        return None

    @property
    def coming(self) -> list[tuple[float, Told]] | None:
        """What the network has planned, with its times, in order; None while it plans nothing."""
        return None

    def enter(self, now: float) -> Actions:
        """The mode begins; keys may be held."""
        return []

    def leave(self, now: float) -> Actions:
        """The mode ends; keys may be held."""
        return []

    def held(self) -> dict[Voice, Key]:
        """The network's notes that belong to a key, which they end with, whatever mode is next."""
        return {}

    def key_down(self, stroke: Stroke, now: float) -> Actions:
        """A key was struck."""
        return []

    def key_up(self, stroke: Stroke, now: float) -> Actions:
        """A key's sound ends: it is let go, and no pedal holds it."""
        return []

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        """The brain answered; None when nothing was allowed, or it came too late."""
        return []

    def tick(self, now: float) -> Actions:
        """The time that the mode waited for has come."""
        return []

    def undone(self, now: float) -> Actions:
        """Its last answer has ended and is forgotten: it waits until you play."""
        return []

    def again(self, now: float) -> Actions:
        """Answer anew; nothing of the last answer is left."""
        return []

    def brain_changed(self, now: float) -> Actions:
        """The brain became ready, or was lost: whatever was asked will not be answered."""
        return []


class Thru(Mode):
    """Keys sound; the network listens."""
