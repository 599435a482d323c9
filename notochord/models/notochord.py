"""Notochord: a GRU over MIDI events whose sub-events can be asked for in any order.

    x_{n-1} = instrument, pitch, time, velocity of the event before
        e_m(x_m)            four embeddings                            (D each)
        h   = GRU(sum e_m)  one recurrent layer, learnt start state    (H)
        c   = f(h)          gated projection                           (D)
        s   = c + look back from c at the notes before: what the heads see (D)
    and, for each sub-event m of the next event, given any subset of the others:
        z_m = tanh(s + sum of the given e_n)                           (D)
        gated MLP of z_m -> categorical (instrument, pitch)
                         -> mixture of logistics (time, velocity),
                            with what was just heard copied into each of the four

Shepardson, Armitage and Magnusson, "Notochord: a Flexible Probabilistic Model for Real-Time MIDI
Performance", AIMC 2022. At training time the subset is drawn anew for every position. The look
back is ours: a state of fixed size must forget which notes it holds and what was played a bar ago;
attention over the last notes (Vaswani et al. 2017) does not. Its keys say what the music was like
before a note and which note came, so that what followed once can follow again; the time since is
told by rotation (Su et al. 2021, there by position), so that "a beat ago" has a direction.
Copying is ours too (after pointer networks, Vinyals et al. 2015): a piece is made of few parts,
pitches, lengths and degrees of loudness, which differ from piece to piece. A head that must work
out each anew errs a little every time, and playing on from its own errors it loses the beat; one
that can say "as long as that one" does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from notochord.distributions import (
    same,
    same_time,
    time_log_prob,
    velocity_log_prob,
    with_copied,
)
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
    heads: int = 4  # of the look back; half of them see nothing but the notes that sound
    head_size: int = 32
    memory: int = 256  # notes that can be looked back at
    copied: int = 128  # events that can be copied
    copy_size: int = 64

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


CONFIGS = {
    "base": Config(),
    "small": Config(embedding=192, hidden=416, copy_size=48),
    "tiny": Config(embedding=32, hidden=48, time_components=8, velocity_components=6, waves=16,
                   heads=2, head_size=16, memory=32, copied=16, copy_size=16),
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


GONE, EMPTY = -1, -2  # in place of a sounding note's name: it has ended; there is no note here


class Memory(NamedTuple):
    """The last notes of every lane: all there is to look back at."""

    notes: Tensor  # (B, M, 2, heads, size): keys and values, turned by the time of the onset
    sounding: Tensor  # (B, M): the note's name while it sounds, else GONE or EMPTY
    now: Tensor  # (B,): seconds since the lane began, float64


def turned(x: Tensor, time: Tensor, turns: Tensor) -> Tensor:
    """x (..., heads, size) with its first 2P numbers rotated in pairs by time (...) * turns (P)."""
    angle = (time.unsqueeze(-1) * turns).unsqueeze(-2)  # in float64: exact after hours
    cos, sin = angle.cos().float(), angle.sin().float()
    pairs = turns.shape[0]
    a, b, rest = x[..., :pairs], x[..., pairs : 2 * pairs], x[..., 2 * pairs :]
    return torch.cat([a * cos - b * sin, a * sin + b * cos, rest], dim=-1)


def note_name(instrument: Tensor, pitch: Tensor, pitches: int = N_PITCHES + 1) -> Tensor:
    """One number for each instrument and pitch."""
    return instrument * pitches + pitch


def next_of_same_name(names: Tensor) -> Tensor:
    """For each of names (B, L) the place where the same name stands next, or L."""
    ordered, at = names.sort(dim=1, stable=True)
    end = torch.full_like(at[:, :1], names.shape[1])
    following = torch.where(ordered[:, 1:] == ordered[:, :-1], at[:, 1:], end)
    return torch.empty_like(at).scatter_(1, at, torch.cat([following, end], dim=1))


class LookBack(nn.Module):
    """Attention from before an event over the notes already begun; half the heads over those
    that still sound."""

    turns: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        d, self.heads, self.size = config.embedding, config.heads, config.head_size
        inner = self.heads * self.size
        self.norm_context, self.norm_event = nn.LayerNorm(d), nn.LayerNorm(d)
        self.query = nn.Linear(d, inner)
        self.pair = nn.Linear(2 * d, 2 * inner)  # key and value
        self.out = nn.Linear(inner, d)
        nn.init.zeros_(self.out.weight)  # begins as the GRU alone
        nn.init.zeros_(self.out.bias)
        wavelengths = torch.logspace(math.log10(0.15), math.log10(20), self.size // 4).double()
        self.register_buffer("turns", 2 * math.pi / wavelengths)

    def empty(self, lanes: int, notes: int) -> Memory:
        """Nothing to look back at."""
        device = self.turns.device
        return Memory(
            torch.zeros(lanes, notes, 2, self.heads, self.size, device=device),
            torch.full((lanes, notes), EMPTY, device=device),
            torch.zeros(lanes, dtype=torch.float64, device=device),
        )

    def joined(self, context: Tensor, summed: Tensor) -> Tensor:
        """An event and what was before it, (..., 2 D), of which keys and values are made."""
        return torch.cat([self.norm_context(context), self.norm_event(summed)], dim=-1)

    def forward(
        self, context: Tensor, joined: Tensor, names: Tensor, dt: Tensor, on: Tensor,
        memory: Memory,
    ) -> tuple[Tensor, Memory]:  # fmt: skip
        """What is found before each event, (B, T, D), and the memory after the last.

        context (B, T, D) from before each event; joined (B, T, 2 D); names, dt, on (B, T): the
        note's name, seconds since the event before, whether it begins a note.
        """
        time = memory.now.unsqueeze(1) + dt.double().cumsum(1)
        before = torch.cat([memory.now.unsqueeze(1), time[:, :-1]], dim=1)
        notes, audible, sounding, after = self._lookable(joined, names, time, on, memory)
        query = self.query(self.norm_context(context))
        small = query.dtype  # what autocast makes of it
        query = turned(query.float().unflatten(-1, (self.heads, -1)), before, self.turns)
        query = query.to(small).transpose(1, 2)  # (B, heads, T, size)
        key, value = notes.to(small).unbind(2)
        half = self.heads // 2
        found = torch.cat(
            [
                self._attend(query[:, :half], key[:, :, :half], value[:, :, :half], sounding),
                self._attend(query[:, half:], key[:, :, half:], value[:, :, half:], audible),
            ],
            dim=1,
        ).transpose(1, 2)  # (B, T, heads, size)
        return self.out(turned(found.float(), -before, self.turns).flatten(-2)), after

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, seen: Tensor) -> Tensor:
        """(B, heads, T, size); a zero key stands first, for when there is nothing to find."""
        key, value = (F.pad(x.transpose(1, 2), (0, 0, 1, 0)) for x in (key, value))
        seen = F.pad(seen, (1, 0), value=True).unsqueeze(1)
        return F.scaled_dot_product_attention(query, key, value, attn_mask=seen)

    def _lookable(
        self, joined: Tensor, names: Tensor, time: Tensor, on: Tensor, memory: Memory
    ) -> tuple[Tensor, Tensor, Tensor, Memory]:
        """Keys and values (B, M+T, 2, heads, size); which of them each event may look at, and
        which sound just before it, (B, T, M+T); and the memory to carry on with."""
        m, t = memory.sounding.shape[1], names.shape[1]
        new = self.pair(joined).float().unflatten(-1, (2, self.heads, self.size))
        new = turned(new.flatten(2, 3), time, self.turns).unflatten(2, (2, self.heads))
        notes = torch.cat([memory.notes, new], dim=1)
        apart = -3 - torch.arange(m, device=names.device)  # names that match nothing
        old = torch.where(memory.sounding >= 0, memory.sounding, apart)
        names = torch.cat([old, names], dim=1)
        note = torch.cat([memory.sounding != EMPTY, on], dim=1)
        begun = torch.cat([memory.sounding >= 0, on], dim=1)
        end = next_of_same_name(names)
        place = torch.arange(m + t, device=names.device)
        audible = note.unsqueeze(1) & (place < place[m:].unsqueeze(1))
        sounding = audible & begun.unsqueeze(1) & (end.unsqueeze(1) >= place[m:].unsqueeze(1))
        state = torch.where(begun & (end == m + t), names, GONE).masked_fill(~note, EMPTY)
        last = note.long().sort(dim=1, stable=True).indices[:, t:]  # the last M notes, in order
        kept = last[..., None, None, None].expand(-1, -1, *notes.shape[2:])
        after = Memory(notes.gather(1, kept), state.gather(1, last), time[:, -1])
        return notes, audible, sounding, after


class Recent(NamedTuple):
    """The last events of every lane: what can be copied."""

    keys: Tensor  # (B, E, P)
    events: Tensor  # (B, E, 4): instrument, pitch, dt, velocity; velocity -1: there is none here


class Copying(nn.Module):
    """Which of the last events the next one is like: by whom, how high, how soon, how loud.

    What is asked of the events is, for each sub-event: a query, the weight of copying none of
    them, and the weight of a note that still sounds (it is what a note-off must name).
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        d, self.size = config.embedding, config.copy_size
        self.key = nn.Linear(2 * d, self.size)
        self.instrument, self.pitch, self.time, self.velocity = (
            nn.Linear(d, self.size + 2) for _ in SUB_EVENTS
        )
        for ask in (self.instrument, self.pitch, self.time, self.velocity):
            nn.init.zeros_(ask.weight[self.size :])  # begins as the heads alone
            with torch.no_grad():
                ask.bias[self.size :] = torch.tensor([8.0, 0.0])

    def empty(self, lanes: int, events: int) -> Recent:
        """Nothing to copy."""
        like = self.key.weight
        nothing = torch.zeros(lanes, events, 4, device=like.device)
        nothing[..., 3] = -1.0
        return Recent(torch.zeros(lanes, events, self.size, device=like.device), nothing)

    def heard(self, joined: Tensor, columns: Sequence[Tensor], recent: Recent) -> Recent:
        """The events before this chunk and in it, (B, E + T)."""
        events = torch.stack([column.float() for column in columns], dim=-1)
        new = self.key(joined).float(), events
        return Recent(*(torch.cat(pair, dim=1) for pair in zip(recent, new, strict=True)))

    def log_weights(self, z: Sequence[Tensor], heard: Recent) -> list[Tensor]:
        """Log-weights (B, T, 1 + E + T) of copying nothing and of each event, for each of the
        four sub-events; z (B, T, D) of each. Any event of the chunk may copy the E before it."""
        t, events = z[0].shape[1], heard.events
        place = torch.arange(events.shape[1], device=events.device)
        now = place[len(place) - t :].unsqueeze(1)
        near = (now > place) & (now - place <= len(place) - t)  # (T, E + T)
        velocity = events[..., 3].unsqueeze(1)
        name = note_name(events[..., 0].long(), events[..., 1].long())
        sounds = ((velocity > 0) & (next_of_same_name(name).unsqueeze(1) >= now)).float()
        any_event, note = near & (velocity >= 0), near & (velocity > 0)
        asks = (self.instrument, self.pitch, self.time, self.velocity)
        there = (any_event, any_event, any_event, note)
        return [
            self.weigh(ask(z_m).float(), heard.keys, sounds, can)
            for ask, z_m, can in zip(asks, z, there, strict=True)
        ]

    def weigh(self, asked: Tensor, keys: Tensor, sounds: Tensor, there: Tensor) -> Tensor:
        """asked (B, T, P + 2), keys (B, E, P), sounds and there (B, T, E) -> (B, T, 1 + E)."""
        query, none, sounding = asked.split([self.size, 1, 1], dim=-1)
        score = torch.matmul(query, keys.transpose(1, 2)) / math.sqrt(self.size)
        score = (score + sounding * sounds).masked_fill(~there, -math.inf)
        return torch.cat([none, score], dim=-1).log_softmax(-1)


class State(NamedTuple):
    """What is carried from chunk to chunk."""

    hidden: Tensor  # (1, B, H): the GRU's
    last: Tensor  # (B, D): the embedding of the last event
    memory: Memory
    recent: Recent

    def detached(self) -> State:
        """Cut off from the graph, in the precision of the weights."""
        notes, sounding, now = self.memory
        memory = Memory(notes.detach().float(), sounding, now)
        recent = Recent(self.recent.keys.detach(), self.recent.events)
        return State(self.hidden.detach().float(), self.last.detach().float(), memory, recent)

    def plain(self) -> tuple[Tensor, ...]:
        """The tensors alone, as a checkpoint keeps them."""
        return (self.hidden, self.last, *self.memory, *self.recent)

    @staticmethod
    def of(plain: tuple[Tensor, ...]) -> State:
        """The state that `plain` gave."""
        return State(plain[0], plain[1], Memory(*plain[2:5]), Recent(*plain[5:7]))


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
        self.look_back = LookBack(config)
        self.copying = Copying(config)
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

    def initial(self, lanes: int) -> State:
        """The state before any event."""
        hidden = self.start.float().expand(1, lanes, -1).contiguous()
        memory = self.look_back.empty(lanes, self.config.memory)
        recent = self.copying.empty(lanes, self.config.copied)
        return State(hidden, self.start_token().expand(lanes, -1), memory, recent)

    def context(
        self, embedded: Tensor, columns: tuple[Tensor, Tensor, Tensor, Tensor], state: State,
        fresh: Tensor,
    ) -> tuple[Tensor, Recent, State]:  # fmt: skip
        """What the heads see before each event, what can be copied, and the state at the end.

        embedded (B, T, 4, D); columns: instrument, pitch, dt, velocity (B, T) each; state as from
        `initial`; fresh (B,) marks lanes that begin anew. Returns (B, T, D), the events before
        this chunk and in it, and the state to carry on with.
        """
        hidden, last, memory, recent = self._refreshed(state, fresh)
        summed = embedded.sum(-2)  # (B, T, D)
        inputs = torch.cat([last[:, None], summed[:, :-1]], dim=1)
        out, hidden = self.gru(inputs, hidden)  # (B, T, H)
        context = self.project(self.dropout(out))
        instrument, pitch, dt, velocity = columns
        joined = self.look_back.joined(context, summed)
        found, memory = self.look_back(
            context, joined, note_name(instrument, pitch), dt, velocity > 0, memory
        )
        heard = self.copying.heard(joined, columns, recent)
        recent = Recent(*(x[:, -self.config.copied :] for x in heard))
        return context + found, heard, State(hidden, summed[:, -1], memory, recent)

    def _refreshed(self, state: State, fresh: Tensor) -> State:
        """The state with those lanes (B,) forgotten that begin anew."""
        start, lane = self.initial(len(fresh)), fresh.unsqueeze(1)
        memory, recent = state.memory, state.recent
        return State(
            torch.where(lane, start.hidden, state.hidden),
            torch.where(lane, start.last, state.last),
            Memory(
                memory.notes,
                torch.where(lane, start.memory.sounding, memory.sounding),
                torch.where(fresh, start.memory.now, memory.now),
            ),
            Recent(recent.keys, torch.where(lane.unsqueeze(2), start.recent.events, recent.events)),
        )

    def heads_given(
        self, context: Tensor, embedded: Tensor, given: Tensor, heard: Recent
    ) -> list[Tensor]:
        """Each head's raw output, then each sub-event's log-weights of copying.

        given (..., 4, 4) says which sub-events head m knows; context (B, T, D); heard as
        `context` returns it.
        """
        known = torch.matmul(given, embedded)  # (..., 4, D)
        z = torch.tanh(context.unsqueeze(-2).float() + known).unbind(-2)
        raw = [head(z_m) for head, z_m in zip(self.heads, z, strict=True)]
        return raw + self.copying.log_weights(z, heard)

    def log_probs(
        self, raw: list[Tensor], heard: Recent, instrument: Tensor, pitch: Tensor, dt: Tensor,
        velocity: Tensor,
    ) -> Tensor:  # fmt: skip
        """Log-probability (nats) of each sub-event: (..., 4)."""
        def of(logits: Tensor, index: Tensor) -> Tensor:
            return logits.float().log_softmax(-1).gather(-1, index.unsqueeze(-1)).squeeze(-1)

        columns = [x.float() for x in (instrument, pitch, dt, velocity)]
        own = [
            of(raw[0], instrument),
            of(raw[1], pitch),
            time_log_prob(columns[2], raw[2], self.time_base),
            velocity_log_prob(columns[3], raw[3], self.velocity_base),
        ]
        then = heard.events.unsqueeze(1).unbind(-1)  # (B, 1, E + T) each
        alike = [same(x, y) for x, y in zip(columns, then, strict=True)]
        alike[2] = same_time(columns[2], then[2])
        return torch.stack(
            [with_copied(*parts) for parts in zip(own, raw[4:], alike, strict=True)], dim=-1
        )


def random_given(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Random subsets of known sub-events, (*shape, 4, 4), zero on the diagonal."""
    given = torch.randint(0, 2, (*shape, 4, 4), generator=generator, dtype=torch.float32)
    return given * (1 - torch.eye(4))
