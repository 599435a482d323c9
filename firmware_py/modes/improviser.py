"""The improviser: plans the network's next events a little ahead, and forgets them when told to.

            told as planned          sounding
    head ──▶ tip                     The tip is the end of the plan. While it is nearer than the
     │        │                      look-ahead, the next event is asked for, after the tip.
    ─┴────────┴──────▶ time
     now   now + LOOK_AHEAD

When the player plays, the plan is dropped and the next event is asked for after the head: the
brain still knows the state there. Only what was about to sound stays, after the new head: two who
play the same beat play it together. One question is under way at a time, so that no backlog grows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from math import log2

from firmware_py.modes.mode import Actions, Damp, Enquire, Imagine, Scene, Strike
from firmware_py.schedule import Schedule
from firmware_py.story import Told, Voice
from notochord.ask import Answer, Ask, pitch_set
from notochord.event import MAX_DT, Event, is_bass, is_drums

ORDER = "tvip"  # when, whether a note starts or ends, who, and which
TURN_ORDER = "tivp"  # when somebody has a turn coming, who plays is drawn before what
LOOK_AHEAD = 0.25  # seconds
COMMITTED = 0.08  # seconds; what is due so soon is played, also when you play just then
TOO_LATE = 0.1  # seconds; a note later than this is not played
SHORTEST = 0.04  # seconds that a note sounds before it may end
RESTED = 1.0  # seconds of silence after which an instrument has a turn coming, at the usual
USUAL_SHARE = 0.3  # share of the turns
BALANCED = 3.0  # seconds over which the network's share of the notes is counted
CROWD = 16  # parts; more of them take no turns
USUAL = 12.0  # notes a second for which the network is left its own pace
HASTE = 0.7  # by how much a wait is likelier than one twice as long, for twice the notes
LONGEST_DRUM = 0.5  # seconds; a drum rings by itself, its note-off says nothing
LONGEST_WAIT = 3.0  # seconds between two events: a piece may end, an instrument plays on
AT_MOST_MORE = 0.5  # seconds to wait when that has passed already
RETRY = 0.1  # seconds to wait when nothing was allowed

Masks = Callable[[], Mapping[int, int]]


class Improviser:
    """Plays the network's part from what the brain answers. `masks` gives the pitches that may
    start, by instrument; instruments in `listens` are the player's, whose turns are left free.
    Instruments that have rested get at least `share` of the turns, or as the knob has it. While it
    `gathers`, what begins belongs to what has just begun: at once.

    No note begins at `until` (seconds) or later; when the last has ended it is `finished`.
    """

    def __init__(
        self, scene: Scene, masks: Masks, listens: Callable[[float], frozenset[int]],
        share: float | None = None, gathers: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._scene, self._masks, self._listens, self._share = scene, masks, listens, share
        self._gathers = gathers
        self._plan: Schedule[tuple[Told, bool]] = Schedule()  # and whether it must wait
        self._tags = count()
        self._asking: int | None = None
        self._asked_at = 0.0
        self._stale = False
        self._tip_number, self._tip_time = 0, 0.0
        self._own: dict[Voice, float] = {}  # the network's notes at the tip
        self._last_on: dict[int, float] = {}  # when each instrument last began a note
        # when its last notes began, planned or not, and on which instrument
        self._begun: deque[tuple[float, int]] = deque(maxlen=64)
        self._not_before: float | None = None
        self._closing = False  # nothing more begins
        self.until: float | None = None
        self.longest_wait = LONGEST_WAIT
        self.active = False

    @property
    def own(self) -> Mapping[Voice, float]:
        """The network's notes at the end of the plan, and since when."""
        return self._own

    @property
    def tip_time(self) -> float:
        """Where the plan ends, in seconds."""
        return self._tip_time

    def begun_by(self, instrument: int) -> int:
        """How many notes an instrument began in the second before what is asked for: the last of
        the plan, or, once that has passed, of the music."""
        since = max(self._tip_time, self._asked_at) - 1.0
        return sum(at > since and by == instrument for at, by in self._begun)

    @property
    def finished(self) -> bool:
        """Whether all has been played, `until` past."""
        return self._closing and not self._plan and not self._scene.own

    @property
    def wake_at(self) -> float | None:
        """When `tick` is to be called."""
        if not self.active:
            return None
        times = [] if self._plan.next is None else [self._plan.next]
        if self._asking is None and self._scene.brain:
            ask_at = self._tip_time - LOOK_AHEAD
            times.append(max(ask_at, self._not_before or ask_at))
        expiry = self._first_expiry()
        if expiry is not None and not self._plan:
            times.append(expiry[0])
        return min(times, default=None)

    @property
    def coming(self) -> list[tuple[float, Told]] | None:
        """The plan, in order; None while it does not play."""
        return [(at, told) for at, (told, _) in self._plan.waiting()] if self.active else None

    def start(self, now: float) -> Actions:
        """Begin to play."""
        self.active = True
        return self.replan(now)

    def stop(self) -> Actions:
        """Fall silent at once: forget the plan and end what sounds."""
        self.active = False
        self._plan.clear()
        self._stale = self._asking is not None
        return [Damp(voice) for voice in list(self._scene.own)]

    def undone(self) -> Actions:
        """Fall silent: what was played of late has never been."""
        self.active = False
        self._plan.clear()
        self._stale = self._asking is not None
        self._begun.clear()
        self._last_on.clear()
        return []

    def brain_changed(self, now: float) -> Actions:
        """The brain came, or is gone and will not answer what it was asked: then nothing is left
        sounding that it alone would have ended."""
        self._asking, self._stale = None, False
        if not self.active:
            return []
        if self._scene.brain:
            return self.replan(now)
        self._plan.clear()
        self._own = {}
        return [Damp(voice) for voice in list(self._scene.own)]

    def replan(self, now: float) -> Actions:
        """Forget the plan, but for what is about to sound, and go on from what has sounded."""
        soon = [(at, told) for at, (told, _) in self._plan.clear() if self._is_soon(at, told, now)]
        story = self._scene.story
        self._tip_number = story.head
        self._tip_time = now if story.time is None else story.time
        self._own = dict(self._scene.own)
        self._closing = False
        self._begun = deque((on for on in self._begun if on[0] <= now), self._begun.maxlen)
        self._not_before = None
        actions = [a for at, told in soon for a in self._commit(max(at, now), told.event)]
        if self._asking is not None:
            self._stale = True
            return actions
        return actions + self._ask(now)

    def _is_soon(self, at: float, told: Told, now: float) -> bool:
        """Whether it is to be played all the same; what is heard already cannot be taken back."""
        heard = (told.event.instrument, told.event.pitch) in self._scene.ahead
        return at <= now + COMMITTED or (heard and told.event.velocity > 0)

    def _commit(self, at: float, event: Event) -> Actions:
        """Plan an event of the old plan again, after the new head, if it still makes sense."""
        voice = event.instrument, event.pitch
        starts = event.velocity > 0
        if starts == (voice in self._own) or (starts and voice in self._scene.story.sounding):
            return []
        return self._put(at, event._replace(dt=min(max(at - self._tip_time, 0.0), MAX_DT)))

    def _put(self, at: float, event: Event, waits: bool = True) -> Actions:
        """Plan an event at the end of the plan."""
        told = self._scene.story.imagine(self._tip_number, event)
        self._plan.put(at, (told, waits))
        self._move_tip(told, at)
        return [Imagine(told)]

    def tick(self, now: float) -> Actions:
        """Play what is due, and ask for more when the plan runs short."""
        actions: Actions = []
        if not self.active:
            return actions
        expiry = self._first_expiry()
        if expiry is not None and expiry[0] <= now and not self._plan:
            actions += self._end(expiry)  # no answer came in time to end it
            self._stale = self._asking is not None
        for at, (told, ahead) in self._plan.due(now):
            actions.append(self._perform(told, at, ahead))
        wake = self.wake_at
        if self._asking is None and wake is not None and wake <= now:
            actions += self._ask(now)
        return actions

    def _end(self, expiry: tuple[float, Voice]) -> Actions:
        """Plan the end of a note that has sounded as long as it may."""
        at = max(expiry[0], self._tip_time)
        return self._put(at, Event(*expiry[1], min(at - self._tip_time, MAX_DT), 0))

    def _perform(self, told: Told, at: float, ahead: bool) -> Strike | Damp:
        voice = told.event.instrument, told.event.pitch
        if told.event.velocity > 0:
            return Strike(voice, told.event.velocity, told, at, ahead)
        return Damp(voice, told, at)

    def _ask(self, now: float) -> Actions:
        scene = self._scene
        if not scene.brain or not self.active:
            return []
        if self.until is not None and max(self._tip_time, now) >= self.until:
            self._closing = True
        self._asked_at = now
        masks = self._masks()  # once: of every instrument there is they take a millisecond
        at = max(self._tip_time, now)
        on, off = self._allowed(at, now, masks)
        if not any(on.values()) and not off and self._own:  # all have just begun: the first to end
            at = max(at, min(self._own.values()) + self._shortest)
            on, off = self._allowed(at, now, masks)
        if not any(on.values()) and not off:
            self._not_before = now + RETRY
            return []
        low = max(at, self._freed_at()) - self._tip_time
        high = max(self.longest_wait, low + AT_MOST_MORE)
        if any(on.values()) and self._gathers():
            high = low
        self._asking, self._stale, self._not_before = next(self._tags), False, None
        rested = self._rested(masks)
        ask = Ask(
            TURN_ORDER if rested else ORDER, on=on, off=off,
            time=(min(low, MAX_DT), min(high, MAX_DT)),
            temperature=scene.temperatures(), top_p=scene.settings.top_p,
            favoured=rested, share=scene.settings.share if self._share is None else self._share,
            haste=HASTE * log2(scene.settings.density / USUAL), groove=scene.settings.groove,
            leaders=scene.story.players_instruments, quarter=scene.quarter(now),
            weights={i: scene.weight(i) for i in masks if scene.weight(i) != 1.0},
        )  # fmt: skip
        return [Enquire(self._asking, ask, self._tip_number)]

    @property
    def _shortest(self) -> float:
        """Seconds that a note sounds before it may end."""
        return max(SHORTEST, min(self._scene.settings.shortest, self._scene.settings.longest))

    def _allowed(
        self, at: float, now: float, masks: Mapping[int, int]
    ) -> tuple[dict[int, int], dict[int, int]]:
        """What may start and what may end at a time: the network's notes, and yours that it
        expects."""
        listens, ripe_since = self._listens(now), at - self._shortest + 1e-9
        ripe = [voice for voice, since in self._own.items() if since <= ripe_since]
        ending, sounding = _by_instrument(ripe), _by_instrument(self._own)
        on: dict[int, int] = {}
        if len(self._own) < self._scene.settings.polyphony and not self._closing:
            on = {
                i: 0 if self._scene.is_full(i, self._own) else bits & ~sounding.get(i, 0)
                for i, bits in self._as_a_band(masks).items()
            }
        # What the network plays itself is never left to you.
        for i in () if self._closing else listens - masks.keys():
            on[i] = self._scene.free(i)
        yours = [v for v in self._scene.story.sounding if v[0] in listens and v not in self._own]
        for i, bits in _by_instrument(yours).items():
            ending[i] = ending.get(i, 0) | bits
        return on, ending

    def _as_a_band(self, masks: Mapping[int, int]) -> Mapping[int, int]:
        """Where several play, nobody plays alone: drums begin at most half of the notes that there
        may be, every other part a third, and a bass plays one note at a time."""
        density = self._scene.settings.density
        if len(masks) < 2:
            return masks
        held = {voice[0] for voice in self._own}
        resting = {
            i for i in masks
            if self.begun_by(i) >= density * self._scene.weight(i) / (2 if is_drums(i) else 3)
            or is_bass(i) and i in held
        }  # fmt: skip
        return {i: 0 if i in resting else bits for i, bits in masks.items()}

    def _is_yours(self, event: Event, now: float) -> bool:
        """Whether the network expects this of you; what it can do itself is never yours."""
        if event.instrument not in self._listens(now):
            return False
        if event.velocity > 0:
            return event.instrument not in self._masks()
        return (event.instrument, event.pitch) not in self._own

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        """Take an answer into the plan, and ask on while the plan is short."""
        if tag != self._asking:
            return []
        self._asking = None
        if not self.active:
            return []
        if self._stale:
            self._stale = False
            return self._ask(now)
        if answer is None:
            self._not_before = now + RETRY
            return []
        return self._take(answer, now)

    def _take(self, event: Event, now: float) -> Actions:
        at = self._tip_time + event.dt
        expiry = self._first_expiry()
        if expiry is not None and at > expiry[0]:  # a note has sounded long enough: end it first
            return [*self._end(expiry), *self.tick(now)]
        if self._is_yours(event, now):  # wait and see
            self._not_before = max(at, now + 0.01)
            return []
        if self.until is not None and at >= self.until and event.velocity > 0:
            self._closing = True
            return self._ask(now)
        if at < now - TOO_LATE:
            return self._ask(now)
        return [*self._put(at, event, waits=at > now), *self.tick(now)]

    def _move_tip(self, told: Told, at: float) -> None:
        self._tip_number, self._tip_time = told.number, at
        voice = told.event.instrument, told.event.pitch
        if told.event.velocity > 0:
            self._own[voice] = self._last_on[voice[0]] = at
            self._begun.append((at, voice[0]))
        else:
            self._own.pop(voice, None)

    def _freed_at(self) -> float:
        """From when on another note may begin: a second after the last but so many."""
        most = round(self._scene.settings.density)
        return self._begun[-most][0] + 1.0 if len(self._begun) >= most else self._tip_time

    def _rested(self, masks: Mapping[int, int]) -> tuple[int, ...]:
        """The instruments that have rested so long that they have a turn coming. In a crowd nobody
        has: the network says who plays."""
        if len(masks) > CROWD:
            return ()
        if self._share is None and self._is_behind():
            return tuple(masks)
        playing = {voice[0] for voice in self._own}
        return tuple(i for i in masks if i not in playing and self._has_rested(i))

    def _is_behind(self) -> bool:
        """Whether the network began fewer than its share of the notes of late, what is planned
        included."""
        since = max(self._tip_time, self._asked_at) - BALANCED
        own = sum(at > since for at, _ in self._begun)
        yours = sum(e.starts and not e.own and e.at > since for e in self._scene.story.past)
        return yours > 0 and own < self._scene.settings.share * (own + yours)

    def _has_rested(self, instrument: int) -> bool:
        rest = RESTED / self._scene.weight(instrument)
        if self._share is None:  # the knob acts from end to end: a small share comes seldom, too
            share = self._scene.settings.share
            rest *= USUAL_SHARE / share if share > 0.0 else float("inf")
        return self._tip_time - self._last_on.get(instrument, float("-inf")) >= rest

    def _first_expiry(self) -> tuple[float, Voice] | None:
        longest = self._scene.settings.longest
        ends = [
            (since + (min(longest, LONGEST_DRUM) if is_drums(voice[0]) else longest), voice)
            for voice, since in self._own.items()
        ]
        return min(ends, default=None)


def _by_instrument(voices: Iterable[Voice]) -> dict[int, int]:
    """Voices as a set of pitches for each instrument."""
    sets: dict[int, int] = {}
    for instrument, pitch in voices:
        sets[instrument] = sets.get(instrument, 0) | pitch_set([pitch])
    return sets
