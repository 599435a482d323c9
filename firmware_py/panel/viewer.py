"""The loop's look at itself: gathers what there is to see, and makes glances of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median

from firmware_py.bindings.learner import Learner
from firmware_py.desk import Desk
from firmware_py.instrument import Instrument
from firmware_py.message import Message, is_note_off, is_note_on
from firmware_py.panel.glance import Glance, NoteSeen
from firmware_py.panel.lamps import Sign
from firmware_py.story import Voice

EVERY = 0.04  # seconds between two glances, at least
ANSWERS = 64  # the last ones, of which the median is shown
NOTES, LINES = 500, 50  # since the last glance


class Viewer:
    """Takes note of what happens, in the loop's thread: a microsecond each."""

    def __init__(
        self, session: Callable[[], int | None] = lambda: None, code: Callable[[], str] = str
    ) -> None:
        """`session` gives the number under which this session is recorded; `code` the one that
        is shown while web access is open."""
        self._session, self._code = session, code
        self._owner = ""
        self._notes: deque[NoteSeen] = deque(maxlen=NOTES)
        self._lines: deque[str] = deque(maxlen=LINES)
        self._answers: deque[float] = deque(maxlen=ANSWERS)
        self._median: float | None = None
        self.fault = False  # the network cannot be had
        self.strained = False  # the machine is too hot, or short of power

    def watch(self, owner: str, voice: Voice, due: float | None) -> None:
        """A note, or a tick, is about to be sent."""
        self._owner = owner

    def sent(self, message: Message, now: float) -> None:
        """A message was sent."""
        if is_note_on(message):
            seen = NoteSeen(now, self._owner, message[0] & 0xF, message[1], message[2])
        elif is_note_off(message):
            seen = NoteSeen(now, "", message[0] & 0xF, message[1], 0)
        else:
            return
        self._notes.append(seen)

    def told(self, line: str) -> None:
        """Something was said to the player."""
        self._lines.append(line)

    def answered(self, seconds: float) -> None:
        """The brain took so long from a question to its answer."""
        self._answers.append(seconds)
        self._median = None

    def glance(self, instrument: Instrument, desk: Desk, learner: Learner, now: float) -> Glance:
        """What there is to see now; notes and lines are handed out once."""
        scene = instrument.scene
        notes, lines = tuple(self._notes), tuple(self._lines)
        self._notes.clear()
        self._lines.clear()
        if self._median is None and self._answers:
            self._median = round(median(self._answers) * 1000, 2)
        return Glance(
            at=now, sign=Sign.DONE if desk.flashes(now) else self.sign(instrument),
            settings=scene.settings, preset=desk.preset, turned=desk.turned(now),
            you=bool(scene.strokes), network=bool(scene.own), answer_ms=self._median,
            session=self._session(), code=self._code(), lead=instrument.beat.lead(),
            listens=learner.listens, bound=learner.bound, notes=notes, lines=lines,
            modes=desk.modes,
        )  # fmt: skip

    def sign(self, instrument: Instrument) -> Sign:
        """What the box is doing."""
        scene = instrument.scene
        if not scene.brain:
            return Sign.FAULT if self.fault else Sign.WAKING
        if self.strained:
            return Sign.STRAINED
        if scene.settings.mode == "thru":
            return Sign.THRU
        return Sign.ANSWERING if scene.own else Sign.LISTENING
