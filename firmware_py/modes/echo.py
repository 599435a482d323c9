"""Echo: call and response. It waits for your phrase to end, and answers as long as it was.

    keys     ▂▂ ▂▂▂ ▂                       ▂▂ ▂
    pause             ├gap┤
    network               ▂ ▂▂▂ ▂▂  ends     (stops at once when you begin)
             ├──── L ────┤├─── L ───┤

The gap is longer than any pause within the phrase: one and a half times its longest step, but not
longer than the knob `rest` allows. So a quick phrase is answered quickly; a single note, which has
no step, is waited after for the whole rest.
"""

from __future__ import annotations

from firmware_py.modes.improviser import LONGEST_WAIT, Improviser
from firmware_py.modes.mode import Actions, Mode, Scene, Stroke
from firmware_py.story import Told
from notochord.ask import Answer

SHORTEST_GAP = 0.35  # seconds
SHORTEST_ANSWER = 0.5  # seconds
TOGETHER = 0.05  # seconds; keys struck within it are one chord


class Echo(Mode):
    """Answers your phrases."""

    takes_turns, span = True, float("inf")

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._steps: list[float] = []  # when each chord of the phrase was struck
        self._instruments: dict[int, None] = {}  # in order
        self._ended_at: float | None = None
        self._length = 0.0  # seconds, of the answer
        self._answered: tuple[int, ...] = ()  # the instruments of the phrase that was answered
        self._answers_since: float | None = None
        self._improviser = Improviser(
            scene, self._masks, lambda now: frozenset(), gathers=self._gathers
        )

    def _gathers(self) -> bool:
        """Whether what begins next belongs to what has just begun."""
        return False

    def _masks(self) -> dict[int, int]:
        played = list(self._instruments)
        return {i: self.scene.free(i) for i in self.scene.palette(played, played)}

    @property
    def wake_at(self) -> float | None:
        if self._improviser.active:
            return self._improviser.wake_at
        if self._ended_at is None or not self.scene.brain:
            return None
        return self._ended_at + self._gap()

    @property
    def coming(self) -> list[tuple[float, Told]] | None:
        return self._improviser.coming

    def _gap(self) -> float:
        steps = [b - a for a, b in zip(self._steps, self._steps[1:], strict=False)]
        rest = self.scene.settings.rest
        return min(max(1.5 * max(steps), SHORTEST_GAP), rest) if steps else rest

    def key_down(self, stroke: Stroke, now: float) -> Actions:
        actions = self._listen_anew() if self._improviser.active else []
        self._ended_at = None
        self._instruments[stroke.instrument] = None
        if not self._steps or now - self._steps[-1] > TOGETHER:
            self._steps.append(now)
        return actions

    def _listen_anew(self) -> Actions:
        self._steps, self._instruments, self._ended_at = [], {}, None
        return self._improviser.stop() if self._improviser.active else []

    def key_up(self, stroke: Stroke, now: float) -> Actions:
        if self._improviser.active:  # the pedal came up under it
            return self._improviser.replan(now)
        if self._steps and not self.scene.strokes:
            self._ended_at = now
        return []

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        return self._improviser.answered(tag, answer, now)

    def tick(self, now: float) -> Actions:
        improviser = self._improviser
        if not improviser.active:
            return self._answer(now)
        if self._answers_since is None and self.scene.own:
            self._answers_since = min(self.scene.own.values())
            improviser.longest_wait = LONGEST_WAIT
            improviser.until = self._ends_at(self._answers_since)
        if improviser.finished:
            return self._listen_anew()
        return improviser.tick(now)

    def _answer_length(self, phrase: float) -> float:
        """How long the answer to a phrase is, in seconds."""
        return max(phrase, SHORTEST_ANSWER)

    def _ends_at(self, since: float) -> float:
        """From when on no note of an answer begins that began then."""
        return since + self._length

    def _answer(self, now: float) -> Actions:
        wake = self.wake_at
        if wake is None or now < wake or self._ended_at is None:
            return []
        self._length = self._answer_length(self._ended_at - self._steps[0])
        self._answered = tuple(self._instruments)
        return self._take_up(now)

    def _take_up(self, now: float) -> Actions:
        self._ended_at = self._answers_since = self._improviser.until = None
        self._improviser.longest_wait = 0.0  # it takes up the thread at once
        return self._improviser.start(now)

    def undone(self, now: float) -> Actions:
        return [*self._listen_anew(), *self._improviser.undone()]

    def again(self, now: float) -> Actions:
        """Answers the same phrase, unless you have begun another."""
        if self._steps or not self._answered:
            return []
        self._instruments = dict.fromkeys(self._answered)
        return self._take_up(now)

    def brain_changed(self, now: float) -> Actions:
        actions = self._improviser.brain_changed(now)
        if self._improviser.active and self.scene.brain:  # another brain goes on with the answer
            return actions
        if self._improviser.active or self._ended_at is not None:  # too late for that phrase
            actions += self._listen_anew()
        return actions
