"""The original's process: reads commands from standard input and answers on standard output.

    python -P -m versus.worker        with the folder above this one on PYTHONPATH

`-P` keeps the folder it is started in off the path, where our package of the same name may lie.
Whatever the original prints goes to standard error. It ends when its input closes.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import Path
from typing import IO, Any

import torch

from .original import Original, Trainer, read_checkpoint
from .playing import Playing, read_bytes
from .wire import Arrays, Words, receive, send


def device_of(name: str) -> str:
    """The device of this name; "auto" is a GPU where there is one."""
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name


class Worker:
    """What each command does: a method a command, named as it is."""

    def __init__(self) -> None:
        self._original: Original | None = None
        self._trainer: Trainer | None = None
        self._playing: Playing | None = None
        self._saved: dict[str, Any] | None = None  # a checkpoint that was loaded

    def build(self, sizes: dict[str, int], seed: int, device: str, threads: int) -> Words:
        """A network of these sizes with random weights; {} gives the default size."""
        torch.set_num_threads(threads)
        self._original = Original(sizes, seed, device_of(device))
        return self._about()

    def load(self, path: str, device: str, threads: int) -> Words:
        """The network of a checkpoint, and its notes."""
        torch.set_num_threads(threads)
        self._saved = read_checkpoint(Path(path), device_of(device))
        self._original = Original(self._saved["original"], device=device_of(device))
        self._original.net.load_state_dict(self._saved["net"])
        return {**self._about(), "notes": self._saved["notes"]}

    def train(self, bfloat16: bool) -> Words:
        """Make ready to train, or to go on from the checkpoint that was loaded."""
        self._trainer = Trainer(self._network, bfloat16)
        if self._saved is not None:
            self._trainer.load(self._saved)
            self._saved = None
        return {}

    def step(
        self, rate: float, carry: bool, events: torch.Tensor, mask: torch.Tensor,
        fresh: torch.Tensor,
    ) -> Words:  # fmt: skip
        """One update."""
        return {"loss": self._training.step(events, mask, fresh, rate, carry)}

    def check(
        self, first: bool, events: torch.Tensor, mask: torch.Tensor, fresh: torch.Tensor,
        given: torch.Tensor,
    ) -> Words:  # fmt: skip
        """Nats of each sub-event on a batch, without learning from it."""
        return {"nats": self._training.check(events, mask, fresh, given, first)}

    def save(self, path: str, notes: dict[str, Any]) -> Words:
        """Write a checkpoint."""
        self._training.save(Path(path), notes)
        return {}

    def rate(self, events: torch.Tensor, given: torch.Tensor) -> Arrays:
        """Nats of every sub-event of many pieces."""
        return {"nats": self._network.rate(events, given).cpu().numpy()}

    def play(self, asks: dict[str, Any]) -> Words:
        """Make ready to be timed; returns the bytes that a feed and an ask read."""
        self._playing = Playing(self._network.net, asks)
        return {"weight_bytes": read_bytes(self._network.net)}

    def turn(self, keys: list[list[float]]) -> Words:
        """Hear these keys and be asked after each; returns milliseconds."""
        assert self._playing is not None
        return {"ms": self._playing.turn(keys)}

    @property
    def _network(self) -> Original:
        assert self._original is not None
        return self._original

    @property
    def _training(self) -> Trainer:
        assert self._trainer is not None
        return self._trainer

    def _about(self) -> Words:
        return {
            "parameters": self._network.parameters,
            "version": importlib.metadata.version("notochord"),
            "torch": str(torch.__version__),
        }

    def answer(self, do: str, words: Words, arrays: Arrays) -> tuple[Words, Arrays]:
        """Carry out one command."""
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        answer = getattr(self, do)(**words, **tensors)
        return ({}, answer) if do == "rate" else (answer, {})


def serve(incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Answer commands until there are no more; a command that fails is answered with why."""
    worker = Worker()
    while (message := receive(incoming)) is not None:
        words, arrays = message
        try:
            answer, data = worker.answer(words["do"], words["with"], arrays)
        except ImportError as error:
            answer, data = {"error": f"the original cannot be imported ({error})"}, {}
        except Exception as error:  # noqa: BLE001 (the other end tells it in one line)
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            answer, data = {"error": first}, {}
        send(outgoing, answer, data)


def main() -> None:
    """Keep standard output for answers alone, and serve."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
