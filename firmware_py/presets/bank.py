"""The bank: the presets in memory, which of them was recalled last, and where the next one goes."""

from __future__ import annotations

from collections.abc import Callable

from firmware_py.presets.files import NUMBERS
from firmware_py.presets.preset import Preset
from firmware_py.settings import Settings


class Bank:
    """Presets by number. `keep` is handed each one that is stored, and `drop` the number of each
    that is not any more: they see it to the disk."""

    def __init__(
        self, presets: dict[int, Preset], keep: Callable[[Preset], object] = lambda preset: None,
        drop: Callable[[int], object] = lambda number: None,
    ) -> None:  # fmt: skip
        self._presets, self._keep, self._drop = dict(presets), keep, drop
        self._current: int | None = None

    def recall(self, number: int) -> Preset | None:
        """The preset of this number, current from now on; None where there is none."""
        preset = self._presets.get(number)
        if preset is not None:
            self._current = number
        return preset

    def step(self, by: int) -> Preset | None:
        """So many presets on (negative: back) and round; None when there are none."""
        numbers = sorted(self._presets)
        if not numbers:
            return None
        if self._current is None:  # before the first, or behind the last
            at = -1 if by > 0 else 0
        else:
            at = numbers.index(self._current)
        return self.recall(numbers[(at + by) % len(numbers)])

    def put(self, preset: Preset) -> None:
        """Have it under its number, in the place of whatever was there."""
        self._presets[preset.number] = preset
        self._keep(preset)

    def delete(self, number: int) -> bool:
        """Free a number; whether there was a preset."""
        if self._presets.pop(number, None) is None:
            return False
        if self._current == number:
            self._current = None
        self._drop(number)
        return True

    def store(self, settings: Settings) -> Preset | None:
        """Store the settings under the first free number, or find that they are stored already.

        Nothing stored is ever overwritten. None when every number is taken.
        """
        for preset in self._presets.values():
            if preset.names_brain and preset.onto(settings) == settings:
                return self.recall(preset.number)
        free = next((n for n in NUMBERS if n not in self._presets), None)
        if free is None:
            return None
        preset = Preset(free, settings.mode, settings, names_brain=True)
        self._presets[free] = preset
        self._keep(preset)
        return self.recall(free)
