"""A stage to try the instrument on: a cranked clock, a scripted brain, and an ear on the output."""

from __future__ import annotations

from collections.abc import Callable

from firmware_py.instrument import Instrument
from firmware_py.message import Message, control, is_note_off, is_note_on, note_off, note_on
from firmware_py.settings import Settings
from firmware_py.story import Told
from notochord.ask import Answer, Ask, pitches_in
from notochord.event import Event

Script = Callable[[Ask, list[float]], Answer]


def obedient(ask: Ask, uniforms: list[float]) -> Answer:
    """Answers with something that the ask allows, spread by the uniforms."""
    dt = ask.dt if ask.dt is not None else min(ask.time[0] + 0.2 * uniforms[4], ask.time[1])
    wants = (
        [ask.off] if ask.velocity == 0 else [ask.on] if ask.velocity is not None
        else [ask.off, ask.on] if uniforms[6] < 0.5 else [ask.on, ask.off]
    )  # fmt: skip
    for allowed in wants:
        pairs = [
            (i, p) for i, bits in sorted(allowed.items()) for p in pitches_in(bits)
            if ask.instrument in (None, i) and ask.pitch in (None, p)
        ]  # fmt: skip
        if pairs:
            i, p = pairs[int(uniforms[0] * len(pairs))]
            velocity = 0 if allowed is ask.off else ask.velocity or 64
            return Event(i, p, dt, velocity)
    return None


class Stage:
    """An instrument with nothing real around it."""

    def __init__(self, script: Script = obedient, awake: bool = True, **settings: object) -> None:
        self.now, self.script = 0.0, script
        self.sent: list[tuple[float, Message]] = []
        self.told: list[Told] = []
        self.asked: list[tuple[int, Ask, list[float]]] = []
        self.instrument = Instrument(Settings(**settings), self._send, self)
        if awake:
            self.instrument.brain_ready(0.0)

    # the brain's side
    def tell(self, told: Told) -> None:
        self.told.append(told)

    def forget(self) -> None:
        self.told.clear()

    def ask(
        self, number: int, after: int, ask: Ask, uniforms: list[float], deadline: float
    ) -> None:
        self.asked.append((number, ask, uniforms))

    def _send(self, message: Message) -> None:
        self.sent.append((self.now, message))

    # the player's side
    def down(self, pitch: int, velocity: int = 80, channel: int = 0, port: str = "kbd") -> None:
        self.instrument.heard(port, note_on(channel, pitch, velocity), self.now)

    def up(self, pitch: int, channel: int = 0, port: str = "kbd") -> None:
        self.instrument.heard(port, note_off(channel, pitch), self.now)

    def pedal(self, down: bool) -> None:
        self.instrument.heard("kbd", control(0, 64, 127 if down else 0), self.now)

    def answer(self) -> None:
        """Answer everything that was asked, at once, until nothing more is asked now."""
        for _ in range(200):
            if not self.asked:
                return
            number, ask, uniforms = self.asked.pop(0)
            self.instrument.answered(number, self.script(ask, uniforms), self.now)

    def crank(self, seconds: float, answering: bool = True) -> None:
        """Let time pass, with the instrument woken whenever it wants to be."""
        end = self.now + seconds
        for _ in range(10_000):
            if answering:
                self.answer()
            due = self.instrument.next_due
            if due is None or due >= end:
                break
            self.now = max(self.now, due)
            self.instrument.tick(self.now)
        self.now = end

    # the listener's side
    def sounding(self) -> set[tuple[int, int]]:
        """Channel and pitch of what sounds, from the messages alone; each on has its own off."""
        notes: set[tuple[int, int]] = set()
        for _, message in self.sent:
            place = message[0] & 0xF, message[1] if len(message) > 1 else 0
            if is_note_on(message):
                assert place not in notes, "struck twice without a note-off between"
                notes.add(place)
            elif is_note_off(message):
                assert place in notes, "a note-off for what does not sound"
                notes.discard(place)
        return notes

    def struck(self) -> list[int]:
        """The pitches of every note-on, in order."""
        return [message[1] for _, message in self.sent if is_note_on(message)]
