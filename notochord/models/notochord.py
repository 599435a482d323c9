"""Notochord: a GRU over MIDI events whose sub-events can be asked for in any order.

    x_{n-1} = instrument, pitch, time, velocity of the event before
        e_m(x_m)            four embeddings                            (D each)
        h   = GRU(sum e_m)  one recurrent layer, learnt start state    (H)
        c   = f(h)          gated projection: what the heads see       (D)
    and, for each sub-event m of the next event, given any subset of the others:
        z_m = tanh(c + sum of the given e_n)                           (D)
        gated MLP of z_m -> categorical (instrument, pitch)
                         -> mixture of logistics (time, velocity)

Shepardson, Armitage and Magnusson, "Notochord: a Flexible Probabilistic Model for Real-Time MIDI
Performance", AIMC 2022. At training time the subset is drawn anew for every position.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from notochord.distributions import time_log_prob, velocity_log_prob
from notochord.event import N_INSTRUMENTS, N_PITCHES, START_INSTRUMENT, START_PITCH

SUB_EVENTS = ("instrument", "pitch", "time", "velocity")


@dataclass(frozen=True)
class Config:
    """Sizes of the network."""

    embedding: int = 256  # D: embeddings and heads
    hidden: int = 768  # H: the GRU's state
    time_components: int = 32
    velocity_components: int = 16
    waves: int = 64  # wavelengths of the sinusoids; a sine and a cosine each
    dropout: float = 0.0  # on the GRU's output

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


CONFIGS = {
    "base": Config(),
    "tiny": Config(embedding=32, hidden=48, time_components=8, velocity_components=6, waves=16),
}


class Sinusoids(nn.Module):
    """A number as sines and cosines of fixed wavelengths, then a linear layer."""

    def __init__(self, wavelengths: Tensor, size: int) -> None:
        super().__init__()
        self.register_buffer("turns", 2 * math.pi / wavelengths)
        self.linear = nn.Linear(2 * len(wavelengths), size)

    def forward(self, x: Tensor) -> Tensor:  # (...) -> (..., D)
        phase = x.unsqueeze(-1) * self.turns
        return self.linear(torch.cat([phase.sin(), phase.cos()], dim=-1))


class GatedMLP(nn.Module):
    """Linear, gate (a times sigmoid of b), layer norm, linear."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.gate = nn.Linear(inputs, 2 * width)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:  # (..., inputs) -> (..., outputs)
        return self.out(self.norm(F.glu(self.gate(x), dim=-1)))


class Notochord(nn.Module):
    """The network as it is trained; see notochord.step for the one that plays."""

    time_base: Tensor
    velocity_base: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        d, h = config.embedding, config.hidden
        self.instrument = nn.Embedding(N_INSTRUMENTS, d)
        self.pitch = nn.Embedding(N_PITCHES + 1, d)  # and the start token
        self.time = Sinusoids(torch.logspace(-2, math.log10(30), config.waves), d)
        self.velocity = Sinusoids(torch.linspace(2, 512, config.waves), d)
        self.gru = nn.GRU(d, h, batch_first=True)
        self.start = nn.Parameter(torch.zeros(h))
        self.dropout = nn.Dropout(config.dropout)
        self.project = GatedMLP(h, d, d)
        kt, kv = config.time_components, config.velocity_components
        sizes = (N_INSTRUMENTS, N_PITCHES, 3 * kt, 3 * kv)
        heads = [GatedMLP(d, d, size) for size in sizes]
        self.heads = nn.ModuleList(heads)
        self.register_buffer("time_base", torch.linspace(math.log(0.001), math.log(10), kt))
        self.register_buffer("velocity_base", torch.linspace(0, 127, kv))
        for table in (self.instrument, self.pitch):
            nn.init.normal_(table.weight, std=0.5)
        for head in heads:  # start from the same distribution everywhere
            with torch.no_grad():
                head.out.weight.mul_(0.01)

    def embed(self, instrument: Tensor, pitch: Tensor, dt: Tensor, velocity: Tensor) -> Tensor:
        """The four embeddings of events of shape (...), stacked: (..., 4, D)."""
        parts = (
            self.instrument(instrument), self.pitch(pitch),
            self.time(dt.float()), self.velocity(velocity.float()),
        )  # fmt: skip
        return torch.stack([part.float() for part in parts], dim=-2)

    def start_token(self) -> Tensor:
        """The embedding that is fed before the first event: (D,)."""
        device = self.start.device
        token = torch.tensor([START_INSTRUMENT, START_PITCH, 0, 0], device=device)
        return self.embed(token[0], token[1], token[2], token[3]).sum(-2)

    def initial(self, lanes: int) -> tuple[Tensor, Tensor]:
        """The state before any event: GRU state (1, lanes, H), last embedding (lanes, D)."""
        hidden = self.start.float().expand(1, lanes, -1).contiguous()
        return hidden, self.start_token().expand(lanes, -1)

    def context(
        self, embedded: Tensor, state: tuple[Tensor, Tensor], fresh: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """What the heads see before each event, and the state after the last.

        embedded (B, T, 4, D); state as from `initial`; fresh (B,) marks lanes that begin anew.
        Returns (B, T, D) and the state to carry on with.
        """
        hidden, last = state
        hidden0, last0 = self.initial(len(embedded))
        hidden = torch.where(fresh[None, :, None], hidden0, hidden)
        last = torch.where(fresh[:, None], last0, last)
        summed = embedded.sum(-2)  # (B, T, D)
        inputs = torch.cat([last[:, None], summed[:, :-1]], dim=1)
        out, hidden = self.gru(inputs, hidden)  # (B, T, H)
        return self.project(self.dropout(out)), (hidden, summed[:, -1])

    def heads_given(self, context: Tensor, embedded: Tensor, given: Tensor) -> list[Tensor]:
        """Each head's raw output; given (..., 4, 4) says which sub-events head m knows."""
        known = torch.matmul(given, embedded)  # (..., 4, D)
        z = torch.tanh(context.unsqueeze(-2).float() + known)
        return [head(z_m) for head, z_m in zip(self.heads, z.unbind(-2), strict=True)]

    def log_probs(
        self, raw: list[Tensor], instrument: Tensor, pitch: Tensor, dt: Tensor, velocity: Tensor
    ) -> Tensor:
        """Log-probability (nats) of each sub-event: (..., 4)."""
        def of(logits: Tensor, index: Tensor) -> Tensor:
            return logits.float().log_softmax(-1).gather(-1, index.unsqueeze(-1)).squeeze(-1)

        return torch.stack(
            [
                of(raw[0], instrument),
                of(raw[1], pitch),
                time_log_prob(dt.float(), raw[2], self.time_base),
                velocity_log_prob(velocity.float(), raw[3], self.velocity_base),
            ],
            dim=-1,
        )


def random_given(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Random subsets of known sub-events, (*shape, 4, 4), zero on the diagonal."""
    given = torch.randint(0, 2, (*shape, 4, 4), generator=generator, dtype=torch.float32)
    return given * (1 - torch.eye(4))
