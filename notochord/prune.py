"""A smaller network cut out of a larger one: the units that matter least are left away.

What a unit matters is how much the loss would change without it, to first order: the sum of
weight times gradient over its weights, squared, mean over batches (Molchanov et al. 2019,
"Importance Estimation for Neural Network Pruning"). A unit is a number in the embeddings, in the
GRU's state, in the middle of a head, or in a key of what is copied; it is cut from every weight
that makes or reads it. What is left has lost much and remembers more: it is trained on, and soon
overtakes a network of its size that began with nothing (see search.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from notochord.models.notochord import SUB_EVENTS, Config, Notochord

# Along each axis of a weight: whose units lie there, and how many times over. What is left over
# at the end of an axis belongs to no unit and stays.
Axis = tuple[str, int] | None


def _gated_mlp(name: str, inputs: Axis, outputs: Axis) -> dict[str, tuple[Axis, ...]]:
    width = f"{name} width"
    return {
        f"{name}.gate.weight": ((width, 2), inputs), f"{name}.gate.bias": ((width, 2),),
        f"{name}.norm.weight": ((width, 1),), f"{name}.norm.bias": ((width, 1),),
        f"{name}.out.weight": (outputs, (width, 1)), f"{name}.out.bias": (outputs,),
    }  # fmt: skip


D, D2, H, H3, P = ("embedding", 1), ("embedding", 2), ("hidden", 1), ("hidden", 3), ("copied", 1)
AXES: dict[str, tuple[Axis, ...]] = {
    "start": (H,),
    "instrument.weight": (None, D), "pitch.weight": (None, D),
    "time.linear.weight": (D, None), "time.linear.bias": (D,),
    "velocity.linear.weight": (D, None), "velocity.linear.bias": (D,),
    "gru.weight_ih_l0": (H3, D), "gru.weight_hh_l0": (H3, H),
    "gru.bias_ih_l0": (H3,), "gru.bias_hh_l0": (H3,),
    **_gated_mlp("project", H, D),
    "look_back.norm_context.weight": (D,), "look_back.norm_context.bias": (D,),
    "look_back.norm_event.weight": (D,), "look_back.norm_event.bias": (D,),
    "look_back.query.weight": (None, D), "look_back.query.bias": (None,),
    "look_back.pair.weight": (None, D2), "look_back.pair.bias": (None,),
    "look_back.out.weight": (D, None), "look_back.out.bias": (D,),
    "copying.key.weight": (P, D2), "copying.key.bias": (P,),
}  # fmt: skip
for _n, _name in enumerate(SUB_EVENTS):
    AXES |= _gated_mlp(f"heads.{_n}", D, None)
    AXES |= {f"copying.{_name}.weight": (P, D), f"copying.{_name}.bias": (P,)}


def _sizes(config: Config) -> dict[str, int]:
    widths = dict.fromkeys(
        ("project width", *(f"heads.{n} width" for n in range(4))), config.embedding
    )
    own = {"embedding": config.embedding, "hidden": config.hidden, "copied": config.copy_size}
    return own | widths


def fits(small: Config, large: Config) -> bool:
    """Whether the one can be cut out of the other: only the units differ, and are fewer."""
    alike = replace(
        small, embedding=large.embedding, hidden=large.hidden, copy_size=large.copy_size
    )
    fewer = all(n <= _sizes(large)[unit] for unit, n in _sizes(small).items())
    return alike == large and fewer


def importance(
    net: Notochord, next_loss: Callable[[], Tensor], batches: int
) -> dict[str, Tensor]:  # fmt: skip
    """What each unit of each kind matters, 0 or more, by the losses of so many batches."""
    sizes = _sizes(net.config)
    total = {unit: torch.zeros(n) for unit, n in sizes.items()}
    for _ in range(batches):
        net.zero_grad(set_to_none=True)
        next_loss().backward()  # type: ignore[no-untyped-call]
        of_batch = {unit: torch.zeros(n) for unit, n in sizes.items()}
        for name, weight in net.named_parameters():
            if weight.grad is not None:
                _add_importance(of_batch, (weight * weight.grad).detach(), AXES[name])
        for unit in total:
            total[unit] += of_batch[unit].square()
    net.zero_grad(set_to_none=True)
    return total


def _add_importance(into: dict[str, Tensor], change: Tensor, axes: tuple[Axis, ...]) -> None:
    for place, axis in enumerate(axes):
        if axis is None:
            continue
        unit, times = axis
        along = change.movedim(place, 0).flatten(1).sum(1) if change.ndim > 1 else change
        into[unit] += along[: times * len(into[unit])].unflatten(0, (times, -1)).sum(0)


def cut(net: Notochord, config: Config, matters: dict[str, Tensor]) -> Notochord:
    """The network of the smaller `config` with those of its units that matter most.

    Raises ValueError when it cannot be cut out of this one.
    """
    if not fits(config, net.config):
        raise ValueError("the smaller network must differ in nothing but having fewer units")
    kept = {unit: matters[unit].topk(n).indices.sort().values for unit, n in _sizes(config).items()}
    small = Notochord(config)
    weights = {
        name: _cut(weight.detach(), AXES[name], kept, _sizes(net.config))
        for name, weight in net.named_parameters()
    }
    small.load_state_dict(weights, strict=False)  # buffers do not depend on the units
    return small


def _cut(
    weight: Tensor, axes: tuple[Axis, ...], kept: dict[str, Tensor], sizes: dict[str, int]
) -> Tensor:
    for place, axis in enumerate(axes):
        if axis is None:
            continue
        unit, times = axis
        size, whole = sizes[unit], weight.shape[place]
        starts = size * torch.arange(times).unsqueeze(1)
        rest = torch.arange(times * size, whole)
        index = torch.cat([(starts + kept[unit]).flatten(), rest])
        weight = weight.index_select(place, index)
    return weight
