"""How many bytes of a brain file each path reads, counted from the tensors that are in it.

    tell   an event is told: the GRU cell, the projection, the look back, the key for copying
    ask    all four sub-events: each head with its query for copying
    pitch  a pitch alone: one head and its query

Each also reads the layer behind the sinusoids of time and rows of the tables (a table of
velocities stands in for the sinusoids of velocity). Weights of quantised layers take a byte each,
with a float bias and a float scale for each output. Beside the weights, what is remembered is read:
the keys and values of the notes looked back at, and the keys of the events that may be copied.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECTION = ("project.gate", "project.norm", "project.out")
LOOK_BACK = tuple(f"look_back.{n}" for n in ("norm_context", "norm_event", "query", "pair", "out"))
SUB_EVENTS = ("instrument", "pitch", "time", "velocity")


def head(name: str) -> tuple[str, ...]:
    """The layers that draw one sub-event."""
    return (*(f"head_{name}.{part}" for part in ("gate", "norm", "out")), f"copying.{name}")


# path: its layers, and how many times it reads the remembered notes and the keys for copying
PATHS = {
    "tell": (("cell", *PROJECTION, *LOOK_BACK, "copying.key", "time.linear"), 1, 1),
    "ask": ((*(n for name in SUB_EVENTS for n in head(name)), "time.linear"), 0, 4),
    "pitch": ((*head("pitch"), "time.linear"), 0, 1),
}


@dataclass(frozen=True)
class Reads:
    """What one path reads: bytes of weights, bytes remembered, and products of int8 weights."""

    weights: int
    remembered: int
    products: int

    @property
    def bytes(self) -> int:
        return self.weights + self.remembered

    def in_float(self) -> Reads:
        """What the path would read of the same network in float32."""
        return Reads(self.weights + 3 * self.products, self.remembered, 0)


def _layer(module: Any) -> Reads:
    """What is read when a layer is used once."""
    import torch

    packed = [
        getattr(module, f"_packed_weight_{side}")
        for side in ("ih", "hh") if hasattr(module, f"_packed_weight_{side}")
    ]  # fmt: skip
    if hasattr(module, "_packed_params"):
        packed = [module._packed_params._packed_params]
    weights = products = 0
    for one in packed:
        weight, bias = torch.ops.quantized.linear_unpack(one)
        products += weight.numel()
        weights += weight.numel() + 8 * bias.numel()  # a float of bias, a float of scale
    plain = [] if packed else list(module.parameters())
    return Reads(weights + sum(p.numel() * p.element_size() for p in plain), 0, products)


def _inside(module: Any, name: str) -> Any:
    for part in name.split("."):
        module = getattr(module, part)
    return module


def reads(path: Path) -> dict[str, Reads]:
    """What each path reads in a brain file. Raises BrainError."""
    import torch

    from notochord.brain import Brain
    from notochord.export import best_engine

    Brain.load(path)  # refuses a file that is not whole, in one line
    torch.backends.quantized.engine = best_engine()
    module = torch.jit.load(  # type: ignore[no-untyped-call]
        io.BytesIO(path.read_bytes()), map_location="cpu"
    )
    notes, keys = (x.numel() * x.element_size() for x in (module.no_notes, module.copying.no_keys))
    rows = 3 * module.velocity_table[0].numel() * module.velocity_table.element_size()
    counted = {}
    for name, (layers, back, copies) in PATHS.items():
        parts = [_layer(_inside(module, layer)) for layer in layers]
        counted[name] = Reads(
            rows + sum(part.weights for part in parts), back * notes + copies * keys,
            sum(part.products for part in parts),
        )  # fmt: skip
    return counted
