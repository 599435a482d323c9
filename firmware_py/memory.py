"""What a running box remembers: presets, bindings, and the session as it is played."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from firmware_py.bindings import book as bindings
from firmware_py.bindings.binding import Source
from firmware_py.bindings.book import Book
from firmware_py.box import brains
from firmware_py.box.renewed import Renewed
from firmware_py.instrument import Instrument
from firmware_py.link import BrainLink
from firmware_py.message import Message
from firmware_py.presets import commands as presets
from firmware_py.presets import files
from firmware_py.presets.bank import Bank
from firmware_py.presets.preset import Preset
from firmware_py.scribe import Job, Scribe
from firmware_py.sessions import commands as sessions
from firmware_py.sessions.recorded import Recorded
from firmware_py.sessions.recorder import MINUTES, Recorder
from firmware_py.sessions.shelf import Shelf
from firmware_py.sessions.tape import Tape
from firmware_py.settings import Settings
from firmware_py.story import Voice


class Memory:
    """Presets, bindings and sessions in one folder. Once it is entered, only its scribe touches
    the disk."""

    def __init__(self, state: Path, records: bool, budget: int) -> None:
        """`records`: sessions are taken down, in at most `budget` bytes for all of them."""
        self._presets = presets.folder_of(state)
        self._scribe = Scribe()
        self.state, self.renewed = state, Renewed.of_service()
        self._scribe.regularly(self.renewed.turn)
        self.bank = Bank(files.load(self._presets), self._store, self._drop)
        self._bindings = bindings.path_in(state)
        self.book = Book(bindings.load(self._bindings), self._bind)
        self._tape: Tape | None = None
        if records:
            self._tape = Tape()
            self._recorder = Recorder(self._tape, Shelf(sessions.folder_of(state)), budget)
            self._scribe.regularly(self._recorder.write)

    def regularly(self, job: Job) -> None:
        """Have the scribe do something every turn, and once more at the end; said on entering."""
        self._scribe.regularly(job)

    def __enter__(self) -> Memory:
        self._scribe.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._scribe.close()
        if self._tape is not None:
            self._recorder.close()

    def instrument(
        self, settings: Settings, send: Callable[[Message], object], link: BrainLink, seed: int,
        watch: Callable[[str, Voice, float | None], None], now: Callable[[], float],
        brain: Callable[[], dict[str, Any]],
    ) -> Instrument:  # fmt: skip
        """An instrument, recorded where sessions are."""
        if self._tape is None:
            return Instrument(settings, send, link, seed, watch)
        return Recorded(settings, send, link, seed, watch, tape=self._tape, now=now, brain=brain)

    def keep(self, now: float) -> str:
        """Keep the last minutes; says what is done. Should it fail, a line in the log follows."""
        if self._tape is None:
            return "nothing is being recorded, so nothing can be kept"
        self._scribe.soon(partial(self._recorder.keep, now))
        return f"keeping the last {MINUTES} minutes"

    def session(self) -> int | None:
        """The number under which this session is being recorded; None while it is not."""
        return None if self._tape is None else self._recorder.number

    def _bind(self, bound: dict[Source, str]) -> None:
        self._scribe.soon(partial(bindings.write, self._bindings, bound))

    def _store(self, preset: Preset) -> None:
        self._scribe.soon(partial(files.store, self._presets, preset))

    def _drop(self, number: int) -> None:
        self._scribe.soon(partial(files.delete, self._presets, number))

    def take_brain(self, sha256: str | None) -> None:
        """Have the box play with the uploaded brain of this sum, or (None) with the shipped one."""
        self._scribe.soon(partial(self._change_brain, sha256))

    def _change_brain(self, sha256: str | None) -> None:
        if sha256 is None:
            brains.drop(self.state)
            self.renewed.tell("the shipped brain plays from the next start on")
        else:
            brains.take(self.state, sha256)
            self.renewed.tell("the uploaded brain plays from the next start on")
