"""A brain file gives back the network that was put into it."""

import pytest
import torch

from notochord.brain import BrainError
from notochord.recover import network_of


def test_a_float_brain_gives_back_its_weights_exactly(float_file, net):
    again, _ = network_of(float_file)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name


def test_an_int8_brain_gives_back_its_weights_to_within_their_rounding(int8_file, net):
    again, manifest = network_of(int8_file)
    assert manifest["precision"] == "int8"
    for name, tensor in net.state_dict().items():
        error = (tensor - again.state_dict()[name]).abs().max()
        assert error <= tensor.abs().max() / 127, name  # half a step of 8 bits, and some room


def test_a_file_that_is_no_brain_is_refused(tmp_path):
    (tmp_path / "no.brain").write_bytes(b"no")
    with pytest.raises(BrainError, match="copy the brain file again"):
        network_of(tmp_path / "no.brain")
