"""Continue: you rest, and the network goes on in your style; touch a key, and it is yours again.

    keys    ▂▂▂ ▂▂ ▂▂▂                    ▂▂
    silence            ├── rest ──┤
    network                       ▂▂ ▂▂▂ ▂|      ends the moment a key goes down
"""

from __future__ import annotations

from firmware_py.modes.improviser import Improviser
from firmware_py.modes.mode import Actions, Mode, Scene, Stroke
from firmware_py.story import Told
from notochord.ask import Answer

PARTS = 6  # at most so many of your instruments are taken up


class Continue(Mode):
    """Takes over when you rest and lets go when you play."""

    takes_turns, span = True, float("inf")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._rests_since: float | None = None
        self._instruments: tuple[int, ...] = ()
        self._improviser = Improviser(scene, self._masks, lambda now: frozenset())

    def _masks(self) -> dict[int, int]:
        return {i: self.scene.free(i) for i in self._instruments}

    @property
    def wake_at(self) -> float | None:
        if self._improviser.active or self._rests_since is None:
            return self._improviser.wake_at
        return self._rests_since + self.scene.settings.rest

    @property
    def coming(self) -> list[tuple[float, Told]] | None:
        return self._improviser.coming

    def enter(self, now: float) -> Actions:
        heard = self.scene.story.time is not None
        self._rests_since = now if heard and not self.scene.pressed else None
        return []

    def key_down(self, stroke: Stroke, now: float) -> Actions:
        self._rests_since = None
        return self._improviser.stop() if self._improviser.active else []

    def key_up(self, stroke: Stroke, now: float) -> Actions:
        if self._improviser.active:  # the pedal came up under it
            return self._improviser.replan(now)
        if not self.scene.pressed:
            self._rests_since = now
        return []

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        return self._improviser.answered(tag, answer, now)

    def tick(self, now: float) -> Actions:
        if self._improviser.active:
            return self._improviser.tick(now)
        wake = self.wake_at
        if wake is None or now < wake:
            return []
        return self._go_on(now)

    def _go_on(self, now: float) -> Actions:
        played = self.scene.story.recent_instruments()[:PARTS]
        self._instruments = self.scene.palette(played, played)
        return self._improviser.start(now)

    def undone(self, now: float) -> Actions:
        self._rests_since = None
        return self._improviser.undone()

    def again(self, now: float) -> Actions:
        return [] if self.scene.pressed else self._go_on(now)

    def brain_changed(self, now: float) -> Actions:
        return self._improviser.brain_changed(now)
