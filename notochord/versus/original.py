"""The original's network, its own class untouched, trained and rated; runs in its environment.

Events come and go as arrays (lanes, events, 4): instrument, pitch, seconds, velocity. Before the
first event of a piece stands the original's start token. Its forward pass, its likelihoods and its
optimiser are its own; ours is what lies around them. See README.md for the reasons.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .bins import TIME, VELOCITY, log_probability

HEADS = ("instrument", "pitch", "time", "velocity")
START = (0.0, 128.0, 0.0, 0.0)  # the original's start token
START_PITCH = 128  # the last of its 129 pitches; no music has it
CHUNK = 128  # events of a lane that are rated at once
# Of the original's own trainer; its learning rate of 3e-4 is the caller's to vary.
BETAS, WEIGHT_DECAY, CLIP = (0.9, 0.999), 0.01, 1.0


@dataclass
class Place:
    """Where the lanes stand: the event read last (B, 4), and the GRU's state after those before."""

    before: Tensor
    state: Tensor | None = None


class CarriedState:
    """Lets the original's own forward pass begin where the chunk before ended, not anew.

    It reads each chunk from the event before the chunk's first to its last; what must be carried
    is the state without that last event, since the next chunk begins with it. So the GRU is run
    up to there, and then one event further.
    """

    def __init__(self, rnn: torch.nn.Module) -> None:
        self.fresh: Tensor | None = None  # None: every chunk begins anew, as the original trains
        self.state: Tensor | None = None
        rnn.register_forward_pre_hook(self._begin)
        rnn.register_forward_hook(self._end)

    def _begin(self, _: torch.nn.Module, arguments: Any) -> Any:
        if self.fresh is None:
            return None
        x, (initial,) = arguments
        if self.state is not None:
            initial = torch.where(self.fresh[None, :, None], initial, self.state.to(initial.dtype))
        self._last = x[:, -1:]
        return x[:, :-1], (initial,)

    def _end(self, rnn: Any, _: Any, answer: Any) -> Any:
        if self.fresh is None:
            return None
        hidden, (state,) = answer
        self.state = state.detach()
        last, _ = rnn.rnn(self._last, (state,))
        return torch.cat([hidden, last], dim=1), (state,)


class Original:
    """The original's network at given sizes; `sizes` are names and values of its constructor."""

    def __init__(self, sizes: dict[str, int], seed: int = 0, device: str = "cpu") -> None:
        from notochord import Notochord  # type: ignore[attr-defined]  # the original's

        torch.manual_seed(seed)
        self.sizes, self.device = sizes, torch.device(device)
        self.net = Notochord(**sizes).to(self.device).eval()

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.net.parameters())

    def start(self, lanes: int) -> Tensor:
        """The start token of every lane (B, 4)."""
        return torch.tensor(START, device=self.device).expand(lanes, 4)

    @torch.inference_mode()
    def rate(self, events: Tensor, given: Tensor) -> Tensor:
        """Nats of each sub-event of events (B, T, 4) from a piece's beginning, given (K, 4, 4).

        given[k, m, n] = 1 tells sub-event m what sub-event n is. Returns (B, T, K, 4).
        """
        net, rated = self.net.eval(), []
        events, given = events.to(self.device), given.to(self.device)
        state = net.initial_state[0].expand(-1, len(events), -1).contiguous()
        inputs = torch.cat([self.start(len(events)).unsqueeze(1), events[:, :-1]], dim=1)
        parts = zip(inputs.split(CHUNK, 1), events.split(CHUNK, 1), strict=True)
        for before, part in parts:  # so that it needs little memory
            hidden, (state,) = net.rnn(self._embedded(before).sum(2), (state,))
            context, embedded = net.h_proj(hidden), self._embedded(part)
            ways = [self._nats(part, context, embedded, way) for way in given]
            rated.append(torch.stack(ways, dim=2))
        return torch.cat(rated, dim=1)

    def _embedded(self, events: Tensor) -> Tensor:  # (B, T, 4) -> (B, T, 4, E)
        i, p, t, v = events.unbind(-1)
        columns = (i.long(), p.long(), t, v)
        both = zip(self.net.embeddings, columns, strict=True)
        return torch.stack([embedding(column) for embedding, column in both], dim=2)

    def _nats(self, events: Tensor, context: Tensor, embedded: Tensor, given: Tensor) -> Tensor:
        """Log-probabilities (B, T, 4) of events in one way of giving each the others (4, 4)."""
        known = torch.einsum("btne,mn->mbte", embedded, given)
        i, p, t, v = (
            head((context + more).tanh())
            for head, more in zip(self.net.projections, known, strict=True)
        )
        of_instrument, of_pitch = (events[..., m : m + 1].long() for m in (0, 1))
        rated = (
            i.log_softmax(-1).gather(-1, of_instrument).squeeze(-1),
            p[..., :START_PITCH].log_softmax(-1).gather(-1, of_pitch).squeeze(-1),
            log_probability(events[..., 2], TIME, *self.net.time_dist.get_params(t)),
            log_probability(events[..., 3], VELOCITY, *self.net.vel_dist.get_params(v)),
        )
        return torch.stack([nats.float() for nats in rated], dim=-1)


class Trainer:
    """The original's optimiser over our batches, with checkpoints."""

    def __init__(self, original: Original, bfloat16: bool) -> None:
        self.original, self._net = original, original.net
        for head in self._net.projections:  # losses stay in float32
            head.register_forward_hook(lambda _module, _arguments, raw: raw.float())
        self._carried = CarriedState(self._net.rnn)
        self._autocast = (
            (lambda: torch.autocast(original.device.type, torch.bfloat16))
            if bfloat16
            else contextlib.nullcontext
        )
        self.optimizer = torch.optim.AdamW(
            self._net.parameters(), betas=BETAS, weight_decay=WEIGHT_DECAY
        )
        self.place: Place | None = None
        self._checked: Place | None = None

    def step(self, events: Tensor, mask: Tensor, fresh: Tensor, rate: float, carry: bool) -> float:
        """One update on events (B, T, 4), mask (B, T), fresh (B,); returns nats an event.

        With `carry` a chunk goes on from the state that its lane was left in; without, as the
        original trains, every chunk begins anew. Raises RuntimeError when the loss is no number.
        """
        self._net.train()
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        nats, self.place = self._nats(events, mask, fresh, self.place, carry)
        loss = nats.sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._net.parameters(), CLIP, error_if_nonfinite=True)
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def check(
        self, events: Tensor, mask: Tensor, fresh: Tensor, given: Tensor, first: bool
    ) -> list[float]:
        """Nats of each sub-event, given (B, T, 4, 4), the lanes read on from the check before."""
        self._net.eval()
        place = None if first else self._checked
        nats, self._checked = self._nats(events, mask, fresh, place, carry=True, given=given)
        return nats.tolist()

    def _nats(
        self, events: Tensor, mask: Tensor, fresh: Tensor, place: Place | None, carry: bool,
        given: Tensor | None = None,
    ) -> tuple[Tensor, Place]:  # fmt: skip
        """(mean nats of each sub-event over the mask, where the lanes stand then)."""
        put = lambda x: x.to(self.original.device)  # noqa: E731
        events, mask, fresh = put(events), put(mask), put(fresh)
        start = self.original.start(len(events))
        place = place or Place(start)
        before = torch.where(fresh[:, None], start, place.before)
        i, p, t, v = torch.cat([before.unsqueeze(1), events], dim=1).unbind(-1)
        self._carried.fresh = fresh if carry else None
        self._carried.state = place.state
        # Its masks have a row for what is known and a column for who knows it.
        known = None if given is None else put(given).transpose(-1, -2).bool()
        with self._autocast():
            rated = self._net(i.long(), p.long(), t, v, torch.zeros_like(i).long(), ar_mask=known)
        by_head = torch.stack([rated[f"{head}_log_probs"] for head in HEADS], dim=-1)
        nats = -(by_head * mask.unsqueeze(-1)).sum((0, 1)) / mask.sum()
        return nats, Place(events[:, -1], self._carried.state if carry else None)

    def save(self, path: Path, notes: dict[str, Any]) -> None:
        """Write all that going on needs; a kill at any moment leaves a whole file."""
        temporary = path.with_suffix(".writing")
        place = None if self.place is None else (self.place.before, self.place.state)
        torch.save(
            {
                "original": self.original.sizes, "net": self._net.state_dict(),
                "optimizer": self.optimizer.state_dict(), "place": place, "notes": notes,
                "rng": (torch.get_rng_state(), torch.cuda.get_rng_state_all()),
            },
            temporary,
        )  # fmt: skip
        os.replace(temporary, path)

    def load(self, saved: dict[str, Any]) -> None:
        """Go on where the checkpoint was written."""
        self.optimizer.load_state_dict(saved["optimizer"])
        processor, gpus = saved["rng"]
        torch.set_rng_state(processor.cpu())
        torch.cuda.set_rng_state_all([state.cpu() for state in gpus])
        self.place = None if saved["place"] is None else Place(*saved["place"])


def read_checkpoint(path: Path, device: str = "cpu") -> dict[str, Any]:
    """A checkpoint's contents. Raises ValueError with a line that says what is wrong."""
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError as error:
        message = f"{path}: no such checkpoint; make one with 'notochord versus train'"
        raise ValueError(message) from error
    except Exception as error:  # noqa: BLE001 (torch raises pickle errors of many kinds)
        raise ValueError(f"{path}: not a whole checkpoint; train again or name another") from error
    if not isinstance(saved, dict) or not {"original", "net", "notes"} <= set(saved):
        raise ValueError(f"{path}: not a checkpoint of the original; name one of 'versus train'")
    return saved
