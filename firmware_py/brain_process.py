"""The brain's own process: holds the network, is told events, answers asks. It alone needs torch.

It talks over one socket that keeps message boundaries, in JSON:

    player → brain   {"tell": [number, after, instrument, pitch, dt, velocity]}
                     {"ask": [number, after, deadline or null, ask, uniforms]}
                     {"forget": true}
                     {"ping": true}
    brain → player   {"ready": manifest, "sha256": ...} or {"refused": why}
                     {"answer": [number, event or null, seconds it took]}
                     {"pong": true}

The states after the last events are kept by number, so the player can ask after any of them. When
the player goes away the socket closes, and the process ends; the kernel sees to it as well, since
who loads a network does not listen.
"""

from __future__ import annotations

import argparse
import gc
import json
import signal
import socket
import sys
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from firmware_py.box.claims import end_with_parent
from firmware_py.brain_link import LARGEST
from notochord.ask import Ask
from notochord.event import Event

if TYPE_CHECKING:
    from notochord.brain import Brain

KEPT = 256  # states that can be gone back to, of at most 0.3 MB each
REFUSED = 3  # exit code: the brain file cannot be used, and starting again will not help


class Server:
    """Answers one message at a time."""

    def __init__(self, brain: Brain) -> None:
        self._brain = brain
        self._states: OrderedDict[int, Any] = OrderedDict()
        self._forget()

    def _forget(self) -> None:
        self._start = self._brain.start()
        self._states.clear()
        self._latest = self._start

    def _state(self, number: int) -> Any:
        if number == 0:
            return self._start
        return self._states.get(number, self._latest)

    def take(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Carry out one message; returns the answer to an ask."""
        if "tell" in message:
            number, after, *event = message["tell"]
            self._latest = self._brain.tell(self._state(after), Event(*event))
            self._states[number] = self._latest
            if len(self._states) > KEPT:
                self._states.popitem(last=False)
        elif "ask" in message:
            return self._answer(*message["ask"])
        elif "forget" in message:
            self._forget()
        elif "ping" in message:
            return {"pong": True}
        return None

    def _answer(
        self, number: int, after: int, deadline: float | None, ask: dict[str, Any], u: list[float]
    ) -> dict[str, Any]:
        began = time.monotonic()
        if deadline is not None and began > deadline:  # late is worse than never
            return {"answer": [number, None, 0.0]}
        event = self._brain.ask(self._state(after), Ask.from_json(ask), u)
        return {"answer": [number, event, time.monotonic() - began]}


def serve(connection: socket.socket, path: str) -> int:
    """Load the brain and answer until the player goes away; returns the exit code."""
    from notochord.brain import Brain, BrainError

    try:
        brain = Brain.load(path)
    except BrainError as error:
        return _refuse(connection, str(error))
    except (ImportError, OSError, RuntimeError, ValueError) as error:  # by torch's wheels
        why = " ".join(str(error).split())[:200]
        return _refuse(connection, f"torch cannot be used ({why}); see 'notochord-box doctor'")
    server = Server(brain)
    gc.freeze()  # looking through all that torch made takes 0.1 s: an answer would come too late
    ready = {"ready": brain.manifest, "sha256": brain.sha256}
    connection.send(json.dumps(ready).encode())
    while data := connection.recv(LARGEST):
        reply = server.take(json.loads(data))
        if reply is not None:
            connection.send(json.dumps(reply).encode())
    return 0


def _refuse(connection: socket.socket, why: str) -> int:
    connection.send(json.dumps({"refused": why}).encode())
    return REFUSED


def main(argv: list[str] | None = None) -> int:
    """Entry point: --brain FILE --fd SOCKET."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--brain", required=True)
    parser.add_argument("--fd", type=int, required=True)
    args = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the player ends us, by closing the socket
    end_with_parent()
    with socket.socket(fileno=args.fd) as connection:
        try:
            return 0 if _is_gone(connection) else serve(connection, args.brain)
        except (BrokenPipeError, ConnectionResetError):
            return 0


def _is_gone(connection: socket.socket) -> bool:
    """Whether the player has gone away already."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False


if __name__ == "__main__":
    sys.exit(main())
