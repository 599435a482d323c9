"""What is learnt: a network, its supply of batches, and its loss. How it is trained is in train.py.

A kind of network has a study of its own; the trainer asks it for the loss of the next batch, and a
checkpoint keeps what it must remember to go on bit for bit.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from notochord.batches import PLAIN, Batch, Lanes
from notochord.corpus import Corpus
from notochord.models.notochord import SUB_EVENTS, State, random_given


class Reads(Protocol):
    """How a batch is cut out of the corpus: so many lanes, so many steps each."""

    @property
    def lanes(self) -> int: ...

    @property
    def length(self) -> int: ...

    @property
    def seed(self) -> int: ...


class Study(Protocol):
    """A network that is being trained. `parts` names the parts of its loss, all in nats;
    `undecayed` the beginnings of names of weights that do not decay."""

    net: nn.Module
    parts: tuple[str, ...]
    undecayed: tuple[str, ...]

    def next_loss(self) -> Tensor:
        """The loss of the next batch, to be differentiated."""
        ...

    def validate(self, batches: int) -> list[float]:
        """The mean of each part of the loss over the same unvaried batches of `valid` each time."""
        ...

    def place(self) -> dict[str, Any]:
        """What a checkpoint keeps, beside the network's weights."""
        ...

    def go_on(self, saved: dict[str, Any]) -> None:
        """Be where a checkpoint was written."""
        ...


class NotochordStudy:
    """Notochord's: sub-events, each rated given random others; the state goes from chunk to
    chunk."""

    parts = SUB_EVENTS
    undecayed = ("instrument", "pitch")

    def __init__(self, net: Any, corpus: Corpus, reads: Reads, autocast: Any) -> None:
        self.net, self._corpus, self._reads, self._autocast = net, corpus, reads, autocast
        self.masks = torch.Generator().manual_seed(reads.seed)
        self.lanes = Lanes(corpus, "train", reads.lanes, reads.length, seed=reads.seed)
        self.state: State | None = None

    def next_loss(self) -> Tensor:
        """The loss of the next batch in nats an event, to be differentiated."""
        loss, _, self.state = self._loss(self.lanes.next(), self.state, self.masks)
        return loss

    def _loss(
        self, batch: Batch, state: State | None, masks: torch.Generator
    ) -> tuple[Tensor, Tensor, State]:
        """(weighted loss, plain mean of each sub-event's loss, state to carry), in nats."""
        device = next(self.net.parameters()).device
        put = lambda a: torch.from_numpy(a).to(device)  # noqa: E731
        columns = put(batch.instrument), put(batch.pitch), put(batch.dt), put(batch.velocity)
        fresh, mask, weight = put(batch.fresh), put(batch.mask), put(batch.velocity_weight)
        given = random_given(tuple(mask.shape), masks).to(device)
        with self._autocast():
            embedded = self.net.embed(*columns)
            state = state or self.net.initial(len(mask))
            context, heard, state = self.net.context(embedded, columns, state, fresh)
            raw = self.net.heads_given(context, embedded, given, heard)
        nats = -self.net.log_probs(raw, heard, *columns) * mask.unsqueeze(-1)  # (B, T, 4)
        by_sub_event = nats.sum((0, 1)) / mask.sum()
        velocity = (nats[..., 3] * weight[:, None]).sum() / mask.sum()
        return by_sub_event[:3].sum() + velocity, by_sub_event.detach(), state.detached()

    @torch.no_grad()
    def validate(self, batches: int) -> list[float]:
        """Mean nats of each sub-event over the same unvaried batches of `valid` every time."""
        self.net.eval()
        r = self._reads
        lanes = Lanes(self._corpus, "valid", r.lanes, r.length, augmentation=PLAIN, seed=1)
        masks, state = torch.Generator().manual_seed(1), None
        total = torch.zeros(4, device=next(self.net.parameters()).device)
        for _ in range(batches):
            _, nats, state = self._loss(lanes.next(), state, masks)
            total += nats
        return (total / batches).tolist()

    def place(self) -> dict[str, Any]:
        """The lanes' places, the state of the network, and of the random numbers."""
        return {
            "masks": self.masks.get_state(), "lanes": self.lanes.position,
            "state": None if self.state is None else self.state.plain(),
        }  # fmt: skip

    def go_on(self, saved: dict[str, Any]) -> None:
        """Be where a checkpoint was written."""
        self.masks.set_state(saved["masks"].cpu())
        self.lanes.position = saved["lanes"]
        self.state = None if saved["state"] is None else State.of(saved["state"])
