"""The desk: carries out what any control asks for, and says what it did.

    board ───┐
    terminal ┼──change──▶ desk ──▶ instrument, presets, bindings
    MIDI ────┘              └──▶ a line for the player; whoever must know how the knobs stand now
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from firmware_py.bindings.learner import Learner
from firmware_py.brain_choice import BrainChoice, fallback
from firmware_py.instrument import Instrument
from firmware_py.palette import ANY, AUTO, NAMED
from firmware_py.panel.change import (
    Again,
    Change,
    DropPreset,
    Forget,
    Keep,
    Learnt,
    Listen,
    OpenAccess,
    Panic,
    PutPreset,
    Quit,
    Restart,
    StepBrain,
    StepMode,
    StepPalette,
    StorePreset,
    TakeBrain,
    TakeOver,
    Tap,
    Turn,
    Undo,
    name_of,
)
from firmware_py.panel.lamps import FLASH
from firmware_py.presets.bank import Bank
from firmware_py.presets.files import NUMBERS
from firmware_py.presets.preset import PresetError, read
from firmware_py.presets.remote import Recall, Step
from firmware_py.settings import SettingError, Settings

TWICE = 0.6  # seconds; an undo that comes so soon after another asks for an answer again
SHOWN = 3.0  # seconds for which it is shown what a knob was turned to
PALETTES = (AUTO, *NAMED, "piano", "drums", ANY)


class Follower(Protocol):
    """Something that must know how the knobs stand."""

    def now_set(self, settings: Settings) -> None:
        """The settings have been changed."""
        ...

    def learnt(self) -> None:
        """A MIDI control was bound."""
        ...


class Desk:
    """What the controls of every panel work on."""

    def __init__(
        self, instrument: Instrument, now: Callable[[], float], told: Callable[[str], None],
        bank: Bank, learner: Learner, keep: Callable[[float], str] | None = None,
        palettes: tuple[str, ...] = PALETTES, quit: Callable[[], object] = lambda: None,
        access: Callable[[], str] = lambda: "there is no web access here",
        take_brain: Callable[[str | None], object] = lambda sha256: None, restarts: bool = False,
        choice: BrainChoice | None = None,
    ) -> None:  # fmt: skip
        """`keep` is told the time when the last minutes are to be kept, and says what it does
        about it; `palettes` are stepped through. `access` opens web access and says so;
        `take_brain` has an uploaded brain be played with. `restarts`: who ends is started again.
        `choice`: the brains there are, and what the one that plays can do."""
        self._choice = choice or BrainChoice()
        self._access, self._take_brain, self._restarts = access, take_brain, restarts
        self._instrument, self._now, self._told, self._quit = instrument, now, told, quit
        self._bank, self._keep, self._palettes = bank, keep, palettes
        self._learner = learner
        self._followers: list[Follower] = []
        mode = instrument.scene.settings.mode
        self._before = mode if mode != "thru" else "duet"  # to go back to
        self._undone_at = float("-inf")
        self._turned: tuple[float, str] | None = None  # when a setting was turned, and which
        self._flash_until: float | None = None
        self._mode_to_come: str | None = None  # of a preset, whose brain is still on its way
        self.preset = ""

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes that the brain that plays can play."""
        return self._choice.modes

    def tell(self, follower: Follower) -> None:
        """Have somebody know how the knobs stand from now on."""
        self._followers.append(follower)

    @property
    def next_due(self) -> float | None:
        """When something that is shown for a while ends."""
        ends = [] if self._flash_until is None else [self._flash_until]
        if self._turned is not None:
            ends.append(self._turned[0] + SHOWN)
        return min(ends, default=None)

    def flashes(self, now: float) -> bool:
        """Whether something was just stored, kept or learnt."""
        if self._flash_until is not None and now >= self._flash_until:
            self._flash_until = None
        return self._flash_until is not None

    def turned(self, now: float) -> tuple[str, float | str] | None:
        """The setting that was turned within the last moments, and its value."""
        if self._turned is not None and now >= self._turned[0] + SHOWN:
            self._turned = None
        if self._turned is None:
            return None
        return self._turned[1], getattr(self._instrument.scene.settings, self._turned[1])

    def touch(self, change: Change) -> None:
        """A control of a panel was touched: a MIDI control can be bound to it now."""
        self._learner.touched = name_of(change) or self._learner.touched

    def obey(self, change: Change) -> None:
        """Do what a control asks for."""
        scene, before = self._instrument.scene, self._instrument.scene.settings
        if isinstance(change, StepMode | StepBrain | TakeOver) or (
            isinstance(change, Turn) and change.setting in ("mode", "brain")
        ):
            self._mode_to_come = None
        self._carry_out(change)
        settings = scene.settings
        if settings is before:
            return
        if settings.mode != "thru":
            self._before = settings.mode
        if settings.mode != before.mode and not isinstance(change, Step | Recall):
            self._told(f"mode {settings.mode}")
        self._learner.now_set(settings)
        for follower in self._followers:
            follower.now_set(settings)

    def _carry_out(self, change: Change) -> None:
        instrument, now = self._instrument, self._now()
        match change:
            case Turn(setting, value):
                self._set(setting, value)
            case StepMode(by):
                self._step("mode", self._choice.modes, by)
            case StepPalette(by):
                self._step("palette", self._palettes, by)
                self._told(f"palette {instrument.scene.settings.palette}")
            case StepBrain(by) if self._choice.names:
                self._step("brain", self._choice.names, by)
                self._told(f"brain {instrument.scene.settings.brain}")
            case StepBrain():
                self._told("there are no brains to choose from here")
            case TakeOver():
                alone = instrument.scene.settings.mode == "thru"
                self._set("mode", self._before if alone else "thru")
            case Tap(at):
                bpm = instrument.tap(at)
                if bpm is not None:
                    self._told(f"tempo {bpm:.1f}")
            case Panic():
                instrument.panic(now)
                self._told("panic: all silent")
            case _:
                self._remember(change)

    def _remember(self, change: Change) -> None:
        """What concerns the past: answers, presets, bindings, the session."""
        match change:
            case Undo(at):
                self._undo(at)
            case Again():
                self._again()
            case Step() | Recall():
                self._recall(change)
            case StorePreset():
                self._store()
            case Keep():
                self._keep_minutes()
            case Listen():
                self._learner.listen(change.on, change.keys)
                self._learner.touched = change.what or self._learner.touched
            case Learnt(line, done):
                self._learnt(line, done)
            case Forget(source):
                gone = self._learner.forget(source)
                self._told(f"{source} is let go" if gone else f"{source} is not bound")
            case PutPreset(number, text):
                self._put(number, text)
            case DropPreset(number):
                if self._bank.delete(number):
                    self._told(f"preset {number} is deleted")
            case _:
                self._service(change)

    def _service(self, change: Change) -> None:
        """What concerns the box as a machine."""
        match change:
            case Quit():
                self._quit()
            case Restart() if self._restarts:
                self._told("starting anew")
                self._quit()
            case Restart():
                self._told("nobody would start it again: end it with Ctrl-C, and run it once more")
            case OpenAccess():
                self._told(self._access())
            case TakeBrain(sha256):
                self._take_brain(sha256)

    def brain_changed(self) -> None:
        """Another brain plays, or the first is awake: where it cannot play the mode, another."""
        modes = self._choice.modes
        if self._before not in modes:
            self._before = fallback(modes)
        mode, to_come = self._instrument.scene.settings.mode, self._mode_to_come
        if to_come in modes and to_come != mode:
            self.obey(Turn("mode", to_come))
            return
        waits = to_come is not None and self._choice.changes
        refusal = self._choice.refusal("mode", to_come or mode)
        if refusal is not None and not waits:
            self._told(refusal)
        if mode not in modes:
            self.obey(Turn("mode", fallback(modes)))
        self._mode_to_come = to_come if waits else None

    def _set(self, setting: str, value: object) -> None:
        refusal = self._choice.refusal(setting, value)
        if refusal is not None:
            self._told(refusal)
            return
        try:
            self._instrument.set(setting, value, self._now())
        except SettingError as error:
            self._told(str(error))
            return
        self._turned = self._now(), setting

    def _step(self, setting: str, choices: tuple[str, ...], by: int) -> None:
        """So many choices on and round; from what is none of them, to the first or the last."""
        now_at = getattr(self._instrument.scene.settings, setting)
        at = choices.index(now_at) if now_at in choices else -1 if by > 0 else 0
        self._set(setting, choices[(at + by) % len(choices)])

    def _undo(self, at: float) -> None:
        """Takes back; and twice within a moment, answers again."""
        twice = at - self._undone_at <= TWICE
        self._undone_at = float("-inf") if twice else at
        if twice:
            self._again()
            return
        notes = self._instrument.undo(self._now())
        self._told(f"undone: {notes} notes" if notes else "there is no answer to undo")

    def _again(self) -> None:
        self._instrument.again(self._now())
        self._told("again")

    def _recall(self, wish: Recall | Step) -> None:
        """Recall a preset, this one or so many on."""
        bank, instrument = self._bank, self._instrument
        preset = bank.recall(wish.number) if isinstance(wish, Recall) else bank.step(wish.by)
        if preset is None:
            number = f" {wish.number}" if isinstance(wish, Recall) else ""
            self._told(f"there is no preset{number}")
            return
        instrument.recall(self._possible(preset.onto(instrument.scene.settings)), self._now())
        self.preset = f"{preset.number} {preset.name}"
        self._told(f"preset {preset.number}: {preset.name}")
        if self._mode_to_come is not None:
            settings = instrument.scene.settings
            self._told(f"its brain, {settings.brain}, wakes; then mode {self._mode_to_come}")

    def _possible(self, wanted: Settings) -> Settings:
        """What of a preset can be had now; a mode of another brain comes with that brain."""
        now_set, self._mode_to_come = self._instrument.scene.settings, None
        if wanted.brain != now_set.brain:
            refusal = self._choice.refusal("brain", wanted.brain)
            if refusal is not None:
                self._told(refusal)
                wanted = replace(wanted, brain=now_set.brain)
        refusal = self._choice.refusal("mode", wanted.mode)
        if self._choice.will_change(wanted.brain):
            self._mode_to_come = wanted.mode
        elif refusal is not None:
            self._told(refusal)
        return wanted if refusal is None else replace(wanted, mode=now_set.mode)

    def _store(self) -> None:
        preset = self._bank.store(self._instrument.scene.settings)
        if preset is None:
            self._told("every preset is taken; free one with: notochord-box presets delete N")
            return
        self.preset = f"{preset.number} {preset.name}"
        self._flash()
        self._told(f"stored as preset {preset.number}: {preset.name}")

    def _put(self, number: int, text: str) -> None:
        try:
            preset = read(number, text, strict=True)
        except PresetError as error:
            self._told(f"preset {number}: {error}")
            return
        if number not in NUMBERS:
            self._told(f"there is no preset {number}; they go from {NUMBERS[0]} to {NUMBERS[-1]}")
            return
        self._bank.put(preset)
        self._told(f"preset {number} is now: {preset.name}")

    def _keep_minutes(self) -> None:
        if self._keep is not None:
            self._flash()
        self._told(self._keep(self._now()) if self._keep else "nothing is being recorded")

    def _learnt(self, line: str, done: bool) -> None:
        for follower in self._followers:
            follower.learnt()
        if done:
            self._flash()
        self._told(line)

    def _flash(self) -> None:
        self._flash_until = self._now() + FLASH
