"""Accompany: bass, chords and drums that follow your harmony and keep going under you.

Which pitches the bass and the chords may play is taken from what you hold and have just played;
when, which of them, and how hard is the network's to say. It begins with your first key, plays on
through your rests, and ends when you have rested for long.
"""

from __future__ import annotations

from firmware_py.harmony import Harmony, in_classes
from firmware_py.modes.improviser import Improviser
from firmware_py.modes.mode import Actions, Mode, Scene, Stroke
from firmware_py.story import Told
from notochord.ask import Answer, pitch_range, pitch_set
from notochord.event import instrument_named, is_bass, is_drums

DEFAULT = tuple(instrument_named(name) for name in ("fingered bass", "electric piano", "drums"))
BASS_RANGE = pitch_range(28, 50)
CHORD_RANGE = pitch_range(50, 76)
CHORD_VOICES = 3
KIT = pitch_set((35, 36, 37, 38, 39, 40, 42, 44, 46, 49, 51))  # kick, snare, hats, crash, ride
MOST = {"bass": 4, "chords": 6, "drums": 6}  # notes that a part may begin in a second
SHARE = 0.6  # of the turns, for a part that has rested
VAMPS = 8.0  # seconds that it plays on after your last key


class Accompany(Mode):
    """A rhythm section."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._harmony = Harmony()
        self._heard_at = 0.0
        self._improviser = Improviser(scene, self._masks, lambda now: frozenset(), SHARE)

    def _masks(self) -> dict[int, int]:
        yours = self.scene.story.recent_instruments()[:1]
        return {i: self._may_play(i) for i in self.scene.palette(DEFAULT, yours)}

    def _may_play(self, instrument: int) -> int:
        """The pitches that may begin on an instrument, for its part."""
        part = "drums" if is_drums(instrument) else "bass" if is_bass(instrument) else "chords"
        if self._improviser.begun_by(instrument) >= MOST[part]:
            return 0
        free = self.scene.free(instrument)
        if part == "drums":
            return free & KIT
        chord = in_classes(self._harmony.chord(self._improviser.tip_time))
        if part == "bass":
            return free & BASS_RANGE & chord
        held = sum(voice[0] == instrument for voice in self._improviser.own)
        return free & CHORD_RANGE & chord if held < CHORD_VOICES else 0

    @property
    def wake_at(self) -> float | None:
        wake = self._improviser.wake_at
        if not self._vamps():
            return wake
        ends = self._heard_at + VAMPS
        return ends if wake is None else min(wake, ends)

    def _vamps(self) -> bool:
        """Whether it plays on while you rest, and no end is set yet."""
        improviser = self._improviser
        return improviser.active and improviser.until is None and not self.scene.strokes

    @property
    def coming(self) -> list[tuple[float, Told]] | None:
        return self._improviser.coming

    def enter(self, now: float) -> Actions:
        """Takes up what is held."""
        actions: Actions = []
        for stroke in list(self.scene.strokes.values()):
            actions += self.key_down(stroke, now)
        return actions

    def key_down(self, stroke: Stroke, now: float) -> Actions:
        self._heard_at, self._improviser.until = now, None
        if not is_drums(stroke.instrument):
            self._harmony.began(stroke.pitch, now)
        improviser = self._improviser
        return improviser.replan(now) if improviser.active else improviser.start(now)

    def key_up(self, stroke: Stroke, now: float) -> Actions:
        self._heard_at = now
        self._harmony.ended(stroke.pitch)
        return self._improviser.replan(now) if self._improviser.active else []

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        return self._improviser.answered(tag, answer, now)

    def tick(self, now: float) -> Actions:
        improviser = self._improviser
        if self._vamps() and now >= self._heard_at + VAMPS:
            improviser.until = now
        if improviser.finished:
            return improviser.stop()
        return improviser.tick(now)

    def undone(self, now: float) -> Actions:
        self._improviser.until = None
        return self._improviser.undone()

    def again(self, now: float) -> Actions:
        self._heard_at, self._improviser.until = now, None
        return self._improviser.start(now)

    def brain_changed(self, now: float) -> Actions:
        return self._improviser.brain_changed(now)
