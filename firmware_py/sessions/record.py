"""The session file, version 1: one record after another, only ever appended to.

    file    = "notochord session 1\\n" record*
    record  = kind (1 byte) · length (u16) · payload · check (u16: CRC-32 of all before, low half)

    kind       payload, little-endian; `at` is f64, seconds on the clock of the performance
    S start    JSON: at, date, seed, settings, version
    P port     u16 index, then the name: what `heard` and `unplugged` mean by an index
    B brain    JSON: name and SHA-256 of the brain file that woke
    H heard    at, u16 port, the MIDI message
    T tick     at: the instrument did what was due
    A answer   at, u32 number; unless it was none also u16 instrument, u8 pitch, u8 velocity, f64 dt
    C call     at, JSON list: what else happened to the instrument, by name, with its arguments
    O out      at, u8 whose (0: nobody's, 1: player's, 2: network's), u16 instrument, the message
    M mark     at, u32 keys heard, u32 notes sent: how long the session is so far
    E excerpt  f64 since, f64 until: this file is kept for what was played between
    G gap      something is missing here: the disk was slower than the music

What happens to the instrument comes before what it sends because of it, so that playing the one
again must give the other. A record that is cut short or spoilt ends the file: what a power cut
leaves is read up to there.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from firmware_py.message import Message
from notochord.ask import Answer
from notochord.event import Event

MAGIC = b"notochord session 1\n"
LONGEST = 0xFFFF  # bytes of a payload
OWNERS = ("", "player", "network")

_HEAD, _CHECK = struct.Struct("<BH"), struct.Struct("<H")
_AT, _PORT, _HEARD = struct.Struct("<d"), struct.Struct("<H"), struct.Struct("<dH")
_ASKED, _ANSWER = struct.Struct("<dI"), struct.Struct("<HBBd")
_OUT, _MARK, _EXCERPT = struct.Struct("<dBH"), struct.Struct("<dII"), struct.Struct("<dd")


@dataclass(frozen=True)
class Start:
    """How the session began."""

    about: dict[str, Any]


@dataclass(frozen=True)
class Brain:
    """Which brain woke."""

    about: dict[str, Any]


@dataclass(frozen=True)
class Heard:
    """A message from a keyboard."""

    at: float
    port: str
    message: Message


@dataclass(frozen=True)
class Tick:
    """What was due was done."""

    at: float


@dataclass(frozen=True)
class Answered:
    """The brain answered."""

    at: float
    number: int
    answer: Answer


@dataclass(frozen=True)
class Call:
    """Anything else that happened to the instrument."""

    at: float
    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Out:
    """A message that was sent, and for a note-on whose it is ("player" or "network") and what."""

    at: float
    owner: str
    instrument: int
    message: Message


@dataclass(frozen=True)
class Mark:
    """How long the session is so far."""

    at: float
    keys: int
    notes: int


@dataclass(frozen=True)
class Excerpt:
    """What the file is kept for."""

    since: float
    until: float


@dataclass(frozen=True)
class Gap:
    """Something is missing here."""


Record = Start | Brain | Heard | Tick | Answered | Call | Out | Mark | Excerpt | Gap


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def _framed(kind: bytes, payload: bytes) -> bytes:
    head = _HEAD.pack(kind[0], len(payload)) + payload
    return head + _CHECK.pack(zlib.crc32(head) & 0xFFFF)


def start(about: dict[str, Any]) -> bytes:
    """The first record."""
    return _framed(b"S", json.dumps(about).encode())


def brain(about: dict[str, Any]) -> bytes:
    """Which brain woke."""
    return _framed(b"B", json.dumps(about).encode())


def port(index: int, name: str) -> bytes:
    """The name of a port, before its index is first used."""
    return _framed(b"P", _PORT.pack(index) + name.encode(errors="surrogatepass"))


def heard(at: float, index: int, message: Message) -> bytes:
    """A message from a keyboard."""
    return _framed(b"H", _HEARD.pack(at, index) + bytes(message))


def tick(at: float) -> bytes:
    """What was due was done."""
    return _framed(b"T", _AT.pack(at))


def answered(at: float, number: int, answer: Answer) -> bytes:
    """The brain's answer, which must be sane, or None."""
    event = b"" if answer is None else _ANSWER.pack(
        answer.instrument, answer.pitch, answer.velocity, answer.dt
    )  # fmt: skip
    return _framed(b"A", _ASKED.pack(at, number) + event)


def call(at: float, name: str, *arguments: Any) -> bytes:
    """Anything else that happened, with arguments that JSON can hold."""
    return _framed(b"C", _AT.pack(at) + json.dumps([name, *arguments], default=str).encode())


def out(at: float, owner: str, instrument: int, message: Message) -> bytes:
    """A message that was sent."""
    return _framed(b"O", _OUT.pack(at, OWNERS.index(owner), instrument) + bytes(message))


def mark(at: float, keys: int, notes: int) -> bytes:
    """How long the session is so far."""
    return _framed(b"M", _MARK.pack(at, keys, notes))


def excerpt(since: float, until: float) -> bytes:
    """What the file is kept for."""
    return _framed(b"E", _EXCERPT.pack(since, until))


def gap() -> bytes:
    """Something is missing here."""
    return _framed(b"G", b"")


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def frames(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Kind and payload of every whole record, up to the first one that is torn or spoilt."""
    at = len(MAGIC) if data.startswith(MAGIC) else len(data)
    while at + _HEAD.size + _CHECK.size <= len(data):
        kind, length = _HEAD.unpack_from(data, at)
        end = at + _HEAD.size + length
        if end + _CHECK.size > len(data):
            return
        if zlib.crc32(data[at:end]) & 0xFFFF != _CHECK.unpack_from(data, end)[0]:
            return
        yield chr(kind), data[at + _HEAD.size : end]
        at = end + _CHECK.size


def ending(data: bytes) -> list[Record]:
    """The last records of a whole file, from its last bytes alone: an excerpt where it is kept for
    one, then a mark. Empty where the file ends otherwise: then it was torn."""
    frame = _HEAD.size + _MARK.size + _CHECK.size  # of either
    for n in (2, 1):
        tail = list(records(MAGIC + data[-n * frame :]))
        if tail and isinstance(tail[-1], Mark) and len(data) >= n * frame:
            return tail[-2:]
    return []


def records(data: bytes) -> Iterator[Record]:
    """Every record of a file; ends quietly at the first that makes no sense."""
    ports: dict[int, str] = {}
    for kind, body in frames(data):
        try:
            record = _decode(kind, body, ports)
        except (struct.error, ValueError, KeyError, IndexError, TypeError):
            return
        if record is not None:
            yield record


def _decode(kind: str, body: bytes, ports: dict[int, str]) -> Record | None:
    match kind:
        case "H":
            at, index = _HEARD.unpack_from(body)
            return Heard(at, ports[index], tuple(body[_HEARD.size :]))
        case "T":
            return Tick(*_AT.unpack(body))
        case "A":
            at, number = _ASKED.unpack_from(body)
            return Answered(at, number, _event(body[_ASKED.size :]))
        case "O":
            at, owner, instrument = _OUT.unpack_from(body)
            return Out(at, OWNERS[owner], instrument, tuple(body[_OUT.size :]))
        case "P":
            ports[_PORT.unpack_from(body)[0]] = body[_PORT.size :].decode(errors="surrogatepass")
            return None
    return _decode_rare(kind, body)


def _decode_rare(kind: str, body: bytes) -> Record | None:
    match kind:
        case "C":
            name, *arguments = json.loads(body[_AT.size :])
            return Call(_AT.unpack_from(body)[0], name, tuple(arguments))
        case "S":
            return Start(dict(json.loads(body)))
        case "B":
            return Brain(dict(json.loads(body)))
        case "M":
            return Mark(*_MARK.unpack(body))
        case "E":
            return Excerpt(*_EXCERPT.unpack(body))
        case "G":
            return Gap()
    return None  # of a later version


def _event(body: bytes) -> Answer:
    if not body:
        return None
    instrument, pitch, velocity, dt = _ANSWER.unpack(body)
    return Event(instrument, pitch, dt, velocity)
