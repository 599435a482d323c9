"""Tells a synth's echo from what was played, so that nothing runs round in a circle."""

from __future__ import annotations

from collections import deque

from firmware_py.message import CONTINUE, SONG, START, STOP, Message, is_all_off, is_note_on

_COMMANDS = frozenset({START, CONTINUE, STOP, SONG})
_REMEMBERED = 16  # sends of one and the same note within the window; more is no music
_WAITS = 1.0  # seconds; no echo waits for longer until it is asked for
_MOST = 4096  # sends that are remembered in all


class EchoGuard:
    """Knows which notes we have just sent, and takes each for an echo at most once.

    A synth with "MIDI echo" or "soft thru" sends back what it receives; played on, that would
    never end. A note that begins within `window` seconds of the very same one going out (channel,
    note and velocity) is that echo. The velocity is what tells it from a player who strikes, in
    the middle of a chord, a key that the network has just harmonised with. No hand strikes one key
    twice within that time; what a broken keyboard repeats so is lost. The end of a note is
    never held back: an echo of it ends a key that is not pressed, which does nothing, and a
    player's own that was lost would leave the note on.
    Start, stop, continue, song position, all sound off and all notes off are echoes too; not the
    ticks of a clock, since a clock that really comes in has ticks near ours too. Everything else is
    the player's.
    """

    def __init__(self, window: float = 0.03) -> None:
        self._window = window
        self._sent: dict[Message, deque[float]] = {}
        self._order: deque[tuple[float, Message]] = deque()  # the same, to be forgotten in time

    def sent(self, message: Message, now: float) -> None:
        """Remember what is about to go out; `now` in seconds, read before it is sent."""
        key = _key_of(message)
        if key is None:
            return
        self._sent.setdefault(key, deque(maxlen=_REMEMBERED)).append(now)
        self._order.append((now, key))
        oldest = now - max(self._window, _WAITS)
        while self._order[0][0] < oldest or len(self._order) > _MOST:
            self._forget(*self._order.popleft())

    def _forget(self, at: float, key: Message) -> None:
        times = self._sent.get(key)
        while times and times[0] <= at:
            times.popleft()
        if times is not None and not times:
            del self._sent[key]

    def is_echo(self, message: Message, now: float) -> bool:
        """Whether a message that came in at `now` seconds is our own, coming back."""
        key = _key_of(message)
        times = self._sent.get(key) if key is not None else None
        if not times:
            return False
        while times and now - times[0] > self._window:
            times.popleft()
        if not times or now < times[0]:  # it was played before we sent: no echo
            return False
        times.popleft()
        return True


def _key_of(message: Message) -> Message | None:
    """What an echo of the message would be equal to; None for what is never taken for one."""
    if not message:  # the cable was pulled
        return None
    is_echoed = message[0] in _COMMANDS or is_note_on(message) or is_all_off(message)
    return message if is_echoed else None
