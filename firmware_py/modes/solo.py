"""Solo: the network plays alone with the palette, and you conduct with the knobs.

It begins by itself as soon as the brain is ready. What you play sounds beside it and turns its
head: it goes on from there.
"""

from __future__ import annotations

from firmware_py.modes.improviser import Improviser
from firmware_py.modes.mode import Actions, Mode, Scene, Stroke
from firmware_py.story import Told
from notochord.ask import Answer
from notochord.event import instrument_named

DEFAULT = (instrument_named("piano"),)


class Solo(Mode):
    """Plays alone until it is sent elsewhere."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._improviser = Improviser(scene, self._masks, lambda now: frozenset())

    def _masks(self) -> dict[int, int]:
        yours = self.scene.story.recent_instruments()[:1] or list(DEFAULT)
        return {i: self.scene.free(i) for i in self.scene.palette(DEFAULT, yours)}

    @property
    def wake_at(self) -> float | None:
        if not self._improviser.active:
            return 0.0 if self.scene.brain else None
        return self._improviser.wake_at

    @property
    def coming(self) -> list[tuple[float, Told]] | None:
        return self._improviser.coming

    def key_down(self, stroke: Stroke, now: float) -> Actions:
        return self._improviser.replan(now) if self._improviser.active else []

    def key_up(self, stroke: Stroke, now: float) -> Actions:
        return self._improviser.replan(now) if self._improviser.active else []

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        return self._improviser.answered(tag, answer, now)

    def tick(self, now: float) -> Actions:
        improviser = self._improviser
        return improviser.tick(now) if improviser.active else improviser.start(now)

    def undone(self, now: float) -> Actions:
        return self._improviser.undone()

    def again(self, now: float) -> Actions:
        return self._improviser.start(now)

    def brain_changed(self, now: float) -> Actions:
        return self._improviser.brain_changed(now)
