"""The voices: what a note's beginning and its end mean to the synth, the story, the brain and the
magnet, all at once.

    Strike, Damp ──▶ story · brain      at its own time
                └──▶ magnet ──▶ synth   when it is heard: mostly at the same time

The player's keys come through here too, since they and the network share pitches and channels.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping

from firmware_py.keys import Key
from firmware_py.link import BrainLink
from firmware_py.message import Message
from firmware_py.modes.mode import Damp, Scene, Strike, Stroke
from firmware_py.settings import GRIDS
from firmware_py.sounding import Sounding
from firmware_py.story import Voice
from firmware_py.tempo.beat import Beat
from firmware_py.tempo.magnet import Cue, Magnet, Plan

Send = Callable[[Message], object]
Watch = Callable[[str, Voice, float | None], None]


class Voices:
    """The notes of one instrument, begun and ended."""

    def __init__(
        self, send: Send, watch: Watch | None, link: BrainLink, scene: Scene, sounding: Sounding,
        beat: Beat, plan: Callable[[], Plan | None],
    ) -> None:  # fmt: skip
        """`watch` is told of each note just before it is sent: see `Instrument`. `plan`: what the
        network has planned, with its times; None while it plays nothing by itself."""
        self._send, self._watch, self._link = send, watch, link
        self._scene, self._sounding, self._beat = scene, sounding, beat
        self._plan, self._magnet = plan, Magnet()
        self._left: dict[Voice, Key] = {}  # notes of a mode that was left, until their key ends

    @property
    def next_due(self) -> float | None:
        """When `pull` must be called, in seconds."""
        return self._magnet.next

    @property
    def networks(self) -> list[Voice]:
        """What sounds of the network's, those left to a key included."""
        return [*self._scene.own, *self._left]

    # ── the player's ────────────────────────────────────────────────────────────────────────

    def key(self, stroke: Stroke, now: float) -> None:
        """A key begins to sound."""
        self._magnet.drop(stroke.voice)
        if self._is_networks(stroke.voice):
            self.damp(Damp(stroke.voice), now)
        self._start(stroke.key, "player", stroke.voice, stroke.velocity, now)

    def know_key(self, stroke: Stroke, now: float) -> None:
        """Have the story and the brain know of it."""
        if stroke.voice in self._scene.story.sounding:  # held by the pedal from another key
            self.tell_end(stroke.voice, now)
        self._link.tell(self._scene.story.sound(*stroke.voice, stroke.velocity, now))

    def key_ended(self, stroke: Stroke, now: float) -> None:
        """A key's sound has ended, pedal and all, and what was played for it ends too."""
        if stroke.voice in self._scene.story.sounding and not self._is_networks(stroke.voice):
            self.tell_end(stroke.voice, now)
        for left in [voice for voice, key in self._left.items() if key == stroke.key]:
            self.damp(Damp(left), now)

    def _is_networks(self, voice: Voice) -> bool:
        return voice in self._scene.own or voice in self._left

    # ── the network's ───────────────────────────────────────────────────────────────────────

    def strike(self, strike: Strike, now: float) -> None:
        """A note of the network begins; at its own time, though it may be heard at another."""
        at = now if strike.at is None else strike.at
        if strike.voice in self._scene.story.sounding:
            self.damp(Damp(strike.voice), now)
        if strike.told is None or not self._is_pulled(strike, at, now):
            planned, velocity = strike.told is not None, strike.velocity
            velocity = self._scene.loudness(velocity) if planned else velocity
            due = strike.at if strike.ahead else None
            self._start(strike.voice, "network", strike.voice, velocity, now, due)
        if strike.told is None:
            told = self._scene.story.sound(*strike.voice, strike.velocity, at, own=True)
            self._link.tell(told)
        else:
            self._scene.story.happened(strike.told, at, own=True)
        self._scene.own[strike.voice] = at

    def _is_pulled(self, strike: Strike, at: float, now: float) -> bool:
        """Whether the magnet says when it is heard; it acts where the network chose the time."""
        settings, line = self._scene.settings, self._beat.line(now)
        return self._magnet.strike(
            strike.voice, strike.velocity, at, now, line, settings.magnet, GRIDS[settings.grid]
        )

    def damp(self, damp: Damp, now: float) -> None:
        """Whatever sounds this pitch of this instrument, the player's or the network's, ends."""
        at = now if damp.at is None else damp.at
        self._scene.own.pop(damp.voice, None)
        self._left.pop(damp.voice, None)
        if damp.told is None:
            self._magnet.drop(damp.voice)
        if damp.told is None or not self._magnet.damp(damp.voice, at):
            self.end(damp.voice)
        if damp.told is not None:
            self._scene.story.happened(damp.told, at)
        elif damp.voice in self._scene.story.sounding:
            self.tell_end(damp.voice, at)

    def pull(self, now: float) -> None:
        """Begin and end what the magnet has moved."""
        settings, magnet = self._scene.settings, self._magnet
        if settings.magnet > 0 or magnet.holds:
            line, grid = self._beat.line(now), GRIDS[settings.grid]
            gone = magnet.foresee(self._plan(), now, line, settings.magnet, grid)
            for cue in [*gone, *magnet.due(now)]:
                self._cue(cue, now)
        self._scene.ahead = magnet.ahead

    def _cue(self, cue: Cue, now: float) -> None:
        if cue.velocity > 0:
            velocity = self._scene.loudness(cue.velocity)
            self._start(cue.voice, "network", cue.voice, velocity, now, cue.at)
        else:
            self.end(cue.voice)

    def end_network(self, now: float) -> None:
        """Every note of the network ends, but those that are left to a key."""
        for voice in self._magnet.clear():
            self.end(voice)
        for voice in list(self._scene.own):
            self.damp(Damp(voice), now)

    def end_all(self, now: float) -> None:
        """Every note ends, the player's and the network's."""
        self.end_network(now)
        self._left.clear()
        for message in self._sounding.end_all():
            self._send(message)
        for voice in list(self._scene.story.sounding):
            self.tell_end(voice, now)

    def leave(self, held: Mapping[Voice, Key]) -> None:
        """The mode is left: what it plays for a held key is left to that key."""
        for voice, key in held.items():
            if self._scene.own.pop(voice, None) is not None:
                self._left[voice] = key
                self._magnet.drop(voice)

    def unsay(self, sounding: Iterable[Voice]) -> None:
        """End voices of the network, and what is heard of them, as though they had never sounded;
        story and brain are told by whoever asks."""
        for voice in [*self._magnet.clear(), *sounding]:
            self.end(voice)
        self._scene.own.clear()
        self._left.clear()

    # ── on the synth, and to the brain ──────────────────────────────────────────────────────

    def end(self, name: Hashable) -> None:
        """The note-off of a key, or of a note of the network; nothing when it does not sound."""
        for message in self._sounding.end(name):
            self._send(message)

    def tell_end(self, voice: Voice, now: float) -> None:
        """Have the story and the brain know that a voice has ended."""
        self._link.tell(self._scene.story.sound(*voice, 0, now))

    def _start(
        self, name: Key | Voice, owner: str, voice: Voice, velocity: int, now: float,
        due: float | None = None,
    ) -> None:  # fmt: skip
        place = self._sounding.place(*voice)
        room = self._sounding.room(owner, place)
        if room is None:
            return
        for networks in room:
            self._give_up(networks, owner, now)
        if self._watch is not None:
            self._watch(owner, voice, due)
        for message in self._sounding.start(name, owner, place, velocity):
            self._send(message)

    def _give_up(self, name: Hashable, to: str, now: float) -> None:
        """End a note of the network on a synth that has no voice left: for another of its own, only
        to the ear; for the player, altogether."""
        self.end(name)
        if to == "player" and isinstance(name, tuple):
            self.damp(Damp(name), now)
