"""What holds of a training of any kind: killed and resumed, it goes on as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from notochord.train import Trainer


def goes_on_bit_for_bit(trainer: Callable[[], Trainer], folder: Path) -> None:
    """Asserts that three steps after a checkpoint are those of a run that was never broken off."""
    through, first, second = trainer(), trainer(), trainer()
    losses = [through.step() for _ in range(6)]
    for _ in range(3):
        first.step()
    first.save(folder / "checkpoint.pt")
    torch.manual_seed(99)  # whatever happened in between
    second.resume(folder / "checkpoint.pt")
    assert [second.step() for _ in range(3)] == losses[3:]
    for name, tensor in through.net.state_dict().items():
        assert torch.equal(tensor, second.net.state_dict()[name]), name
