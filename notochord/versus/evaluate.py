"""The original rated as `notochord evaluate` rates ours: the same events, outcomes and units."""

from __future__ import annotations

import argparse
import json
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from notochord.brain import Brain
from notochord.corpus import SPLITS, Corpus
from notochord.evaluate import (
    CONFIDENCE,
    RESAMPLES,
    Totals,
    chosen_pieces,
    piece_arrays,
    rate,
    relative,
    report,
    table,
)
from notochord.options import brain_file, whole
from notochord.versus.link import Link
from notochord.wholefile import check_folder, write_whole


class OriginalRater:
    """The original at the other end of the line, as what `notochord.evaluate` rates with."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def rate(self, events: Tensor, given: Tensor) -> Tensor:
        """Nats of each sub-event of events (B, T, 4), given (K, 4, 4): (B, T, K, 4)."""
        return torch.from_numpy(self._link.rate(events.numpy(), given.numpy()))


def lower(ours: Totals, theirs: Totals, seed: int = 0) -> dict[str, float]:
    """By what share ours is lower, mean of 24 orders: {mean, lo, hi}, 0.05 is five per cent.

    The interval is of bootstrap resamples of the pieces, the same pieces for both: what makes a
    piece hard for both does not widen it.
    """
    # Of the 24 orders, s! (3 - s)! draw a sub-event after exactly these s of the others.
    sizes = [k.bit_count() for k in range(8)]
    weight = np.array([factorial(s) * factorial(3 - s) for s in sizes]) / 24
    nats = [np.einsum("pkm,k->p", totals.nats, weight) for totals in (ours, theirs)]
    n = len(ours.events)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES)
    tail = (100 - CONFIDENCE) / 2
    lo, hi = np.percentile(1 - (drawn @ nats[0]) / (drawn @ nats[1]), [tail, 100 - tail])
    return {"mean": float(1 - nats[0].sum() / nats[1].sum()), "lo": float(lo), "hi": float(hi)}


def evaluate(
    link: Link, about: dict[str, Any], corpus: Corpus, split: str, brain: Brain | None = None,
    pieces: int | None = None, max_events: int = 2048,
) -> dict[str, Any]:  # fmt: skip
    """The report on the network that `link` holds; with `brain`, on ours over the same events too.

    Returns {original, ours, ours_over_original, lower}: by how much each mean of ours is greater
    (-0.05: five per cent less), and the share `lower` with its interval. Raises CorpusError,
    OriginalError.
    """
    indices = chosen_pieces(corpus, split, pieces)
    arrays, sources = piece_arrays(corpus, indices, max_events), corpus.sources[indices]
    common = {"split": split, "max_events": max_events, "confidence": CONFIDENCE / 100}
    their_totals = rate(OriginalRater(link), arrays, sources, "original")
    theirs = report(their_totals)
    result: dict[str, Any] = {"original": {**about, **common, **theirs}}
    if brain is not None:
        our_totals = rate(brain, arrays, sources, "brain")
        ours = report(our_totals)
        name = str(brain.manifest.get("name", ""))
        result["ours"] = {"brain": name, "brain_sha256": brain.sha256, **common, **ours}
        result["ours_over_original"] = relative(ours, theirs)
        result["lower"] = lower(our_totals, their_totals)
    return result


def tables(result: dict[str, Any]) -> str:
    """The figures as lines of text."""
    theirs = result["original"]
    trained = theirs["notes"]["events"] / 1e6
    head = f"the original, {theirs['parameters']:,} parameters, {trained:.2f} M events of training"
    rows = [head, table(theirs)]
    if "ours" in result:
        rows += [f"ours, {result['ours']['brain']}", table(result["ours"])]
        less, lo, hi = (100 * result["lower"][key] for key in ("mean", "lo", "hi"))
        rows.append(f"ours is {less:.2f} % [{lo:.2f}, {hi:.2f}] lower, mean of 24 orders")
    return "\n".join(rows)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord versus evaluate`."""
    parser.add_argument("--checkpoint", type=Path, required=True, help="of `versus train`")
    parser.add_argument("--corpus", type=Path, required=True, help="the prepared corpus file")
    parser.add_argument("--split", default="valid", choices=SPLITS)
    parser.add_argument("--brain", type=brain_file, help="rate ours on the same events")
    parser.add_argument("--pieces", type=whole(1, 10**6), help="so many pieces, evenly spaced")
    parser.add_argument("--max-events", type=whole(1, 10**6), default=2048, help="of each piece")
    parser.add_argument("--threads", type=whole(1, 256), default=2, help="processor threads")
    parser.add_argument("--device", default="auto", help="cpu, cuda, or auto: a GPU if any")
    parser.add_argument("--json", type=Path, help="write the figures here")


def run(args: argparse.Namespace) -> None:
    """Evaluate, print the tables, write what was asked for."""
    if args.json:
        check_folder(args.json)
    corpus, brain = Corpus(args.corpus), Brain.load(args.brain) if args.brain else None
    with Link(args.python) as link:
        path = str(args.checkpoint.absolute())
        about = link.call("load", path=path, device=args.device, threads=args.threads)
        del about["notes"]["lanes"]
        result = evaluate(link, about, corpus, args.split, brain, args.pieces, args.max_events)
    print(tables(result))
    if args.json:
        write_whole(args.json, json.dumps(result, indent=1).encode())
