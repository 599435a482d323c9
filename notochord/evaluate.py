"""Evaluation: how well a brain foresees music it never heard, in nats (less is better).

For each sub-event, given each of the eight subsets of the others, the mean negative
log-likelihood; for each of the 24 orders of drawing an event, the sum along the order. Every mean
has a bootstrap interval over pieces, and every source its own figures. The same positions are
rated by the int8 brain and, where a checkpoint is named, by the float network.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from notochord.ask import SUB_EVENT_LETTERS
from notochord.batches import plain_instruments
from notochord.bootstrap import CONFIDENCE, RESAMPLES
from notochord.brain import Brain, BrainError
from notochord.corpus import SPLITS, Corpus, CorpusError, piece_events
from notochord.models.notochord import SUB_EVENTS, Notochord
from notochord.options import add_brain, whole
from notochord.wholefile import check_folder, write_whole

LANES = 32  # pieces read side by side
CHUNK = 128  # events of each piece that the float network rates in one call
ORDERS = ["".join(letters) for letters in permutations(SUB_EVENT_LETTERS)]

Block = dict[str, Any]


class Rater(Protocol):
    """A network that rates events: the brain, or the float network behind it."""

    def rate(self, events: Tensor, given: Tensor) -> Tensor:
        """Nats of each sub-event of events (B, T, 4), given (K, 4, 4): (B, T, K, 4)."""


class FloatRater:
    """The network of a checkpoint, in float32."""

    def __init__(self, net: Notochord) -> None:
        self._net = net.eval()

    @torch.inference_mode()
    def rate(self, events: Tensor, given: Tensor) -> Tensor:
        """Nats of each sub-event of events (B, T, 4), given (K, 4, 4): (B, T, K, 4)."""
        state, fresh = self._net.initial(len(events)), torch.ones(len(events), dtype=torch.bool)
        rated = []
        for part in torch.split(events, CHUNK, dim=1):  # so that it needs little memory
            i, p, t, v = part.unbind(-1)
            columns = i.long(), p.long(), t, v
            embedded = self._net.embed(*columns)
            context, heard, state = self._net.context(embedded, columns, state, fresh)
            fresh = torch.zeros_like(fresh)
            raws = (self._net.heads_given(context, embedded, way, heard) for way in given)
            ways = [self._net.log_probs(raw, heard, *columns) for raw in raws]
            rated.append(torch.stack(ways, dim=2))
        return torch.cat(rated, dim=1)


def subset(m: int, k: int) -> list[int]:
    """The k-th subset (0..7) of the sub-events other than m: bit b of k is the b-th of them."""
    others = [n for n in range(4) if n != m]
    return [n for b, n in enumerate(others) if k >> b & 1]


def given_matrix(k: int) -> Tensor:
    """Which sub-events each head is given when each is given the k-th subset of its others."""
    given = torch.zeros(4, 4)
    for m in range(4):
        given[m, subset(m, k)] = 1.0
    return given


def _subset_number(m: int, known: str) -> int:
    wanted = sorted(SUB_EVENT_LETTERS.index(letter) for letter in known)
    return next(k for k in range(8) if subset(m, k) == wanted)


@dataclass
class Totals:
    """Nats of each piece summed over its events: (pieces, 8 subsets, 4 sub-events), and counts."""

    nats: np.ndarray
    events: np.ndarray  # (pieces,)
    source: np.ndarray  # (pieces,)

    def of_source(self, source: str) -> Totals:
        """The pieces of one source."""
        mine = self.source == source
        return Totals(self.nats[mine], self.events[mine], self.source[mine])


def piece_arrays(corpus: Corpus, indices: list[int], max_events: int) -> list[np.ndarray]:
    """The first `max_events` events of each piece as it stands, unvaried: arrays (T, 4)."""
    arrays = []
    for index in indices:
        piece = corpus.piece(index)
        e = piece_events(piece, plain_instruments(piece)).slice(0, max_events)
        columns = (e.instrument, e.pitch, e.dt, e.velocity)
        arrays.append(np.stack(columns, axis=-1).astype(np.float32))
    return arrays


def chosen_pieces(corpus: Corpus, split: str, pieces: int | None) -> list[int]:
    """The pieces of a split, or that many of them, evenly spaced. Raises CorpusError if none."""
    indices = corpus.indices(split)
    if not indices:
        raise CorpusError(f"the corpus holds no piece in split '{split}'; prepare it with one")
    if pieces is None or pieces >= len(indices):
        return indices
    return [indices[i] for i in np.linspace(0, len(indices) - 1, pieces).round().astype(int)]


def _groups(arrays: list[np.ndarray]) -> Iterator[tuple[list[int], Tensor]]:
    """Pieces of like length side by side: (their numbers, events (B, T, 4) padded with 0)."""
    by_length = sorted(range(len(arrays)), key=lambda i: len(arrays[i]))
    for at in range(0, len(by_length), LANES):
        group = by_length[at : at + LANES]
        events = torch.zeros(len(group), max(len(arrays[i]) for i in group), 4)
        for lane, i in enumerate(group):
            events[lane, : len(arrays[i])] = torch.from_numpy(arrays[i])
        yield group, events


def rate(rater: Rater, arrays: list[np.ndarray], sources: np.ndarray, label: str = "") -> Totals:
    """Rate every event of every piece under all 32 conditionings."""
    nats = np.zeros((len(arrays), 8, 4))
    count = np.array([len(a) for a in arrays])
    every = torch.stack([given_matrix(k) for k in range(8)])
    bar = tqdm(total=int(count.sum()), unit=" events", unit_scale=True, desc=label, leave=False)
    for group, events in _groups(arrays):
        lengths = torch.from_numpy(count[group])
        real = torch.arange(events.shape[1]) < lengths[:, None]
        rated = rater.rate(events, every) * real[:, :, None, None]
        nats[group] = -rated.double().sum(1).numpy()
        bar.update(int(lengths.sum()))
    bar.close()
    return Totals(nats, count, sources)


def summary(totals: Totals, seed: int = 0) -> Block:
    """Means over events with bootstrap intervals over pieces, as in the JSON.

    `sub_events` {name: {given letters: figure}}, `nats_per_event` {order: figure}, and `mean`,
    the mean over the 24 orders; a figure is {mean, lo, hi} in nats.
    """
    n = len(totals.events)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES)
    drawn = np.concatenate([np.ones((1, n), dtype=drawn.dtype), drawn])  # row 0: as it is
    mean = np.einsum("rp,pkm->rkm", drawn, totals.nats) / (drawn @ totals.events)[:, None, None]
    tail = (100 - CONFIDENCE) / 2

    def figure(values: np.ndarray) -> dict[str, float]:
        lo, hi = np.percentile(values[1:], [tail, 100 - tail])
        return {"mean": float(values[0]), "lo": float(lo), "hi": float(hi)}

    def known(m: int, k: int) -> str:
        return "".join(SUB_EVENT_LETTERS[n] for n in subset(m, k))

    ranks = sorted(range(8), key=lambda k: (k.bit_count(), k))  # from none given to all
    by_order = {order: _along(mean, order) for order in ORDERS}
    return {
        "events": int(totals.events.sum()),
        "pieces": n,
        "mean": figure(np.mean(list(by_order.values()), axis=0)),
        "nats_per_event": {order: figure(values) for order, values in by_order.items()},
        "sub_events": {
            name: {known(m, k): figure(mean[:, k, m]) for k in ranks}
            for m, name in enumerate(SUB_EVENTS)
        },
    }


def _along(mean: np.ndarray, order: str) -> np.ndarray:
    """Nats of a whole event drawn in this order: (R, 8, 4) -> (R,)."""
    total = np.zeros(len(mean))
    for at, letter in enumerate(order):
        m = SUB_EVENT_LETTERS.index(letter)
        total += mean[:, _subset_number(m, order[:at]), m]
    return total


def report(totals: Totals) -> Block:
    """The summary of all pieces, and of each source's."""
    sources = sorted(set(totals.source.tolist()))
    by_source = {source: summary(totals.of_source(source)) for source in sources}
    return {**summary(totals), "by_source": by_source}


def relative(ours: Block, theirs: Block) -> Block:
    """How much greater each mean of `ours` is than that of `theirs`: 0.01 is one per cent."""

    def over(a: Block, b: Block) -> float:
        return float(a["mean"] / b["mean"] - 1)

    return {
        "mean": over(ours["mean"], theirs["mean"]),
        "nats_per_event": {
            order: over(figure, theirs["nats_per_event"][order])
            for order, figure in ours["nats_per_event"].items()
        },
        "sub_events": {
            name: {k: over(figure, theirs["sub_events"][name][k]) for k, figure in figures.items()}
            for name, figures in ours["sub_events"].items()
        },
    }


def evaluate(
    brain: Brain, corpus: Corpus, split: str, net: Notochord | None = None,
    pieces: int | None = None, max_events: int = 2048,
) -> Block:  # fmt: skip
    """Everything that `notochord evaluate` reports, as plain values. Raises CorpusError.

    With `net`, the network before it was quantised, the block `float` has its figures on the same
    events, and `int8_over_float` by how much the brain's are greater.
    """
    indices = chosen_pieces(corpus, split, pieces)
    arrays, sources = piece_arrays(corpus, indices, max_events), corpus.sources[indices]
    result = {
        "brain": str(brain.manifest.get("name", "")),
        "brain_sha256": brain.sha256,
        "precision": brain.manifest["precision"],
        "split": split,
        "max_events": max_events,
        "confidence": CONFIDENCE / 100,
        **report(rate(brain, arrays, sources, "brain")),
    }
    if net is not None:
        result["float"] = report(rate(FloatRater(net), arrays, sources, "float"))
        result["int8_over_float"] = relative(result, result["float"])
    return result


def table(result: Block) -> str:
    """The figures that matter, as lines of text."""
    plain = result.get("float")

    def line(name: str, ours: Block, theirs: Block | None, note: str = "") -> str:
        text = f"{name:<26}{ours['mean']:8.4f}  [{ours['lo']:.4f}, {ours['hi']:.4f}]"
        if theirs is not None:
            more = 100 * (ours["mean"] / theirs["mean"] - 1)
            text += f"  float {theirs['mean']:8.4f}  {more:+.2f} %"
        return text + note

    rows = [
        f"{result['split']}: {result['pieces']} pieces, {result['events']:,} events; "
        f"nats, with {CONFIDENCE} % intervals over pieces",
        line("event, mean of 24 orders", result["mean"], plain and plain["mean"]),
    ]
    orders = sorted(ORDERS, key=lambda order: result["nats_per_event"][order]["mean"])
    for word, order in (("best", orders[0]), ("worst", orders[-1])):
        theirs = plain and plain["nats_per_event"][order]
        rows.append(line(f"event, {word} order {order}", result["nats_per_event"][order], theirs))
    for name in SUB_EVENTS:
        for known in list(result["sub_events"][name])[:: len(result["sub_events"][name]) - 1]:
            theirs = plain and plain["sub_events"][name][known]
            ours = result["sub_events"][name][known]
            rows.append(line(f"{name} given {known or 'nothing'}", ours, theirs))
    for source, block in result["by_source"].items():
        theirs = plain and plain["by_source"][source]["mean"]
        note = f"  ({block['pieces']} pieces, {block['events']:,} events)"
        rows.append(line("  " + source, block["mean"], theirs, note))
    return "\n".join(rows)


def draw(result: Block) -> bytes:
    """A picture like Figure 2 of the Notochord paper, as PNG: each sub-event by what is given
    (left), and the whole event by order (right)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 7), layout="constrained")
    halves: Any = figure.subfigures(1, 2, width_ratios=(3, 2))
    left, right = halves
    blocks = [(result, str(result["precision"]), -0.12)]
    if "float" in result:
        blocks.append((result["float"], "float32", 0.12))
    for axes, name in zip(left.subplots(2, 2).flat, SUB_EVENTS, strict=True):
        for block, label, aside in blocks:
            _dots(axes, block["sub_events"][name], label, aside)
        axes.set(title=name, ylabel="nats", xlabel="given")
    axes = right.subplots()
    order = sorted(ORDERS, key=lambda o: result["nats_per_event"][o]["mean"])
    for block, label, aside in blocks:
        _dots(axes, {o: block["nats_per_event"][o] for o in order}, label, aside)
    axes.tick_params(axis="x", rotation=90)
    axes.set(title="whole event", ylabel="nats per event", xlabel="order of drawing")
    axes.legend(title=f"mean, {CONFIDENCE} % interval")
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=110)
    return png.getvalue()


def _dots(axes: Any, figures: dict[str, dict[str, float]], label: str, aside: float) -> None:
    """One dot a figure, with its interval as a bar, a little aside of its place."""
    at = np.arange(len(figures))
    axes.set_xticks(at, [name or "none" for name in figures])
    mean, lo, hi = ([f[key] for f in figures.values()] for key in ("mean", "lo", "hi"))
    below, above = np.subtract(mean, lo), np.subtract(hi, mean)
    spread = np.maximum([below, above], 0)
    axes.errorbar(at + aside, mean, yerr=spread, fmt="o", markersize=4, capsize=2, label=label)
    axes.grid(alpha=0.3)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `notochord evaluate`."""
    add_brain(parser)
    parser.add_argument("--corpus", type=Path, required=True, help="the prepared corpus file")
    parser.add_argument("--split", default="valid", choices=SPLITS)
    parser.add_argument("--checkpoint", type=Path, help="the float network, to compare with")
    parser.add_argument("--pieces", type=whole(1, 10**6), help="so many pieces, evenly spaced")
    parser.add_argument("--max-events", type=whole(1, 10**6), default=2048, help="of each piece")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--png", type=Path, help="draw the figures here")


def run(args: argparse.Namespace) -> None:
    """Evaluate, print the table, write what was asked for."""
    for path in filter(None, (args.json, args.png)):
        check_folder(path)
    brain = Brain.load(args.brain)
    if brain.manifest["network"] != "notochord":
        drums = brain.manifest["network"] == "groove_transformer"
        (_run_grooves if drums else _run_own_order)(brain, args)
        return
    net = None
    if args.checkpoint:
        from notochord.train import load_network

        net = load_network(args.checkpoint)[0]
    corpus = Corpus(args.corpus)
    result = evaluate(brain, corpus, args.split, net, args.pieces, args.max_events)
    print(table(result))
    if args.json:
        write_whole(args.json, json.dumps(result, indent=1).encode())
    if args.png:
        write_whole(args.png, draw(result))


def _run_own_order(brain: Brain, args: argparse.Namespace) -> None:
    """The same for a brain that has but one order, and its own unit of what it foresees."""
    from notochord import score_evaluate, token_evaluate

    if args.checkpoint or args.png:
        raise BrainError(
            f"a {brain.manifest['network']} has no --checkpoint to compare with, and no --png"
        )
    is_score = brain.manifest["network"] == "bachprop"
    module: Any = score_evaluate if is_score else token_evaluate
    corpus = Corpus(args.corpus)
    found = module.evaluate(brain, corpus, args.split, args.pieces, args.max_events)
    print(module.table(found))
    if args.json:
        write_whole(args.json, json.dumps(found, indent=1).encode())


def _run_grooves(brain: Any, args: argparse.Namespace) -> None:
    """The same for a brain that makes drum patterns: what it foresees, and what it plays."""
    from notochord import groove_evaluate
    from notochord.groove_picture import draw as drawn

    if args.checkpoint:
        raise BrainError("a brain of drum patterns has no --checkpoint to compare with")
    corpus = Corpus(args.corpus)
    found, drumming, chosen, made = groove_evaluate.evaluate(
        brain, corpus, args.split, args.pieces
    )
    print(groove_evaluate.table(found))
    if args.json:
        write_whole(args.json, json.dumps(found, indent=1).encode())
    if args.png:
        write_whole(args.png, drawn(brain, drumming, chosen, made))
