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
    mixture_log_prob,
    mixture_mass,
    time_parameters,
    velocity_parameters,
)
from notochord.models.notochord import Notochord

State = tuple[Tensor, Tensor]  # GRU state (B, H), what the heads see (B, D)


class StepHead(nn.Module):
    """A gated MLP of the trained network, written so that it can be quantised and scripted."""

    def __init__(self, trained: nn.Module) -> None:
        super().__init__()
        self.gate, self.norm, self.out = trained.gate, trained.norm, trained.out

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.gate(x).chunk(2, dim=-1)
        return self.out(self.norm(a * torch.sigmoid(b)))


def choose(weights: Tensor, top_p: float, u: float) -> int:
    """An index drawn with these weights (zeros are never drawn), by a uniform number in [0, 1).

    With top_p below 1, the unlikeliest indices beyond that share of the weight are left out.
    """
    w = weights.double()
    if top_p < 1.0:
        ordered, index = w.sort(descending=True)
        before = ordered.cumsum(0) - ordered
        w[index[before >= top_p * ordered.sum()]] = 0.0
    heap = w.cumsum(0)
    return int((heap <= u * heap[-1]).sum().clamp(max=len(w) - 1))


def tempered(logits: Tensor, mask: Tensor, temperature: float) -> Tensor:
    """Weights of a categorical: zero where masked, sharpened or flattened by the temperature."""
    logits = logits.float().masked_fill(~mask, -math.inf)
    return torch.softmax(logits / max(temperature, 1e-3), dim=-1) * mask


def with_share(weights: Tensor, favoured: Tensor, share: float) -> Tensor:
    """Weights in which the favoured rows together have at least this share of the whole."""
    theirs, whole = float(weights[favoured].sum()), float(weights.sum())
    if theirs <= 0.0 or theirs >= share * whole or theirs >= whole:
        return weights
    up, down = share * whole / theirs, (1.0 - share) * whole / (whole - theirs)
    return torch.where(favoured, weights * up, weights * down)


def draw_between(
    low: float, high: float, weight: Tensor, location: Tensor, sharpness: Tensor,
    top_p: float, u1: float, u2: float,
) -> float:  # fmt: skip
    """A draw from a mixture of logistics cut to low..high (either may be infinite).

    With top_p below 1, the drawn component is cut to its middle, which holds that share of it. No
    component is left out: that would favour the likeliest time, "at once", and music would run
    away into ever denser chords.

    Returns the bound nearest to the mixture when no component reaches the interval.
    """
    a, b = torch.full_like(location, low), torch.full_like(location, high)
    mass = mixture_mass(a, b, location, sharpness)
    share = weight * mass
    if not bool(share.sum() > 1e-30):
        middle = float((weight * location).sum() / weight.sum())
        return min(max(middle, low), high)
    k = choose(share, 1.0, u1)
    mu, s = float(location[k]), float(sharpness[k])
    z_low, z_high = s * (low - mu), s * (high - mu)
    if top_p < 1.0:  # the middle of the component, where the bounds leave any of it
        edge = math.log1p(top_p) - math.log1p(-top_p)
        if z_low < edge and z_high > -edge:
            z_low, z_high = max(z_low, -edge), min(z_high, edge)
    flip = z_low + z_high > 0  # work on the side where digits are kept
    if flip:
        z_low, z_high = -z_high, -z_low
    p_low, p_high = 1 / (1 + math.exp(-max(z_low, -700.0))), 1.0
    if z_high < 30.0:
        p_high = 1 / (1 + math.exp(-max(z_high, -700.0)))
    p = min(max(p_low + u2 * (p_high - p_low), 1e-300), 1.0 - 1e-9)
    z = math.log(p) - math.log1p(-p)
    if flip:
        z = -z
    return min(max(mu + z / s, low), high)


class StepNetwork(nn.Module):
    """Notochord for playing; build it from a trained network, quantise it, then script it."""

    INSTRUMENT, PITCH, TIME, VELOCITY = 0, 1, 2, 3  # the sub-events' numbers, as in `order`
    __constants__ = ("INSTRUMENT", "PITCH", "TIME", "VELOCITY")

    def __init__(self, trained: Notochord) -> None:
        super().__init__()
        d, h = trained.config.embedding, trained.config.hidden
        self.instrument, self.pitch = trained.instrument, trained.pitch
        self.time, self.velocity = trained.time, trained.velocity
        self.cell = nn.GRUCell(d, h)
        with torch.no_grad():
            for mine, theirs in (("weight_ih", "weight_ih_l0"), ("weight_hh", "weight_hh_l0"),
                                 ("bias_ih", "bias_ih_l0"), ("bias_hh", "bias_hh_l0")):  # fmt: skip
                getattr(self.cell, mine).copy_(getattr(trained.gru, theirs))
        self.project = StepHead(trained.project)
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
        return h, self.project(h)

    def embed(self, events: Tensor) -> Tensor:
        """Events (..., 4) as numbers -> their embeddings (..., 4, D)."""
        i, p, t, v = events.unbind(-1)
        parts = [self.instrument(i.long()), self.pitch(p.long()), self.time(t), self.velocity(v)]
        return torch.stack(parts, dim=-2)

    @torch.jit.export
    def feed(self, state: State, events: Tensor) -> State:
        """The state after one event a lane; events (B, 4): instrument, pitch, dt, velocity."""
        h = self.cell(self.embed(events).sum(-2), state[0])
        return h, self.project(h)

    @torch.jit.export
    def log_prob(self, state: State, events: Tensor, given: Tensor) -> Tensor:
        """Log-probability (nats) of each sub-event of events (B, 4) -> (B, 4).

        given (4, 4) or (B, 4, 4): row m says which of the others sub-event m is given.
        """
        embedded = self.embed(events)
        z = torch.tanh(state[1].unsqueeze(-2) + torch.matmul(given, embedded))
        i, p, t, v = events.unbind(-1)
        logits_i = self.head_instrument(z[:, 0]).log_softmax(-1)
        logits_p = self.head_pitch(z[:, 1]).log_softmax(-1)
        w, mu, s = time_parameters(self.head_time(z[:, 2]), self.time_base)
        log_t = mixture_log_prob(t, w, mu, s, 0.01, 0.0, 10.0)
        w, mu, s = velocity_parameters(self.head_velocity(z[:, 3]), self.velocity_base)
        log_v = mixture_log_prob(v, w, mu, s, 1.0, 0.0, 127.0)
        log_i = logits_i.gather(-1, i.long().unsqueeze(-1)).squeeze(-1)
        log_p = logits_p.gather(-1, p.long().unsqueeze(-1)).squeeze(-1)
        return torch.stack([log_i, log_p, log_t, log_v], dim=-1)

    @torch.jit.export
    def pitch_log_probs(self, state: State, event: Tensor, given: Tensor) -> Tensor:
        """Log-probabilities of all 128 pitches, given (4,) of the others of event (4,)."""
        known = (given.unsqueeze(-1) * self.embed(event)).sum(0)
        return self.head_pitch(torch.tanh(state[1] + known)).log_softmax(-1)[0]

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
        on, off = self._fitting(order, event, rows, on, off, bounds)
        if not bool((on | off).any()):
            return False, event
        drawn = event.clone()
        embedded = self.embed(drawn)
        known = torch.zeros_like(state[1][0])
        for m in range(4):
            if m not in order:
                known = known + embedded[m]
        t: list[float] = temperature.tolist()
        u: list[float] = uniforms.tolist()
        low, high, softest, loudest = bounds.unbind(0)
        for m in order:
            z = torch.tanh(state[1] + known)
            if m == self.INSTRUMENT:
                mask = (on | off).any(1)
                logits = self.head_instrument(z)[0][rows]
                weights = with_share(tempered(logits, mask, t[0]), favoured, share)
                row = choose(weights, top_p, u[0])
                drawn[m] = rows[row].float()
                keep = torch.arange(len(rows)) == row
                on, off = on & keep.unsqueeze(1), off & keep.unsqueeze(1)
                known = known + self.instrument(rows[row])
            elif m == self.PITCH:
                mask = (on | off).any(0)
                pitch = choose(tempered(self.head_pitch(z)[0], mask, t[0]), top_p, u[2])
                drawn[m] = float(pitch)
                keep = torch.arange(128) == pitch
                on, off = on & keep, off & keep
                known = known + self.pitch(torch.tensor(pitch))
            elif m == self.TIME:
                drawn[m] = self._draw_time(
                    z, float(low), float(high), t[1], t[2], top_p, u[4], u[5]
                )
                known = known + self.time(drawn[m])
            else:
                can_on, can_off = bool(on.any()), bool(off.any())
                v = self._draw_velocity(
                    z, can_on, can_off, float(softest), float(loudest), t[3], top_p, u[6], u[7]
                )
                drawn[m] = v
                none = torch.zeros_like(on)
                if v > 0:
                    off = none
                else:
                    on = none
                known = known + self.velocity(drawn[m])
        return True, drawn

    def _fitting(
        self, order: list[int], event: Tensor, rows: Tensor, on: Tensor, off: Tensor,
        bounds: Tensor,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """The allowed pairs that fit what is given."""
        fits = torch.ones_like(on)
        if self.INSTRUMENT not in order:
            fits = fits & (rows == event[0].long()).unsqueeze(1)
        if self.PITCH not in order:
            fits = fits & (torch.arange(128) == event[1].long())
        can_on, can_off = bool(bounds[2] <= bounds[3]), True
        if self.VELOCITY not in order:
            can_on, can_off = bool(event[3] > 0), bool(event[3] <= 0)
        return on & fits & can_on, off & fits & can_off

    def _draw_time(
        self, z: Tensor, low: float, high: float, rhythm: float, timing: float, top_p: float,
        u1: float, u2: float,
    ) -> float:  # fmt: skip
        weight, location, sharpness = time_parameters(self.head_time(z)[0], self.time_base)
        weight = torch.softmax(weight / max(rhythm, 1e-3), dim=-1)
        sharpness = sharpness / max(timing, 1e-3)
        # Time 0 and 10 s stand for everything beyond them (censoring).
        a, b = -math.inf if low <= 0 else low, math.inf if high >= 10 else high
        x = draw_between(a, b, weight, location, sharpness, top_p, u1, u2)
        if x < 0.005 and low <= 0:  # the bin of "at once"
            return 0.0
        return min(max(x, low), high)

    def _draw_velocity(
        self, z: Tensor, can_on: bool, can_off: bool, low: float, high: float,
        temperature: float, top_p: float, u1: float, u2: float,
    ) -> float:  # fmt: skip
        weight, location, sharpness = velocity_parameters(
            self.head_velocity(z)[0], self.velocity_base
        )
        weight = weight.exp()
        a = 0.5 if low <= 1 else low - 0.5
        b = math.inf if high >= 127 else high + 0.5
        if can_off:
            if not can_on:
                return 0.0
            below = torch.full_like(location, -math.inf)
            half = torch.full_like(location, 0.5)
            p_off = float((weight * mixture_mass(below, half, location, sharpness)).sum())
            edge, top = torch.full_like(location, a), torch.full_like(location, b)
            p_on = float((weight * mixture_mass(edge, top, location, sharpness)).sum())
            share_off = p_off / max(p_off + p_on, 1e-30)
            if u1 < share_off:
                return 0.0
            u1 = (u1 - share_off) / max(1 - share_off, 1e-9)
        weight = torch.softmax(weight.clamp(min=1e-30).log() / max(temperature, 1e-3), dim=-1)
        sharpness = sharpness / max(temperature, 1e-3)
        x = draw_between(a, b, weight, location, sharpness, top_p, min(u1, 0.9999999), u2)
        return min(max(float(round(x)), max(low, 1.0)), min(high, 127.0))
