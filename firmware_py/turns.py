"""Knobs turned while a file is performed; the brain is one of them.

    --turn 20 temperature=1.3 --turn 30 brain=bachprop --turn 34 mode=chorale

Another brain wakes while simulated time stands still; from then on it takes over as it would live:
at once where it knows the mode, else when the network's notes have come to their end.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_py.brain_choice import BrainChoice, fallback
from firmware_py.changing_link import ChangingLink
from firmware_py.instrument import Instrument
from firmware_py.perform import Also, BrainUnusable
from firmware_py.settings import SettingError, pair

LOOK = 0.05  # seconds between two looks at whether a brain that waits can be taken


@dataclass(frozen=True)
class Turn:
    """A knob and its new value, at a time in seconds."""

    at: float
    name: str
    value: str

    @staticmethod
    def read(at: str, text: str) -> Turn:
        """As written on a command line. Raises SettingError."""
        try:
            seconds = float(at)
        except ValueError:
            seconds = -1.0
        if not 0.0 <= seconds < float("inf"):
            raise SettingError(f"'{at}': write a turn as SECONDS NAME=VALUE, such as 20 mode=duet")
        return Turn(seconds, *pair(text))

    def __str__(self) -> str:
        return f"{self.at:g} {self.name}={self.value}"


class Turning:
    """Turns the knobs of an instrument that is performing a file."""

    def __init__(self, link: ChangingLink, choice: BrainChoice) -> None:
        self._link, self._choice = link, choice

    def happening(self, turn: Turn) -> Also:
        """What is to happen at the time of a turn, and again until the brain has changed."""
        left = [turn]

        def happen(instrument: Instrument, now: float) -> float | None:
            if left:
                self._turn(left.pop(), instrument, now)
            return self._take(instrument, now)

        return happen

    def _turn(self, turn: Turn, instrument: Instrument, now: float) -> None:
        """Turn a knob; the brain that it asks for is awake then. Raises SettingError,
        BrainUnusable."""
        refusal = self._choice.refusal(turn.name, turn.value)
        if refusal is not None:
            raise SettingError(f"at {turn.at:g} s {refusal}")
        instrument.set(turn.name, turn.value, now)
        self._choice.now_set(instrument.scene.settings)
        while self._link.changing and self._link.waiting is None:
            for report in self._link.wait(LOOK):
                if report.kind == "kept":
                    raise BrainUnusable(report.text)

    def _take(self, instrument: Instrument, now: float) -> float | None:
        """Take the brain that waits, if that cuts no note; else returns when to look again."""
        if not self._link.changing:
            return None
        mode = self._choice.mode_for(instrument, now)
        if mode is None:
            return now + LOOK
        self._choice.take()
        if mode != instrument.scene.settings.mode:
            instrument.set("mode", fallback(self._choice.modes), now)
        instrument.brain_changed(now)
        return None
