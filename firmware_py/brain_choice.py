"""Which brains there are, which of them plays, and which modes it can play.

A brain declares its modes in its manifest; the controls offer no others. Another brain wakes beside
the one that plays and takes over without a note cut: at once where it knows the mode, else when the
notes of the network have come to their end, and then in a mode that it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from firmware_py.changing_link import ChangingLink
from firmware_py.instrument import Instrument
from firmware_py.settings import AUTO_BRAIN, MODES, Settings
from notochord.kinds import modes_of

PATIENCE = 1.0  # seconds beyond the longest note that an end of the network's notes is waited for


def offered(manifest: Mapping[str, object]) -> tuple[str, ...]:
    """The modes that a brain offers, in their order; keys sound through whatever brain. While no
    brain is known, any."""
    known = modes_of(manifest) if manifest else MODES
    return tuple(mode for mode in MODES if mode == "thru" or mode in known)


class BrainChoice:
    """What the controls ask about brains, and have changed."""

    def __init__(
        self, link: ChangingLink | None = None, shelf: Mapping[str, Path] | None = None,
        name: str = AUTO_BRAIN,
    ) -> None:  # fmt: skip
        """`shelf`: the brain files there are, by the name that the setting has; `name`: of the one
        that plays."""
        self._link, self._shelf = link, dict(shelf or {})
        self._plays = self._wanted = name
        self._waited_since: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the setting can be turned to."""
        return tuple(self._shelf)

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes that the brain that plays can play."""
        return MODES if self._link is None else offered(self._link.manifest)

    @property
    def changes(self) -> bool:
        """Whether another brain than the one that plays is wanted, and on its way."""
        return self.will_change(self._wanted)

    def will_change(self, name: str) -> bool:
        """Whether the setting turned to this name has another brain play than the one that does."""
        return name in self._shelf and self._shelf[name] != self._shelf.get(self._plays)

    def refusal(self, name: str, value: object) -> str | None:
        """Why a setting cannot be turned to a value, in one line; None when it can."""
        if name == "mode" and value in MODES and value not in self.modes:
            brain = "" if self._link is None else self._link.manifest.get("name", "")
            return f"the brain '{brain}' cannot {value}; it knows {', '.join(self.modes)}"
        if name == "brain" and value not in self._shelf:
            known = ", ".join(self._shelf) or "none to choose"
            return f"there is no brain called '{value}'; there are {known}"
        return None

    def now_set(self, settings: Settings) -> None:
        """The settings have been changed: wake the brain that is wanted now."""
        if settings.brain == self._wanted or self._link is None:
            return
        self._wanted, self._waited_since = settings.brain, None
        same = self._shelf.get(self._wanted) == self._shelf.get(self._plays)
        if same or self._wanted not in self._shelf:
            self._link.keep()
        else:
            self._link.change(self._shelf[self._wanted])

    def learnt(self) -> None:
        """A MIDI control was bound; that is of no concern here."""

    def kept(self) -> str:
        """The brain that was wanted cannot be had; gives the name of the one that plays on."""
        self._wanted = self._plays
        return self._plays

    def mode_for(self, instrument: Instrument, now: float) -> str | None:
        """The mode in which a brain that waits can be taken now; None while none can be."""
        manifest = None if self._link is None else self._link.waiting
        if self._link is None or manifest is None:
            return None
        settings, can = instrument.scene.settings, offered(manifest)
        if settings.mode in can:
            return settings.mode
        self._link.hush()
        since = self._waited_since = now if self._waited_since is None else self._waited_since
        ringing = instrument.scene.own.keys() - instrument.mode.held().keys()
        if ringing and now < since + settings.longest + PATIENCE:
            return None
        return fallback(can)

    def take(self) -> str:
        """Take the brain that waits; returns its name."""
        assert self._link is not None
        self._link.take()
        self._plays, self._waited_since = self._wanted, None
        return str(self._link.manifest.get("name", self._plays))


def fallback(modes: tuple[str, ...]) -> str:
    """The mode that is played when the one that was is not offered: the first that is a role."""
    return next((mode for mode in modes if mode != "thru"), "thru")
