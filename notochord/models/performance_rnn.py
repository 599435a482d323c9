"""Performance RNN: a recurrent network over the tokens of a piano performance.

    tokens (B, T)            one-hot, nothing at the beginning         notochord.performance
      │
      ▼
    one-hot (B, T, N)        N = 388, or 308 with a piano's keys alone
      │
      ▼
    LSTM or GRU              layers deep, H wide, each above the       (B, T, H)
      │                      lowest added to what enters it
      ▼
    head: Linear             logits of the token that comes next       (B, T, N)

Simon and Oore, "Performance RNN: Generating Music with Expressive Timing and Dynamics" (2017):
three layers of LSTM, over a one-hot encoding. The variant of the Wolfram Summer School (2018) has
the keys of a piano and a GRU with one layer less, and is trained by teacher forcing, as is the
first: each step is given the true token before it. That a layer is added to what enters it is ours:
three plain layers know no more than how frequent each token is for the first hundreds of updates.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from notochord.performance import PIANO, Vocabulary

LOUD = 0.5  # spread of the weights of a token at first


@dataclass(frozen=True)
class Config:
    """The sizes of a network, and the pitches that it knows."""

    cell: str = "lstm"  # or "gru"
    layers: int = 3
    hidden: int = 512
    low: int = 0
    high: int = 127

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens that it reads and writes."""
        return Vocabulary(self.low, self.high)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as a checkpoint or a manifest holds them."""
        return asdict(self)


CONFIGS = {
    "article": Config(),
    "piano88": Config("gru", layers=2, low=PIANO[0], high=PIANO[1]),
    "tiny": Config(layers=2, hidden=24),
    "tiny88": Config("gru", layers=2, hidden=24, low=PIANO[0], high=PIANO[1]),
}


class PerformanceRNN(nn.Module):
    """The network in training: whole runs of tokens at once."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.tokens = config.vocabulary.size
        kind = {"lstm": nn.LSTM, "gru": nn.GRU}[config.cell]
        widths = [self.tokens] + [config.hidden] * (config.layers - 1)
        self.layers = nn.ModuleList(
            kind(width, config.hidden, batch_first=True) for width in widths
        )
        self.head = nn.Linear(config.hidden, self.tokens)
        self._begin()

    @torch.no_grad()
    def _begin(self) -> None:
        """Random weights with which a token is heard from the first update on: of a one-hot input a
        single weight comes through, so torch's own, made for as many inputs as there are tokens,
        are far too small for the lowest layer."""
        for layer, rnn in enumerate(self.layers):
            rnn.weight_ih_l0.normal_(std=self.config.hidden**-0.5 if layer else LOUD)
            for gate in rnn.weight_hh_l0.split(self.config.hidden):
                nn.init.orthogonal_(gate)
            if self.config.cell == "lstm":  # remember, until told otherwise
                _, forget, _, _ = rnn.bias_ih_l0.split(self.config.hidden)
                forget += 1.0

    def initial(self, lanes: int) -> Tensor:
        """The memory before any token: (parts, layers, B, H); an LSTM's has two parts."""
        c = self.config
        return torch.zeros(2 if c.cell == "lstm" else 1, c.layers, lanes, c.hidden)

    def forward(self, before: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, T, N) of the tokens that come next, and the memory after the last.

        before (B, T): at each place the token before it, -1 at the beginning.
        """
        x, kept = one_hot(before, self.tokens), []  # (B, T, N)
        for n, rnn in enumerate(self.layers):
            parts = [part[n : n + 1] for part in memory]  # of (1, B, H)
            said, after = rnn(x, tuple(parts) if len(parts) == 2 else parts[0])
            x = x + said if n else said  # (B, T, H)
            kept.append(torch.stack(after) if len(parts) == 2 else after.unsqueeze(0))
        return self.head(x), torch.cat(kept, dim=1)  # (B, T, N); (parts, layers, B, H)


def one_hot(tokens: Tensor, size: int) -> Tensor:
    """Tokens (...) as vectors (..., N); -1, which is none, as zeros."""
    return nn.functional.one_hot(tokens + 1, size + 1)[..., 1:].float()


class StepLSTM(nn.Module):
    """One layer for playing; its memory (B, 2, H) is what it says and what it keeps."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(inputs, hidden)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        h, c = self.cell(x, (memory[:, 0], memory[:, 1]))
        return torch.stack([h, c], dim=1)


class StepGRU(nn.Module):
    """One layer for playing; its memory is (B, 1, H)."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.cell = nn.GRUCell(inputs, hidden)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        return self.cell(x, memory[:, 0]).unsqueeze(1)


class StepPerformance(nn.Module):
    """The network as it plays: a token at a time, the state handed in and back.

    A state is the logits of what comes next (B, N) and the memory (B, layers, parts, H).
    """

    def __init__(self, trained: PerformanceRNN) -> None:
        super().__init__()
        c = trained.config
        self.tokens, self.layers, self.hidden = trained.tokens, c.layers, c.hidden
        self.parts = 2 if c.cell == "lstm" else 1
        kind = StepLSTM if c.cell == "lstm" else StepGRU
        widths = [self.tokens] + [c.hidden] * (c.layers - 1)
        self.cells = nn.ModuleList(kind(width, c.hidden) for width in widths)
        self.head = trained.head
        with torch.no_grad():
            for layer, step in enumerate(self.cells):
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(step.cell, name).copy_(getattr(trained.layers[layer], f"{name}_l0"))

    @torch.jit.export
    def start(self, lanes: int) -> tuple[Tensor, Tensor]:
        """The state before any token, for so many lanes side by side."""
        memory = torch.zeros(lanes, self.layers, self.parts, self.hidden)
        return self.step(torch.zeros(lanes, self.tokens), memory)

    @torch.jit.export
    def step(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """The state after one token of each lane, as vectors (B, N)."""
        kept: list[Tensor] = []
        for n, cell in enumerate(self.cells):
            after = cell(x, memory[:, n])
            kept.append(after)
            x = x + after[:, 0] if n > 0 else after[:, 0]
        return self.head(x), torch.stack(kept, dim=1)

    @torch.jit.export
    def feed(self, state: tuple[Tensor, Tensor], tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The state after tokens (B, T)."""
        for n in range(tokens.shape[1]):
            x = nn.functional.one_hot(tokens[:, n], self.tokens).float()
            state = self.step(x, state[1])
        return state

    @torch.jit.export
    def rate(self, tokens: Tensor) -> Tensor:
        """Log-probability (nats) of each of the tokens (B, T) from the beginning: (B, T)."""
        state = self.start(tokens.shape[0])
        rated: list[Tensor] = []
        for n in range(tokens.shape[1]):
            token = tokens[:, n : n + 1]
            rated.append(state[0].log_softmax(-1).gather(-1, token))
            state = self.feed(state, token)
        return torch.cat(rated, dim=1)
