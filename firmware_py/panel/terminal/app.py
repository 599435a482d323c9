"""The panel in a terminal: keys and mouse become changes, glances become lamps, bars and a roll."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Callable

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll

from firmware_py.panel.change import (
    ACTIONS,
    Change,
    Forget,
    Listen,
    Quit,
    Turn,
)
from firmware_py.panel.glance import Glance
from firmware_py.panel.terminal.widgets import (
    Action,
    Choices,
    Chosen,
    Knob,
    Lamps,
    Line,
    Modes,
    Part,
    RollView,
    Turned,
    knobs,
)
from firmware_py.panel.wire import LARGEST, change_bytes, glance_in

KEYS = {  # what the letters do, as pin maps call it
    "t": "take over", "space": "tap tempo", "u": "undo", "a": "again", "k": "keep",
    "s": "store preset", "escape": "panic", "m": "next mode", "M": "previous mode",
    "p": "next palette", "P": "previous palette", "r": "next preset", "R": "previous preset",
    "n": "next brain", "N": "previous brain",
}  # fmt: skip
BUTTONS = (
    ("t", "take over", "alone"), ("␣", "tap tempo", "tap"), ("u", "undo", "undo"),
    ("a", "again", "again"), ("k", "keep", "keep"), ("s", "store preset", "store"),
    ("esc", "panic", "panic"), ("b", "bind", "bind"), ("f", "forget", "forget"),
    ("q", "quit", "quit"),
)  # fmt: skip
FRAME = 0.1  # seconds between two pictures of the roll


class PanelApp(App[None]):
    """Shows glances, and sends changes."""

    CSS_PATH = "panel.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = [
        Binding("up", "walk(-1)", priority=True), Binding("down", "walk(1)", priority=True),
        Binding("left", "turn(-1)", priority=True), Binding("right", "turn(1)", priority=True),
        Binding("shift+left", "turn(-5)", priority=True),
        Binding("shift+right", "turn(5)", priority=True),
        Binding("ctrl+c,q", "leave", priority=True), Binding("tab", "walk(1)", priority=True),
        Binding("shift+tab", "walk(-1)", priority=True),
    ]  # fmt: skip

    def __init__(
        self, send: Callable[[Change], object], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`send` carries a change to the instrument."""
        super().__init__()
        self._send, self._now = send, now
        self.glance = Glance()
        self._awaited = ""  # what a MIDI control will be bound to
        self._main, self._others = knobs()
        self._roll, self._line = RollView(), Line(id="line", classes="row")
        self._rows = Lamps(classes="row"), Modes(classes="row"), Choices(classes="row")
        self._parts: list[Part] = [*self._rows, self._roll, *self._main, *self._others]
        self.when_ready: Callable[[], object] = lambda: None  # called once all is there

    def compose(self) -> ComposeResult:
        with Vertical():
            yield from self._rows
            yield Horizontal(*self._main, id="main")
            yield Horizontal(self._roll, VerticalScroll(*self._others, id="others"), id="middle")
            yield Horizontal(*(Action(*button) for button in BUTTONS), id="buttons")
            yield self._line

    def on_mount(self) -> None:
        self.query_one("#others").can_focus = False
        self._main[0].focus()
        self.set_interval(FRAME, self._scroll)
        self.when_ready()

    def show(self, glance: Glance) -> None:
        """Show what there is to see now."""
        learnt = self.glance.listens and glance.bound != self.glance.bound
        self.glance = glance
        for part in self._parts:
            part.show(glance)
        if glance.lines:
            self._line.say(glance.lines[-1])
        if learnt:
            self._send(Listen(False))

    def _scroll(self) -> None:
        self._roll.scroll_on(self._now())

    # ── what is done ────────────────────────────────────────────────────────────────────────

    def on_key(self, event: events.Key) -> None:
        key = event.character if event.character and event.character.isalpha() else event.key
        if key in "1234":
            self.screen.set_focus(self._main[int(key) - 1])
        elif key in ("b", "f"):
            self._do("bind" if key == "b" else "forget")
        elif key in KEYS:
            self._do(KEYS[key])

    def on_chosen(self, message: Chosen) -> None:
        self._do(message.what)

    def on_turned(self, message: Turned) -> None:
        self._send(Turn(message.setting, message.value))

    def action_walk(self, by: int) -> None:
        """Go to the next knob, or the one before."""
        every = [*self._main, *self._others]
        at = every.index(self.focused) if isinstance(self.focused, Knob) else -1
        self.screen.set_focus(every[(at + by) % len(every)])

    def action_turn(self, steps: int) -> None:
        """Turn the knob that has the focus."""
        if isinstance(self.focused, Knob):
            self.focused.turn(steps)

    def action_leave(self) -> None:
        """End the instrument."""
        self._do("quit")

    def _do(self, what: str) -> None:
        """Do what a letter or a click stands for; while a binding is awaited, bind to that."""
        setting, equals, value = what.partition("=")
        if what == "quit":
            self._send(Quit())
        elif what == "bind":
            self._bind()
        elif what == "forget":
            self._forget()
        elif self.glance.listens and not equals:
            self._listen(what)
        elif equals:
            self._send(Turn(setting, value))
        elif what in ACTIONS:
            self._send(ACTIONS[what](self._now()))

    def _bind(self) -> None:
        if self.glance.listens:
            self._send(Listen(False))
            self._line.say("nothing is bound")
        elif isinstance(self.focused, Knob):
            self._listen(self.focused.setting)

    def _listen(self, what: str) -> None:
        self._awaited = what
        self._send(Listen(True, what, keys=True))
        bound = ", ".join(source for source, does in self.glance.bound if does == what)
        now = f" ({bound})" if bound else ""
        self._line.say(f"bind {what}{now}: move a MIDI control, or press another letter; b ends")

    def _forget(self) -> None:
        """Let go what is bound to the knob that has the focus; or, while a binding is awaited, to
        what it is awaited for."""
        knob = self.focused
        here = knob.setting if isinstance(knob, Knob) else ""
        wanted = self._awaited if self.glance.listens else here
        gone = [source for source, does in self.glance.bound if does.partition("=")[0] == wanted]
        for source in gone:
            self._send(Forget(source))
        if not gone:
            self._line.say("no MIDI control is bound here")


def serve(connection: socket.socket) -> None:
    """Show the panel until the player goes away."""
    app = PanelApp(lambda change: _post(connection, change))
    connection.setblocking(False)

    def came() -> None:
        try:
            data = connection.recv(LARGEST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            app.show(glance_in(data, app.glance))
        else:
            asyncio.get_running_loop().remove_reader(connection)
            app.exit()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, app.exit)
        app.when_ready = lambda: loop.add_reader(connection, came)
        await app.run_async()

    asyncio.run(run())


def _post(connection: socket.socket, change: Change) -> None:
    try:
        connection.send(change_bytes(change))
    except OSError:  # the player is gone; the reader will notice
        return
