"""Training: from a prepared corpus to a checkpoint, with exact resume after a kill.

AdamW, warm-up and cosine decay, clipped gradients; truncated backpropagation through time with
the state carried from chunk to chunk; bfloat16 where the machine has it (losses stay in float32).
"""

from __future__ import annotations

import contextlib
import csv
import math
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from notochord.brain import BrainError
from notochord.corpus import Corpus
from notochord.kinds import KINDS, NOTOCHORD, Kind
from notochord.models.notochord import SUB_EVENTS
from notochord.prune import cut, fits, importance
from notochord.study import Study

CUT_AFTER = 16  # batches that tell which units of a network matter


@dataclass(frozen=True)
class Schedule:
    """How to train; every field can be set from the command line."""

    events: float = 100e6  # how many events to train on in all
    lanes: int = 64  # sequences side by side
    length: int = 128  # events between two updates
    rate: float = 2e-3  # peak learning rate
    warmup: float = 0.02  # share of the run in which the rate rises
    last_rate: float = 0.02  # share of the peak that the rate ends at
    weight_decay: float = 0.01
    clip: float = 1.0  # largest gradient norm
    seed: int = 0
    check_every: int = 500  # updates between two validations and checkpoints
    check_batches: int = 16

    @property
    def updates(self) -> int:
        return max(1, round(self.events / (self.lanes * self.length)))

    def rate_at(self, update: int) -> float:
        """The learning rate of an update: linear warm-up, then a cosine down to `last_rate`."""
        ramp = max(1, round(self.warmup * self.updates))
        if update < ramp:
            return self.rate * (update + 1) / ramp
        done = min(1.0, (update - ramp) / max(1, self.updates - ramp))
        height = (1 + math.cos(math.pi * done)) / 2  # of the cosine, from 1 down to 0
        return self.rate * (self.last_rate + (1 - self.last_rate) * height)


@dataclass(frozen=True)
class Begun:
    """What a run begins with in place of random weights, and what is to be told of it."""

    config: Any
    weights: dict[str, Tensor]
    about: dict[str, Any]

    @staticmethod
    def with_brain(path: Path) -> Begun:
        """The weights of a brain file. Raises BrainError."""
        from notochord.recover import network_of

        net, manifest = network_of(path)
        kept = ("name", "weights_sha256", "events_trained", "cpu_seconds", "begun_with")
        about = {key: manifest.get(key) for key in kept}
        return Begun(net.config, net.state_dict(), about)


class CheckpointError(ValueError):
    """The checkpoint cannot be read; the message says why, in one line."""


class Trainer:
    """One training run: network, optimiser, supply of batches, and where it stands."""

    def __init__(
        self, corpus: Corpus, config: Any, schedule: Schedule, device: str = "cpu",
        bfloat16: bool = True, begun: Begun | None = None, kind: Kind = NOTOCHORD,
    ) -> None:  # fmt: skip
        torch.manual_seed(schedule.seed)
        self.schedule, self.device, self.kind = schedule, torch.device(device), kind
        self.net = kind.network(config).to(self.device)
        self.begun_with: dict[str, Any] | None = None
        if begun is not None:
            self.net.load_state_dict(begun.weights)
            self.begun_with = begun.about
        autocast = (
            (lambda: torch.autocast(self.device.type, torch.bfloat16))
            if bfloat16
            else contextlib.nullcontext
        )
        self.study: Study = kind.study(self.net, corpus, schedule, autocast)
        self.optimizer = torch.optim.AdamW(
            _decay_groups(self.study, schedule.weight_decay), lr=schedule.rate, betas=(0.9, 0.98)
        )
        self.update, self.cpu_seconds = 0, 0.0

    def step(self) -> float:
        """One update; returns its loss in nats an event."""
        began = time.process_time()
        rate = self.schedule.rate_at(self.update)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.net.train()
        loss = self.next_loss()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.schedule.clip)
        self.optimizer.step()
        self.update += 1
        self.cpu_seconds += time.process_time() - began
        return loss.item()

    def next_loss(self) -> Tensor:
        """The loss of the next batch in nats an event, to be differentiated."""
        return self.study.next_loss()

    def validate(self) -> list[float]:
        """The mean of each part of the loss over the same unvaried batches of `valid`."""
        self.net.eval()
        with torch.no_grad():
            return self.study.validate(self.schedule.check_batches)

    def save(self, path: Path) -> None:
        """Write everything a resumed run needs; a kill at any moment leaves a whole file."""
        temporary = path.with_suffix(".writing")
        torch.save(
            {
                "network": self.kind.name,
                "config": self.net.config.as_dict(), "schedule": asdict(self.schedule),
                "net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(),
                **self.study.place(),
                "update": self.update, "torch_rng": torch.get_rng_state(),
                "begun_with": self.begun_with, "cpu_seconds": self.cpu_seconds,
            },
            temporary,
        )  # fmt: skip
        os.replace(temporary, path)

    def resume(self, path: Path) -> None:
        """Go on exactly where the checkpoint was written."""
        saved = read_checkpoint(path, self.device)
        self.net.load_state_dict(saved["net"])
        self.optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["torch_rng"].cpu())
        self.study.go_on(saved)
        self.update, self.begun_with = saved["update"], saved["begun_with"]
        self.cpu_seconds = saved.get("cpu_seconds", 0.0)


def _decay_groups(study: Study, weight_decay: float) -> list[dict]:
    """Weight matrices decay; biases, norms, embeddings and the start state do not."""
    decayed: list[Tensor] = []
    free: list[Tensor] = []
    for name, parameter in study.net.named_parameters():
        table = name.startswith(study.undecayed)
        (decayed if parameter.ndim >= 2 and not table else free).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": free, "weight_decay": 0.0},
    ]


def read_checkpoint(path: Path, device: torch.device | str = "cpu") -> dict:
    """A checkpoint's contents; raises CheckpointError when it is missing or not one."""
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError as error:
        message = f"{path}: no such checkpoint; make one with 'notochord train'"
        raise CheckpointError(message) from error
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise CheckpointError(f"{path}: not a whole checkpoint") from error
    except Exception as error:  # noqa: BLE001 (torch raises pickle errors of many kinds)
        raise CheckpointError(f"{path}: not a checkpoint") from error
    if not isinstance(saved, dict) or not {"config", "net", "update"} <= set(saved):
        raise CheckpointError(f"{path}: not a checkpoint of this project")
    return saved


def kind_of_checkpoint(saved: dict) -> Kind:
    """The kind of network in a checkpoint; one from before there were several has a Notochord.

    Raises CheckpointError.
    """
    name = saved.get("network", NOTOCHORD.name)
    if name not in KINDS:
        raise CheckpointError(f"a checkpoint of '{name}', which this version does not know")
    return KINDS[name]


def load_network(path: Path) -> tuple[Any, dict]:
    """The network of a checkpoint, ready to evaluate, and the checkpoint itself."""
    saved = read_checkpoint(path)
    kind = kind_of_checkpoint(saved)
    net = kind.network(kind.config(saved["config"]))
    net.load_state_dict(saved["net"])
    return net.eval(), saved


def best_device() -> str:
    """"cuda" where there is a GPU, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def train(
    corpus_path: Path, out: Path, size: str | None = None, schedule: Schedule | None = None,
    threads: int = 2, resume: bool = True, bfloat16: bool = True, begin_with: Path | None = None,
    kind: Kind = NOTOCHORD,
) -> Path:  # fmt: skip
    """Train (or go on training) into the folder `out`: checkpoint.pt, log.csv, loss.png.

    Returns the checkpoint's path. A run whose checkpoint is there goes on from it, under the
    schedule it was begun with. `begin_with` names a brain file of a Notochord to start from: its
    weights and, without a `size`, its sizes; with a smaller one, what matters most is cut out of
    it. Raises BrainError, CheckpointError, CorpusError.
    """
    config, begun = config_named(kind, size), None
    torch.set_num_threads(threads)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint, schedule = out / "checkpoint.pt", schedule or Schedule()
    corpus, going_on = Corpus(corpus_path), resume and checkpoint.exists()
    if going_on:
        saved = read_checkpoint(checkpoint)
        kind = kind_of_checkpoint(saved)
        config, schedule = kind.config(saved["config"]), Schedule(**saved["schedule"])
    elif begin_with is not None and kind is not NOTOCHORD:
        raise BrainError(f"a {kind.name} cannot begin with a brain file; leave out --begin-with")
    elif begin_with is not None:
        begun = Begun.with_brain(begin_with)
        if size is not None and config != begun.config:
            begun = cut_down(begun, config, corpus, schedule, bfloat16)
        config = begun.config
    trainer = Trainer(corpus, config, schedule, best_device(), bfloat16, begun, kind)
    if going_on:
        trainer.resume(checkpoint)
    _run(trainer, checkpoint, out / "log.csv")
    plot_log(out / "log.csv", out / "loss.png")
    return checkpoint


def config_named(kind: Kind, size: str | None) -> Any:
    """The sizes that a kind of network has under a name. Raises CheckpointError."""
    sizes = kind.configs
    if (size or kind.size) not in sizes:
        known = ", ".join(sizes)
        raise CheckpointError(f"a {kind.name} has no size '{size}'; name one of {known}")
    return sizes[size or kind.size]


def cut_down(
    begun: Begun, config: Any, corpus: Corpus, schedule: Schedule, bfloat16: bool = True
) -> Begun:
    """What a smaller network begins with: the units of the larger one that matter most.

    Raises BrainError when the smaller one cannot be cut out of the larger.
    """
    if not fits(config, begun.config):
        raise BrainError("the brain to begin with is not larger in every way; name another --size")
    large = Trainer(corpus, begun.config, schedule, best_device(), bfloat16, begun)
    matters = importance(large.net, large.next_loss, CUT_AFTER)
    about = {**begun.about, "cut": begun.config.as_dict()}
    return Begun(config, cut(large.net, config, matters).state_dict(), about)


def _run(trainer: Trainer, checkpoint: Path, log: Path) -> None:
    s = trainer.schedule
    per_update = s.lanes * s.length
    bar = tqdm(
        total=s.updates * per_update, initial=trainer.update * per_update, unit=" events",
        unit_scale=True, smoothing=0.05, mininterval=5,
    )  # fmt: skip
    recent: list[float] = []
    began = time.monotonic()
    while trainer.update < s.updates:
        recent.append(trainer.step())
        bar.update(per_update)
        if trainer.update % s.check_every == 0 or trainer.update == s.updates:
            valid = trainer.validate()
            trainer.save(checkpoint)
            loss = sum(recent) / len(recent)
            rate = len(recent) * per_update / (time.monotonic() - began)
            parts = trainer.study.parts
            log_row(log, trainer.update, trainer.update * per_update, loss, valid, rate, parts)
            bar.set_postfix_str(f"train {loss:.3f} valid {sum(valid):.3f} nats/event")
            recent, began = [], time.monotonic()
    bar.close()


def log_row(
    path: Path, update: int, events: int, loss: float, valid: list[float], rate: float,
    names: tuple[str, ...] = SUB_EVENTS,
) -> None:  # fmt: skip
    """Add a check to log.csv: `valid` has the mean nats of each part, rate is events/s."""
    new = not path.exists()
    with open(path, "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            parts = (f"valid_{name}" for name in names)
            writer.writerow(["update", "events", "train", "valid", *parts, "events_per_s"])
        nats = (f"{value:.4f}" for value in (loss, sum(valid), *valid))
        writer.writerow([update, events, *nats, f"{rate:.0f}"])


def plot_log(log: Path, out: Path) -> None:
    """Training and validation loss against events, as a PNG."""
    from matplotlib.figure import Figure

    with open(log, newline="", encoding="utf-8") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    events = [row["events"] / 1e6 for row in rows]
    axes.plot(events, [row["train"] for row in rows], label="train (varied)")
    axes.plot(events, [row["valid"] for row in rows], label="valid")
    axes.set(xlabel="million events", ylabel="nats per event")
    axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(out)


def with_overrides(schedule: Schedule, values: dict[str, Any]) -> Schedule:
    """The schedule with every value that is not None put in its place."""
    return replace(schedule, **{k: v for k, v in values.items() if v is not None})
