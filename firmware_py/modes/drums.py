"""Drums: what you play, on whatever keys, is a groove, and the network plays the drums to it.

    you      ▂  ▂▂ ▂  │▂  ▂▂ ▂  │▂  ▂▂ ▂  │         │         │   4 bars, then it ends
    network           │▂▂▂▂▂▂▂▂▂│▂▂▂▂▂▂▂▂▂│▂▂▂▂▂▂▂▂▂│ ...     │
                      bar lines

It keeps the beat that the box keeps. A MIDI clock says where the bars begin; to a tempo that was
tapped, on the beat nearest to your first key; to a tempo that was only set, with your first key. It
waits for one bar, and from then on makes each bar anew of the two before it. When you rest it plays
four bars more; while a key is held it plays on.
"""

from __future__ import annotations

from itertools import count
from math import floor, inf, log, sqrt

from firmware_py.modes.mode import Action, Actions, Damp, Enquire, Imagine, Mode, Scene, Strike
from firmware_py.modes.mode import Stroke as Key
from firmware_py.schedule import Schedule
from firmware_py.settings import FIELDS, Settings
from firmware_py.story import Told, Voice
from firmware_py.tempo.line import Line
from notochord.ask import Answer, Ask, Pattern, pitch_set
from notochord.event import FIRST_ANONYMOUS_DRUM, MAX_DT, Event, instrument_named, is_drums

DEFAULT = (instrument_named("drums"),)
BAR = 4  # beats
RESTS = 4  # bars that it plays while you rest
LOOK_AHEAD = 0.25  # seconds that are planned
RETRY = 0.1  # seconds until it is asked again where nothing was to be played
COMMITTED = 0.08  # seconds; what is due so soon stays, also when you play just then
TOO_LATE = 0.1  # seconds; a stroke later than this is not played
LENGTH = 0.1  # seconds that a drum is held; it rings by itself
EARLY = 1 / 8  # beats before its line at which a bar begins: half a step


class Drums(Mode):
    """A drummer."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._plan: Schedule[Told] = Schedule()
        self._tags = count()
        self._asking: int | None = None
        self._stale = False
        self._active = False
        self._phase = 0.0  # a beat on which a bar begins
        self._heard_at = 0.0
        self._agains = 0
        self._tip, self._tip_time = 0, 0.0  # the end of the plan: its number, and when
        self._known = 0.0  # until when all that is to be played is planned
        self._own: dict[Voice, float] = {}  # what sounds at the end of the plan, and since when

    @property
    def wake_at(self) -> float | None:
        if not self._active:
            return None
        times = [] if self._plan.next is None else [self._plan.next]
        if self._asking is None and self.scene.brain and self._known < inf:
            times.append(self._known - LOOK_AHEAD)
        return min(times, default=None)

    @property
    def coming(self) -> list[tuple[float, Told]] | None:
        return self._plan.waiting() if self._active else None

    # ── what happens ────────────────────────────────────────────────────────────────────────

    def enter(self, now: float) -> Actions:
        """Takes up what is held: a bar begins with the first of it."""
        held = self.scene.story.sounding
        since = [held[s.voice] for s in self.scene.strokes.values() if s.voice in held]
        return self._begin(min(since), now) if since else []

    def key_down(self, stroke: Key, now: float) -> Actions:
        self._heard_at = now
        return self._replan(now) if self._active else self._begin(now, now)

    def key_up(self, stroke: Key, now: float) -> Actions:
        self._heard_at = now
        return self._replan(now) if self._active else []

    def undone(self, now: float) -> Actions:
        self._active = False
        self._forget()
        return []

    def again(self, now: float) -> Actions:
        """The same bars from other random numbers."""
        self._agains += 1
        self._active, self._heard_at = True, now
        return self._replan(now)

    def brain_changed(self, now: float) -> Actions:
        self._asking, self._stale = None, False
        if self._active and self.scene.brain:
            return self._replan(now)
        self._plan.clear()
        self._own = {}
        return [Damp(voice) for voice in list(self.scene.own)]

    def tick(self, now: float) -> Actions:
        actions: Actions = [_performed(at, told) for at, told in self._plan.due(now)]
        if self._asking is None and self.scene.brain and self._known - LOOK_AHEAD <= now:
            actions += self._plan_on(now)
        if self._known == inf and not self._plan:
            self._active = False
        return actions

    def answered(self, tag: int, answer: Answer, now: float) -> Actions:
        if tag != self._asking:
            return []
        self._asking = None
        if not self._active:
            return []
        if self._stale:
            return self._plan_on(now)
        if answer is None:
            return self._end_until(min(self._known, now + LOOK_AHEAD))
        at = self._tip_time + answer.dt
        if at >= self._until(now):
            return self._close()
        if at < now - TOO_LATE:
            return self._plan_on(now)
        return [*self._strike(at, answer), *self.tick(now)]

    # ── the plan ────────────────────────────────────────────────────────────────────────────

    def _begin(self, at: float, now: float) -> Actions:
        """You began at a time, and so did a bar."""
        self._phase = self.scene.beat.line(now).beat_at(at)
        self._active, self._heard_at = True, now
        return self._replan(now)

    def _forget(self) -> None:
        self._plan.clear()
        self._own, self._stale = {}, self._asking is not None

    def _replan(self, now: float) -> Actions:
        """Forget the plan, but for what is about to sound, and go on from what has sounded."""
        keep_to, ahead = min(now + COMMITTED, self._next_bar(now)), self.scene.ahead
        plan = [(at, told.event) for at, told in self._plan.clear()]
        soon = [(at, event) for at, event in plan if at <= keep_to or event[:2] in ahead]
        story = self.scene.story
        self._tip, self._tip_time = story.head, now if story.time is None else story.time
        self._own, self._known = dict(self.scene.own), now
        actions: Actions = []
        for at, event in soon:
            if event.velocity > 0 and event[:2] not in story.sounding.keys() - self._own.keys():
                actions += self._strike(max(at, self._tip_time), event)
        if self._asking is not None:
            self._stale = True
            return actions
        return [*actions, *self._plan_on(now)]

    def _plan_on(self, now: float) -> Actions:
        """Ask what is to be played next, or end what sounds when it is over."""
        self._stale = False
        if self._known >= self._until(now):
            return self._close()
        kit = self._kit()
        low, high = now - self._tip_time, now + LOOK_AHEAD + RETRY - self._tip_time
        if kit is None or not self.scene.brain or low >= MAX_DT:
            self._known = now + LOOK_AHEAD + RETRY
            return self._end_until(now + LOOK_AHEAD)
        self._asking, self._known = next(self._tags), now + LOOK_AHEAD + RETRY
        sounding = pitch_set(pitch for instrument, pitch in self._own if instrument == kit)
        line = self._bars(now)
        ask = Ask(
            on={kit: self.scene.free(kit) | sounding},
            time=(max(low, 0.0), min(high, MAX_DT)),
            beat=(line.seconds, line.time_of(0.0) - self._tip_time),
            pattern=wish(self.scene.settings, self.scene.seed + self._agains),
        )  # fmt: skip
        return [Enquire(self._asking, ask, self._tip)]

    def _close(self) -> Actions:
        """Nothing more begins; it is over when what sounds has ended."""
        actions = self._end_until(inf)
        self._known, self._active = inf, bool(self._plan)
        return actions

    def _kit(self) -> int | None:
        """What it plays on: the palette's drums; where you play these yourself, a kit that sounds
        the same and can be told from yours. None where the synth has no drums."""
        drums = [i for i in self.scene.palette(DEFAULT, DEFAULT) if is_drums(i)]
        kit = drums[0] if drums else DEFAULT[0]
        if kit in self.scene.story.players_instruments:
            kit = FIRST_ANONYMOUS_DRUM
        return kit if self.scene.settings.layout.part(kit) is not None else None

    def _strike(self, at: float, event: Event) -> Actions:
        """Plan a stroke, and before it the ends that come first."""
        actions = self._end_until(at, event[:2])
        self._known = max(at, self._tip_time)
        return [*actions, *self._put(at, event)]

    def _end_until(self, at: float, struck: Voice | None = None) -> Actions:
        """Plan the ends that are due by a time, and that of a drum that is struck again then."""
        s = self.scene.settings
        length = max(s.shortest, min(LENGTH, s.longest))
        ends = [(since + length, voice) for voice, since in self._own.items()]
        ends = [(min(end, at) if voice == struck else end, voice) for end, voice in ends]
        return [
            action
            for end, voice in sorted(ends) if end <= at
            for action in self._put(max(end, self._tip_time), Event(*voice, 0.0, 0))
        ]  # fmt: skip

    def _put(self, at: float, event: Event) -> Actions:
        """Plan an event at the end of the plan."""
        dt = min(max(at - self._tip_time, 0.0), MAX_DT)
        told = self.scene.story.imagine(self._tip, event._replace(dt=dt))
        self._plan.put(at, told)
        self._tip, self._tip_time = told.number, at
        self._own.pop(event[:2], None)
        if event.velocity > 0:
            self._own[event[:2]] = at
        return [Imagine(told)]

    # ── the bars ────────────────────────────────────────────────────────────────────────────

    def _bars(self, now: float) -> Line:
        """The beat, counted from a bar line on."""
        beat, line = self.scene.beat, self.scene.beat.line(now)
        if beat.lead() == "clock" or self.scene.settings.clock_out == "on":
            phase = 0.0
        else:
            phase = round(self._phase) if beat.lead() == "tap" else self._phase
        return Line(line.at, line.beat - phase, line.seconds)

    def _next_bar(self, now: float) -> float:
        """When the next bar begins, in seconds: a little before its line."""
        line = self._bars(now)
        early = EARLY * (1 - self.scene.settings.swing / 3)
        return line.time_of(BAR * (floor((line.beat_at(now) + early) / BAR) + 1) - early)

    def _until(self, now: float) -> float:
        """When it ends, in seconds, if you play no more."""
        if self.scene.strokes:
            return inf
        line = self._bars(now)
        bar = floor((line.beat_at(self._heard_at) + EARLY) / BAR)
        return line.time_of(BAR * (bar + 1 + RESTS) - EARLY)


def _performed(at: float, told: Told) -> Action:
    voice = told.event.instrument, told.event.pitch
    if told.event.velocity > 0:
        return Strike(voice, told.event.velocity, told, at, ahead=True)
    return Damp(voice, told, at)


def wish(settings: Settings, seed: int) -> Pattern:
    """What the knobs ask of the pattern. Little noise turns hardly a stroke, so `variation` rises
    fast at first."""
    s = settings
    hats, toms, cymbals = _turn(s.hats), _turn(s.toms), _turn(s.cymbals)
    voices = (_turn(s.kick), _turn(s.snare), hats, hats, toms, toms, toms, cymbals, cymbals)
    usual, limits = Settings().density, FIELDS["density"].metadata
    far = limits["high"] / usual if s.density > usual else usual / limits["low"]
    return Pattern(
        density=log(s.density / usual) / log(far), voices=voices if any(voices) else (),
        variation=sqrt(s.variation), swing=s.swing, seed=seed,
    )  # fmt: skip


def _turn(knob: float) -> float:
    """How far a knob is from its middle, -1 to 1."""
    return 2 * knob - 1
