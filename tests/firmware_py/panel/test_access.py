"""Web access as the player has it: shut until it is opened, and a panel while it is open."""

import json
import logging
import socket

import pytest

from firmware_py.panel.access import DIGITS, Access, draw_number
from firmware_py.panel.change import DropPreset, Panic, PutPreset, Turn
from firmware_py.panel.glance import Glance
from firmware_py.panel.wire import change_bytes
from firmware_py.settings import Settings


@pytest.fixture
def systemd(tmp_path):
    """The socket that starts the web's process, and its ear."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as ear:
        ear.bind(str(tmp_path / "web.sock"))
        ear.listen()
        ear.settimeout(5)
        yield ear


@pytest.fixture
def access(systemd):
    made = Access(systemd.getsockname(), lambda: "493027118204")
    yield made
    made.close()


def opened(access, systemd):
    assert access.open() == "web access is open for ten minutes"
    web, _ = systemd.accept()
    web.settimeout(5)
    assert json.loads(web.recv(4096)) == {"number": "493027118204"}
    return web


def test_until_it_is_opened_nothing_is_said_and_nothing_shown(access, systemd):
    access.show(Glance())
    assert access.poll() == [] and access.fileno() == -1 and access.code == ""
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.accept()


def test_opened_it_hands_the_number_over_and_shows_it_until_somebody_is_in(access, systemd):
    with opened(access, systemd) as web:
        assert access.code == "493027118204"
        assert access.open() == "web access is open already"
        web.send(b'"in"')
        assert access.poll() == [] and access.code == "" and access.fileno() >= 0


def test_how_the_knobs_stand_is_told_once_for_each_change(access, systemd):
    with opened(access, systemd) as web:
        for n in range(4):
            access.show(Glance(at=float(n), settings=Settings(mode="solo"), session=4))
        access.show(Glance(at=9.0, settings=Settings(mode="duet"), session=4))
        told = [json.loads(web.recv(65536)) for _ in range(2)]
        assert [news["settings"]["mode"] for news in told] == ["solo", "duet"]
        assert told[0]["session"] == 4
        web.setblocking(False)
        with pytest.raises(BlockingIOError):
            web.recv(65536)


def test_what_it_asks_for_is_handed_on_and_what_it_may_not_ask_for_is_not(
    access, systemd, caplog
):
    with opened(access, systemd) as web, caplog.at_level(logging.WARNING):
        for data in (change_bytes(Turn("rest", 2.0)), change_bytes(Panic()), b"{", b"[]",
                     change_bytes(Turn([], 2.0)), change_bytes(PutPreset("x", 5)),
                     change_bytes(DropPreset(3))):  # fmt: skip
            web.send(data)
        assert access.poll() == [Turn("rest", 2.0), DropPreset(3)]
    assert caplog.text.count("nothing that it may ask for") == 5


def test_when_its_process_ends_it_is_shut_and_can_be_opened_again(access, systemd):
    opened(access, systemd).close()
    assert access.poll() == [] and access.fileno() == -1 and access.code == ""
    opened(access, systemd).close()


def test_when_the_player_ends_its_process_knows(access, systemd):
    with opened(access, systemd) as web:
        access.close()
        assert web.recv(4096) == b""


def test_where_it_is_not_installed_that_is_said(tmp_path):
    access = Access(str(tmp_path / "none.sock"))
    assert access.open().startswith("no web access: no such file")
    assert access.code == "" and access.fileno() == -1


def test_the_number_is_another_one_each_time():
    numbers = {draw_number() for _ in range(100)}
    assert len(numbers) == 100 and all(len(n) == DIGITS and n.isdecimal() for n in numbers)
