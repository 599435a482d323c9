"""The instrument: what it does with each thing it hears, and how it carries a mode's actions out.

          heard ─────▶ keys sound at once (ledger) ─────▶ out
                 └───▶ mode ──▶ actions ──▶ ledger, story, brain
    brain answers ──▶ mode ──▶ actions
             time ──▶ mode ──▶ actions

It is handed everything it needs: a way to send, a link to the brain, and the time with each call.
The live program and the file-to-file one drive it in the same way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from firmware_py import message as midi
from firmware_py.answer import last_answer, take_back
from firmware_py.keys import Key, Keys
from firmware_py.link import BrainLink
from firmware_py.message import Message
from firmware_py.modes import BY_NAME, Mode
from firmware_py.modes.mode import Action, Actions, Damp, Enquire, Imagine, Scene, Strike, Stroke
from firmware_py.pedals import Pedals
from firmware_py.players import Players, Seat
from firmware_py.questions import Questions
from firmware_py.settings import Settings, changed
from firmware_py.sounding import Sounding
from firmware_py.story import Voice
from firmware_py.tempo.beat import Beat
from firmware_py.tempo.clock_out import ClockOut
from firmware_py.voices import Voices
from notochord.ask import Answer
from notochord.event import program_of

log = logging.getLogger(__name__)
PANIC_ECHOES = 1.0  # seconds in which a panic that comes in may be our own, on its way round


class Instrument:
    """One instrument in play."""

    def __init__(
        self, settings: Settings, send: Callable[[Message], object], link: BrainLink,
        seed: int = 0, watch: Callable[[str, Voice, float | None], None] | None = None,
    ) -> None:  # fmt: skip
        """`watch` is told of each note just before it is sent: whose it is ("player" or
        "network"), its instrument and pitch, and when it was due if it was planned ahead; and
        of each tick of the clock that is sent ("clock")."""
        self._send, self._link, self._watch = send, link, watch
        self.questions = Questions(link, seed)
        self._begin(settings)

    def _begin(self, settings: Settings) -> None:
        """Nothing has happened yet."""
        self.questions.begin()
        self._sounding, self._keys = Sounding(settings.layout), Keys()
        self._players = Players()
        self._panicked_at = float("-inf")
        self._undone = False  # the network has played nothing since an undo
        self._pedals = Pedals()
        self.beat, self._clock_out = Beat(settings.tempo), ClockOut()
        self.scene = Scene(settings, beat=self.beat, seed=self.questions.seed)
        self._voices = Voices(
            self._send, self._watch, self._link, self.scene, self._sounding, self.beat,
            lambda: self.mode.coming,
        )  # fmt: skip
        self.mode: Mode = BY_NAME[settings.mode](self.scene)

    # ── what happens to it ──────────────────────────────────────────────────────────────────

    def heard(self, port: str, message: Message, now: float) -> None:
        """A MIDI message from a keyboard. Anything at all may come; nothing is assumed of it."""
        if midi.is_clock_message(message):
            self._clock(port, message, now)
        if not midi.is_channel_message(message):
            return
        if midi.is_note_on(message):
            self._key_down(Key(port, message[0] & 0xF, message[1]), message[2], now)
        elif midi.is_note_off(message):
            self._key_up(Key(port, message[0] & 0xF, message[1]), now)
        elif midi.kind(message) == midi.PROGRAM:
            self._players.program(port, message[0] & 0xF, message[1])
        elif midi.is_all_off(message):
            self._told_to_be_silent(now)
        else:
            self._controller(port, message, now)

    def answered(self, number: int, answer: Answer, now: float) -> None:
        """The brain answered a question; an answer past its deadline is dropped."""
        asked = self.questions.answered(number, answer, now)
        if asked is None or asked[0] is not self.mode:
            return
        mode, tag, worth = asked
        self._do(lambda: mode.answered(tag, worth, now), now)

    def tick(self, now: float) -> None:
        """Do what is due; before `next_due`, nothing."""
        due = self.next_due
        if due is None or due > now:
            return
        self._send_clock(now)
        wake, cue = self.mode.wake_at, self._voices.next_due
        if wake is not None and wake <= now:
            self._do(lambda: self.mode.tick(now), now)
        elif cue is not None and cue <= now:
            self._voices.pull(now)

    @property
    def next_due(self) -> float | None:
        """When `tick` must be called next, in seconds; None when nothing waits."""
        clock = self._clock_out.next_due(self.beat, self._sends_clock)
        times = (self.mode.wake_at, self._voices.next_due, clock)
        return min((t for t in times if t is not None), default=None)

    def brain_ready(self, now: float) -> None:
        """A brain can be asked, which knows of nothing: it is told what has sounded."""
        self._link.forget()
        for told in self.scene.story.retell():
            self._link.tell(told)
        self.scene.brain = True
        self._brain_changed(now)

    def brain_changed(self, now: float) -> None:
        """Another brain answers from now on, which was told all that the one before was."""
        self._brain_changed(now)

    def _brain_changed(self, now: float) -> None:
        self.questions.forget()
        self._do(lambda: self.mode.brain_changed(now), now)

    def brain_lost(self, now: float) -> None:
        """The brain is gone; nothing that it was asked will be answered."""
        self.scene.brain = False
        self._brain_changed(now)

    def set(self, name: str, value: object, now: float) -> None:
        """Turn a knob. Raises SettingError, with nothing changed, when the value is not allowed."""
        settings = changed(self.scene.settings, name, value)
        if name == "mode":
            self._change_mode(settings, now)
        else:
            self.scene.settings = settings
        if name == "tempo":
            self._set_tempo(now)
        self._sounding.connect(settings.layout)

    def tap(self, now: float) -> float | None:
        """A tap: the beat is now. Sets the tempo, and returns it in bpm once it is known."""
        bpm = self.beat.tap(now)
        self._send_clock(now)
        if bpm is None:
            return None
        self.scene.settings = changed(self.scene.settings, "tempo", round(bpm, 2))
        return self.scene.settings.tempo

    def recall(self, settings: Settings, now: float) -> None:
        """Change every setting at once; what keys and pedal hold sounds on."""
        tempo = self.scene.settings.tempo
        if settings.mode != self.scene.settings.mode:
            self._change_mode(settings, now)
        else:
            self.scene.settings = settings
        if settings.tempo != tempo:
            self._set_tempo(now)
        self._sounding.connect(settings.layout)

    def seat(self, port: str, plays: int | None, second: bool, now: float) -> None:
        """The rig says who is at a keyboard: see firmware_py.players."""
        self._players.sit(port, Seat(plays, second))

    def undo(self, now: float) -> int:
        """End what the network plays, and forget its last answer as though it had never sounded;
        returns how many notes that were."""
        return self._undo(now)

    def again(self, now: float) -> None:
        """Answer anew from where the last answer began, which is undone if it is not yet."""
        if not self._undone:
            self._undo(now)
        self._undone = False
        self._do(lambda: self.mode.again(now), now)

    def _undo(self, now: float) -> int:
        story, sounding = self.scene.story, self._voices.networks
        answer = last_answer(story.past, sounding, self.mode.span, self.mode.takes_turns)
        self._do(lambda: self.mode.undone(now), now)
        self._voices.unsay(sounding)
        take_back(story, answer, self._link)
        for voice in sounding:
            if voice in story.sounding:  # it began before what is remembered
                self._voices.tell_end(voice, now)
        self._undone = True
        return len(answer)

    def unplugged(self, port: str, now: float) -> None:
        """A keyboard is gone: its keys end."""
        here = [k for k in self._keys.pressed if k.port == port]
        for key in sorted(here, key=lambda k: (k.channel, k.pitch)):
            self._voices.end(key)
        for pedal_up in self._pedals.unplugged(port):
            self._send(pedal_up)
        ended = self._keys.unplugged(port)
        self.scene.pressed = self._keys.pressed
        for key in ended:
            self._key_ended(key, now)

    def new_synth(self, now: float) -> None:
        """What we play on was plugged in (again): it knows of no note and no program of ours."""
        self._voices.end_all(now)
        self._sounding.new_synth()
        self._pedals.forget_channels()

    def panic(self, now: float) -> None:
        """Silence everything, here and in whatever is connected, and begin the mode anew; what is
        known to sound first, then the channels on which it did, for a wire that is slow."""
        self._panic(now)

    def _panic(self, now: float) -> None:
        channels = self._sounding.channels()
        self._panicked_at = now
        self._voices.end_all(now)
        self._keys, self._pedals = Keys(), Pedals()
        self.scene.strokes.clear()
        self.scene.pressed = self._keys.pressed
        for channel in channels:
            for message in midi.silence(channel):
                self._send(message)
        self._enter(self.scene.settings, now)

    def _told_to_be_silent(self, now: float) -> None:
        """All sound off, or all notes off, came in. A synth that sends back what it hears must not
        keep a panic going round for ever."""
        if now - self._panicked_at < PANIC_ECHOES:
            self._voices.end_all(now)
        else:
            self._panic(now)

    def silence(self, now: float) -> None:
        """End every note that sounds."""
        self._voices.end_all(now)

    def begin_anew(self, now: float) -> None:
        """Forget all that was played; settings and the keyboards' instruments stay as they are."""
        self.end(now)
        players, brain = self._players, self.scene.brain
        self._begin(self.scene.settings)
        if brain:
            self.brain_ready(now)
        for port, seat in players.seats():
            self.seat(port, seat.plays, seat.second, now)
        for (port, channel), instrument in players.programs():
            self.heard(port, midi.program(channel, program_of(instrument)), now)

    def end(self, now: float) -> None:
        """Fall silent, and stop the clock that is sent."""
        self._voices.end_all(now)
        for message in self._clock_out.end():
            self._send(message)

    @property
    def sounding(self) -> int:
        """How many notes sound."""
        return len(self._sounding)

    # ── the beat ────────────────────────────────────────────────────────────────────────────

    @property
    def _sends_clock(self) -> bool:
        return self.scene.settings.clock_out == "on"

    def _set_tempo(self, now: float) -> None:
        self.beat.set_tempo(self.scene.settings.tempo, now)
        self._send_clock(now)

    def _clock(self, port: str, message: Message, now: float) -> None:
        """A clock that comes in is followed, and never passed on as it is."""
        if self.beat.heard(port, message, now, self._sends_clock):
            for passed_on in self._clock_out.follow(message, self.beat.position):
                self._send(passed_on)
            self._send_clock(now)

    def _send_clock(self, now: float) -> None:
        """Send what is due of the clock."""
        for at, message in self._clock_out.wanted(self.beat, self._sends_clock, now):
            if at is not None and self._watch is not None:
                self._watch("clock", (0, 0), at)
            self._send(message)

    # ── keys ────────────────────────────────────────────────────────────────────────────────

    def _stroke(self, key: Key, velocity: int) -> Stroke:
        players, player = self._players, self.scene.settings.player
        instrument = players.instrument(key.port, key.channel, player)
        return Stroke(key, instrument, key.pitch, velocity, players.is_second(key.port))

    def _key_down(self, key: Key, velocity: int, now: float) -> None:
        for ended in self._keys.down(key):
            self._voices.end(ended)
            self._key_ended(ended, now)
        stroke = self._stroke(key, velocity)
        if self.mode.sounds_keys:
            self._voices.key(stroke, now)
            self._hold_pedal(key, stroke.instrument)
            self._voices.know_key(stroke, now)
        self.scene.strokes[key] = stroke
        self.scene.pressed = self._keys.pressed
        self._do(lambda: self.mode.key_down(stroke, now), now)

    def _key_up(self, key: Key, now: float) -> None:
        self._voices.end(key)  # a pedal in the synth may still hold it
        ended = self._keys.up(key)
        self.scene.pressed = self._keys.pressed
        for key in ended:
            self._key_ended(key, now)

    def _key_ended(self, key: Key, now: float) -> None:
        """A key's sound has ended, pedal and all."""
        stroke = self.scene.strokes.pop(key, None)
        if stroke is None:
            return
        self._voices.key_ended(stroke, now)
        self._do(lambda: self.mode.key_up(stroke, now), now)

    def _controller(self, port: str, message: Message, now: float) -> None:
        channel = message[0] & 0xF
        stroke = self._stroke(Key(port, channel, 0), 1)
        out, setup = self._sounding.channel(stroke.instrument)
        is_pedal = midi.kind(message) == midi.CONTROL and message[1] == midi.SUSTAIN
        elsewhere = self._pedals.moved((port, channel), message[2], out) if is_pedal else []
        for each in [*setup, ((message[0] & 0xF0) | out, *message[1:]), *elsewhere]:
            self._send(each)
        if is_pedal:
            for key in self._keys.pedal(port, channel, message[2] >= 64):
                self._key_ended(key, now)

    def _hold_pedal(self, key: Key, instrument: int) -> None:
        """A key under the pedal may sound on a channel that has not heard of the pedal yet."""
        channel, _ = self._sounding.channel(instrument)
        for message in self._pedals.sounds_on((key.port, key.channel), channel):
            self._send(message)

    # ── carrying out ────────────────────────────────────────────────────────────────────────

    def _do(self, think: Callable[[], Actions], now: float) -> None:
        """Let the mode think, and do what it says. A fault in a mode costs its notes, no more."""
        try:
            for action in think():
                self._act(action, now)
        except Exception:  # noqa: BLE001 (whatever it is, the keyboard must go on sounding)
            log.exception("mode '%s' failed; it begins anew", self.scene.settings.mode)
            self._voices.end_network(now)
            self.mode = BY_NAME[self.scene.settings.mode](self.scene)
        self._voices.pull(now)

    def _act(self, action: Action, now: float) -> None:
        match action:
            case Strike():
                self._voices.strike(action, now)
                self._undone = False
            case Damp():
                self._voices.damp(action, now)
            case Imagine():
                self._link.tell(action.told)
            case Enquire():
                self._enquire(action, now)

    def _enquire(self, enquire: Enquire, now: float) -> None:
        after = self.scene.story.head if enquire.after < 0 else enquire.after
        self.questions.ask(self.mode, enquire, after, now + self.scene.settings.deadline / 1000)

    def _change_mode(self, settings: Settings, now: float) -> None:
        """Leave the mode for another. What it plays for a held key is left to that key."""
        self._do(lambda: self.mode.leave(now), now)
        self._voices.leave(self.mode.held())
        self._voices.end_network(now)
        self._enter(settings, now)

    def _enter(self, settings: Settings, now: float) -> None:
        self.scene.settings = settings
        self.mode = BY_NAME[settings.mode](self.scene)
        self._do(lambda: self.mode.enter(now), now)
