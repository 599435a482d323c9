"""The patchbay: which synth gets which of the messages that the instrument sends.

    instrument ──▶ whose? which part? ──┬──▶ synth A: hears "you"
                                        ├──▶ synth B: parts "bass", on channel 1
                                        └──▶ DIN:     everything

Whose a note is, the instrument says just before it sends it; what it sends because of a keyboard
comes while that keyboard is served. Each synth has a ledger of its own, so that two parts on one
channel never cut each other's notes short, and every note that a synth was sent is ended there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from firmware_py import message as midi
from firmware_py.ledger import Ledger
from firmware_py.message import Message
from firmware_py.midi.inbox import is_release
from firmware_py.rig.identity import label
from firmware_py.rig.rig import NETWORK, YOU, Output
from notochord.event import DRUM_CHANNEL, instrument_of

Send = Callable[[Message], object]


class Line:
    """One entry of the rig for one synth."""

    def __init__(self, send: Send, rule: Output, ledger: Ledger) -> None:
        """`ledger`: the synth's, which all its lines share."""
        self._send, self._rule, self._ledger = send, rule, ledger

    def begin(self, sources: tuple[str, ...], instrument: int | None, note: Message) -> None:
        """A note begins."""
        if self._takes(sources, instrument):
            channel, pitch, velocity = self._on(note), note[1], note[2]
            name = self, note[0] & 0xF, pitch
            self._all(self._ledger.start(name, "", channel, pitch, velocity))

    def end(self, note: Message) -> None:
        """A note ends; nothing where it did not begin."""
        self._all(self._ledger.end((self, note[0] & 0xF, note[1])))

    def control(self, sources: tuple[str, ...], instrument: int | None, message: Message) -> None:
        """A channel is told something other than notes."""
        if self._takes(sources, instrument):
            self._send(((message[0] & 0xF0) | self._on(message), *message[1:]))

    def silence(self, message: Message) -> None:
        """All sound off, all notes off, pedal up: also where the part is another's now."""
        self._send(((message[0] & 0xF0) | self._on(message), *message[1:]))

    def common(self, message: Message) -> bool:
        """What is to no channel: clocks, SysEx. Whether the synth was given it by this line."""
        if not self._rule.clock and midi.is_clock_message(message):
            return False
        self._send(message)
        return True

    def _takes(self, sources: tuple[str, ...], instrument: int | None) -> bool:
        rule = self._rule
        if rule.hears is not None and not any(source in rule.hears for source in sources):
            return False
        return rule.parts is None or instrument in rule.parts

    def _on(self, message: Message) -> int:
        return message[0] & 0xF if self._rule.channel is None else self._rule.channel

    def _all(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._send(message)


class Patchbay:
    """Every synth that is plugged in, each with what the rig has for it."""

    def __init__(self) -> None:
        self._lines: dict[str, list[Line]] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._away: dict[str, Ledger] = {}  # of synths that were pulled out: they may be back
        self._keyboard: tuple[str, ...] = ()  # whose message is being served
        self._note: tuple[str, int] | None = None  # whose note comes next, and on what
        self._instruments: dict[int, int] = {}  # channel -> what played there last
        self._programs: dict[int, Message] = {}

    def plug(self, name: str, send: Send, rules: Iterable[Output]) -> None:
        """A synth was plugged in: what it may still sound is ended, and it is told which program
        each channel has."""
        ledger = self._ledgers[name] = self._ledger_of(name)
        for message in ledger.end_all():
            send(message)
        lines = [Line(send, rule, ledger) for rule in rules]
        self._lines[name] = lines
        for line in lines:
            for channel in sorted(self._instruments):
                for message in midi.silence(channel):
                    line.silence(message)
            for channel, message in sorted(self._programs.items()):
                instrument = self._instruments.get(channel)
                line.control((YOU, NETWORK), instrument, message)

    def unplug(self, name: str) -> None:
        """A synth was pulled out."""
        if self._lines.pop(name, None) is not None:
            self._away[name] = self._ledgers.pop(name)

    def _ledger_of(self, name: str) -> Ledger:
        """That of a synth which is back, mostly as another client of ALSA's; a new one for another
        synth. Of two of one model, one may be given the other's: its own notes it is rid of by the
        silence that follows."""
        if name in self._ledgers:
            return self._ledgers[name]
        alike = (away for away in self._away if label(away) == label(name))
        back = name if name in self._away else next(alike, name)
        return self._away.pop(back, Ledger())

    def serves(self, names: tuple[str, ...]) -> None:
        """A keyboard, known by these names, is being served; () when that is done."""
        self._keyboard = names and (YOU, *names)

    def comes(self, owner: str, instrument: int) -> None:
        """The next note is the player's or the network's, on this instrument."""
        self._note = owner, instrument

    def send(self, message: Message) -> None:
        """A message that the instrument sends, on its way to whom it is for."""
        if not midi.is_channel_message(message):
            for lines in self._lines.values():
                any(line.common(message) for line in lines)  # one of them is enough
        elif midi.is_note_off(message):
            for line in self._all():
                line.end(message)
        elif midi.is_note_on(message):
            self._begin(message)
        else:
            self._control(message)

    def _begin(self, message: Message) -> None:
        channel, (owner, instrument) = message[0] & 0xF, self._note or (YOU, -1)
        sources, self._note = self._sources(owner), None
        self._instruments[channel] = instrument
        for line in self._all():
            line.begin(sources, instrument, message)

    def _control(self, message: Message) -> None:
        channel = message[0] & 0xF
        if is_release(message):
            for line in self._all():
                line.silence(message)
            return
        owner, instrument = self._note or ("", self._instruments.get(channel))
        if midi.kind(message) == midi.PROGRAM:
            if self._note is None:  # a program names what will play there
                instrument = instrument_of(message[1], drums=channel == DRUM_CHANNEL)
            self._programs[channel] = message
        if instrument is not None:
            self._instruments[channel] = instrument
        sources = self._sources(owner) if owner else self._keyboard or (YOU, NETWORK)
        for line in self._all():
            line.control(sources, instrument, message)

    def _sources(self, owner: str) -> tuple[str, ...]:
        return (NETWORK,) if owner == NETWORK else self._keyboard or (YOU,)

    def _all(self) -> Iterable[Line]:
        return (line for lines in self._lines.values() for line in lines)
