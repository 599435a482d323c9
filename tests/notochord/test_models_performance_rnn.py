"""Performance RNN: the network in training and as it plays are the same."""

import pytest
import torch

from notochord.export import export
from notochord.models.performance_rnn import CONFIGS, PerformanceRNN, StepPerformance, one_hot


def network(size, seed=0):
    torch.manual_seed(seed)
    return PerformanceRNN(CONFIGS[size]).eval()


def tokens_of(net, lanes=2, length=12):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(net.tokens, (lanes, length), generator=generator)


def before(tokens):
    return torch.cat([torch.full_like(tokens[:, :1], -1), tokens[:, :-1]], dim=1)


def test_the_article_and_its_variant_have_the_sizes_that_are_described():
    article, keys = CONFIGS["article"], CONFIGS["piano88"]
    assert (article.cell, article.layers, article.vocabulary.size) == ("lstm", 3, 388)
    assert (keys.cell, keys.vocabulary.size) == ("gru", 308)


def test_no_token_is_no_vector():
    assert one_hot(torch.tensor([-1, 0, 2]), 3).tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize("size", ["tiny", "tiny88"])
def test_it_foresees_the_same_whether_it_reads_at_once_or_token_by_token(size):
    net = network(size)
    tokens = tokens_of(net)
    logits, _ = net(before(tokens), net.initial(2))
    whole = logits.log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    assert torch.allclose(StepPerformance(net).rate(tokens), whole, atol=1e-5)


@pytest.mark.parametrize("size", ["tiny", "tiny88"])
def test_its_memory_carries_from_chunk_to_chunk(size):
    net = network(size)
    tokens = before(tokens_of(net))
    whole, _ = net(tokens, net.initial(2))
    first, memory = net(tokens[:, :5], net.initial(2))
    second, _ = net(tokens[:, 5:], memory)
    assert torch.allclose(torch.cat([first, second], dim=1), whole, atol=1e-5)


def test_the_future_changes_nothing_of_what_it_foresees():
    net = network("tiny")
    tokens = before(tokens_of(net))
    other = tokens.clone()
    other[:, 6:] = 0
    assert torch.equal(net(tokens, net.initial(2))[0][:, :6], net(other, net.initial(2))[0][:, :6])


def test_the_article_s_network_fits_a_brain_file_of_ten_megabytes(tmp_path):
    manifest = export(PerformanceRNN(CONFIGS["article"]), tmp_path / "a.brain", {"name": "a"})
    assert (tmp_path / "a.brain").stat().st_size < 10e6
    assert manifest["network"] == "performance_rnn" and manifest["precision"] == "int8"
