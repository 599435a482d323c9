"""Echo and key press, told apart."""

from __future__ import annotations

import pytest

from firmware_py.message import Message, note_off, note_on
from firmware_py.midi.echo import EchoGuard

SENT = note_on(0, 60, 80)


def test_what_comes_back_within_the_window_is_an_echo_once() -> None:
    guard = EchoGuard()
    guard.sent(SENT, 1.0)
    assert guard.is_echo(SENT, 1.01)
    assert not guard.is_echo(SENT, 1.011)


def test_each_send_has_one_echo() -> None:
    guard = EchoGuard()
    guard.sent(SENT, 1.0)
    guard.sent(SENT, 1.005)
    assert [guard.is_echo(SENT, 1.01) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("at", "echo"), [(1.0, True), (1.0299, True), (1.0301, False), (0.9, False)]
)
def test_the_window_is_thirty_milliseconds_and_not_before_the_send(at: float, echo: bool) -> None:
    guard = EchoGuard()
    guard.sent(SENT, 1.0)
    assert guard.is_echo(SENT, at) is echo


def test_the_window_is_a_setting() -> None:
    guard = EchoGuard(window=0.2)
    guard.sent(SENT, 1.0)
    assert guard.is_echo(SENT, 1.15)


@pytest.mark.parametrize(
    "other", [note_on(0, 61, 80), note_on(1, 60, 80), note_off(0, 60), (0x90, 60, 0), (0xF8,)]
)
def test_another_message_is_the_players(other: Message) -> None:
    guard = EchoGuard()
    guard.sent(SENT, 1.0)
    assert not guard.is_echo(other, 1.001)


def test_a_key_struck_in_a_chord_that_the_network_has_just_harmonised_is_the_players() -> None:
    guard = EchoGuard()
    guard.sent(note_on(0, 64, 72), 1.0)
    assert not guard.is_echo(note_on(0, 64, 80), 1.02)


@pytest.mark.parametrize("end", [note_off(3, 60), (0x93, 60, 0)])
def test_the_end_of_a_note_is_never_held_back(end: Message) -> None:
    guard = EchoGuard()
    guard.sent(note_off(3, 60), 1.0)
    guard.sent((0x93, 60, 0), 1.0)
    assert not guard.is_echo(end, 1.001)


def test_controls_and_clock_are_never_held_back() -> None:
    guard = EchoGuard()
    for message in ((0xB0, 64, 127), (0xF8,), (0xE0, 0, 64)):
        guard.sent(message, 1.0)
        assert not guard.is_echo(message, 1.0)


def test_what_was_sent_long_ago_is_forgotten_whatever_it_was() -> None:
    guard = EchoGuard()
    for number in range(100_000):
        guard.sent(note_on(number % 16, number % 128, 1 + number % 127), number / 100)
    assert sum(len(times) for times in guard._sent.values()) == len(guard._order) <= 101
    guard.sent(SENT, 1000.0)
    assert guard.is_echo(SENT, 1000.01)


def test_an_echo_that_waited_while_other_notes_were_sent_is_known() -> None:
    guard = EchoGuard()
    guard.sent(SENT, 1.0)
    guard.sent(note_on(0, 61, 80), 1.5)
    assert guard.is_echo(SENT, 1.02)


def test_a_flood_of_sends_is_remembered_within_bounds() -> None:
    guard = EchoGuard(window=1000)
    for number in range(10_000):
        guard.sent(SENT, number / 1000)
    echoes = sum(guard.is_echo(SENT, 11.0) for _ in range(10_000))
    assert 0 < echoes <= 16


@pytest.mark.parametrize("message", [(0xFA,), (0xFB,), (0xFC,), (0xF2, 8, 0)])
def test_a_start_or_stop_that_comes_back_is_an_echo(message: Message) -> None:
    guard = EchoGuard()
    assert not guard.is_echo(message, 0.9)
    guard.sent(message, 1.0)
    assert guard.is_echo(message, 1.01) and not guard.is_echo(message, 1.02)
