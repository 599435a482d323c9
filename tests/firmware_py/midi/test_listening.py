"""Looking into rtmidi's queues; being called is tested with the ports."""

from __future__ import annotations

import threading
from typing import cast

from firmware_py.message import Message, note_on
from firmware_py.midi.backend import RawIn
from firmware_py.midi.listening import Polled

NOTE, OTHER = note_on(0, 60, 80), note_on(0, 62, 80)


class Queue:
    """An rtmidi input that holds what was played until somebody takes it."""

    def __init__(self, *messages: Message) -> None:
        self.waiting = list(messages)

    def get_message(self) -> tuple[list[int], float] | None:
        return ([*self.waiting.pop(0)], 0.0) if self.waiting else None


class Room:
    """What was heard, and by which threads."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Message]] = []
        self.threads: set[int] = set()
        self.called = threading.Event()

    def hear(self, name: str, message: Message) -> None:
        self.heard.append((name, message))
        self.threads.add(threading.get_ident())
        self.called.set()


def test_all_that_waits_is_heard_in_order_under_the_name_of_its_port() -> None:
    room = Room()
    polled = Polled(room.hear)
    polled.begin(cast(RawIn, Queue(NOTE, OTHER)), "keys")
    assert room.called.wait(5)
    polled.close()
    assert room.heard == [("keys", NOTE), ("keys", OTHER)]
    assert threading.get_ident() not in room.threads


def test_what_a_port_has_left_is_heard_before_it_is_closed_and_nothing_after() -> None:
    room, queue = Room(), Queue()
    polled = Polled(room.hear)
    port = cast(RawIn, queue)
    polled.begin(port, "keys")
    queue.waiting.append(NOTE)
    polled.end(port)
    queue.waiting.append(OTHER)
    polled.look()
    polled.close()
    assert room.heard == [("keys", NOTE)] and queue.waiting == [OTHER]


def test_closed_it_looks_no_more() -> None:
    room, queue = Room(), Queue()
    polled = Polled(room.hear)
    polled.begin(cast(RawIn, queue), "keys")
    polled.close()
    queue.waiting.append(NOTE)
    assert room.heard == [] and not any(t.name == "midi-in" for t in threading.enumerate())
