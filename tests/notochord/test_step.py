"""The scripted network against the one that was trained: the same likelihoods."""

import numpy as np
import torch

from notochord.evaluate import FloatRater, given_matrix
from notochord.models.notochord import EMPTY, GONE, note_name
from notochord.step import StepLookBack
from tests.notochord.music import random_events

# The greatest difference in nats of one sub-event of the tiny network between int8 and float32,
# and the mean difference: what 8 bits cost a network as small and as loud as this.
INT8_GREATEST, INT8_MEAN = 0.5, 0.03


def told(brain, net, n=60):
    """Nats by the brain, told one event after another, and by the eager network: (8, n, 4)."""
    events = random_events(n)
    table = torch.tensor(events)
    every = torch.stack([given_matrix(k) for k in range(8)])
    eager = FloatRater(net).rate(table[None], every)[0].transpose(0, 1)
    played: list[list] = [[] for _ in range(8)]
    state = brain.start()
    for event in events:
        for k in range(8):
            played[k].append(brain.likelihood(state, event, given_matrix(k).tolist()))
        state = brain.tell(state, event)
    return np.array(played), eager.numpy()


def test_a_float32_brain_rates_as_the_network_does(brain, net):
    played, eager = told(brain, net)
    assert np.abs(played - eager).max() < 1e-5 * max(1.0, np.abs(eager).max())


def test_an_int8_brain_rates_nearly_as_the_network_does(int8_brain, net):
    played, eager = told(int8_brain, net)
    assert np.abs(played - eager).max() < INT8_GREATEST
    assert np.abs(played - eager).mean() < INT8_MEAN


def test_many_pieces_side_by_side_are_rated_as_one_by_one(brain):
    a, b = torch.tensor(random_events(12, 1)), torch.tensor(random_events(12, 2))
    given = given_matrix(5)[None]
    both = brain.rate(torch.stack([a, b]), given)
    for lane, piece in enumerate((a, b)):
        assert torch.allclose(both[lane], brain.rate(piece[None], given)[0], atol=1e-4)


def test_pitches_are_rated_one_by_one_as_all_together(brain):
    state, event = brain.start(), random_events(1)[0]
    every = brain.pitch_log_probs(state, event, "itv")
    given = [[0] * 4, [1, 0, 1, 1], [0] * 4, [0] * 4]
    for pitch in (0, 60, 127):
        one = brain.likelihood(state, event._replace(pitch=pitch), given)[1]
        assert abs(every[pitch] - one) < 1e-5
    assert abs(sum(np.exp(every)) - 1) < 1e-5


def remembered(net, memory, events):
    """The names that a look back at so many notes has after these events."""
    look_back = StepLookBack(net.look_back)
    shelf, names, now = net.look_back.empty(1, memory)
    shelf = shelf.flatten(2, 3).transpose(1, 2)
    notes = names, shelf, torch.tensor(memory), torch.tensor(memory)
    joined = torch.zeros(1, 2 * net.config.embedding)
    with torch.no_grad():
        for pitch, velocity in events:
            event = torch.tensor([[1.0, float(pitch), 0.5, float(velocity)]])
            notes = look_back.remember(joined, event, notes, look_back.phase(now))
    return notes[0][0].tolist()


def test_no_more_notes_are_looked_back_at_than_the_memory_holds(net):
    names = remembered(net, 8, [(pitch, 80) for pitch in range(11)])
    assert names == [int(note_name(1, pitch)) for pitch in range(3, 11)]


def test_a_note_off_ends_the_note_and_leaves_the_memory_of_it(net):
    names = remembered(net, 4, [(60, 80), (64, 80), (60, 0)])
    assert names == [EMPTY, EMPTY, GONE, int(note_name(1, 64))]


def test_two_futures_of_one_state_do_not_hear_each_other(brain):
    """They share what is remembered until they part: the second to go on must not be heard."""
    events, ways = random_events(50), [random_events(300, seed) for seed in (1, 2)]
    state = brain.start()
    for event in events:
        state = brain.tell(state, event)
    together = [state, state]
    for pair in zip(*ways, strict=True):
        together = [brain.tell(s, event) for s, event in zip(together, pair, strict=True)]
    for way, parted in zip(ways, together, strict=True):
        alone = brain.start()
        for event in events + way:
            alone = brain.tell(alone, event)
        assert brain.likelihood(alone, events[0]) == brain.likelihood(parted, events[0])
