"""The instrument, recorded: all that happens to it is taken down, and all that it sends.

An instrument does the same again when the same happens to it at the same times: it reads no clock,
its randomness is drawn from its seed, and the brain's answers are among what happens to it. So a
list of what happened is enough to replay a performance, without the brain and on any machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from firmware_py import __version__
from firmware_py.instrument import Instrument
from firmware_py.link import BrainLink
from firmware_py.message import Message, is_note_on
from firmware_py.sessions import record
from firmware_py.sessions.tape import Tape
from firmware_py.settings import Settings
from firmware_py.story import Voice
from notochord.ask import Answer


class Recorded(Instrument):
    """An instrument that leaves a tape. Every way in is taken down before it is gone."""

    def __init__(
        self, settings: Settings, send: Callable[[Message], object], link: BrainLink,
        seed: int = 0, watch: Callable[[str, Voice, float | None], None] | None = None, *,
        tape: Tape, now: Callable[[], float], brain: Callable[[], dict[str, Any]] = dict,
    ) -> None:  # fmt: skip
        """As an Instrument; `now` is the time at which messages leave, `brain` which one it is."""
        self._tape, self._now, self._brain = tape, now, brain
        self._pass_on, self._watcher = send, watch
        self._next: tuple[str, int] = "", 0
        super().__init__(settings, self._sent, link, seed, self._watched)

    def _begin(self, settings: Settings) -> None:
        date = datetime.now(UTC).isoformat(timespec="seconds")
        self._tape.begin({
            "at": self._now(), "date": date, "seed": self.questions.seed,
            "settings": asdict(settings), "version": __version__,
        })  # fmt: skip
        super()._begin(settings)

    def _watched(self, owner: str, voice: Voice, due: float | None) -> None:
        self._next = owner, voice[0]
        if self._watcher is not None:
            self._watcher(owner, voice, due)

    def _sent(self, message: Message) -> None:
        self._pass_on(message)
        whose = self._next if is_note_on(message) else ("", 0)
        self._tape.out(self._now(), *whose, message)

    def heard(self, port: str, message: Message, now: float) -> None:
        self._tape.heard(port, message, now)
        super().heard(port, message, now)

    def answered(self, number: int, answer: Answer, now: float) -> None:
        self._tape.answered(number, answer, now)
        super().answered(number, answer, now)

    def tick(self, now: float) -> None:
        due = self.next_due
        if due is not None and due <= now:  # else nothing will happen
            self._tape.tick(now)
        super().tick(now)

    def brain_ready(self, now: float) -> None:
        self._tape.put(record.brain(self._brain()))
        self._tape.call(now, "brain_ready")
        super().brain_ready(now)

    def brain_changed(self, now: float) -> None:
        self._tape.put(record.brain(self._brain()))
        self._tape.call(now, "brain_changed")
        super().brain_changed(now)

    def brain_lost(self, now: float) -> None:
        self._tape.call(now, "brain_lost")
        super().brain_lost(now)

    def set(self, name: str, value: object, now: float) -> None:
        self._tape.call(now, "set", name, value)
        super().set(name, value, now)

    def tap(self, now: float) -> float | None:
        self._tape.call(now, "tap")
        return super().tap(now)

    def recall(self, settings: Settings, now: float) -> None:
        self._tape.call(now, "recall", asdict(settings))
        super().recall(settings, now)

    def seat(self, port: str, plays: int | None, second: bool, now: float) -> None:
        self._tape.call(now, "seat", port, plays, second)
        super().seat(port, plays, second, now)

    def undo(self, now: float) -> int:
        self._tape.call(now, "undo")
        return super().undo(now)

    def again(self, now: float) -> None:
        self._tape.call(now, "again")
        super().again(now)

    def unplugged(self, port: str, now: float) -> None:
        self._tape.call(now, "unplugged", port)
        super().unplugged(port, now)

    def new_synth(self, now: float) -> None:
        self._tape.call(now, "new_synth")
        super().new_synth(now)

    def panic(self, now: float) -> None:
        self._tape.call(now, "panic")
        super().panic(now)

    def silence(self, now: float) -> None:
        self._tape.call(now, "silence")
        super().silence(now)

    def end(self, now: float) -> None:
        self._tape.call(now, "end")
        super().end(now)
