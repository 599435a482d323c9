"""What both halves of the tests need: a tiny brain file."""

import pytest
import torch

from notochord.export import export
from notochord.models import bachprop, groove_transformer, performance_rnn
from notochord.models.notochord import CONFIGS, Notochord


@pytest.fixture(scope="session")
def tiny_brain(tmp_path_factory):
    """The path of a brain file with a tiny network of random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("tiny") / "tiny.brain"
    export(Notochord(CONFIGS["tiny"]).eval(), path, {"name": "tiny", "sources": []})
    return path


@pytest.fixture(scope="session")
def token_brain(tmp_path_factory):
    """The path of a brain file with a tiny network over tokens, of random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("tokens") / "roll.brain"
    net = performance_rnn.PerformanceRNN(performance_rnn.CONFIGS["tiny"]).eval()
    export(net, path, {"name": "roll", "sources": []})
    return path


@pytest.fixture(scope="session")
def groove_brain(tmp_path_factory):
    """The path of a brain file that makes drum patterns, of random weights, with clear likings."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("groove") / "tapped.brain"
    net = groove_transformer.GrooveTransformer(groove_transformer.CONFIGS["tiny"]).eval()
    with torch.no_grad():
        net.head.weight.mul_(6)
        net.head.bias[:9] -= 4.0  # few strokes
    export(net, path, {"name": "tapped", "sources": []})
    return path


@pytest.fixture(scope="session")
def voices_brain(tmp_path_factory):
    """The path of a brain file of notes in score time, of random weights, with clear likings."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("score") / "voices.brain"
    net = bachprop.BachProp(bachprop.CONFIGS["tiny"]).eval()
    with torch.no_grad():
        for head in (net.wait, net.length, net.pitch):
            head.out.weight.mul_(8)
    export(net, path, {"name": "voices", "sources": []})
    return path
