"""The network as it plays: one event at a time, scripted.

    feed   state, event       -> state      after an event, before anyone asks
    embed  event              -> its four embeddings
    instruments, pitches, times, velocities
           z                  -> what a head says, and how much of it is copied; notochord.sampler
                                 draws from it
    log_prob   state, event, given   -> nats       of each sub-event

The state is passed in and handed back, so that the caller can branch, look ahead and go back.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from notochord.distributions import (
    same,
    same_time,
    time_log_prob,
    time_parameters,
    velocity_log_prob,
    velocity_parameters,
    with_copied,
)
from notochord.event import MAX_VELOCITY
from notochord.models.notochord import Notochord
from notochord.recall import State, StepCopying, StepLookBack


class StepHead(nn.Module):
    """A gated MLP of the trained network, written so that it can be quantised and scripted."""

    def __init__(self, trained: nn.Module) -> None:
        super().__init__()
        self.gate, self.norm, self.out = trained.gate, trained.norm, trained.out

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.norm(nn.functional.glu(self.gate(x), dim=-1)))


class StepNetwork(nn.Module):
    """Notochord for playing; build it from a trained network, quantise it, then script it."""

    def __init__(self, trained: Notochord) -> None:
        super().__init__()
        d, h = trained.config.embedding, trained.config.hidden
        self.instrument, self.pitch = trained.instrument, trained.pitch
        self.time, self.velocity = trained.time, trained.velocity
        with torch.no_grad():
            table = trained.velocity(torch.arange(MAX_VELOCITY + 1.0))
        self.register_buffer("velocity_table", table)
        self.cell = nn.GRUCell(d, h)
        with torch.no_grad():
            for mine, theirs in (("weight_ih", "weight_ih_l0"), ("weight_hh", "weight_hh_l0"),
                                 ("bias_ih", "bias_ih_l0"), ("bias_hh", "bias_hh_l0")):  # fmt: skip
                getattr(self.cell, mine).copy_(getattr(trained.gru, theirs))
        self.project = StepHead(trained.project)
        self.look_back = StepLookBack(trained.look_back)
        empty = trained.look_back.empty(1, trained.config.memory)
        self.register_buffer("no_notes", empty.notes.flatten(2, 3).transpose(1, 2).contiguous())
        self.register_buffer("no_names", empty.sounding)
        self.copying = StepCopying(trained.copying, trained.config.copied)
        self.head_instrument = StepHead(trained.heads[0])
        self.head_pitch = StepHead(trained.heads[1])
        self.head_time = StepHead(trained.heads[2])
        self.head_velocity = StepHead(trained.heads[3])
        self.register_buffer("first", trained.start.detach().clone())
        self.register_buffer("first_input", trained.start_token().detach().clone())
        self.register_buffer("time_base", trained.time_base)
        self.register_buffer("velocity_base", trained.velocity_base)

    @torch.jit.export
    def start(self, lanes: int) -> State:
        """The state before any event, for so many lanes side by side."""
        h = self.first.unsqueeze(0).repeat(lanes, 1)
        h = self.cell(self.first_input.unsqueeze(0).repeat(lanes, 1), h)
        c = self.project(h)
        names, shelf = self.no_names.expand(lanes, -1), self.no_notes.repeat(lanes, 1, 1, 1)
        full, now = torch.tensor(shelf.shape[2]), torch.zeros(lanes, dtype=torch.float64)
        notes, copying = (names, shelf, full, full), self.copying
        keys, heard = copying.no_keys.repeat(lanes, 1, 1), copying.no_events.repeat(lanes, 1, 1)
        normed = self.look_back.norm_context(c)
        seen = c + self.look_back(normed, notes, self.look_back.phase(now))
        return seen, h, normed, names, shelf, full, full, now, keys, heard

    @torch.jit.export
    def embed(self, events: Tensor) -> Tensor:
        """Events (..., 4) as numbers -> their embeddings (..., 4, D)."""
        i, p, t, v = events.unbind(-1)
        parts = [self.instrument(i.long()), self.pitch(p.long()), self.time(t), self.loudness(v)]
        return torch.stack(parts, dim=-2)

    def loudness(self, velocity: Tensor) -> Tensor:
        """The embedding of whole velocities, from a table made beforehand."""
        return nn.functional.embedding(velocity.long(), self.velocity_table)

    @torch.jit.export
    def feed(self, state: State, events: Tensor, summed: Tensor) -> State:
        """The state after one event a lane; events (B, 4): instrument, pitch, dt, velocity;
        summed (B, D): the sum of their embeddings."""
        _, h, normed, names, shelf, mine, written, now, keys, heard = state
        look_back = self.look_back
        joined = torch.cat([normed, look_back.norm_event(summed)], dim=-1)
        now = now + events[:, 2].double()
        phase = look_back.phase(now)
        notes = look_back.remember(joined, events, (names, shelf, mine, written), phase)
        keys, heard = self.copying.heed(joined, events, keys, heard)
        h = self.cell(summed, h)
        c = self.project(h)
        normed = look_back.norm_context(c)
        seen = c + look_back(normed, notes, phase)
        names, shelf, mine, written = notes
        return seen, h, normed, names, shelf, mine, written, now, keys, heard

    @torch.jit.export
    def log_prob(self, state: State, events: Tensor, given: Tensor) -> Tensor:
        """Log-probability (nats) of each sub-event of events (B, 4) -> (B, K, 4).

        given (K, 4, 4): row m of each says which of the others sub-event m is given.
        """
        embedded = self.embed(events).unsqueeze(1)  # (B, 1, 4, D)
        known = torch.matmul(given, embedded)  # (B, K, 4, D)
        z = torch.tanh(state[0].unsqueeze(1).unsqueeze(1) + known)
        each = events.unsqueeze(1).expand(-1, len(given), -1)  # (B, K, 4)
        i, p, t, v = each.unbind(-1)
        logits_i = self.head_instrument(z[:, :, 0]).log_softmax(-1)
        logits_p = self.head_pitch(z[:, :, 1]).log_softmax(-1)
        log_i = logits_i.gather(-1, i.long().unsqueeze(-1)).squeeze(-1)
        log_p = logits_p.gather(-1, p.long().unsqueeze(-1)).squeeze(-1)
        log_t = time_log_prob(t, self.head_time(z[:, :, 2]), self.time_base)
        log_v = velocity_log_prob(v, self.head_velocity(z[:, :, 3]), self.velocity_base)
        keys, heard = state[8], state[9]
        old_i, old_p, old_t, old_v = heard[:, 1:].unsqueeze(1).unbind(-1)
        weights = self.copying.instruments(z[:, :, 0], keys)
        log_i = with_copied(log_i, weights.log(), same(i, old_i))
        weights = self.copying.pitches(z[:, :, 1], keys)
        log_p = with_copied(log_p, weights.log(), same(p, old_p))
        weights = self.copying.times(z[:, :, 2], keys)
        log_t = with_copied(log_t, weights.log(), same_time(t, old_t))
        weights = self.copying.velocities(z[:, :, 3], keys)
        log_v = with_copied(log_v, weights.log(), same(v, old_v))
        return torch.stack([log_i, log_p, log_t, log_v], dim=-1)

    @torch.jit.export
    def instruments(self, z: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the instruments (N,), and weights of copying none and each one heard (1 + E);
        z (1, 1, D); keys as the state has them, of one lane."""
        return self.head_instrument(z)[0, 0], self.copying.instruments(z, keys)[0, 0]

    @torch.jit.export
    def pitches(self, z: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """The same for the pitches (128,)."""
        return self.head_pitch(z)[0, 0], self.copying.pitches(z, keys)[0, 0]

    @torch.jit.export
    def times(
        self, z: Tensor, keys: Tensor, edges: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The mass of each component of the mixture between each two edges (bins, K); the
        components' weights, locations in seconds, sharpness; the weights of copying (1 + E)."""
        log_weight, location, sharpness = time_parameters(self.head_time(z)[0, 0], self.time_base)
        copied = self.copying.times(z, keys)[0, 0]
        weight = copied[0] * log_weight.exp()
        mass = binned(edges, weight, location, sharpness)
        return mass, weight, location, sharpness, copied

    @torch.jit.export
    def velocities(
        self, z: Tensor, keys: Tensor, edges: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The mass of the mixture between each two edges (bins,), and the weights of copying."""
        raw = self.head_velocity(z)[0, 0]
        log_weight, location, sharpness = velocity_parameters(raw, self.velocity_base)
        copied = self.copying.velocities(z, keys)[0, 0]
        mass = binned(edges, copied[0] * log_weight.exp(), location, sharpness)
        return mass.sum(1), copied


def binned(edges: Tensor, weight: Tensor, location: Tensor, sharpness: Tensor) -> Tensor:
    """The mass of each component between each two edges: (bins, components)."""
    heap = torch.sigmoid(sharpness * (edges.unsqueeze(1) - location))
    return (heap[1:] - heap[:-1]) * weight
