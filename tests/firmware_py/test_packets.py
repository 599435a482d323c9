import socket

import pytest

from firmware_py.packets import packets


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


def test_what_waits_comes_in_order_and_nothing_is_waited_for(ends):
    ours, theirs = ends
    assert list(packets(ours, 99)) == []
    theirs.send(b"one")
    theirs.send(b"two")
    assert list(packets(ours, 99)) == [b"one", b"two"]
    assert list(packets(ours, 99)) == []


def test_the_last_of_one_that_has_gone_is_empty(ends):
    ours, theirs = ends
    theirs.send(b"one")
    theirs.close()
    assert list(packets(ours, 99)) == [b"one", b""]


def test_a_connection_that_breaks_has_gone():
    class Broken:
        def fileno(self):
            return 3

        def recv(self, largest):
            raise ConnectionResetError

    assert list(packets(Broken(), 99)) == [b""]


def test_when_it_is_closed_in_between_nothing_more_comes(ends):
    ours, theirs = ends
    theirs.send(b"one")
    theirs.send(b"two")
    taken = []
    for packet in packets(ours, 99):
        taken.append(packet)
        ours.close()
    assert taken == [b"one"]


def test_where_there_is_no_connection_nothing_comes():
    assert list(packets(None, 99)) == []
