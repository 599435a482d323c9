"""A small corpus of written-out pieces, and a tiny network and its brain files, built once."""

from __future__ import annotations

import csv
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

from notochord.brain import Brain
from notochord.corpus import Corpus, prepare
from notochord.export import export
from notochord.midifile import midi_file
from notochord.models.notochord import CONFIGS, Notochord
from tests.notochord.music import drumming, piece

torch.set_num_threads(1)
ABOUT = {"name": "tiny", "seed": 0, "events_trained": 0, "sources": [],
         "schedule": {"lanes": 1, "length": 1, "rate": 0.001}}  # fmt: skip


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory):
    """Nine pieces in three splits, two tiers and two sources, and one broken file."""
    folder = tmp_path_factory.mktemp("midi")
    rows = []
    for n in range(9):
        midi_file(piece(n, 6.0 + n)).save(folder / f"{n}.mid")
        tier = "open_flagged" if n == 4 else "open"
        split = ("train", "valid", "train")[n % 3] if n != 8 else "test"
        rows.append((f"{n}.mid", "ab"[n % 2], "CC0", split, tier))
    (folder / "broken.mid").write_bytes(b"MThd\x00\x00")
    rows.append(("broken.mid", "a", "CC0", "train", "open"))
    with open(folder / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "source", "licence", "split", "tier"))
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="session")
def corpus_file(corpus_folder, tmp_path_factory):
    """The small corpus, prepared."""
    out = tmp_path_factory.mktemp("corpus") / "corpus.npz"
    prepare(corpus_folder, out, processes=1)
    return out


@pytest.fixture(scope="session")
def corpus(corpus_file):
    """The small corpus in memory."""
    return Corpus(corpus_file)


@pytest.fixture(scope="session")
def net():
    """A tiny network with random weights, its heads loud enough to have clear preferences."""
    torch.manual_seed(0)
    network = Notochord(CONFIGS["tiny"])
    with torch.no_grad():
        network.start.normal_()
        network.look_back.out.weight.normal_(std=0.5)
        copying = network.copying
        for asked in (copying.instrument, copying.pitch, copying.time, copying.velocity):
            asked.bias[copying.size :] = torch.tensor([2.0, 1.0])  # much is copied
        for head in network.heads:
            head.out.weight.mul_(60)
        bias = network.heads[3].out.bias  # the first component, far below 0: more note-offs
        bias[0] += 3.0
        bias[network.config.velocity_components] -= 3.0
    return network.eval()


@pytest.fixture(scope="session")
def float_file(net, tmp_path_factory):
    """The tiny network as a brain file in float32."""
    out = tmp_path_factory.mktemp("brain") / "float.brain"
    export(net, out, ABOUT, int8=False)
    return out


@pytest.fixture(scope="session")
def int8_file(net, tmp_path_factory):
    """The tiny network as a brain file in int8."""
    out = tmp_path_factory.mktemp("brain") / "int8.brain"
    export(net, out, ABOUT, int8=True)
    return out


@pytest.fixture(scope="session")
def brain(float_file):
    """The tiny brain in float32."""
    return Brain.load(float_file)


@pytest.fixture(scope="session")
def int8_brain(int8_file):
    """The tiny brain in int8."""
    return Brain.load(int8_file)


@pytest.fixture(scope="session")
def long_corpus(tmp_path_factory):
    """Six pieces of a minute, in two sources."""
    folder = tmp_path_factory.mktemp("long")
    rows = ["path,source,licence,split,tier"]
    for n in range(6):
        midi_file(piece(n, 60.0)).save(folder / f"{n}.mid")
        rows.append(f"{n}.mid,{'ab'[n % 2]},CC0,{'train' if n == 0 else 'valid'},open")
    (folder / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    out = tmp_path_factory.mktemp("npz") / "long.npz"
    prepare(folder, out, processes=1)
    return out


@pytest.fixture(scope="session")
def drums_file(tmp_path_factory):
    """Drumming of eight bars: two pieces to train on, one in three-four, one to validate."""
    folder, rows = tmp_path_factory.mktemp("drums"), []
    for n, (split, metre) in enumerate(
        [("train", "4-4"), ("train", "4-4"), ("train", "3-4"), ("valid", "4-4")]
    ):
        name = f"drummer1__session1__{n}_funk_{90 + 10 * n}_beat_{metre}.mid"
        midi_file(drumming(n, 90 + 10 * n, 8)).save(folder / name)
        rows.append((name, "groove_gmd", "CC BY 4.0", split, "open"))
    with open(folder / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("path", "source", "licence", "split", "tier"))
        writer.writerows(rows)
    out = tmp_path_factory.mktemp("npz") / "drums.npz"
    prepare(folder, out, processes=1)
    return out
