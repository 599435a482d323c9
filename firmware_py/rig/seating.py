"""Seating: what a keyboard sends, made into what the instrument hears, by the rig's rules.

    port "Keys:Keys MIDI 1 20:0" ─▶ its seat, "Keys"
        channel filter ─▶ split ─┬─▶ curve, transposition ─▶ "Keys"
                                 └─▶ curve, transposition ─▶ "Keys (left)"

It is between the ports and the instrument, so that a session holds what the instrument heard and
is replayed without the rig. A key's end goes the very way of its beginning, since what is done to a
note depends on nothing but its channel and pitch.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_py import message as midi
from firmware_py.message import Message
from firmware_py.rig.identity import Identity
from firmware_py.rig.rig import CONTROL, OFF, SECOND, Input, Rig, Zone
from firmware_py.rig.seats import Seats
from notochord.event import FIRST_ANONYMOUS

_PANIC = (midi.ALL_SOUND_OFF, midi.ALL_NOTES_OFF)
_POLY_PRESSURE = 0xA0
UNTOLD = FIRST_ANONYMOUS  # what a second player plays unless it is said: a part of its own


@dataclass(frozen=True)
class Chair:
    """Where somebody sits: the name that the instrument knows, the instrument played there (None:
    as the settings have it), and whether it is a second player's."""

    seat: str
    plays: int | None
    second: bool


@dataclass(frozen=True)
class _Place:
    seat: str
    rule: Input


class Seating:
    """The keyboards' side of the rig."""

    def __init__(self, rig: Rig | None = None) -> None:
        self._rig, self._seats = rig or Rig(), Seats()
        self._places: dict[str, _Place] = {}

    def spurns(self, port: str, identity: Identity | None) -> bool:
        """Whether a port is not to be listened to at all."""
        return self._rig.input(port, identity).zone.role == OFF

    def sit(self, port: str, identity: Identity | None) -> list[Chair]:
        """A keyboard was plugged in; returns who sits there, where the rig says it."""
        rule = self._rig.input(port, identity)
        place = _Place(self._seats.sit(port, identity), rule)
        self._places[port] = place
        return [chair for chair in self._chairs(place) if chair.second or chair.plays is not None]

    def leave(self, port: str) -> list[str]:
        """A keyboard was pulled out; returns its seats, which are kept for it."""
        place = self._place(port)
        self._places.pop(port, None)
        self._seats.leave(port)
        return [chair.seat for chair in self._chairs(place)]

    def source(self, port: str) -> tuple[str, str]:
        """Under which names an output may ask for what this port plays: the rig's, the seat's."""
        place = self._place(port)
        return place.rule.name, place.seat

    def passes_sysex(self, port: str) -> bool:
        """Whether the SysEx of a port goes on to the synths."""
        return self._place(port).rule.sysex

    def heard(self, port: str, message: Message) -> list[tuple[str, Message]]:
        """What the instrument hears of a message: seats and messages."""
        place = self._place(port)
        rule = place.rule
        if not midi.is_channel_message(message):
            return [(place.seat, message)] if rule.clock else []
        if rule.zone.role == CONTROL:
            return []
        if rule.channels is not None and message[0] & 0xF not in rule.channels:
            return []
        if midi.kind(message) in (midi.NOTE_ON, midi.NOTE_OFF, _POLY_PRESSURE):
            return self._note(place, message)
        if midi.kind(message) == midi.CONTROL and message[1] in _PANIC:
            return [(place.seat, message)] if rule.panic else []
        if midi.kind(message) == midi.PROGRAM:  # it says what the right hand plays
            return [(place.seat, message)]
        zones = ((_left(place.seat), rule.left),) if rule.split is not None else ()
        sides = ((place.seat, rule.zone), *zones)
        return [(seat, message) for seat, zone in sides if zone.controls]

    def _note(self, place: _Place, message: Message) -> list[tuple[str, Message]]:
        rule = place.rule
        is_left = rule.split is not None and message[1] < rule.split
        zone = rule.left if is_left else rule.zone
        pitch = message[1] + zone.transpose
        if zone.role == OFF or not 0 <= pitch <= 127:
            return []
        value = message[2]
        if midi.is_note_on(message) and rule.curve is not None:
            value = rule.curve(value)
        return [(_left(place.seat) if is_left else place.seat, (message[0], pitch, value))]

    def _place(self, port: str) -> _Place:
        return self._places.get(port) or _Place(port, Input())

    def _chairs(self, place: _Place) -> list[Chair]:
        rule = place.rule
        chairs = [_chair(place.seat, rule.zone)]
        if rule.split is not None:
            chairs.append(_chair(_left(place.seat), rule.left))
        return chairs


def _left(seat: str) -> str:
    return f"{seat} (left)"


def _chair(seat: str, zone: Zone) -> Chair:
    second = zone.role == SECOND
    plays = UNTOLD if second and zone.plays is None else zone.plays
    return Chair(seat, plays, second)
