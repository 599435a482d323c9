"""What a running box remembers: its presets, and the session as it is played."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from firmware_py.brain_link import BrainLink
from firmware_py.instrument import Instrument
from firmware_py.message import Message
from firmware_py.presets import commands as presets
from firmware_py.presets import files
from firmware_py.presets.bank import Bank
from firmware_py.presets.preset import Preset
from firmware_py.scribe import Scribe
from firmware_py.sessions import commands as sessions
from firmware_py.sessions.recorded import Recorded
from firmware_py.sessions.recorder import MINUTES, Recorder
from firmware_py.sessions.shelf import Shelf
from firmware_py.sessions.tape import Tape
from firmware_py.settings import Settings
from firmware_py.story import Voice


class Memory:
    """Presets and sessions in one folder. Only its scribe touches the disk once it is entered."""

    def __init__(self, state: Path, records: bool, budget: int) -> None:
        """`records`: sessions are taken down, in at most `budget` bytes for all of them."""
        self._presets = presets.folder_of(state)
        self._scribe = Scribe()
        self.bank = Bank(files.load(self._presets), self._store)
        self._tape: Tape | None = None
        if records:
            self._tape = Tape()
            self._recorder = Recorder(self._tape, Shelf(sessions.folder_of(state)), budget)
            self._scribe.regularly(self._recorder.write)

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

    def _store(self, preset: Preset) -> None:
        self._scribe.soon(partial(files.store, self._presets, preset))
