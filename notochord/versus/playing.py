"""The original as its apps use it, timed call by call; runs in its environment.

It hears the same keys and is asked the same as our brain (`notochord.bench`): of four sub-events
under constraints, by its own `query_vipt`, and of a pitch alone, by its own `query`.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import numpy as np

STEPS = ("feed", "ask", "ask_one", "stream")


def timed(call: Callable[[], Any]) -> float:
    """Milliseconds that a call took."""
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def read_bytes(net: Any) -> int:
    """Bytes of float32 weights that feeding an event and asking for all of one read, once each.

    All parameters but the tables, of which a feed and an ask read two rows each.
    """
    tables = sum(table.weight.numel() for table in net.embeddings[:2])
    row = net.embeddings[0].weight.shape[1]
    return 4 * (sum(p.numel() for p in net.parameters()) - tables + 4 * row)


class Playing:
    """The original's network, playing: `asks` are the arguments of its queries, as in JSON.

    {"held": {instrument: [pitch]}, "full": {...}, "one": {...}}; the maps of "full" have their
    instruments as text, as JSON must.
    """

    def __init__(self, net: Any, asks: dict[str, Any]) -> None:
        self._net = net.eval()
        net.reset()
        self._held = {
            (int(instrument), pitch): 0.5  # seconds that each has been held
            for instrument, pitches in asks["held"].items()
            for pitch in pitches
        }
        self._full = dict(asks["full"])
        for name in ("note_on_map", "note_off_map"):
            notes = self._full[name].items()
            self._full[name] = {int(instrument): pitches for instrument, pitches in notes}
        self._one = {**asks["one"], "include_pitch": set(asks["one"]["include_pitch"])}
        words = read_bytes(net) // 8
        self._stream = np.random.default_rng(0).integers(0, 2**62, words, dtype=np.uint64)

    def turn(self, events: list[list[float]]) -> dict[str, list[float]]:
        """Milliseconds of each step, by name, for each event fed.

        Between the two asks the event is fed again, untimed: as in play, each ask is the first
        one after an event.
        """
        ms: dict[str, list[float]] = {step: [] for step in STEPS}
        gc.collect()
        gc.disable()
        for i, p, t, v in events:
            key = int(i), int(p), t, int(v)
            ms["feed"].append(self._feed(*key))
            ms["ask"].append(timed(lambda: self._net.query_vipt(**self._full)))
            self._feed(*key)
            ms["ask_one"].append(timed(lambda: self._net.query(**self._one)))
            ms["stream"].append(timed(self._stream.sum))
        gc.enable()
        return ms

    def _feed(self, *key: float) -> float:
        ms = timed(lambda: self._net.feed(*key))
        self._net.held_notes = dict(self._held)  # what our brain is told is held, too
        return ms
