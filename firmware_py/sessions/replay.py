"""Replay: a session through the real instrument; is what it sends the same, message for message?

What happened to the instrument happens to a new one, at the recorded times; the brain's answers are
among it, so no brain is needed and no machine is too slow.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from firmware_py.instrument import Instrument
from firmware_py.message import Message, is_note_on
from firmware_py.sessions.record import Answered, Call, Gap, Heard, Out, Tick
from firmware_py.sessions.session import Session, SessionError
from firmware_py.settings import SettingError, Settings, changed
from firmware_py.story import Told, Voice
from notochord.ask import Ask

Sent = tuple[str, int, Message]  # whose, which instrument, what


@dataclass(frozen=True)
class Replayed:
    """What came of a replay."""

    happened: int  # to the instrument
    sent: int  # messages, all equal but for the difference
    difference: str = ""  # where the replay first went another way
    broken_off: bool = False  # at a gap in the record


class _NoBrain:
    """Whatever the brain said is in the record."""

    def tell(self, told: Told) -> None:
        """Nothing is told."""

    def ask(
        self, number: int, after: int, ask: Ask, uniforms: list[float], deadline: float
    ) -> None:
        """The answer is in the record."""

    def forget(self) -> None:
        """Nothing was told."""


class _Stage:
    """The instrument that plays again, and what it has sent since it was last looked at."""

    def __init__(self, session: Session) -> None:
        self._next: tuple[str, int] = "", 0
        self._sent: list[Sent] = []
        settings = _settings(session.about["settings"])
        seed = int(session.about["seed"])
        self.instrument = Instrument(settings, self._send, _NoBrain(), seed, self._watch)

    def _watch(self, owner: str, voice: Voice, due: float | None) -> None:
        self._next = owner, voice[0]

    def _send(self, message: Message) -> None:
        self._sent.append((*(self._next if is_note_on(message) else ("", 0)), message))

    def take(self) -> list[Sent]:
        """What was sent."""
        sent, self._sent = self._sent, []
        return sent


def replay(session: Session) -> Replayed:
    """Play a session again; raises SessionError when it cannot be played by this version."""
    stage, recorded, happened, sent = _Stage(session), list[Sent](), 0, 0
    at = float(session.about["at"])
    for item in (*session.records, None):
        if isinstance(item, Out):
            recorded.append((item.owner, item.instrument, item.message))
            continue
        happens, breaks_off = _happening(item), item is None or isinstance(item, Gap)
        if happens is None and not breaks_off:
            continue
        played = stage.take()
        # The record may break off in the midst of what was sent.
        if recorded != (played[: len(recorded)] if breaks_off else played):
            return Replayed(happened, sent, _difference(at, session, recorded, played))
        sent += len(recorded)
        recorded.clear()
        if happens is None:
            return Replayed(happened, sent, broken_off=item is not None)
        happened, at = happened + 1, getattr(item, "at", at)
        with suppress(SettingError):  # it was refused then, too
            happens(stage.instrument)
    raise AssertionError("a session ends")


def _happening(item: object) -> Callable[[Instrument], Any] | None:
    """What a record does to the instrument; None where it only tells of something."""
    match item:
        case Heard(at, port, message):
            return lambda instrument: instrument.heard(port, message, at)
        case Answered(at, number, answer):
            return lambda instrument: instrument.answered(number, answer, at)
        case Tick(at):
            return lambda instrument: instrument.tick(at)
        case Call():
            return _call(item)
    return None


CALLS = (
    "brain_ready", "brain_changed", "brain_lost", "set", "tap", "recall", "undo", "again", "seat",
    "unplugged", "new_synth", "panic", "silence", "end",
)  # fmt: skip


def _call(call: Call) -> Callable[[Instrument], Any]:
    if call.name not in CALLS:
        raise SessionError(f"what this version has not, happened here: '{call.name}'")
    arguments = call.arguments
    if call.name == "recall":
        arguments = (_settings(dict(call.arguments[0])),)
    return lambda instrument: getattr(instrument, call.name)(*arguments, call.at)


def _settings(recorded: dict[str, Any]) -> Settings:
    settings = Settings()
    try:
        for name, value in recorded.items():
            settings = changed(settings, name, value)
    except ValueError as error:
        raise SessionError(f"it was recorded by another version: {error}") from error
    return settings


def _difference(at: float, session: Session, recorded: list[Sent], played: list[Sent]) -> str:
    """The first place where two lists of messages part, in one line."""
    n = next((n for n, (a, b) in enumerate(zip(recorded, played, strict=False)) if a != b),
             min(len(recorded), len(played)))  # fmt: skip
    was, now = (_said(sent[n : n + 1]) for sent in (recorded, played))
    return f"{at - session.about['at']:.3f} s in, {was} was sent, and now {now}"


def _said(sent: list[Sent]) -> str:
    return " ".join(f"{byte:02x}" for byte in sent[0][2]) if sent else "nothing"
