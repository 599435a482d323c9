"""The parts of the panel in a terminal. Each draws the last glance, and says what was done."""

from __future__ import annotations

import time

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from firmware_py.panel.glance import Glance
from firmware_py.panel.lamps import Sign
from firmware_py.panel.terminal.knobs import MAIN, OTHERS, bar, place, put, turned, written
from firmware_py.panel.terminal.roll import STEP, Roll
from firmware_py.settings import Settings, changed

COLOURS = {"player": "#35c9dc", "network": "#ff9d2e", "": ""}
SIGNS = {
    Sign.WAKING: ("wakes", "#5080ff"), Sign.LISTENING: ("listens", "#2f8f3f"),
    Sign.ANSWERING: ("plays", "#30ff50"), Sign.THRU: ("leaves you alone", "#a0a0a0"),
    Sign.FAULT: ("no network", "#ff4040"), Sign.DONE: ("done", "#ffffff"),
    Sign.PRESETS: ("presets", "#c040c0"), Sign.STRAINED: ("strained", "#ff9030"),
    Sign.CODE: ("web access", "#00a0a0"),
}  # fmt: skip
DIM, STRONG, KEY = "#808080", "bold #ffffff", "bold black on #c0c0c0"
NAME, BAR = 16, 6  # letters of the name and of the bar of a knob that has one line
OWN = 0.3  # seconds after a turn in which a knob goes by that, and not by a glance


class Turned(Message):
    """A knob was turned."""

    def __init__(self, setting: str, value: float | str) -> None:
        super().__init__()
        self.setting, self.value = setting, value


class Chosen(Message):
    """Something that can be clicked on was clicked on: an action's name, or a mode's."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what


class Part(Widget):
    """A part that shows a glance."""

    glance = Glance()

    def show(self, glance: Glance) -> None:
        """Draw anew where what is drawn may have changed."""
        if self.looks(glance) != self.looks(self.glance):
            self.refresh()
        self.glance = glance

    def looks(self, glance: Glance) -> object:
        """What the drawing depends on."""
        return glance


class Lamps(Part):
    """One line: what the network does, who plays, how fast it answers, what is recorded."""

    midi_at = float("-inf")  # when the player's last note came, in seconds

    def show(self, glance: Glance) -> None:
        if any(note.owner == "player" for note in glance.notes):
            self.midi_at = glance.at
        super().show(glance)

    def looks(self, glance: Glance) -> object:
        lit = glance.at - self.midi_at < 0.15
        return glance.sign, glance.you, glance.network, glance.answer_ms, glance.session, lit

    def render(self) -> Text:
        g, text = self.glance, Text(no_wrap=True)
        says, colour = SIGNS[g.sign]
        text.append(" ● ", colour)
        text.append(says.ljust(18))
        for name, lit, shade in (
            ("MIDI", g.at - self.midi_at < 0.15, "#ffffff"), ("you", g.you, COLOURS["player"]),
            ("it", g.network, COLOURS["network"]),
        ):  # fmt: skip
            text.append("● " if lit else "○ ", shade if lit else DIM)
            text.append(f"{name}  ")
        answer = "–" if g.answer_ms is None else f"{g.answer_ms:.1f} ms"
        text.append(f"answers in {answer}".ljust(20))
        text.append("● ", "#ff4040" if g.session is not None else DIM)
        text.append("not recorded" if g.session is None else f"session {g.session}")
        return text


class Modes(Part):
    """One line: the modes that the brain can play, the one that plays marked."""

    def looks(self, glance: Glance) -> object:
        return glance.settings.mode, glance.modes

    def render(self) -> Text:
        text = Text(" ", no_wrap=True)
        text.append("m", KEY)
        for mode in self.glance.modes:
            here = mode == self.glance.settings.mode
            text.append(" ")  # one between two: all that there are must fit into 80 letters
            text.append(mode, "bold black on #e0e0e0" if here else "")
        return text

    def on_click(self, event: events.Click) -> None:
        at = 2
        for mode in self.glance.modes:
            if at <= event.x < at + len(mode) + 1:
                self.post_message(Chosen(f"mode={mode}"))
            at += len(mode) + 1


class Choices(Part):
    """One line: palette, preset, brain, tempo; a click on the name of one steps back."""

    LETTERS = {"palette": "p", "preset": "r", "brain": "n", "tempo": " "}

    @property
    def _widths(self) -> tuple[tuple[str, int], ...]:
        """Of 80 letters, or more where the terminal has more: long palettes are written out."""
        spare = max(self.size.width - 80, 0)
        long = min(spare, 39)
        more = (spare - long) // 2
        return ("palette", 21 + long), ("preset", 20 + more), ("brain", 17 + more), ("tempo", 21)

    def looks(self, glance: Glance) -> object:
        s = glance.settings
        return s.palette, glance.preset, s.brain, s.tempo, glance.lead

    def render(self) -> Text:
        g, text = self.glance, Text(" ", no_wrap=True)
        tempo = f"{g.settings.tempo:.1f} bpm"
        shown = {"palette": g.settings.palette, "preset": g.preset or "–",
                 "brain": g.settings.brain, "tempo": tempo}  # fmt: skip
        for name, width in self._widths:
            room = width - len(name) - 7
            value = shown[name] if len(shown[name]) <= room else shown[name][: room - 1] + "…"
            text.append(self.LETTERS[name], KEY if self.LETTERS[name] != " " else "")
            text.append(f" {name} ", DIM)
            text.append(f"‹{value}› ".ljust(width - len(name) - 3))
        return text

    def on_click(self, event: events.Click) -> None:
        at = 1
        for name, width in self._widths:
            if at <= event.x < at + width:
                way = "previous" if event.x < at + len(name) + 5 else "next"
                self.post_message(Chosen("tap tempo" if name == "tempo" else f"{way} {name}"))
            at += width


class Knob(Part):
    """A setting as a bar; turned with the arrow keys, the mouse and its wheel."""

    can_focus = True

    def __init__(self, setting: str, wide: bool) -> None:
        super().__init__(classes="wide" if wide else "", id=f"knob-{setting}")
        self.setting, self._wide = setting, wide
        self._mine: tuple[float, Settings] | None = None  # how it was turned just now, and when

    def looks(self, glance: Glance) -> object:
        return getattr(glance.settings, self.setting), self._bound(glance)

    @property
    def _settings(self) -> Settings:
        """How it stands: as it was turned here, until the glances must have caught up."""
        if self._mine is not None and time.monotonic() - self._mine[0] < OWN:
            return self._mine[1]
        return self.glance.settings

    def _bound(self, glance: Glance) -> str:
        """The MIDI controls that turn it."""
        return ", ".join(source for source, does in glance.bound if does == self.setting)

    def render(self) -> Text:
        settings, width = self._settings, self.size.width
        text = Text(no_wrap=True)
        value, bound = written(getattr(settings, self.setting)), self._bound(self.glance)
        style = "reverse bold" if self.has_focus else STRONG if self._wide else ""
        if self._wide:
            text.append(self.setting, style)
            room = width - len(self.setting) - len(value) - 3
            text.append(f" {bound}" if len(bound) < room else " •" if bound else "", DIM)
            text.append(f"{value} ".rjust(width - len(text)))
            text.append("\n" + bar(place(settings, self.setting), width - 1), COLOURS["network"])
            return text
        text.append(self.setting, style)
        text.append(" " * (NAME - len(self.setting)))
        text.append(bar(place(settings, self.setting), BAR), DIM)
        text.append(f" {value} ")
        text.append(bound[: max(width - len(text), 0)], COLOURS["player"])
        return text

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def turn(self, steps: float) -> None:
        """Turn it by so many steps."""
        self._turned(turned(self._settings, self.setting, steps))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.turn(1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.turn(-1)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.screen.set_focus(self)
        self.capture_mouse()
        self._put(event.x, event.y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if event.button:
            self._put(event.x, event.y)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self.release_mouse()

    def _put(self, x: int, y: int) -> None:
        """Put it where the mouse is on its bar."""
        first, width = (0, self.size.width - 1) if self._wide else (NAME, BAR)
        if first <= x <= first + width and (y > 0 or not self._wide):
            self._turned(put(self.setting, (x - first) / (width - 1)))

    def _turned(self, value: float | str) -> None:
        settings = self._settings
        if value != getattr(settings, self.setting):
            self._mine = time.monotonic(), changed(settings, self.setting, value)
            self.post_message(Turned(self.setting, value))
            self.refresh()


def knobs() -> tuple[list[Knob], list[Knob]]:
    """The four main knobs, and all others."""
    return [Knob(name, wide=True) for name in MAIN], [Knob(name, wide=False) for name in OTHERS]


class RollView(Part):
    """The last notes, yours and the network's in their colours."""

    def __init__(self) -> None:
        super().__init__(id="roll")
        self._roll, self._now, self._blank = Roll(), 0.0, True

    def show(self, glance: Glance) -> None:
        self._roll.take(glance.notes)
        self.glance = glance

    def scroll_on(self, now: float) -> None:
        """It is now so many seconds; draw while there is anything to be seen."""
        blank = self._roll.is_empty(now, self.size.width)
        if int(now / STEP) != int(self._now / STEP) and not (blank and self._blank):
            self._now, self._blank = now, blank
            self.refresh()

    def render(self) -> Text:
        width, height = self.size.width, self.size.height
        text = Text(no_wrap=True)
        if width < 2 or height < 2:
            return text
        for n, line in enumerate(self._roll.lines(self._now, width, height - 1)):
            text.append("\n" if n else "")
            for upper, lower in line:
                text.append(*_letter(upper, lower, drums=n == height - 1))
        return text


def _letter(upper: str, lower: str, drums: bool) -> tuple[str, str]:
    """A letter and its style."""
    if not upper and not lower:
        return ("·" if drums else " "), "#404040"
    if drums:
        return "▪", COLOURS[upper]
    if not lower:
        return "▀", COLOURS[upper]
    if not upper:
        return "▄", COLOURS[lower]
    return "▀", f"{COLOURS[upper]} on {COLOURS[lower]}"


class Action(Widget):
    """A button: a letter of the keyboard, and what it does."""

    def __init__(self, letter: str, what: str, label: str) -> None:
        super().__init__()
        self._letter, self._what, self._label = letter, what, label
        self.styles.width = len(letter) + len(label) + 1

    def render(self) -> Text:
        return Text.assemble((self._letter, KEY), f" {self._label}")

    def on_click(self) -> None:
        self.post_message(Chosen(self._what))


class Line(Widget):
    """What was told last."""

    text = ""

    def say(self, text: str) -> None:
        """Show this."""
        self.text = text
        self.refresh()

    def render(self) -> Text:
        return Text(f" {self.text}", no_wrap=True, overflow="ellipsis")
