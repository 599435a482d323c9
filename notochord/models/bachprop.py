"""BachProp: a recurrent network over the notes of a normalised score.

    note n (dT, T, P), one-hot (B, N, 22 + 21 + 128)               notochord.score
      │
      ├──────────────────────┬───────────────────────┐
      ▼                      ▼                       ▼
    GRUs of dT (B, N, H)   GRUs of T (B, N, H)     GRUs of P (B, N, K)    layers deep
      │                      │                       │
      │                      ├◀─ dT of note n+1      ├◀─ dT, T of note n+1, one-hot
      ▼                      ▼                       ▼
    readout (B, N, 22)     readout (B, N, 21)      readout (B, N, 128)    Linear, ReLU, Linear

    Pr(note n+1 | notes) = Pr(dT | H_dT) · Pr(T | H_T, dT) · Pr(P | H_P, dT, T)

Colombo, Brea and Gerstner, "Learning to Generate Music with BachProp" (2018). Before the first note
each head is given a note of zeros.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from notochord.score import LENGTHS, SIZES, WAITS

Memory = tuple[Tensor, Tensor, Tensor]  # of the heads of dT, T and P
NOTE = sum(SIZES)

LOUD = 0.5  # spread of the weights of a note at first


@dataclass(frozen=True)
class Config:
    """The sizes of a network."""

    layers: int = 2
    rhythm: int = 128  # width of the heads of dT and of T
    pitch: int = 320  # of that of P
    readout: int = 128

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as a checkpoint or a manifest holds them."""
        return asdict(self)


CONFIGS = {"base": Config(), "tiny": Config(rhythm=12, pitch=16, readout=12)}


def as_vectors(notes: Tensor) -> Tensor:
    """Notes (B, N, 3) one-hot (B, N, NOTE); a note of -1, which is none, as zeros."""
    parts = [one_hot(notes[..., n] + 1, size + 1)[..., 1:] for n, size in enumerate(SIZES)]
    return torch.cat(parts, dim=-1).float()


class Head(nn.Module):
    """What foresees one feature: its own memory of the notes, and what is given of the next."""

    def __init__(self, hidden: int, layers: int, readout: int, given: int, size: int) -> None:
        super().__init__()
        self.rnn = nn.GRU(NOTE, hidden, layers, batch_first=True)
        self.mix = nn.Linear(hidden + given, readout)
        self.out = nn.Linear(readout, size)
        self._begin()

    @torch.no_grad()
    def _begin(self) -> None:
        """Random weights with which a note is heard from the first update on: of each of its three
        one-hot vectors a single weight comes through, so torch's own are far too small."""
        self.rnn.weight_ih_l0.normal_(std=LOUD)
        for layer in range(self.rnn.num_layers):
            for gate in getattr(self.rnn, f"weight_hh_l{layer}").split(self.rnn.hidden_size):
                nn.init.orthogonal_(gate)

    def forward(self, x: Tensor, given: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (B, N, size), and the memory (layers, B, H) after the last note."""
        h, memory = self.rnn(x, memory)  # (B, N, H)
        return self.out(self.mix(torch.cat([h, given], dim=-1)).relu()), memory


class BachProp(nn.Module):
    """The network in training: whole runs of notes at once."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = c = config
        self.wait = Head(c.rhythm, c.layers, c.readout, 0, SIZES[0])
        self.length = Head(c.rhythm, c.layers, c.readout, SIZES[0], SIZES[1])
        self.pitch = Head(c.pitch, c.layers, c.readout, SIZES[0] + SIZES[1], SIZES[2])

    def initial(self, lanes: int) -> Memory:
        """The memory before any note: three of (layers, B, H)."""
        c = self.config
        rhythm = torch.zeros(c.layers, lanes, c.rhythm)
        return rhythm, rhythm.clone(), torch.zeros(c.layers, lanes, c.pitch)

    def forward(
        self, before: Tensor, notes: Tensor, memory: Memory
    ) -> tuple[tuple[Tensor, Tensor, Tensor], Memory]:
        """Logits (B, N, size) of the features of each of the notes (B, N, 3), and the memory.

        before (B, N, 3): at each place the note before it, -1 at the beginning.
        """
        x, following = as_vectors(before), as_vectors(notes)  # (B, N, NOTE)
        first, second = SIZES[0], SIZES[0] + SIZES[1]
        wait, m0 = self.wait(x, following[..., :0], memory[0])
        length, m1 = self.length(x, following[..., :first], memory[1])
        pitch, m2 = self.pitch(x, following[..., :second], memory[2])
        return (wait, length, pitch), (m0, m1, m2)


class StepHead(nn.Module):
    """A head as it plays: a note at a time."""

    def __init__(self, trained: Head) -> None:
        super().__init__()
        rnn = trained.rnn
        widths = [rnn.input_size] + [rnn.hidden_size] * (rnn.num_layers - 1)
        self.cells = nn.ModuleList(nn.GRUCell(width, rnn.hidden_size) for width in widths)
        self.mix, self.out = trained.mix, trained.out
        with torch.no_grad():
            for layer, cell in enumerate(self.cells):
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                    getattr(cell, name).copy_(getattr(rnn, f"{name}_l{layer}"))

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """The memory (B, layers, H) after a note (B, NOTE)."""
        kept: list[Tensor] = []
        for n, cell in enumerate(self.cells):
            x = cell(x, memory[:, n])
            kept.append(x)
        return torch.stack(kept, dim=1)

    @torch.jit.export
    def foresees(self, memory: Tensor, given: Tensor) -> Tensor:
        """Logits (B, size), with what is given (B, G) of the note."""
        return self.out(self.mix(torch.cat([memory[:, -1], given], dim=-1)).relu())


class StepBachProp(nn.Module):
    """The network as it plays: a note at a time, the three memories (B, layers, H) handed in and
    back."""

    def __init__(self, trained: BachProp) -> None:
        super().__init__()
        c = trained.config
        self.layers, self.rhythm_width, self.pitch_width = c.layers, c.rhythm, c.pitch
        self.waits, self.lengths, self.pitches = len(WAITS), len(LENGTHS), SIZES[2]
        self.wait, self.length = StepHead(trained.wait), StepHead(trained.length)
        self.pitch = StepHead(trained.pitch)

    @torch.jit.export
    def start(self, lanes: int) -> tuple[Tensor, Tensor, Tensor]:
        """The memory before any note, for so many lanes side by side."""
        rhythm = torch.zeros(lanes, self.layers, self.rhythm_width)
        pitch = torch.zeros(lanes, self.layers, self.pitch_width)
        nothing = torch.zeros(lanes, self.waits + self.lengths + self.pitches)
        return self.step(nothing, (rhythm, rhythm, pitch))

    @torch.jit.export
    def step(
        self, x: Tensor, memory: tuple[Tensor, Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The memory after one note of each lane, as vectors (B, NOTE)."""
        return self.wait(x, memory[0]), self.length(x, memory[1]), self.pitch(x, memory[2])

    @torch.jit.export
    def feed(
        self, memory: tuple[Tensor, Tensor, Tensor], notes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The memory after notes (B, N, 3)."""
        for n in range(notes.shape[1]):
            note = notes[:, n]
            x = torch.cat([self.rhythm(note), one_hot(note[:, 2], self.pitches).float()], dim=-1)
            memory = self.step(x, memory)
        return memory

    @torch.jit.export
    def rhythm(self, note: Tensor) -> Tensor:
        """What is given of notes (B, 3) to the head of P: their dT and T (B, 22 + 21)."""
        wait = one_hot(note[:, 0], self.waits)
        return torch.cat([wait, one_hot(note[:, 1], self.lengths)], dim=-1).float()

    @torch.jit.export
    def wait_logits(self, memory: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Logits (B, 22) of the next note's dT."""
        return self.wait.foresees(memory[0], memory[0][:, 0, :0])

    @torch.jit.export
    def length_logits(self, memory: tuple[Tensor, Tensor, Tensor], note: Tensor) -> Tensor:
        """Logits (B, 21) of its T, given its dT, the first of (B, 3)."""
        return self.length.foresees(memory[1], one_hot(note[:, 0], self.waits).float())

    @torch.jit.export
    def pitch_logits(self, memory: tuple[Tensor, Tensor, Tensor], note: Tensor) -> Tensor:
        """Logits (B, 128) of its P, given its dT and T, the first two of (B, 3)."""
        return self.pitch.foresees(memory[2], self.rhythm(note))

    @torch.jit.export
    def rate(self, notes: Tensor) -> Tensor:
        """Log-probability (nats) of each feature of notes (B, N, 3) from the beginning:
        (B, N, 3)."""
        memory = self.start(notes.shape[0])
        rated: list[Tensor] = []
        for n in range(notes.shape[1]):
            note = notes[:, n]
            wait = self.wait_logits(memory).log_softmax(-1).gather(-1, note[:, :1])
            length = self.length_logits(memory, note).log_softmax(-1).gather(-1, note[:, 1:2])
            pitch = self.pitch_logits(memory, note).log_softmax(-1).gather(-1, note[:, 2:])
            rated.append(torch.cat([wait, length, pitch], dim=-1))
            memory = self.feed(memory, notes[:, n : n + 1])
        return torch.stack(rated, dim=1)
