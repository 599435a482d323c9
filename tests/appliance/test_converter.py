"""The converter of a guest: what the kernel asks of a CUSE device, and what an MCP3008 answers."""

import errno
import struct

import pytest

from tests.appliance.inside import converter
from tests.appliance.inside.converter import (
    ANSWER,
    ANSWERED,
    ASKED,
    CUSE_INIT,
    HEAD,
    IOCTL,
    MESSAGE,
    OPEN,
    RANGE,
    RETRY,
    TRANSFER,
    answered,
    reply,
)

STANDS = [0, 1023, 512, 1, 2, 3, 4, 5]
UNIQUE, PLACE = 77, 0x7F0000001000  # of a request; in the box's memory


def asked(operation, body=b""):
    """What the device answers to a message of the kernel's: its error, and the rest."""
    head = HEAD.pack(HEAD.size + len(body), operation, UNIQUE, 0, 0, 0, 0, 0)
    answer = reply(head + body, lambda: STANDS)
    length, error, unique = ANSWER.unpack_from(answer)
    assert (length, unique) == (len(answer), UNIQUE)
    return error, answer[ANSWER.size :]


def ioctl(command, data=b""):
    return asked(IOCTL, ASKED.pack(0, 2, command, PLACE, len(data), 0) + data)


@pytest.mark.parametrize("channel", range(8))
def test_three_bytes_ask_for_a_channel_and_the_last_two_of_the_answer_say_where_it_stands(channel):
    _, middle, last = answered(bytes((1, 0x80 | channel << 4, 0)), STANDS)
    assert middle << 8 | last == STANDS[channel]


def test_a_start_that_comes_later_is_answered_later():
    assert answered(bytes((0, 1, 0x80 | 1 << 4, 0)), STANDS)[-2:] == b"\x03\xff"
    assert answered(b"\0\0\0", STANDS) == b"\0\0\0"


def test_it_says_under_which_name_it_is_to_be_found():
    error, said = asked(CUSE_INIT, struct.pack("<IIII", 7, 45, 0, 0))
    assert error == 0 and said.endswith(b"DEVNAME=spidev0.0\0")
    assert struct.unpack_from("<IIII", said) == (*converter.VERSION, 0, converter.UNRESTRICTED)


def test_it_can_be_opened_and_set():
    assert asked(OPEN, bytes(8)) == (0, bytes(16))
    assert ioctl(converter.SETTINGS[0]) == (0, ANSWERED.pack(0, 0, 0, 0))


def test_a_transfer_is_fetched_then_what_it_points_at_and_then_answered():
    transfer = TRANSFER.pack(PLACE + 64, PLACE + 128, 3, 500000, 0, 8, 0, 0, 0, 0, 0)
    assert ioctl(MESSAGE) == (0, ANSWERED.pack(0, RETRY, 1, 0) + RANGE.pack(PLACE, 32))
    error, said = ioctl(MESSAGE, transfer)
    assert (error, said[: ANSWERED.size]) == (0, ANSWERED.pack(0, RETRY, 2, 1))
    assert list(RANGE.iter_unpack(said[ANSWERED.size :])) == [
        (PLACE, 32), (PLACE + 64, 3), (PLACE + 128, 3),
    ]  # fmt: skip
    sent = bytes((1, 0x80 | 2 << 4, 0))
    error, said = ioctl(MESSAGE, transfer + sent)
    assert (error, said) == (0, ANSWERED.pack(3, 0, 0, 0) + answered(sent, STANDS))


def test_what_it_does_not_know_is_refused():
    assert ioctl(0x5401) == (-errno.ENOTTY, b"")
    assert asked(40) == (-errno.ENOSYS, b"")
