"""Training the original on our batches: the same pieces, windows and variations, in the same order.

What its own trainer lays down is kept: AdamW, its learning rate, betas and weight decay, gradients
clipped at 1, every chunk begun from the learnt start state (`--carry` carries the state on as our
trainer does). What it leaves open is as in ours: lanes, length, warm-up, the rate's decline.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from notochord.batches import PLAIN, Batch, Lanes
from notochord.corpus import Corpus
from notochord.models.notochord import random_given
from notochord.options import number, whole
from notochord.train import Schedule, log_row, plot_log
from notochord.versus.link import Link
from notochord.versus.sizes import sizes_of
from notochord.versus.wire import Arrays

RATE = 3e-4  # of the original's trainer


@dataclass(frozen=True)
class Plan:
    """A run: how long, and how."""

    schedule: Schedule
    minutes: float | None = None  # of training; None: until the schedule's events are done
    carry: bool = False

    @staticmethod
    def of(notes: dict[str, Any]) -> Plan:
        """The plan that a checkpoint was begun with."""
        return Plan(**{**notes, "schedule": Schedule(**notes["schedule"])})

    def share(self, update: int, seconds: float) -> float:
        """How much of the run is done after so many updates and seconds: 0 to 1 and more."""
        if self.minutes is not None:
            return seconds / (60 * self.minutes)
        return update / self.schedule.updates

    def rate_at(self, share: float) -> float:
        """The learning rate when this share is done."""
        return self.schedule.rate_at(int(share * self.schedule.updates))


def arrays_of(batch: Batch) -> Arrays:
    """A batch as it goes over the line: events (lanes, length, 4), mask, fresh."""
    columns = (batch.instrument, batch.pitch, batch.dt, batch.velocity)
    events = np.stack(columns, axis=-1).astype(np.float32)
    return {"events": events, "mask": batch.mask, "fresh": batch.fresh}


class Run:
    """One training run of the original, and where it stands."""

    def __init__(self, link: Link, corpus: Corpus, plan: Plan, bfloat16: bool) -> None:
        s = plan.schedule
        self.plan, self._link, self._corpus = plan, link, corpus
        self._lanes = Lanes(corpus, "train", s.lanes, s.length, seed=s.seed)
        self.update, self.seconds = 0, 0.0
        link.call("train", bfloat16=bfloat16)

    @property
    def share(self) -> float:
        return self.plan.share(self.update, self.seconds)

    @property
    def events(self) -> int:
        return self.update * self.plan.schedule.lanes * self.plan.schedule.length

    def step(self) -> float:
        """One update; returns its loss in nats an event."""
        began = time.monotonic()
        rate = self.plan.rate_at(self.share)
        batch = arrays_of(self._lanes.next())
        answer = self._link.call("step", batch, rate=rate, carry=self.plan.carry)
        self.update += 1
        self.seconds += time.monotonic() - began
        return float(answer["loss"])

    def validate(self) -> list[float]:
        """Mean nats of each sub-event over the same batches, and the same subsets, as ours."""
        s = self.plan.schedule
        lanes = Lanes(self._corpus, "valid", s.lanes, s.length, augmentation=PLAIN, seed=1)
        masks, total = torch.Generator().manual_seed(1), np.zeros(4)
        for n in range(s.check_batches):
            given = random_given((s.lanes, s.length), masks).numpy()
            batch = {**arrays_of(lanes.next()), "given": given}
            total += self._link.call("check", batch, first=n == 0)["nats"]
        return [float(nats) for nats in total / s.check_batches]

    def save(self, path: Path) -> None:
        """Write a checkpoint, from which the run goes on exactly."""
        notes = {
            "plan": asdict(self.plan), "update": self.update, "seconds": self.seconds,
            "events": self.events, "lanes": self._lanes.position,
        }  # fmt: skip
        self._link.call("save", path=str(path.absolute()), notes=notes)

    def resume(self, notes: dict[str, Any]) -> None:
        """Go on where a checkpoint's notes say."""
        self.update, self.seconds = notes["update"], notes["seconds"]
        self._lanes.position = notes["lanes"]


def train(run: Run, out: Path) -> None:
    """Train to the end, with checkpoints and a log in the folder `out`."""
    s, recent, before = run.plan.schedule, [], run.seconds
    bar = tqdm(total=100, unit="%", mininterval=5, bar_format="{l_bar}{bar}| {postfix}")
    while run.share < 1:
        recent.append(run.step())
        bar.update(round(min(100.0, 100 * run.share), 2) - bar.n)
        if run.update % s.check_every == 0 or run.share >= 1:
            valid = run.validate()
            run.save(out / "checkpoint.pt")
            loss, took = sum(recent) / len(recent), run.seconds - before
            rate = len(recent) * s.lanes * s.length / took
            log_row(out / "log.csv", run.update, run.events, loss, valid, rate)
            done = f"{run.events / 1e6:.2f} M events, {run.seconds / 60:.1f} min, {rate:.0f}/s"
            bar.set_postfix_str(f"{done}, train {loss:.3f} valid {sum(valid):.3f} nats/event")
            recent, before = [], run.seconds
    bar.close()


def _begun(link: Link, args: argparse.Namespace) -> tuple[Plan, dict[str, Any] | None]:
    """The plan, with the network built anew or taken from the checkpoint, and its notes."""
    checkpoint = args.out / "checkpoint.pt"
    where = {"device": args.device, "threads": args.threads}
    if checkpoint.exists() and not args.anew:
        path = str(checkpoint.absolute())
        about = link.call("load", path=path, **where)
        return Plan.of(about["notes"]["plan"]), about["notes"]
    sizes = sizes_of(args.parameters) if args.parameters else {}
    about = link.call("build", sizes=sizes, seed=args.seed, **where)
    print(f"the original, version {about['version']}: {about['parameters']:,} parameters {sizes}")
    fields = {
        "events": args.events, "lanes": args.lanes, "length": args.length, "rate": args.rate,
        "seed": args.seed, "check_every": args.check_every, "check_batches": args.check_batches,
    }  # fmt: skip
    return Plan(replace(Schedule(), **fields), args.minutes, args.carry), None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord versus train`."""
    default = Schedule()
    parser.add_argument("--corpus", type=Path, required=True, help="the prepared corpus file")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, log, plot")
    parser.add_argument("--parameters", type=whole(10**5, 10**9), help="about so many, not 17.7 M")
    parser.add_argument("--events", type=number(1, 1e12), default=default.events)
    parser.add_argument("--minutes", type=number(0.01, 1e6), help="of training, in place of events")
    parser.add_argument("--lanes", type=whole(1, 4096), default=default.lanes)
    parser.add_argument("--length", type=whole(1, 4096), default=default.length)
    parser.add_argument("--rate", type=number(1e-7, 1), default=RATE, help="peak learning rate")
    parser.add_argument("--carry", action="store_true", help="carry the state on between chunks")
    parser.add_argument("--seed", type=whole(0, 2**31), default=default.seed)
    parser.add_argument("--check-every", type=whole(1, 10**6), default=default.check_every)
    parser.add_argument("--check-batches", type=whole(1, 10**4), default=default.check_batches)
    parser.add_argument("--threads", type=whole(1, 256), default=2, help="processor threads")
    parser.add_argument("--float32", action="store_true", help="no bfloat16")
    parser.add_argument("--anew", action="store_true", help="begin anew, not from the checkpoint")
    parser.add_argument("--device", default="auto", help="cpu, cuda, or auto: a GPU if any")


def run(args: argparse.Namespace) -> None:
    """Train the original, or go on training it."""
    corpus = Corpus(args.corpus)
    args.out.mkdir(parents=True, exist_ok=True)
    with Link(args.python) as link:
        plan, notes = _begun(link, args)
        going = Run(link, corpus, plan, not args.float32)
        if notes is not None:
            going.resume(notes)
        train(going, args.out)
    plot_log(args.out / "log.csv", args.out / "loss.png")
    took = f"{going.events:,} events in {going.seconds / 60:.1f} minutes"
    print(f"{args.out / 'checkpoint.pt'}: done, {took}")
