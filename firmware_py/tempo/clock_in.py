"""Follows a MIDI clock: 24 ticks a beat come in, unsteady, and a steady beat comes out.

    ticks    | |  | || |  | |           Each tick gets a number, and a straight line is drawn
    number   0 1  2 3  5 6  7           through the last 24: its slope is the tempo, its place
    line     |  |  |  |  |  |  |        the phase, both averaged over a beat.

Which number a tick gets:
- the next one, nearly always;
- if it is far off, what the line says, so that a tick that was lost or came twice does no harm;
- when ticks that were not the expected ones lie evenly all the same, the tempo has jumped: then
  they are counted anew, one by one.

When the newest ticks lean off the line by more than jitter can, the older ones are forgotten: a
tempo that is turned is followed within a few ticks. When no tick comes, the beat goes on at the
tempo of the last four beats.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

from firmware_py.message import CLOCK, CONTINUE, SONG, START, STOP, Message
from firmware_py.tempo.line import FASTEST, SLOWEST, Line, drawn_through

TICKS = 24  # a beat
SIXTEENTH = 6  # ticks; the unit of a song position (MIDI 1.0, song position pointer)
KEPT = 4 * TICKS  # ticks from which the tempo is taken when they stop coming
KNOWN = 6  # ticks after which the tempo is known
LATEST = 0.005  # seconds: no tick is so late by jitter; one before it was lost
YOUNG = 16  # fewer ticks than these tell little of the tempo: it is as it was before a gap or a
# start, or if it is a new one, no lost tick can be told from a late one
TWICE = 0.0015  # seconds: two ticks nearer than this are one that came twice
NEWEST = 4  # ticks that lean
LEANS = 0.004  # seconds; the mean of four ticks off by 3 ms each never leans so far
STAYS = 6  # ticks that are kept when the newest lean
JUDGED = 8  # ticks, half of which not as expected: the tempo has jumped,
EVENLY = 0.006  # when they lie so near to a line, in seconds
GONE = 0.25  # seconds, or six ticks if longer, without a tick: the clock is gone
SOON = 1.0  # seconds in which the first tick follows a start
STEADY = 0.0025  # seconds between the lines of one beat and of four, when nobody turns the tempo
SHORTEST, LONGEST = (60 / (bpm * TICKS) for bpm in (1.1 * FASTEST, 0.9 * SLOWEST))


class State(Enum):
    """What the clock has been told to do."""

    FREE = auto()  # ticks, and no word of starting: the beat runs
    PLAYING = auto()
    STOPPED = auto()


class ClockIn:
    """One clock. Hand it every clock message, with the time in seconds when it came."""

    def __init__(self) -> None:
        self.state = State.FREE
        self._ticks: deque[tuple[int, float]] = deque(maxlen=KEPT)  # numbered, since a new start
        self._judged: deque[tuple[int, float, bool]] = deque(maxlen=JUDGED + 1)  # as expected?
        self._before: float | None = None  # seconds a tick before the gap or the start
        self._line: Line | None = None  # in ticks
        self._long: Line | None = None  # through all the ticks, while these lines agree
        self._zero = 0  # the number of the song's first tick
        self._to_be: int | None = 0  # which tick of the song the next one is; None: it goes on
        self._told_at = 0.0
        self._does = {
            CLOCK: self._ticked, START: self._start, CONTINUE: self._continue, STOP: self._stop,
            SONG: self._song,
        }  # fmt: skip

    def heard(self, message: Message, now: float) -> None:
        """A clock message: clock, start, continue, stop, or song position."""
        self._does[message[0]](message, now)

    def present(self, now: float) -> bool:
        """Whether ticks are coming."""
        return bool(self._ticks) and now - self._ticks[-1][1] <= self._patience()

    def runs(self) -> bool:
        """Whether the beat runs and its tempo is known; also when ticks have stopped coming."""
        known = self._before is not None or len(self._ticks) >= KNOWN
        return known and self.state is not State.STOPPED and self._to_be is None

    @property
    def starts_by(self) -> float | None:
        """Until when its first tick is waited for, in seconds; None where it was not started."""
        going = self.state is State.PLAYING and not self.runs()
        return self._told_at + SOON if going else None

    def line(self, now: float) -> Line | None:
        """The beat of the song; None before the first ticks."""
        line = self._line if self.present(now) else self._long
        if line is None:
            return None
        return Line(line.at, (line.beat - self._zero) / TICKS, line.seconds * TICKS)

    @property
    def position(self) -> float | None:
        """Where the song stands, in beats, while it is stopped or about to start."""
        return None if self._to_be is None else self._to_be / TICKS

    # ── transport ───────────────────────────────────────────────────────────────────────────

    def _start(self, message: Message, now: float) -> None:
        self.state, self._to_be, self._told_at = State.PLAYING, 0, now

    def _continue(self, message: Message, now: float) -> None:
        self.state, self._told_at = State.PLAYING, now

    def _stop(self, message: Message, now: float) -> None:
        self.state = State.STOPPED
        if self._to_be is None:
            self._to_be = self._ticks[-1][0] + 1 - self._zero

    def _song(self, message: Message, now: float) -> None:
        self._to_be = SIXTEENTH * (message[1] | message[2] << 7)

    # ── ticks ───────────────────────────────────────────────────────────────────────────────

    def _ticked(self, message: Message, now: float) -> None:
        begins = self._to_be is not None and self.state is not State.STOPPED
        number, step = self._number(now)
        if not self._ticks or not self.present(now) or (begins and self._is_off(number, step, now)):
            self._begin_anew(max(number, self._last + 1), now)
        else:
            self._judged.append((number, now, step == 1))
            if step > 0:
                self._ticks.append((number, now))
            self._draw()
            if sum(not expected for _, _, expected in self._judged) >= JUDGED // 2:
                self._count_anew(list(self._judged))
        if begins and self._to_be is not None:
            self._zero, self._to_be = self._last - self._to_be, None

    @property
    def _last(self) -> int:
        return self._ticks[-1][0] if self._ticks else -1

    def _number(self, now: float) -> tuple[int, int]:
        """The number of a tick that comes now, and how many after the last that is."""
        if self._long is None:
            return self._last + 1, 1
        line, gap = self._long, now - self._ticks[-1][1]
        step, young = 1, self._before is None and len(self._ticks) < YOUNG
        late = now - line.time_of(self._last + 1)
        if gap < (TWICE if young else line.seconds / 4):
            step = max(round(line.beat_at(now)) - self._last, 0)
        elif not young and min(gap - line.seconds, late) > max(line.seconds / 2, LATEST):
            step = round(line.beat_at(now)) - self._last
        return self._last + step, step

    def _is_off(self, number: int, step: int, now: float) -> bool:
        """Whether the clock's ticks, too, begin anew with the song."""
        assert self._long is not None
        return step == 0 or abs(self._long.beat_at(now) - number) > 0.25

    def _begin_anew(self, number: int, now: float) -> None:
        """The ticks before and after have nothing to do with each other but the tempo."""
        if len(self._ticks) >= KNOWN and self._long is not None:
            self._before = self._long.seconds
        self._ticks.clear()
        self._judged.clear()
        self._ticks.append((number, now))
        self._judged.append((number, now, True))
        self._draw()

    def _count_anew(self, judged: list[tuple[int, float, bool]]) -> bool:
        """Count ticks one by one, when they lie evenly as those of another tempo do."""
        anew = [(judged[0][0] + n, at) for n, (_, at, _) in enumerate(judged)]
        if len(anew) < 3:
            return False
        line = drawn_through(anew)
        even = max(abs(at - line.time_of(n)) for n, at in anew) <= EVENLY
        if not even or not SHORTEST <= line.seconds <= LONGEST:
            return False
        self._forget_all_but(anew)
        self._judged = deque(((n, at, True) for n, at in anew), self._judged.maxlen)
        return True

    def _forget_all_but(self, ticks: list[tuple[int, float]]) -> None:
        self._ticks, self._before = deque(ticks, KEPT), None
        self._line = self._long = self._drawn(ticks[-TICKS:])

    def _draw(self) -> None:
        """Draw the lines through the last ticks, or through the newest alone if they lean off."""
        ticks = list(self._ticks)
        line = self._drawn(ticks[-TICKS:])
        newest = ticks[-NEWEST:]
        lean = sum(at - line.time_of(n) for n, at in newest) / NEWEST
        if len(ticks) > STAYS and abs(lean) > LEANS:
            if not self._count_anew(self._since_unexpected()):
                self._forget_all_but(ticks[-STAYS:])
            return
        long, end = self._drawn(ticks), ticks[-1][0]
        agree = abs(long.time_of(end) - line.time_of(end)) < STEADY
        self._line, self._long = line, long if agree else line

    def _since_unexpected(self) -> list[tuple[int, float, bool]]:
        """The last ticks, from the one before the first that was not expected."""
        judged = list(self._judged)
        first = next((n for n, (_, _, expected) in enumerate(judged) if not expected), len(judged))
        return judged[max(first - 1, 0) :]

    def _drawn(self, ticks: list[tuple[int, float]]) -> Line:
        if self._before is not None and len(ticks) < YOUNG:
            return drawn_through(ticks, self._before)
        if len(ticks) == 1:
            return drawn_through(ticks, LONGEST)
        line = drawn_through(ticks)
        if SHORTEST <= line.seconds <= LONGEST:
            return line
        return drawn_through(ticks, min(max(line.seconds, SHORTEST), LONGEST))

    def _patience(self) -> float:
        return max(GONE, 6 * self._line.seconds) if self._line is not None else GONE
