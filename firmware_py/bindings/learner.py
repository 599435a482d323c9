"""Listens to the keyboards for MIDI controls that are bound, or to be bound.

    message ──▶ bound? ──no──▶ the instrument
                  └─yes─▶ a change, as from a panel; nothing is passed on

While a panel has it listen, the control that moves is bound to what was touched last on any panel;
bound to that already, it is let go. Each control counts once until the listening ends. Keys are
learnt on channel 10 alone, where pads play: who holds the encoder may play on with the other hand.
"""

from __future__ import annotations

from firmware_py import message as midi
from firmware_py.bindings.binding import (
    BindingError,
    Source,
    choices,
    is_number,
    source_in,
    source_of,
)
from firmware_py.bindings.book import Book
from firmware_py.message import Message
from firmware_py.panel.change import ACTIONS, Change, Learnt, Turn
from firmware_py.panel.pickup import PickUp
from firmware_py.panel.travel import Travel, whole_travel
from firmware_py.settings import Settings
from notochord.event import DRUM_CHANNEL

NEAR = 1.5 / 127  # of the travel; so near to the setting's place a controller takes hold
DOWN = 64  # values of a controller from here on are a button that is down


class Learner:
    """What of the keyboards' messages is meant for the controls."""

    def __init__(self, book: Book, settings: Settings, palettes: tuple[str, ...] = ()) -> None:
        self._book, self._settings, self._palettes = book, settings, palettes
        self._holds: dict[Source, tuple[Travel, PickUp]] = {}
        self._down: set[Source] = set()  # controllers that are buttons, pressed
        self._counted: set[Source] = set()  # controls that were learnt or let go since it listens
        self._listens = self._any_key = False
        self.touched: str | None = None  # the setting or action that was touched last

    @property
    def listens(self) -> bool:
        """Whether what moves now is bound."""
        return self._listens

    @property
    def bound(self) -> tuple[tuple[str, str], ...]:
        """Every control that is bound, by name, and what it does."""
        return self._book.names

    def listen(self, on: bool, keys: bool = False) -> None:
        """Bind what moves from now on, or no more; `keys`: on every channel."""
        self._listens, self._any_key = on, keys
        self._counted.clear()

    def now_set(self, settings: Settings) -> None:
        """The settings have been changed: controllers that stand apart wait."""
        for travel, hold in self._holds.values():
            old, new = (getattr(s, travel.setting) for s in (self._settings, settings))
            if old != new and (hold.at is None or travel.value(hold.at) != new):
                hold.wait_at(travel.place(new))
        self._settings = settings

    def forget(self, name: str) -> bool:
        """Let the control of this name go; False when it was not bound."""
        try:
            source = source_in(name)
        except BindingError:
            return False
        self._holds.pop(source, None)
        return self._book.forget(source)

    def heard(self, message: Message, at: float) -> list[Change] | None:
        """What is to be done about a message; None where it is for the instrument.

        The end of a note that is bound goes to the instrument, which knows of no such note,
        unless it was struck before it was bound.
        """
        source = source_of(message)
        if source is None:
            return None
        if self._listens and self._may_learn(source):
            return self._learn(source, message)
        does = self._book.does(source)
        if does is None:
            return None
        if source.kind == "cc":
            return self._moved(source, does, message[2], at)
        return [self._change(does, at)]

    def _may_learn(self, source: Source) -> bool:
        return source.kind != "note" or self._any_key or source.channel == DRUM_CHANNEL + 1

    def _learn(self, source: Source, message: Message) -> list[Change]:
        if source in self._counted:
            return []
        self._counted.add(source)
        if self.touched is None:
            return [Learnt("turn or press first what a MIDI control is to do", done=False)]
        does = self.touched
        if source.kind != "cc" and does not in ACTIONS:
            does = f"{does}={getattr(self._settings, does)}"
        if self._book.does(source) == does:
            self.forget(str(source))
            return [Learnt(f"{source} is let go")]
        self._holds.pop(source, None)
        if midi.kind(message) == midi.CONTROL and message[2] >= DOWN:
            self._down.add(source)  # it acts when it goes down the next time
        try:
            self._book.bind(source, does)
        except BindingError as error:
            return [Learnt(str(error), done=False)]
        return [Learnt(f"{source} is now: {does}")]

    def _moved(self, source: Source, does: str, value: int, at: float) -> list[Change]:
        if is_number(does):
            return self._turned(source, does, value / 127)
        options = choices(does, self._palettes)
        if options:
            chosen = options[min(value * len(options) // 128, len(options) - 1)]
            return [] if getattr(self._settings, does) == chosen else [Turn(does, chosen)]
        was_down = source in self._down
        (self._down.add if value >= DOWN else self._down.discard)(source)
        return [self._change(does, at)] if value >= DOWN and not was_down else []

    def _turned(self, source: Source, setting: str, position: float) -> list[Change]:
        if source not in self._holds or self._holds[source][0].setting != setting:
            self._holds[source] = whole_travel(setting), PickUp(NEAR)
            travel, hold = self._holds[source]
            hold.wait_at(travel.place(getattr(self._settings, setting)))
        travel, hold = self._holds[source]
        if not hold.moved(position):
            return []
        value = travel.value(position)
        return [] if getattr(self._settings, setting) == value else [Turn(setting, value)]

    def _change(self, does: str, at: float) -> Change:
        if does in ACTIONS:
            return ACTIONS[does](at)
        setting, _, value = does.partition("=")
        return Turn(setting.strip(), value.strip())
