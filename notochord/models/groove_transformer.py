"""Groove Transformer: a tapped groove becomes a pattern for the whole drum kit.

    groove (B, 32, 3)                                          notochord.groove
      │  Linear, + position                                    (B, 32, D)
      ▼
    encoder: blocks of attention                               (B, 32, D)
      │  flattened, Linear
      ▼
    mean, log variance (B, Z) ──noise──▶ z (B, Z)              the bottleneck
      │  with the controls (B, 10) and which are given (B, 10)
      ▼  Linear, + position                                    (B, 32, D)
    decoder: blocks of attention  ◀── eight bars before, a beat a place (B, 32, 109), Linear
      │  Linear                                                (B, 32 + 32, D)
      ▼
    hits (logits), velocities 0..1, offsets -0.5..0.5          (B, 32, 9) each

The whole of both bars is looked at at once: it is not causal within them. Without noise one groove
gives one pattern; with it, others that are as likely. What the drums played before is no part of
the bottleneck: z says what the groove means, the memory what piece it is in. So a bar follows from
the one before, and after eight bars the kit is still the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from notochord.groove import CONTROLS, MEMORY_BEATS, MEMORY_WIDTH, STEPS, WIDTH, N

USUAL = 8.0  # 1 / the usual share of the steps on which a voice plays, so that controls count


@dataclass(frozen=True)
class Config:
    """The sizes of a network."""

    width: int = 128
    heads: int = 4
    wide: int = 256  # of the layer inside a block
    encoder: int = 3  # blocks
    decoder: int = 3
    latent: int = 64
    dropout: float = 0.1

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as a checkpoint or a manifest holds them."""
        return asdict(self)


CONFIGS = {
    "base": Config(),
    "tiny": Config(width=16, heads=2, wide=24, encoder=1, decoder=1, latent=8, dropout=0.0),
}


class Block(nn.Module):
    """Attention among the steps, then a layer for each; normed after, as in the description."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        d = config.width
        self.heads = config.heads
        self.query_key_value, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.wide, self.narrow = nn.Linear(d, config.wide), nn.Linear(config.wide, d)
        self.norm_attention, self.norm = nn.LayerNorm(d), nn.LayerNorm(d)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to the same."""
        b, steps, d = x.shape
        split = self.query_key_value(x).view(b, steps, 3, self.heads, d // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)  # (B, heads, T, D / heads)
        seen = scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, steps, d)
        x = self.norm_attention(x + self.dropout(self.out(seen)))
        return self.norm(x + self.dropout(self.narrow(torch.relu(self.wide(x)))))


class GrooveTransformer(nn.Module):
    """The network, in training and as it plays."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        d, z = config.width, config.latent
        self.enter = nn.Linear(3, d)
        self.places = nn.Parameter(torch.randn(2, STEPS, d) * 0.02)  # of encoder and decoder
        self.encoder = nn.Sequential(*(Block(config) for _ in range(config.encoder)))
        self.mean, self.log_variance = nn.Linear(STEPS * d, z), nn.Linear(STEPS * d, z)
        self.leave = nn.Linear(z + 2 * CONTROLS, STEPS * d)
        self.remember = nn.Linear(MEMORY_WIDTH, d)
        self.past = nn.Parameter(torch.randn(MEMORY_BEATS, d) * 0.02)  # places of the memory
        self.decoder = nn.Sequential(*(Block(config) for _ in range(config.decoder)))
        self.head = nn.Linear(d, WIDTH)

    def encode(self, groove: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, Z) of what grooves (B, 32, 3) may mean."""
        x = self.encoder(self.enter(groove) + self.places[0]).flatten(1)
        return self.mean(x), self.log_variance(x).clamp(-8.0, 8.0)

    def decode(
        self, z: Tensor, memory: Tensor, controls: Tensor, given: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of hits, velocities and offsets (B, 32, 9) from z (B, Z) after a memory
        (B, 32, 109), under controls (B, 10), of which those count where `given` (B, 10) is 1."""
        x = self.leave(torch.cat([z, USUAL * controls * given, given], dim=-1))
        x = x.view(len(z), STEPS, self.config.width) + self.places[1]
        x = torch.cat([self.remember(memory) + self.past, x], dim=1)
        raw = self.head(self.decoder(x)[:, MEMORY_BEATS:])
        hits, velocities, offsets = raw.split(N, dim=-1)
        return hits, torch.sigmoid(velocities), 0.5 * torch.tanh(offsets)

    def forward(
        self, groove: Tensor, memory: Tensor, controls: Tensor, given: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Hits, velocities, offsets, and mean and log variance; noise (B, Z) is standard normal."""
        mean, log_variance = self.encode(groove)
        z = mean + noise * torch.exp(0.5 * log_variance)
        return *self.decode(z, memory, controls, given), mean, log_variance


class StepGroove(nn.Module):
    """The network as it plays: the two halves apart, so that one groove has many patterns."""

    def __init__(self, net: GrooveTransformer) -> None:
        super().__init__()
        self.width, self.beats, self.voices = net.config.width, MEMORY_BEATS, N
        self.usual, self.steps = USUAL, STEPS
        for name in ("enter", "encoder", "mean", "log_variance", "leave", "remember", "decoder",
                     "head"):  # fmt: skip
            setattr(self, name, getattr(net, name))
        self.places, self.past = net.places, net.past

    @torch.jit.export
    def encode(self, groove: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (B, Z) of what grooves (B, 32, 3) may mean."""
        x = self.encoder(self.enter(groove) + self.places[0]).flatten(1)
        return self.mean(x), torch.exp(0.5 * self.log_variance(x).clamp(-8.0, 8.0))

    @torch.jit.export
    def decode(self, z: Tensor, memory: Tensor, controls: Tensor, given: Tensor) -> Tensor:
        """Logits of hits, velocities and offsets, one behind the other (B, 32, 27), as
        `GrooveTransformer.decode` has them."""
        x = self.leave(torch.cat([z, self.usual * controls * given, given], dim=-1))
        x = x.view(z.shape[0], self.steps, self.width) + self.places[1]
        x = torch.cat([self.remember(memory) + self.past, x], dim=1)
        hits, velocities, offsets = self.head(self.decoder(x)[:, self.beats :]).split(
            self.voices, dim=-1
        )
        return torch.cat([hits, torch.sigmoid(velocities), 0.5 * torch.tanh(offsets)], dim=-1)

    def forward(
        self, groove: Tensor, memory: Tensor, controls: Tensor, given: Tensor
    ) -> Tensor:
        """A pattern (B, 32, 27) without variation."""
        return self.decode(self.encode(groove)[0], memory, controls, given)
