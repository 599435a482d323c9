"""BachProp: three heads, each given what stands before it in the note, the same when it plays."""

import numpy as np
import pytest
import torch

from notochord.models.bachprop import StepBachProp
from notochord.score import SIZES
from tests.notochord.scores import score_brain, score_net


def random_notes(lanes, n, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(np.stack([rng.integers(size, size=(lanes, n)) for size in SIZES], -1))


def before(notes):
    return torch.cat([torch.full_like(notes[:, :1], -1), notes[:, :-1]], dim=1)


@pytest.fixture(scope="module")
def net():
    return score_net()


def rated(net, notes):
    logits, _ = net(before(notes), notes, net.initial(len(notes)))
    parts = [
        part.log_softmax(-1).gather(-1, notes[..., n : n + 1]) for n, part in enumerate(logits)
    ]
    return torch.cat(parts, dim=-1)


@torch.no_grad()
def test_it_plays_as_it_was_trained(net):
    notes = random_notes(3, 20)
    assert torch.allclose(StepBachProp(net).rate(notes), rated(net, notes), atol=1e-5)


@torch.no_grad()
def test_each_feature_is_foreseen_from_the_ones_before_it_and_no_others(net):
    notes = random_notes(1, 8)
    plain = rated(net, notes)[0, -1]
    for changed, depends in ((2, []), (1, [2]), (0, [1, 2])):
        other = notes.clone()
        other[0, -1, changed] = (other[0, -1, changed] + 1) % SIZES[changed]
        logits, _ = net(before(other), other, net.initial(1))
        for n in range(3):
            if n == changed:
                continue
            same = torch.isclose(logits[n][0, -1].log_softmax(-1)[notes[0, -1, n]], plain[n])
            assert bool(same) == (n not in depends)


@torch.no_grad()
def test_the_memory_goes_on_from_one_chunk_to_the_next(net):
    notes = random_notes(2, 16)
    whole, _ = net(before(notes), notes, net.initial(2))
    b = before(notes)
    _, memory = net(b[:, :7], notes[:, :7], net.initial(2))
    rest, _ = net(b[:, 7:], notes[:, 7:], memory)
    assert all(torch.allclose(a[:, 7:], r, atol=1e-5) for a, r in zip(whole, rest, strict=True))


def test_int8_foresees_nearly_what_float_does(tmp_path):
    notes = random_notes(1, 40).numpy()[0]
    plain, int8 = (score_brain(tmp_path, int8).note_nats(notes) for int8 in (False, True))
    assert np.abs(plain - int8).mean() < 0.05 < np.abs(plain).mean()
