"""Autopitch: your rhythm and touch, the network's pitches.

    key down ──▶ ask pitch given (instrument, time, velocity) ──▶ that pitch sounds
    key up   ──▶ it ends

A key never stays silent: without a brain, or when the answer is late, it sounds as it is, and so
does a second player's. A key let go before its answer came sounds as long as it was held.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from firmware_py.answer import CHORD
from firmware_py.keys import Key
from firmware_py.modes.mode import Actions, Damp, Enquire, Mode, Scene, Strike, Stroke
from firmware_py.schedule import Schedule
from firmware_py.story import Voice
from notochord.ask import Answer, Ask, pitch_range

SHORTEST = 0.005  # seconds


@dataclass
class _Touch:
    """A key that waits for its pitch."""

    stroke: Stroke
    struck_at: float
    let_go_at: float | None = None


class Autopitch(Mode):
    """Plays the network's pitches when you play keys."""

    sounds_keys = False
    span = CHORD

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._tags = count()
        self._waiting: dict[int, _Touch] = {}
        self._sounding: dict[Key, Voice] = {}
        self._ends: Schedule[tuple[Key, Voice]] = Schedule()

    @property
    def wake_at(self) -> float | None:
        late = [touch.struck_at + self._deadline for touch in self._waiting.values()]
        ends = [] if self._ends.next is None else [self._ends.next]
        return min(late + ends, default=None)

    @property
    def _deadline(self) -> float:
        return self.scene.settings.deadline / 1000

    def leave(self, now: float) -> Actions:
        """A held key that waits for its pitch sounds as it is."""
        waiting, self._waiting = list(self._waiting.values()), {}
        return [
            action
            for touch in waiting
            if touch.let_go_at is None
            for action in self._sound(touch, touch.stroke.instrument, touch.stroke.pitch, now)
        ]

    def held(self) -> dict[Voice, Key]:
        return {v: key for key, v in self._sounding.items() if key in self.scene.strokes}

    def key_down(self, stroke: Stroke, now: float) -> Actions:
        touch = _Touch(stroke, now)
        ended = self._end(stroke.key)
        if stroke.second or not self.scene.brain:
            return [*ended, *self._sound(touch, stroke.instrument, stroke.pitch, now)]
        tag = next(self._tags)
        self._waiting[tag] = touch
        return [*ended, Enquire(tag, self._question(stroke, now), -1)]

    def key_up(self, stroke: Stroke, now: float) -> Actions:
        for touch in self._waiting.values():
            if touch.stroke.key == stroke.key and touch.let_go_at is None:
                touch.let_go_at = now
        return self._end(stroke.key)

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        touch = self._waiting.pop(tag, None)
        if touch is None:
            return []
        instrument, pitch = touch.stroke.instrument, touch.stroke.pitch
        if answer is not None and (instrument, answer.pitch) not in self.scene.story.sounding:
            pitch = answer.pitch
        return self._sound(touch, instrument, pitch, now)

    def tick(self, now: float) -> Actions:
        actions: Actions = []
        for tag, touch in list(self._waiting.items()):
            if now >= touch.struck_at + self._deadline:  # as wake_at has it, to the last bit
                del self._waiting[tag]
                actions += self._sound(touch, touch.stroke.instrument, touch.stroke.pitch, now)
        for _, (key, voice) in self._ends.due(now):
            if self._sounding.get(key) == voice:
                actions += self._end(key)
        return actions

    def undone(self, now: float) -> Actions:
        self._waiting.clear()
        self._sounding.clear()
        return []

    def again(self, now: float) -> Actions:
        """Every key that is held gets another pitch."""
        held = list(self.scene.strokes.values())
        return [action for stroke in held for action in self.key_down(stroke, now)]

    def brain_changed(self, now: float) -> Actions:
        waiting, self._waiting = list(self._waiting.values()), {}
        return [
            action
            for touch in waiting
            for action in self._sound(touch, touch.stroke.instrument, touch.stroke.pitch, now)
        ]

    def _question(self, stroke: Stroke, now: float) -> Ask:
        span, scene = self.scene.settings.span, self.scene
        near = pitch_range(stroke.pitch - span, stroke.pitch + span)
        allowed = near & scene.free(stroke.instrument)
        return Ask(
            "p", instrument=stroke.instrument, dt=scene.story.since(now),
            velocity=stroke.velocity, on={stroke.instrument: allowed},
            temperature=scene.temperatures(), top_p=scene.settings.top_p,
        )  # fmt: skip

    def _sound(self, touch: _Touch, instrument: int, pitch: int, now: float) -> Actions:
        key, voice = touch.stroke.key, (instrument, pitch)
        ended = self._end(key)
        self._sounding = {k: v for k, v in self._sounding.items() if v != voice}
        self._sounding[key] = voice
        if touch.let_go_at is not None:
            held = max(touch.let_go_at - touch.struck_at, SHORTEST)
            self._ends.put(now + held, (key, voice))
        return [*ended, Strike(voice, touch.stroke.velocity)]

    def _end(self, key: Key) -> Actions:
        voice = self._sounding.pop(key, None)
        return [] if voice is None else [Damp(voice)]
