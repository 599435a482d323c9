"""The weights inside a brain file, as a network that can be trained on.

A brain file is all that is kept of a training, so it must be possible to begin from one: to train
on where another machine stopped, or to teach a brain your own music. The weights come back with
the rounding of their 8 bits.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from notochord.brain import BrainError, read_manifest
from notochord.export import best_engine
from notochord.models.notochord import SUB_EVENTS, Config, Notochord
from notochord.step import StepNetwork


def network_of(path: Path) -> tuple[Notochord, dict[str, Any]]:
    """The network in a brain file and the file's manifest. Raises BrainError."""
    try:
        archive = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise BrainError(f"{path}: {reason}; name a brain file") from error
    manifest = read_manifest(path, archive)
    torch.backends.quantized.engine = best_engine()
    played = torch.jit.load(io.BytesIO(archive), map_location="cpu")  # type: ignore[no-untyped-call]
    net = Notochord(Config(**manifest["config"]))
    step = StepNetwork(net)  # shares most layers with the network
    for name, layer in step.named_modules():
        _take(layer, _inside(played, name))
    with torch.no_grad():
        _take_scaled(net.look_back.query, step.look_back.query, net.look_back.size**0.5)
        _take_scaled(net.copying.key, step.copying.key, net.copying.size**0.5)
        for name in SUB_EVENTS:  # asked for more numbers there than in training
            mine, theirs = getattr(net.copying, name), getattr(step.copying, name)
            mine.weight.copy_(theirs.weight[: len(mine.weight)])
            mine.bias.copy_(theirs.bias[: len(mine.bias)])
        net.start.copy_(played.first)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(net.gru, f"{name}_l0").copy_(getattr(step.cell, name))
    return net.eval(), manifest


def _take_scaled(layer: nn.Linear, played: nn.Linear, by: float) -> None:
    layer.weight.copy_(by * played.weight)
    layer.bias.copy_(by * played.bias)


def _inside(module: Any, name: str) -> Any:
    for part in name.split(".") if name else ():
        module = getattr(module, part)
    return module


@torch.no_grad()
def _take(layer: nn.Module, played: Any) -> None:
    """Copy a layer's own weights from the scripted layer of the same name."""
    if isinstance(layer, nn.Linear):
        weight, bias = _linear(played)
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    elif isinstance(layer, nn.GRUCell):
        for side in ("ih", "hh"):
            weight, bias = _cell_side(played, side)
            getattr(layer, f"weight_{side}").copy_(weight)
            getattr(layer, f"bias_{side}").copy_(bias)
    else:
        for name, parameter in layer.named_parameters(recurse=False):
            parameter.copy_(getattr(played, name))


def _unpacked(packed: Any) -> tuple[Tensor, Tensor]:
    weight, bias = torch.ops.quantized.linear_unpack(packed)
    return weight.dequantize(), bias


def _linear(played: Any) -> tuple[Tensor, Tensor]:
    if hasattr(played, "_packed_params"):
        return _unpacked(played._packed_params._packed_params)
    return played.weight, played.bias


def _cell_side(played: Any, side: str) -> tuple[Tensor, Tensor]:
    if hasattr(played, f"_packed_weight_{side}"):
        return _unpacked(getattr(played, f"_packed_weight_{side}"))
    return getattr(played, f"weight_{side}"), getattr(played, f"bias_{side}")
