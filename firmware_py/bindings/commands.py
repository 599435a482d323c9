"""notochord-box bindings: what MIDI controls do, listed, bound, learnt from a keyboard, let go."""

from __future__ import annotations

import argparse
import select
from typing import Any

from firmware_py.actions import add_actions
from firmware_py.bindings import book
from firmware_py.bindings.binding import BindingError, Source, check, source_in, source_of
from firmware_py.bindings.book import Book
from firmware_py.clock import MonotonicClock
from firmware_py.midi.ports import Inputs, open_backend
from notochord.options import number


def add_to(commands: Any) -> None:
    """Add `bindings` to the commands of a parser."""
    actions = add_actions(commands, "bindings", "MIDI controls: list, bind, learn, forget", (
        ("list", _list, "every control that is bound"),
        ("bind", _bind, "bind a control: 'cc 1:74' temperature"),
        ("learn", _learn, "bind the control that is moved next"),
        ("forget", _forget, "let a control go, or 'all'"),
    ))  # fmt: skip
    for name in ("bind", "forget"):
        actions[name].add_argument("control", metavar="CONTROL",
                                   help="'cc 1:74', 'note 10:36' ...")  # fmt: skip
    for name in ("bind", "learn"):
        actions[name].add_argument("does", metavar="DOES",
                                   help="a setting, NAME=VALUE, or what a button does")  # fmt: skip
    learn = actions["learn"]
    learn.add_argument("--api", default="auto", choices=("auto", "alsa", "jack"))
    learn.add_argument("--wait", type=number(0.1, 3600), default=30.0, metavar="S", help="seconds")


def _book(args: argparse.Namespace) -> Book:
    path = book.path_in(args.state)
    return Book(book.load(path), lambda bound: book.write(path, bound))


def _list(args: argparse.Namespace) -> int:
    bound = _book(args)
    for source, does in bound:
        print(f"{str(source):14} {does}")
    if not bound.names:
        print(f"nothing is bound yet in {book.path_in(args.state)}")
    return 0


def _bind(args: argparse.Namespace) -> int:
    source = source_in(args.control)
    _book(args).bind(source, args.does)
    print(f"{source} is now: {args.does}")
    return 0


def _learn(args: argparse.Namespace) -> int:
    check(Source("cc", 1, 1), args.does)  # before anybody is asked to move something
    print("move a control, press a pad or send a program change ...", flush=True)
    source = _moved(args.api, args.wait)
    _book(args).bind(source, args.does)
    print(f"{source} is now: {args.does}")
    return 0


def _moved(api: str, wait: float) -> Source:
    """The next control that moves on any keyboard; raises BindingError when none does."""
    clock = MonotonicClock()
    until = clock.now() + wait
    with open_backend(api) as backend:
        inputs = Inputs(backend, clock.now)
        try:
            while (left := until - clock.now()) > 0:
                select.select([inputs.fileno()], [], [], left)
                for _, _, message in inputs.drain():
                    source = source_of(message)
                    if source is not None:
                        return source
        finally:
            inputs.close()
    raise BindingError(f"no control was moved within {wait:g} s; try again")


def _forget(args: argparse.Namespace) -> int:
    bound = _book(args)
    gone = [s for s, _ in bound] if args.control == "all" else [source_in(args.control)]
    for source in gone:
        if not bound.forget(source):
            raise BindingError(f"'{source}' is not bound; see 'bindings list'")
        print(f"{source} is let go")
    return 0
