"""Which statistic each knob steers, in which mode, and which way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware_py.panel.travel import whole_travel
from firmware_py.settings import FIELDS, Settings, changed
from firmware_py.steering import statistics as stat
from firmware_py.steering.commands import PLACES
from firmware_py.steering.statistics import Statistic

MANY = 16  # times as many performances where chance weighs as much as a ninth of the travel


@dataclass(frozen=True)
class Sweep:
    """A knob, what it steers, whether that rises (+1) or falls (-1) with it, and how to hear it."""

    knob: str
    statistic: Statistic
    unit: str
    way: int = 1
    mode: str = "continue"
    others: Mapping[str, object] = field(default_factory=dict)
    also: str = ""  # what else it steers, where it has a sweep for that already
    played: float = 8.0  # seconds of the network's playing that are measured
    times: int = 1  # performances for one of a knob that outweighs chance

    @property
    def name(self) -> str:
        """What the sweep is called."""
        return f"{self.knob}, {self.also}" if self.also else self.knob

    @property
    def by_ratio(self) -> bool:
        """Whether equal turns of the knob are equal ratios."""
        return self.knob == "weight" or whole_travel(self.knob).by_ratio

    @property
    def how(self) -> dict[str, Any]:
        """All that makes it another measurement, as plain values."""
        return {
            "statistic": self.statistic.__name__, "unit": self.unit, "mode": self.mode,
            "way": self.way, "others": dict(self.others), "played": self.played,
            "times": self.times,
        }  # fmt: skip

    def values(self, places: int = PLACES) -> list[float]:
        """The knob's values at evenly spaced places of its travel."""
        turned = [n / (places - 1) for n in range(places)]
        if self.knob == "weight":  # of a part of the palette
            return [0.25 * 16**place for place in turned]
        return [whole_travel(self.knob).value(place) for place in turned]

    def settings(self, value: float) -> Settings:
        """How the box is set with the knob at a value."""
        settings = changed(changed(Settings(), "rest", 0.1), "mode", self.mode)
        for name, other in self.others.items():
            settings = changed(settings, name, other)
        if self.knob == "weight":
            return changed(settings, "palette", f"cello*{value:.4f}, violin")
        return changed(settings, self.knob, value)


KIT = {  # on which keys each knob of the drums is heard
    "kick": (36,), "snare": (38,), "hats": (42, 46), "toms": (43, 47, 50), "cymbals": (49, 51),
}  # fmt: skip
SWEEPS = {
    sweep.name: sweep
    for sweep in (
        Sweep("temperature", stat.pitch_entropy, "bits"),
        Sweep("top_p", stat.pitch_entropy, "bits"),
        Sweep("rhythm", stat.contrast, "%", played=16.0, times=MANY),
        Sweep("timing", stat.looseness, "%", played=16.0, times=MANY),
        Sweep("timing", stat.velocity_spread, "velocity", also="touch"),
        Sweep("groove", stat.pulse, "of both", mode="accompany", played=12.0, times=4),
        Sweep("density", stat.notes_a_second, "notes/s"),
        Sweep("polyphony", stat.at_once, "notes"),
        Sweep("low", stat.lowest, "pitch", others={"high": 127}),  # else they change places
        Sweep("high", stat.highest, "pitch", others={"low": 0}),
        Sweep("softest", stat.velocity, "velocity"),
        Sweep("loudest", stat.velocity, "velocity"),
        Sweep("balance", stat.velocity, "velocity"),
        Sweep("shortest", stat.short_notes, "s", others={"polyphony": 16}),
        Sweep("longest", stat.long_notes, "s"),
        Sweep("share", stat.networks_share, "share", mode="duet", others={"palette": "cello"}),
        Sweep("weight", stat.cellos_share, "share", mode="solo"),
        Sweep("magnet", stat.off_the_grid, "ms", way=-1),
        Sweep("rest", stat.wait, "s"),
        Sweep("voices", stat.voices_a_key, "notes", mode="harmonize"),
        Sweep("span", stat.from_key, "semitones", mode="autopitch"),
        Sweep("density", stat.notes_a_second, "notes/s", mode="drums", also="drums", played=16.0),
        Sweep("variation", stat.new_in_a_bar, "%", mode="drums", played=16.0),
        Sweep("swing", stat.off_beats, "ms", mode="drums", played=16.0),
        *(
            Sweep(knob, stat.strokes_of(*keys), "strokes/s", mode="drums", played=16.0)
            for knob, keys in KIT.items()
        ),
    )
}
UNMEASURED = {  # numbers that steer no note by themselves
    name
    for name, f in FIELDS.items()
    if "low" in f.metadata and all(sweep.knob != name for sweep in SWEEPS.values())
}
