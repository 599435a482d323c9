"""The bank: the presets in memory, which of them was recalled last, and where the next one goes."""

from __future__ import annotations

from collections.abc import Callable

from firmware_py.presets.files import NUMBERS
from firmware_py.presets.preset import Preset
from firmware_py.settings import Settings


class Bank:
    """Presets by number. `keep` is handed each one that is stored, and sees it to the disk."""

    def __init__(
        self, presets: dict[int, Preset], keep: Callable[[Preset], object] = lambda preset: None
    ) -> None:
        self._presets, self._keep = dict(presets), keep
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

    def store(self, settings: Settings) -> Preset | None:
        """Store the settings under the first free number, or find that they are stored already.

        Nothing stored is ever overwritten. None when every number is taken.
        """
        for preset in self._presets.values():
            if preset.onto(settings) == settings:
                return self.recall(preset.number)
        free = next((n for n in NUMBERS if n not in self._presets), None)
        if free is None:
            return None
        preset = Preset(free, settings.mode, settings)
        self._presets[free] = preset
        self._keep(preset)
        return self.recall(free)
