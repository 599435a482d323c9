"""What the playing network remembers of single events: notes it looks back at, events it copies.

The same as LookBack and Copying in notochord.models.notochord, for one event a lane at a time,
written so that they can be quantised and scripted.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from notochord.models.notochord import GONE, Copying, LookBack, note_name

# What the heads see (B, D); GRU state (B, H); its projection, normalised (B, D). The notes that can
# be looked back at: their names (B, M), a shelf of keys and values (B, 2 heads, M or more, size),
# how many places of it are this state's, and how many are written at all. Seconds so far (B,). What
# can be copied, which is nothing, or one of the last events: keys (B, 1 + E, P + 2) and the events
# themselves (B, 1 + E, 4).
State = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
Notes = tuple[Tensor, Tensor, Tensor, Tensor]  # those of the state: names, shelf, mine, written


def scaled(linear: nn.Linear, by: float) -> nn.Linear:
    """A linear layer whose outputs are so many times those of the other."""
    copy = nn.Linear(linear.in_features, linear.out_features)
    with torch.no_grad():
        copy.weight.copy_(by * linear.weight)
        copy.bias.copy_(by * linear.bias)
    return copy


class StepLookBack(nn.Module):
    """The look back of the trained network, for one event a lane."""

    GONE, ROOM = GONE, 256  # ROOM: places on a new shelf
    __constants__ = ("GONE", "ROOM", "heads", "size")

    def __init__(self, trained: LookBack) -> None:
        super().__init__()
        self.heads, self.size = trained.heads, trained.size
        self.norm_context, self.norm_event = trained.norm_context, trained.norm_event
        self.query = scaled(trained.query, 1 / math.sqrt(trained.size))
        self.pair, self.out = trained.pair, trained.out
        # Half of the heads see the notes that sound, whose names are 0 or more; the others see
        # every note, also those that are GONE.
        of_sounding = torch.arange(self.heads) < self.heads // 2
        least = torch.where(of_sounding, 0, GONE).unsqueeze(1)
        self.register_buffer("least", least)
        # A rotation in pairs (a, b), as training has it: x * cos + partner of x * sin.
        pairs, rest = len(trained.turns), self.size - 2 * len(trained.turns)
        still = torch.zeros(rest, dtype=torch.float64)
        self.register_buffer("turns", torch.cat([trained.turns, trained.turns, still]))
        place = torch.arange(self.size)
        partner = torch.cat([place[pairs : 2 * pairs], place[:pairs], place[2 * pairs :]])
        self.register_buffer("partner", partner)
        sign = torch.cat([-torch.ones(pairs), torch.ones(pairs), torch.zeros(rest)])
        self.register_buffer("sign", sign)

    def phase(self, now: Tensor) -> tuple[Tensor, Tensor]:
        """Cosine and signed sine (B, 1, size) of each number's angle at this time (B,)."""
        angle = (now.unsqueeze(-1) * self.turns).unsqueeze(1)  # in float64: exact after hours
        return angle.cos().float(), angle.sin().float() * self.sign

    def remember(
        self, joined: Tensor, events: Tensor, notes: Notes, phase: tuple[Tensor, Tensor]
    ) -> Notes:
        """The notes after one event a lane; joined (B, 2 D).

        A state's notes are the last M of its part of a shelf. The next note is written behind
        them, so that states which follow each other share one shelf and nothing is copied:

            shelf   | . . . . . . . . . . . . . . . | free |
            before            [ M notes ]
            after               [ M notes ]

        Where another future of this state was there first, or the shelf is full, the last notes
        go to a new one.
        """
        names, shelf, mine, written = notes
        name = note_name(events[:, :1].long(), events[:, 1:2].long())
        names = names.masked_fill(names == name, self.GONE)
        begins = events[:, 3] > 0
        if not bool(begins.any()):
            return names, shelf, mine, written
        pair = self.pair(joined).reshape(-1, 2 * self.heads, self.size)
        pair = pair * phase[0] + pair.index_select(-1, self.partner) * phase[1]
        pair = pair.unsqueeze(2)
        n, memory = int(mine), names.shape[1]
        last = shelf[:, :, n - memory : n]
        more = torch.cat([names[:, 1:], name], dim=1)
        if not bool(begins.all()):  # lanes of many pieces, each at its own place
            on = begins.unsqueeze(1)
            fresh = torch.cat([last[:, :, 1:], pair], dim=2)
            fresh = torch.where(on[:, :, None, None], fresh, last)
            full = torch.full_like(mine, memory)
            return torch.where(on, more, names), fresh, full, full.clone()
        if n < shelf.shape[2] and n == int(written):
            written.add_(1)
        else:
            n, shelf = memory, nn.functional.pad(last, (0, 0, 0, self.ROOM))
            written = torch.full_like(mine, memory + 1)
        shelf[:, :, n : n + 1] = pair
        return more, shelf, torch.full_like(mine, n + 1), written

    def forward(
        self, normed: Tensor, notes: Notes, phase: tuple[Tensor, Tensor]
    ) -> Tensor:
        """What is found, (B, D), by looking back from the normalised context at the notes."""
        names, n = notes[0], int(notes[2])
        last = notes[1][:, :, n - names.shape[1] : n]
        query = self.query(normed).reshape(-1, self.heads, self.size)
        query = query * phase[0] + query.index_select(-1, self.partner) * phase[1]
        query = query.unsqueeze(2)
        key, value = last[:, : self.heads], last[:, self.heads :]
        score = torch.matmul(query, key.transpose(2, 3)).squeeze(2)  # (B, heads, M)
        score = score.masked_fill(names.unsqueeze(1) < self.least, -math.inf)
        # One more key, of zeros, stands first: for when there is nothing to find.
        weight = torch.softmax(nn.functional.pad(score, (1, 0)), dim=-1)[:, :, 1:]
        found = torch.matmul(weight.unsqueeze(2), value).squeeze(2)  # (B, heads, size)
        found = found * phase[0] - found.index_select(-1, self.partner) * phase[1]
        return self.out(found.flatten(1))


class StepCopying(nn.Module):
    """The copying of the trained network, for one event a lane.

    Copying nothing is one more thing to choose and stands first. It, whether a note sounds, and
    what cannot be copied are numbers of the keys, so that all is weighed in one product:

        asked      query (P)     nothing's weight  a sounding note's  1       1 for velocity, else 0
        nothing    0 .. 0        1                 0                  0       0
        an event   key / sqrt P  0                 1 while it sounds  0       FORBID for a note-off
        no event   0 .. 0        0                 0                  FORBID  0
    """

    FORBID = -1e4
    __constants__ = ("size",)

    def __init__(self, trained: Copying, events: int) -> None:
        super().__init__()
        self.size = trained.size
        self.key = scaled(trained.key, 1 / math.sqrt(trained.size))
        self.instrument = self._asking(trained.instrument, 0.0)
        self.pitch = self._asking(trained.pitch, 0.0)
        self.time = self._asking(trained.time, 0.0)
        self.velocity = self._asking(trained.velocity, 1.0)
        keys, heard = torch.zeros(1, 1 + events, self.size + 4), torch.zeros(1, 1 + events, 4)
        keys[:, 0, self.size] = 1.0
        keys[:, 1:, self.size + 2] = self.FORBID
        self.register_buffer("no_keys", keys)
        self.register_buffer("marks", torch.tensor([[0, 0, 0, self.FORBID], [0, 1.0, 0, 0]]))
        self.register_buffer("no_events", heard)

    @staticmethod
    @torch.no_grad()
    def _asking(trained: nn.Linear, notes: float) -> nn.Linear:
        """With the two numbers that are always the same."""
        outputs, inputs = trained.weight.shape
        asking = nn.Linear(inputs, outputs + 2)
        asking.weight.copy_(torch.cat([trained.weight, torch.zeros(2, inputs)]))
        asking.bias.copy_(torch.cat([trained.bias, torch.tensor([1.0, notes])]))
        return asking

    def heed(
        self, joined: Tensor, events: Tensor, keys: Tensor, heard: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Keys and events after one event a lane; joined (B, 2 D), events (B, 4)."""
        event = events.unsqueeze(1)
        ended = (heard[:, 2:, :2] == event[:, :, :2]).all(-1)
        marks = nn.functional.embedding((event[:, :, 3] > 0).long(), self.marks)
        key = torch.cat([self.key(joined).unsqueeze(1), marks], dim=-1)
        keys = torch.cat([keys[:, :1], keys[:, 2:], key], dim=1)
        keys[:, 1:-1, self.size + 1].masked_fill_(ended, 0.0)
        return keys, torch.cat([heard[:, :1], heard[:, 2:], event], dim=1)

    def instruments(self, z: Tensor, keys: Tensor) -> Tensor:
        """Weights (B, K, 1 + E) of copying nothing and each of the instruments; z (B, K, D)."""
        return self.weigh(self.instrument(z), keys)

    def pitches(self, z: Tensor, keys: Tensor) -> Tensor:
        """The same for the pitches."""
        return self.weigh(self.pitch(z), keys)

    def times(self, z: Tensor, keys: Tensor) -> Tensor:
        """The same for the times since the event before."""
        return self.weigh(self.time(z), keys)

    def velocities(self, z: Tensor, keys: Tensor) -> Tensor:
        """The same for the velocities, those of note-offs left out."""
        return self.weigh(self.velocity(z), keys)

    def weigh(self, asked: Tensor, keys: Tensor) -> Tensor:
        """asked (B, K, P + 4) -> (B, K, 1 + E)."""
        return torch.softmax(torch.matmul(asked, keys.transpose(1, 2)), dim=-1)
