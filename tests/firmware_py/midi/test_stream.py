"""The byte stream of a DIN input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_py.midi.stream import StreamParser

DATA = st.integers(0, 127)
REAL_TIME = st.sampled_from([0xF8, 0xFA, 0xFB, 0xFC, 0xFE, 0xFF])
CHANNEL = st.one_of(
    st.tuples(st.sampled_from([*range(0x80, 0xC0), *range(0xE0, 0xF0)]), DATA, DATA),
    st.tuples(st.integers(0xC0, 0xDF), DATA),
)
SYSEX = st.lists(DATA, max_size=30).map(lambda data: (0xF0, *data, 0xF7))
COMMON = st.one_of(
    st.tuples(st.sampled_from([0xF1, 0xF3]), DATA),
    st.tuples(st.just(0xF2), DATA, DATA),
    st.just((0xF6,)),
)


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        ("90 3C 40 3E 40", [(0x90, 60, 64), (0x90, 62, 64)]),
        ("90 F8 3C 40", [(0xF8,), (0x90, 60, 64)]),
        ("90 3C F8 40", [(0xF8,), (0x90, 60, 64)]),
        ("90 3C 40 F8 3C 00", [(0x90, 60, 64), (0xF8,), (0x90, 60, 0)]),
        ("F0 7D F8 01 F7", [(0xF8,), (0xF0, 0x7D, 1, 0xF7)]),
        ("90 3C F9 40 FD", [(0x90, 60, 64)]),
        ("3C 40 90 3C 40", [(0x90, 60, 64)]),
        ("F0 7D 01 90 3C 40", [(0x90, 60, 64)]),
        ("F0 7D 01 90 3C 40 F7", [(0x90, 60, 64)]),
        ("F7 F7", []),
        ("90 3C 40 F6 3C 00", [(0x90, 60, 64), (0xF6,)]),
        ("F3 05 3C 40", [(0xF3, 5)]),
        ("F4 01 F5 02", []),
        ("90 3C 40 F4 3C 40", [(0x90, 60, 64)]),
        ("90 3C 80 3C 00", [(0x80, 60, 0)]),
        ("C0 05 06 D1 07", [(0xC0, 5), (0xC0, 6), (0xD1, 7)]),
        ("F2 01 02", [(0xF2, 1, 2)]),
    ],
)
def test_bytes_become_these_messages(sent: str, heard: list[tuple[int, ...]]) -> None:
    assert StreamParser().feed(bytes.fromhex(sent)) == heard


def test_a_message_may_come_byte_by_byte() -> None:
    parser = StreamParser()
    assert [parser.feed(bytes([byte])) for byte in (0x90, 60, 64)] == [[], [], [(0x90, 60, 64)]]


def test_a_sysex_of_the_limit_is_kept_and_a_longer_one_is_dropped_whole() -> None:
    parser = StreamParser(sysex_limit=5)
    assert parser.feed(b"\xf0\x01\x02\x03\xf7") == [(0xF0, 1, 2, 3, 0xF7)]
    assert parser.feed(b"\xf0\x01\x02\x03\x04\xf7\x90\x3c\x40") == [(0x90, 60, 64)]


@given(st.binary(max_size=300), CHANNEL)
def test_any_bytes_give_only_whole_messages_and_the_next_status_starts_afresh(
    noise: bytes, message: tuple[int, ...]
) -> None:
    parser = StreamParser(sysex_limit=20)
    for found in parser.feed(noise):
        inner = found[1:-1] if found[0] == 0xF0 else found[1:]
        assert found[0] & 0x80 and all(byte < 0x80 for byte in inner) and len(found) <= 20
    assert parser.feed(bytes(message)) == [message]


@given(st.lists(st.one_of(CHANNEL, SYSEX, COMMON), max_size=30), st.data())
def test_running_status_and_real_time_bytes_anywhere_change_nothing(
    messages: list[tuple[int, ...]], data: st.DataObject
) -> None:
    stream: list[int] = []
    sprinkled = []
    running = 0
    for message in messages:
        body = message[1:] if message[0] == running else message
        running = message[0] if message[0] < 0xF0 else 0
        for byte in body:
            if data.draw(st.booleans()):
                sprinkled.append((data.draw(REAL_TIME),))
                stream.extend(sprinkled[-1])
            stream.append(byte)
    heard = StreamParser().feed(bytes(stream))
    assert [message for message in heard if message[0] < 0xF8] == messages
    assert [message for message in heard if message[0] >= 0xF8] == sprinkled
