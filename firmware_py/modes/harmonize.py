"""Harmonize: each key gets up to N voices that fit it, at once, released with it.

    key down ──▶ ask pitch given (instrument, time 0, velocity) ──▶ voice 1 ──▶ ask ──▶ voice 2
    key up   ──▶ all its voices end

Voices are asked for one at a time, so that each fits those before it. A key that is let go, or
has waited past the deadline, gets no more.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import count

from firmware_py.answer import CHORD
from firmware_py.keys import Key
from firmware_py.modes.mode import Actions, Damp, Enquire, Mode, Scene, Strike, Stroke
from firmware_py.story import Voice
from notochord.ask import Answer, Ask, pitch_range
from notochord.event import is_drums

BELOW, ABOVE = 24, 12  # semitones from the key within which a voice may lie


@dataclass
class _Chord:
    """A key and the voices it has so far."""

    stroke: Stroke
    struck_at: float
    voices: list[Voice] = field(default_factory=list)


class Harmonize(Mode):
    """Adds voices to every key but a second player's."""

    span = CHORD

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._tags = count()
        self._chords: dict[Key, _Chord] = {}
        self._waiting: deque[_Chord] = deque()
        self._asking: tuple[int, _Chord] | None = None

    def held(self) -> dict[Voice, Key]:
        return {voice: key for key, chord in self._chords.items() for voice in chord.voices}

    def key_down(self, stroke: Stroke, now: float) -> Actions:
        if is_drums(stroke.instrument) or stroke.second or not self.scene.brain:
            return []
        chord = _Chord(stroke, now)
        self._chords[stroke.key] = chord
        self._waiting.append(chord)
        return self._ask(now)

    def key_up(self, stroke: Stroke, now: float) -> Actions:
        chord = self._chords.pop(stroke.key, None)
        return [] if chord is None else [Damp(voice) for voice in chord.voices]

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        if self._asking is None or tag != self._asking[0]:
            return []
        chord, self._asking = self._asking[1], None
        actions: Actions = []
        if answer is not None and self._wants_voice(chord, now):
            voice = answer.instrument, answer.pitch
            if voice not in self.scene.story.sounding:
                chord.voices.append(voice)
                actions.append(Strike(voice, answer.velocity))
                self._waiting.append(chord)
        return [*actions, *self._ask(now, actions)]

    def undone(self, now: float) -> Actions:
        self._asking = None
        self._waiting.clear()
        for chord in self._chords.values():
            chord.voices.clear()
        return []

    def again(self, now: float) -> Actions:
        """Every key that is held gets other voices."""
        held = list(self.scene.strokes.values())
        return [action for stroke in held for action in self.key_down(stroke, now)]

    def brain_changed(self, now: float) -> Actions:
        self._asking = None
        self._waiting.clear()
        return []

    def _wants_voice(self, chord: _Chord, now: float) -> bool:
        in_time = now - chord.struck_at <= self.scene.settings.deadline / 1000
        held = self._chords.get(chord.stroke.key) is chord
        return held and in_time and len(chord.voices) < self.scene.settings.voices

    def _ask(self, now: float, just_struck: Actions | None = None) -> Actions:
        taken = [a.voice for a in just_struck or [] if isinstance(a, Strike)]
        while self._waiting and self._asking is None:
            chord = self._waiting.popleft()
            if self._wants_voice(chord, now):
                self._asking = next(self._tags), chord
                # `after` is the head at the moment of asking: the instrument sounds what was
                # struck before it passes the question on.
                return [Enquire(self._asking[0], self._question(chord, taken), -1)]
        return []

    def _question(self, chord: _Chord, taken: list[Voice]) -> Ask:
        stroke, scene = chord.stroke, self.scene
        on = {}
        for i in scene.palette([stroke.instrument], [stroke.instrument]):
            near = pitch_range(stroke.pitch - BELOW, stroke.pitch + ABOVE)
            free = 0 if scene.is_full(i, scene.own) else scene.free(i)
            on[i] = free & near & ~(1 << stroke.pitch)
            for instrument, pitch in taken:
                on[i] &= ~(1 << pitch) if instrument == i else -1
        return Ask(
            "ip", dt=0.0, velocity=scene.loudness(stroke.velocity), on=on,
            temperature=scene.temperatures(), top_p=scene.settings.top_p,
        )  # fmt: skip
