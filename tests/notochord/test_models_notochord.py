"""The network: what each head may know, and what it may not."""

import pytest
import torch

from notochord.event import START_INSTRUMENT, START_PITCH, Event
from notochord.models.notochord import CONFIGS, Notochord, Recent, note_name, random_given
from tests.notochord.music import random_events


def columns(events):
    """Instrument, pitch, dt and velocity of events, each (1, T)."""
    table = torch.tensor(events)
    return table[None, :, 0].long(), table[None, :, 1].long(), table[None, :, 2], table[None, :, 3]


def context_of(net, events):
    with torch.no_grad():
        told = columns(events)
        embedded = net.embed(*told)
        fresh = torch.ones(1, dtype=torch.bool)
        return net.context(embedded, told, net.initial(1), fresh)[0], embedded


def rated(net, events, cuts=()):
    """Log-probabilities of all sub-events, nothing given, told in pieces: (T, 4)."""
    state, fresh, out = net.initial(1), torch.ones(1, dtype=torch.bool), []
    for a, b in zip((0, *cuts), (*cuts, len(events)), strict=True):
        told = part(events, a, b)
        with torch.no_grad():
            embedded = net.embed(*told)
            context, heard, state = net.context(embedded, told, state, fresh)
            raw = net.heads_given(context, embedded, torch.zeros(4, 4), heard)
            out.append(net.log_probs(raw, heard, *told)[0])
        fresh = torch.zeros_like(fresh)
    return torch.cat(out)


def part(events, a, b):
    """The columns of events a to b."""
    return tuple(column[:, a:b] for column in columns(events))


def test_the_start_token_is_no_instrument_and_no_pitch(net):
    token = torch.tensor([START_INSTRUMENT]), torch.tensor([START_PITCH])
    with torch.no_grad():
        expected = net.embed(*token, torch.zeros(1), torch.zeros(1)).sum(-2)[0]
        assert torch.equal(net.start_token(), expected)
        assert torch.equal(net.initial(2)[1], expected.expand(2, -1))


def test_what_comes_later_changes_nothing_before_it(net):
    events = random_events(20)
    context, _ = context_of(net, events)
    events[12] = events[12]._replace(pitch=3, velocity=1)
    changed, _ = context_of(net, events)
    assert torch.equal(context[:, :13], changed[:, :13])
    assert not torch.allclose(context[:, 13], changed[:, 13])


def test_the_state_carried_over_a_cut_makes_no_difference(net):
    events = random_events(40)
    assert torch.allclose(rated(net, events), rated(net, events, (7, 20)), atol=1e-4)


def test_a_fresh_lane_forgets_what_it_carried(net):
    events, fresh = random_events(20), torch.ones(1, dtype=torch.bool)
    told = columns(events)
    with torch.no_grad():
        embedded = net.embed(*told)
        first, _, state = net.context(embedded, told, net.initial(1), fresh)
        again, heard, _ = net.context(embedded, told, state, fresh)
    assert torch.equal(first, again)
    assert (heard.events[0, : -len(events), 3] == -1).all()


def looking(net, events, name):
    """What the look back lets each event see: `audible` or `sounding`, (T, T)."""
    told, empty = columns(events), net.look_back.empty(1, 0)
    zeros = torch.zeros(1, len(events), 2 * net.config.embedding)
    time = told[2].double().cumsum(1)
    names = note_name(told[0], told[1])
    with torch.no_grad():
        seen = net.look_back._lookable(zeros, names, time, told[3] > 0, empty)
    return seen[1 if name == "audible" else 2][0].int().tolist()


def test_only_notes_begun_before_can_be_looked_back_at(net):
    events = [Event(1, 60, 0.0, 80), Event(1, 60, 0.5, 0), Event(1, 62, 0.1, 80)]
    assert looking(net, events, "audible") == [[0, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_a_note_sounds_from_its_beginning_to_its_end(net):
    events = [
        Event(1, 60, 0.0, 80), Event(2, 60, 0.0, 80), Event(1, 60, 0.5, 0), Event(1, 60, 0.1, 80),
        Event(2, 60, 0.1, 0), Event(1, 64, 0.1, 80),
    ]  # fmt: skip
    assert looking(net, events, "sounding") == [
        [0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0],
        [0, 1, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0],
    ]  # fmt: skip


def test_what_was_found_depends_on_how_long_ago_it_was_and_not_on_the_time_of_day(net):
    events = random_events(12)
    here, _ = context_of(net, events)
    told, fresh = columns(events), torch.zeros(1, dtype=torch.bool)
    with torch.no_grad():
        start = net.initial(1)
        later = start._replace(memory=start.memory._replace(now=torch.tensor([86400.0]).double()))
        there = net.context(net.embed(*told), told, later, fresh)[0]
    assert torch.allclose(here, there, atol=1e-4)


@pytest.mark.parametrize("m", range(4))
@pytest.mark.parametrize("n", range(4))
def test_a_head_knows_a_sub_event_only_when_it_is_given(net, m, n):
    context, embedded = context_of(net, random_events(6))
    other = embedded.clone()
    other[..., n, :] = torch.randn(other[..., n, :].shape)
    nothing, one = torch.zeros(4, 4), torch.zeros(4, 4)
    one[m, n] = 1
    heard = net.copying.empty(1, 6)
    with torch.no_grad():
        without = [net.heads_given(context, e, nothing, heard)[m] for e in (embedded, other)]
        knowing = [net.heads_given(context, e, one, heard)[m] for e in (embedded, other)]
    assert torch.equal(*without)
    assert not torch.allclose(*knowing)


def test_a_random_subset_never_gives_a_sub_event_itself():
    given = random_given((50, 10), torch.Generator().manual_seed(0))
    assert given.diagonal(dim1=-2, dim2=-1).sum() == 0
    assert 0.4 < given.sum() / (50 * 10 * 12) < 0.6


def test_a_head_starts_with_nearly_the_same_distribution_everywhere():
    torch.manual_seed(1)
    fresh = Notochord(CONFIGS["tiny"]).eval()
    context, embedded = context_of(fresh, random_events(30))
    heard = fresh.copying.empty(1, 30)
    with torch.no_grad():
        raw = fresh.heads_given(context, embedded, torch.zeros(4, 4), heard)
        log_prob = fresh.log_probs(raw, heard, *columns(random_events(30)))
    assert torch.isfinite(log_prob).all()
    assert all(float(head.std(dim=1).max()) < 0.1 for head in raw[:4])


def test_an_event_copies_from_those_just_before_it_and_never_from_itself_or_later(net):
    events, reach = 24, net.config.copied
    heard = net.copying.empty(1, reach + events)
    heard.events[:, reach:, 3] = 80.0
    z = [torch.zeros(1, events, net.config.embedding)] * 4
    with torch.no_grad():
        for log_weights in net.copying.log_weights(z, heard):
            weights = log_weights[0, :, 1:].exp()
            for n in range(events):
                seen = torch.nonzero(weights[n])[:, 0].tolist()
                assert seen == [j for j in range(reach, reach + n) if j >= n]


def weights_after(net, heard):
    """Of copying each of the events heard, for each sub-event of the one after them."""
    rows = torch.tensor([*heard, [0.0, 0.0, 0.0, -1.0]]).unsqueeze(0)
    recent = Recent(torch.zeros(1, len(rows[0]), net.copying.size), rows)
    z = [torch.zeros(1, 1, net.config.embedding)] * 4
    with torch.no_grad():
        return [x[0, 0, 1:-1] for x in net.copying.log_weights(z, recent)]


def test_velocities_are_not_copied_from_note_offs(net):
    heard = [[3, 60, 0.0, velocity] for velocity in (70.0, 0.0, 90.0)]
    _, _, time, velocity = weights_after(net, heard)
    assert (time > -50).all()
    assert (velocity > -50).tolist() == [True, False, True]


def test_a_note_that_still_sounds_is_told_from_one_that_has_ended(net):
    on, off, other = [3, 60, 0.1, 70.0], [3, 60, 0.1, 0.0], [3, 62, 0.1, 70.0]
    for weights in weights_after(net, [on, off, other, on]):
        assert weights[0] < weights[2] == weights[3]
