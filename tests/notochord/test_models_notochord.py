"""The network: what each head may know, and what it may not."""

import pytest
import torch

from notochord.event import START_INSTRUMENT, START_PITCH
from notochord.models.notochord import CONFIGS, Notochord, random_given
from tests.notochord.music import random_events


def columns(events):
    """Instrument, pitch, dt and velocity of events, each (1, T)."""
    table = torch.tensor(events)
    return table[None, :, 0].long(), table[None, :, 1].long(), table[None, :, 2], table[None, :, 3]


def context_of(net, events):
    with torch.no_grad():
        embedded = net.embed(*columns(events))
        return net.context(embedded, net.initial(1), torch.ones(1, dtype=torch.bool))[0], embedded


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
    events, fresh = random_events(20), torch.ones(1, dtype=torch.bool)
    whole, embedded = context_of(net, events)
    with torch.no_grad():
        first, state = net.context(embedded[:, :7], net.initial(1), fresh)
        second, _ = net.context(embedded[:, 7:], state, ~fresh)
    assert torch.allclose(whole, torch.cat([first, second], dim=1), atol=1e-6)


def test_a_fresh_lane_forgets_what_it_carried(net):
    whole, embedded = context_of(net, random_events(20))
    with torch.no_grad():
        _, state = net.context(embedded, net.initial(1), torch.ones(1, dtype=torch.bool))
        again, _ = net.context(embedded, state, torch.ones(1, dtype=torch.bool))
    assert torch.equal(whole, again)


@pytest.mark.parametrize("m", range(4))
@pytest.mark.parametrize("n", range(4))
def test_a_head_knows_a_sub_event_only_when_it_is_given(net, m, n):
    context, embedded = context_of(net, random_events(6))
    other = embedded.clone()
    other[..., n, :] = torch.randn(other[..., n, :].shape)
    nothing, one = torch.zeros(4, 4), torch.zeros(4, 4)
    one[m, n] = 1
    with torch.no_grad():
        without = [net.heads_given(context, e, nothing)[m] for e in (embedded, other)]
        knowing = [net.heads_given(context, e, one)[m] for e in (embedded, other)]
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
    with torch.no_grad():
        raw = fresh.heads_given(context, embedded, torch.zeros(4, 4))
        log_prob = fresh.log_probs(raw, *columns(random_events(30)))
    assert torch.isfinite(log_prob).all()
    assert all(float(head.std(dim=1).max()) < 0.1 for head in raw)
