"""Duet: the network plays other instruments while you play.

The next event is asked for over the network's instruments and yours. Where the network expects
yours, it waits: that is how it leaves you room. When you have rested for a while it stops waiting.
"""

from __future__ import annotations

from firmware_py.modes.improviser import Improviser
from firmware_py.modes.mode import Actions, Mode, Scene, Stroke
from firmware_py.story import Told
from notochord.ask import Answer
from notochord.event import instrument_named

DEFAULT = tuple(instrument_named(name) for name in ("fingered bass", "string ensemble", "drums"))
LISTENS_FOR = 2.0  # seconds since your last key in which the network leaves your turns to you


class Duet(Mode):
    """Plays its own part beside yours."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._heard_at: float | None = None
        self._yours: tuple[int, ...] = ()  # your instruments, the latest first
        self._improviser = Improviser(scene, self._masks, self._listens)

    def _masks(self) -> dict[int, int]:
        default = [i for i in DEFAULT if i not in self._yours]
        return {i: self.scene.free(i) for i in self.scene.palette(default, self._yours)}

    def _listens(self, now: float) -> frozenset[int]:
        if self._heard_at is None or now - self._heard_at > LISTENS_FOR:
            return frozenset()
        return frozenset(self._yours)

    @property
    def wake_at(self) -> float | None:
        return self._improviser.wake_at

    @property
    def coming(self) -> list[tuple[float, Told]] | None:
        return self._improviser.coming

    def enter(self, now: float) -> Actions:
        """Plays with whatever is held; begins by itself only after you have begun."""
        return self._improviser.start(now) if self.scene.story.time is not None else []

    def key_down(self, stroke: Stroke, now: float) -> Actions:
        self._heard_at = now
        self._yours = tuple(dict.fromkeys((stroke.instrument, *self._yours)))[:4]
        return self._go_on(now)

    def key_up(self, stroke: Stroke, now: float) -> Actions:
        return self._go_on(now)

    def _go_on(self, now: float) -> Actions:
        improviser = self._improviser
        return improviser.replan(now) if improviser.active else improviser.start(now)

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        return self._improviser.answered(tag, answer, now)

    def tick(self, now: float) -> Actions:
        return self._improviser.tick(now)

    def undone(self, now: float) -> Actions:
        return self._improviser.undone()

    def again(self, now: float) -> Actions:
        return self._improviser.start(now)

    def brain_changed(self, now: float) -> Actions:
        return self._improviser.brain_changed(now)
