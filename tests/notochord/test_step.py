"""The scripted network against the one that was trained: the same likelihoods."""

import numpy as np
import torch

from notochord.evaluate import FloatRater, given_matrix
from tests.notochord.music import random_events

# The greatest difference in nats of one sub-event of the tiny network between int8 and float32,
# and the mean difference: what 8 bits cost a network as small and as loud as this.
INT8_GREATEST, INT8_MEAN = 0.5, 0.03


def told(brain, net, n=60):
    """Nats by the brain, told one event after another, and by the eager network: (8, n, 4)."""
    events = random_events(n)
    table = torch.tensor(events)
    rater = FloatRater(net)
    contexts = rater.contexts(table[None])[0]
    eager = [rater.log_probs(contexts, table, given_matrix(k)).numpy() for k in range(8)]
    played: list[list] = [[] for _ in range(8)]
    state = brain.start()
    for event in events:
        for k in range(8):
            played[k].append(brain.likelihood(state, event, given_matrix(k).tolist()))
        state = brain.tell(state, event)
    return np.array(played), np.array(eager)


def test_a_float32_brain_rates_as_the_network_does(brain, net):
    played, eager = told(brain, net)
    assert np.abs(played - eager).max() < 1e-5 * max(1.0, np.abs(eager).max())


def test_an_int8_brain_rates_nearly_as_the_network_does(int8_brain, net):
    played, eager = told(int8_brain, net)
    assert np.abs(played - eager).max() < INT8_GREATEST
    assert np.abs(played - eager).mean() < INT8_MEAN


def test_many_pieces_side_by_side_are_rated_as_one_by_one(brain):
    a, b = torch.tensor(random_events(12, 1)), torch.tensor(random_events(12, 2))
    both = brain.contexts(torch.stack([a, b]))
    for lane, piece in enumerate((a, b)):
        alone = brain.contexts(piece[None])[0]
        assert torch.allclose(both[lane], alone, atol=1e-5)
        rated = [
            brain.log_probs(contexts, piece, given_matrix(5)) for contexts in (both[lane], alone)
        ]
        assert torch.allclose(*rated, atol=1e-4)


def test_pitches_are_rated_one_by_one_as_all_together(brain):
    state, event = brain.start(), random_events(1)[0]
    every = brain.pitch_log_probs(state, event, "itv")
    given = [[0] * 4, [1, 0, 1, 1], [0] * 4, [0] * 4]
    for pitch in (0, 60, 127):
        one = brain.likelihood(state, event._replace(pitch=pitch), given)[1]
        assert abs(every[pitch] - one) < 1e-5
    assert abs(sum(np.exp(every)) - 1) < 1e-5
