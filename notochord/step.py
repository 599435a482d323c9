"""The network as it plays: one event at a time, scripted, sampling under exact constraints.

    feed   state, event                  -> state      after an event, before anyone asks
    ask    state, constraints, uniforms  -> event      the heads alone; one call
    log_prob   state, event, given       -> nats       of each sub-event

The state is passed in and handed back, so that the caller can branch, look ahead and go back.
Randomness is passed in as uniform numbers. Constraints are exact: before each draw the allowed
(instrument, pitch) pairs are cut down to those that fit what is drawn already, so a draw can
neither leave the allowed set nor run into a dead end.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from notochord.distributions import (
    TIME_HIGH,
    TIME_RESOLUTION,
    time_log_prob,
    time_parameters,
    velocity_log_prob,
    velocity_parameters,
    with_copied_times,
    with_copied_velocities,
)
from notochord.draw import binned, choose, draw_within, sharpened, tempered, with_share
from notochord.event import MAX_VELOCITY
from notochord.models.notochord import (
    GONE,
    Copying,
    LookBack,
    Notochord,
    note_name,
)

# What the heads see (B, D); GRU state (B, H); its projection, normalised (B, D). The notes that can
# be looked back at: their names (B, M), a shelf of keys and values (B, 2 heads, M or more, size),
# how many places of it are this state's, and how many are written at all. Seconds so far (B,). The
# events that can be copied: key, time and velocity (B, E, P + 2).
State = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
Notes = tuple[Tensor, Tensor, Tensor, Tensor]  # those of the state: names, shelf, mine, written


FAR = 1e9  # beyond every bound


class StepHead(nn.Module):
    """A gated MLP of the trained network, written so that it can be quantised and scripted."""

    def __init__(self, trained: nn.Module) -> None:
        super().__init__()
        self.gate, self.norm, self.out = trained.gate, trained.norm, trained.out

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.gate(x).chunk(2, dim=-1)
        return self.out(self.norm(a * torch.sigmoid(b)))


class StepLookBack(nn.Module):
    """The look back of the trained network, for one event a lane."""

    GONE, ROOM = GONE, 256  # ROOM: places on a new shelf
    __constants__ = ("GONE", "ROOM", "heads", "size")

    def __init__(self, trained: LookBack) -> None:
        super().__init__()
        self.heads, self.size = trained.heads, trained.size
        self.norm_context, self.norm_event = trained.norm_context, trained.norm_event
        self.query, self.pair, self.out = trained.query, trained.pair, trained.out
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
        query = query.unsqueeze(2) / math.sqrt(self.size)
        key, value = last[:, : self.heads], last[:, self.heads :]
        score = torch.matmul(query, key.transpose(2, 3)).squeeze(2)  # (B, heads, M)
        score = score.masked_fill(names.unsqueeze(1) < self.least, -math.inf)
        # One more key, of zeros, stands first: for when there is nothing to find.
        weight = torch.softmax(nn.functional.pad(score, (1, 0)), dim=-1)[:, :, 1:]
        found = torch.matmul(weight.unsqueeze(2), value).squeeze(2)  # (B, heads, size)
        found = found * phase[0] - found.index_select(-1, self.partner) * phase[1]
        return self.out(found.flatten(1))


class StepCopying(nn.Module):
    """The copying of the trained network, for one event a lane."""

    def __init__(self, trained: Copying) -> None:
        super().__init__()
        self.key = trained.key
        self.query_time, self.query_velocity = trained.query_time, trained.query_velocity
        self.own_time, self.own_velocity = trained.own_time, trained.own_velocity

    def times(self, z: Tensor, recent: Tensor) -> Tensor:
        """Log-weights (B, K, 1 + E) of the mixture and of each time heard; z (B, K, D)."""
        none = (recent[:, :, -1] < 0).unsqueeze(1)
        return self.weigh(self.query_time(z), self.own_time(z), recent, none)

    def velocities(self, z: Tensor, recent: Tensor) -> Tensor:
        """Log-weights (B, K, 1 + E) of the mixture and of each velocity heard; z (B, K, D)."""
        none = (recent[:, :, -1] <= 0).unsqueeze(1)
        return self.weigh(self.query_velocity(z), self.own_velocity(z), recent, none)

    def weigh(self, query: Tensor, own: Tensor, recent: Tensor, none: Tensor) -> Tensor:
        """As in training (notochord.models.notochord.Copying)."""
        keys = recent[:, :, :-2].transpose(1, 2)
        score = torch.matmul(query / math.sqrt(query.shape[-1]), keys)
        score = score.masked_fill(none, -math.inf)
        return torch.cat([own, score], dim=-1).log_softmax(-1)


class StepNetwork(nn.Module):
    """Notochord for playing; build it from a trained network, quantise it, then script it."""

    INSTRUMENT, PITCH, TIME, VELOCITY = 0, 1, 2, 3  # the sub-events' numbers, as in `order`
    FAR = FAR
    __constants__ = ("INSTRUMENT", "PITCH", "TIME", "VELOCITY", "FAR")

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
        self.copying = StepCopying(trained.copying)
        none = trained.copying.empty(1, trained.config.copied)
        nothing = [none.keys, none.dt.unsqueeze(-1), none.velocity.unsqueeze(-1)]
        self.register_buffer("no_events", torch.cat(nothing, dim=-1))
        self.head_instrument = StepHead(trained.heads[0])
        self.head_pitch = StepHead(trained.heads[1])
        self.head_time = StepHead(trained.heads[2])
        self.head_velocity = StepHead(trained.heads[3])
        self.register_buffer("first", trained.start.detach().clone())
        self.register_buffer("first_input", trained.start_token().detach().clone())
        self.register_buffer("time_base", trained.time_base)
        self.register_buffer("velocity_base", trained.velocity_base)
        # As fine as times are told apart, up to 1 s; then a twentieth of a second is enough. The
        # first bin is "at once"; the last is 10 s, which stands for everything beyond it.
        half = TIME_RESOLUTION / 2
        fine, coarse = torch.arange(half, 1.0, TIME_RESOLUTION), torch.arange(1.025, 9.98, 0.05)
        ends = torch.tensor([TIME_HIGH - half, TIME_HIGH + half])
        edges = torch.cat([torch.tensor([-half]), fine, coarse, ends])
        self.register_buffer("time_widths", edges.diff())
        octaves = torch.log2((edges[1:] + edges[:-1]) / 2 / half).clamp(min=-0.5)
        self.register_buffer("time_places", (2 * octaves).long() + 1)  # "at once" has its own
        edges[0], edges[-1] = -FAR, FAR  # so that what lies beyond the bounds counts there
        self.register_buffer("time_edges", edges)
        edges = torch.arange(-0.5, 128.0)
        edges[0], edges[-1] = -FAR, FAR
        self.register_buffer("velocity_edges", edges)
        self.register_buffer("velocities", torch.arange(MAX_VELOCITY + 1))

    @torch.jit.export
    def start(self, lanes: int) -> State:
        """The state before any event, for so many lanes side by side."""
        h = self.first.unsqueeze(0).repeat(lanes, 1)
        h = self.cell(self.first_input.unsqueeze(0).repeat(lanes, 1), h)
        c = self.project(h)
        names, shelf = self.no_names.expand(lanes, -1), self.no_notes.repeat(lanes, 1, 1, 1)
        full, now = torch.tensor(shelf.shape[2]), torch.zeros(lanes, dtype=torch.float64)
        notes, recent = (names, shelf, full, full), self.no_events.expand(lanes, -1, -1)
        normed = self.look_back.norm_context(c)
        seen = c + self.look_back(normed, notes, self.look_back.phase(now))
        return seen, h, normed, names, shelf, full, full, now, recent

    def embed(self, events: Tensor) -> Tensor:
        """Events (..., 4) as numbers -> their embeddings (..., 4, D)."""
        i, p, t, v = events.unbind(-1)
        parts = [self.instrument(i.long()), self.pitch(p.long()), self.time(t), self.loudness(v)]
        return torch.stack(parts, dim=-2)

    def loudness(self, velocity: Tensor) -> Tensor:
        """The embedding of whole velocities, from a table made beforehand."""
        return nn.functional.embedding(velocity.long(), self.velocity_table)

    @torch.jit.export
    def feed(self, state: State, events: Tensor) -> State:
        """The state after one event a lane; events (B, 4): instrument, pitch, dt, velocity."""
        _, h, normed, names, shelf, mine, written, now, recent = state
        look_back = self.look_back
        i, p, t, v = events.unbind(-1)
        summed = self.instrument(i.long()) + self.pitch(p.long()) + self.time(t)
        summed = summed + self.loudness(v)
        joined = torch.cat([normed, look_back.norm_event(summed)], dim=-1)
        now = now + t.double()
        phase = look_back.phase(now)
        notes = look_back.remember(joined, events, (names, shelf, mine, written), phase)
        new = torch.cat([self.copying.key(joined), events[:, 2:]], dim=-1).unsqueeze(1)
        recent = torch.cat([recent[:, 1:], new], dim=1)
        h = self.cell(summed, h)
        c = self.project(h)
        normed = look_back.norm_context(c)
        seen = c + look_back(normed, notes, phase)
        names, shelf, mine, written = notes
        return seen, h, normed, names, shelf, mine, written, now, recent

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
        weights = self.copying.times(z[:, :, 2], state[8])
        log_t = with_copied_times(t, log_t, weights, state[8][:, :, -2].unsqueeze(1))
        log_v = velocity_log_prob(v, self.head_velocity(z[:, :, 3]), self.velocity_base)
        weights = self.copying.velocities(z[:, :, 3], state[8])
        log_v = with_copied_velocities(v, log_v, weights, state[8][:, :, -1].unsqueeze(1))
        return torch.stack([log_i, log_p, log_t, log_v], dim=-1)

    @torch.jit.export
    def pitch_log_probs(self, state: State, event: Tensor, given: Tensor) -> Tensor:
        """Log-probabilities of all 128 pitches, given (4,) of the others of event (4,)."""
        known = (given.unsqueeze(-1) * self.embed(event)).sum(0)
        return self.head_pitch(torch.tanh(state[0] + known)).log_softmax(-1)[0]

    @torch.jit.export
    def ask(
        self, state: State, order: list[int], event: Tensor, rows: Tensor, on: Tensor,
        off: Tensor, favoured: Tensor, bounds: Tensor, temperature: Tensor, top_p: float,
        share: float, uniforms: Tensor,
    ) -> tuple[bool, Tensor]:  # fmt: skip
        """Draw the sub-events in `order`, the others being given in event (4,).

        rows (K,): instrument ids; on, off (K, 128): allowed pitches of each; favoured (K,):
        instruments that together get at least `share` of the draw; bounds: least and greatest
        time and velocity; temperature: pitch, rhythm, timing, velocity; uniforms (8,) in
        [0, 1). Returns whether anything was allowed, and the event (4,).
        """
        known, rows, on, off, found = self._given(order, event, rows, on, off, bounds)
        if not found:
            return False, event
        drawn: list[float] = event.tolist()
        t: list[float] = temperature.tolist()
        u: list[float] = uniforms.tolist()
        limit: list[float] = bounds.tolist()
        for place, m in enumerate(order):
            z = torch.tanh(state[0] + known)
            last = place == len(order) - 1  # then nothing more is conditioned on it
            if m == self.INSTRUMENT:
                mask = (on | off).any(1)
                weights = tempered(self.head_instrument(z)[0][rows], mask, t[0])
                if share > 0.0:
                    weights = with_share(weights, favoured, share)
                row = choose(weights, top_p, u[0])
                rows, on, off = rows[row : row + 1], on[row : row + 1], off[row : row + 1]
                drawn[m] = float(rows)
                if not last:
                    known = known + self.instrument(rows)
            elif m == self.PITCH:
                mask = (on | off).any(0)
                pitch = choose(tempered(self.head_pitch(z)[0], mask, t[0]), top_p, u[2])
                on, off = on[:, pitch : pitch + 1], off[:, pitch : pitch + 1]
                drawn[m] = float(pitch)
                if not last:
                    known = known + self.pitch(torch.tensor(pitch))
            elif m == self.TIME:
                drawn[m] = self._draw_time(state, z, limit[0], limit[1], t[1], t[2], u[3:6])
                if not last:
                    known = known + self.time(torch.tensor(drawn[m]))
            else:
                can_on, can_off = bool(on.any()), bool(off.any())
                drawn[m] = self._draw_velocity(
                    state, z, can_on, can_off, limit[2], limit[3], t[3], u[6]
                )
                if drawn[m] > 0:
                    off = torch.zeros_like(off)
                else:
                    on = torch.zeros_like(on)
                if not last:
                    known = known + self.loudness(torch.tensor(drawn[m]))
        return True, torch.tensor(drawn)

    def _given(
        self, order: list[int], event: Tensor, rows: Tensor, on: Tensor, off: Tensor,
        bounds: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, bool]:  # fmt: skip
        """What is known from what is given, and the allowed pairs that fit it, if there are any."""
        known = torch.zeros_like(self.first_input)
        if self.INSTRUMENT not in order:
            given = event[self.INSTRUMENT].long()
            known = known + self.instrument(given)
            fits = (rows == given).unsqueeze(1)
            on, off = on & fits, off & fits
        if self.PITCH not in order:
            given = event[self.PITCH].long()
            known = known + self.pitch(given)
            fits = torch.zeros_like(on)
            fits[:, min(int(given), 127)] = True
            on, off = on & fits, off & fits
        if self.TIME not in order:
            known = known + self.time(event[self.TIME])
        can_on, can_off = bool(bounds[2] <= bounds[3]), True
        if self.VELOCITY not in order:
            known = known + self.loudness(event[self.VELOCITY])
            can_on, can_off = bool(event[3] > 0), bool(event[3] <= 0)
        if not can_on:
            on = torch.zeros_like(on)
        if not can_off:
            off = torch.zeros_like(off)
        return known, rows, on, off, bool(on.any()) or bool(off.any())

    def _draw_time(
        self, state: State, z: Tensor, low: float, high: float, rhythm: float, timing: float,
        u: list[float],
    ) -> float:  # fmt: skip
        """Seconds. Whether it is at once is drawn first, as likely as the network has it: were
        the temperatures to act on it, music would run away into ever denser chords.
        """
        log_weight, location, sharpness = time_parameters(self.head_time(z)[0], self.time_base)
        copied = self.copying.times(z.unsqueeze(1), state[8])[0, 0].exp()
        heard = state[8][0, :, -2].contiguous()
        copied, weight = copied[1:], copied[0] * log_weight.exp()
        a = -self.FAR if low <= 0.0 else low
        b = self.FAR if high >= 10.0 else high
        mass = binned(self.time_edges, a, b, weight, location, sharpness)
        out = (heard < max(low, 0.0)) | (heard > high)
        where = torch.bucketize(heard, self.time_edges) - 1  # the bin of each heard time
        copies = torch.zeros(len(mass)).index_add(0, where, copied.masked_fill(out, 0.0))
        whole = mass.sum(1) + copies
        total = float(whole.sum())
        if not total > 1e-30:  # nothing reaches there: the nearest bound
            return min(max(float((weight * location).sum() / weight.sum()), low), high)
        at_once = float(whole[0]) / total
        if u[1] < at_once or at_once > 1.0 - 1e-6:
            return max(low, 0.0)
        share = min((u[1] - at_once) / (1.0 - at_once), 0.9999999)
        whole[0] = 0.0
        bins = sharpened(whole, self.time_widths, self.time_places, timing, rhythm)
        bin = choose(bins, 1.0, share)
        copy_share = float(copies[bin] / whole[bin])
        if u[0] < copy_share:
            of_bin = copied.masked_fill((where != bin) | out, 0.0)
            return float(heard[choose(of_bin, 1.0, u[0] / copy_share)])
        if bin == len(bins) - 1:
            return min(max(10.0, low), high)
        edges = self.time_edges
        a = max(float(edges[bin]), low)  # type: ignore[index]
        b = min(float(edges[bin + 1]), high)  # type: ignore[index]
        rest = min((u[0] - copy_share) / max(1.0 - copy_share, 1e-9), 0.9999999)
        sharper = sharpness / max(timing, 1e-3)
        return draw_within(a, max(a, b), mass[bin], location, sharper, rest, u[2])

    def _draw_velocity(
        self, state: State, z: Tensor, can_on: bool, can_off: bool, low: float, high: float,
        temperature: float, u: float,
    ) -> float:  # fmt: skip
        """0 or a velocity from low to high; which of the two is as likely as the network has it."""
        if not can_on:
            return 0.0
        log_weight, location, sharpness = velocity_parameters(
            self.head_velocity(z)[0], self.velocity_base
        )
        copied = self.copying.velocities(z.unsqueeze(1), state[8])[0, 0].exp()
        heard, copied, weight = state[8][0, :, -1], copied[1:], copied[0] * log_weight.exp()
        mass = binned(self.velocity_edges, -self.FAR, self.FAR, weight, location, sharpness).sum(1)
        mass = mass.index_add(0, heard.long().clamp(min=1), copied)
        off = float(mass[0]) if can_off else 0.0
        out = (self.velocities < max(low, 1.0)) | (self.velocities > high)
        mass = mass.masked_fill(out, 0.0)
        on = float(mass.sum())
        if can_off:
            share = off / max(off + on, 1e-30)
            if u < share:
                return 0.0
            u = (u - share) / max(1.0 - share, 1e-9)
        if not on > 1e-30:  # nothing reaches there: the nearest bound
            middle = round(float((weight * location).sum() / weight.sum()))
            return min(max(float(middle), max(low, 1.0)), min(high, 127.0))
        bins = (mass / mass.max()) ** (1.0 / max(temperature, 1e-3))
        return float(choose(bins, 1.0, min(u, 0.9999999)))
