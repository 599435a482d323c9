"""How drum patterns are rated: as in training, beside the drummers, and over many bars."""

import contextlib
import json
import sys

import numpy as np
import pytest
import torch

from notochord import groove_evaluate as module
from notochord.brain import Brain
from notochord.cli import main
from notochord.corpus import Corpus
from notochord.findings import likelihood
from notochord.groove import STEPS, STEPS_PER_BAR, WIDTH, N, Stroke, pattern_of
from notochord.groove_evaluate import (
    FEATURES,
    PARTS,
    coherence,
    doubled,
    evaluate,
    losses,
    rolled,
    syncopation,
    table,
)
from notochord.models.groove_transformer import CONFIGS, GrooveTransformer
from notochord.patterns import GrooveStudy, drumming_in
from notochord.train import Schedule

HAT, RIDE = 2, 8


@pytest.fixture(scope="module")
def brain(groove_brain):
    return Brain.load(groove_brain)


@pytest.fixture
def short(monkeypatch):
    """Roll-outs of four bars, since the tests' drummers play no longer."""
    monkeypatch.setattr(module, "ROLLED", 4)


def bars(*each):
    return np.concatenate([pattern_of(strokes, STEPS_PER_BAR) for strokes in each])


def hats(voice=HAT, every=2):
    return [Stroke(float(step), voice, 80) for step in range(0, 16, every)]


def test_the_nats_are_those_of_the_training(brain, drums_file):
    torch.manual_seed(0)
    net = GrooveTransformer(CONFIGS["tiny"]).eval()
    with torch.no_grad():  # as the brain of the tests has them
        net.head.weight.mul_(6)
        net.head.bias[:9] -= 4.0
    corpus, schedule = Corpus(drums_file), Schedule(lanes=4, length=32)
    study = GrooveStudy(net, corpus, schedule, contextlib.nullcontext)
    found = losses(brain, drumming_in(corpus, "valid"))["as it was"]
    said = study.validate(1000)
    assert [found[part]["mean"] for part in PARTS] == pytest.approx(said, rel=1e-4)


def test_each_memory_is_rated(brain, drums_file):
    found = losses(brain, drumming_in(Corpus(drums_file), "train"))
    hits = [found[name]["hits"]["mean"] for name in module.MEMORIES]
    assert len(set(hits)) == 3
    assert all(f["lo"] <= f["mean"] <= f["hi"] for parts in found.values() for f in parts.values())


def test_a_bar_is_made_of_what_was_played_before_it(brain, drums_file):
    drumming = drumming_in(Corpus(drums_file), "valid")
    steps = drumming.steps[drumming.rows[0][0] : drumming.rows[0][1]].copy()
    before = rolled(brain, steps, True, 0)
    bar = len(before) // STEPS_PER_BAR - 2  # of the roll-out, which begins two bars late
    steps[STEPS + bar * STEPS_PER_BAR :] = 0.0
    after = rolled(brain, steps, True, 0)
    until = (bar + 1) * STEPS_PER_BAR
    assert np.array_equal(before[:until], after[:until])
    assert not np.array_equal(before[until:], after[until:])


def test_bars_that_return_are_alike_and_a_kit_that_changes_is_seen():
    same = coherence(bars(*[hats()] * 8))
    assert same["alike after 1"] == same["alike after 2"] == pytest.approx(1.0)
    assert same["same voices as before"] == 1.0 and same["voices in all"] == 1.0
    turns = coherence(bars(*[hats(), hats(RIDE)] * 4))
    assert turns["alike after 1"] == 0.0 and turns["alike after 2"] == pytest.approx(1.0)
    assert turns["same voices as before"] == 0.0 and turns["voices in all"] == 2.0


def test_drums_that_grow_denser_are_seen():
    grows = coherence(bars(*[hats(every=4)] * 8, *[hats(every=2)] * 8))
    assert grows["strokes, last eight bars over first"] == 2.0


def test_a_stroke_that_comes_twice_at_a_seam_is_counted():
    twice = bars([Stroke(15.45, HAT, 80)], [Stroke(-0.45, HAT, 80)])
    assert doubled(twice) == 1
    assert doubled(bars([Stroke(15.0, HAT, 80)], [Stroke(0.0, HAT, 80)])) == 0


def test_what_is_struck_before_a_strong_place_that_is_left_out_is_syncopated():
    on = bars([Stroke(float(step), 0, 90) for step in (0, 4, 8, 12)])
    off = bars([Stroke(float(step), 0, 90) for step in (2, 6, 10, 14)])
    assert syncopation(on) == 0.0 < syncopation(off)
    assert syncopation(np.zeros((STEPS_PER_BAR, WIDTH))) == 0.0


def test_of_a_bar_its_features_are_said():
    bar = bars([Stroke(0.0, 0, 100), Stroke(4.25, 1, 50), Stroke(4.25, HAT, 60)])
    said = {name: of(bar) for name, of in FEATURES.items()}
    assert said["voices"] == said["strokes a bar"] == 3
    assert said["velocity"] == pytest.approx(70) and said["late"] == pytest.approx(0.5 / 3)


def test_the_same_bars_overlap_as_well_as_can_be(drums_file):
    drumming = drumming_in(Corpus(drums_file), "train")
    chosen = np.arange(len(drumming.begins))
    true = drumming.patterns(chosen)[:, :STEPS_PER_BAR]
    empty = np.zeros_like(true)
    rows = {name: module.features(drumming, chosen, bars)["all"]["strokes a bar"]
            for name, bars in (("same", true), ("none", empty))}  # fmt: skip
    assert rows["same"]["ours"] == rows["same"]["true"]
    assert rows["same"]["overlap"] > 0.8 > rows["none"]["overlap"]
    assert true[..., :N].any()


def test_all_of_it_is_said_and_written(brain, groove_brain, drums_file, short, tmp_path, capsys):
    out = tmp_path / "found.json"
    arguments = ["--brain", str(groove_brain), "--corpus", str(drums_file), "--split", "train"]
    assert main(["evaluate", *arguments, "--json", str(out)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    said = capsys.readouterr().out
    assert found["roll_outs"]["recordings"] == 2 and "memory none" in said
    assert found == json.loads(json.dumps(evaluate(brain, Corpus(drums_file), "train")[0]))
    assert table(found).strip() == said.strip()
    card = "\n".join(likelihood(found))
    assert "without memory" in card and "| memory none |" in card


def test_what_is_played_is_judged_without_what_is_foreseen(
    groove_brain, drums_file, short, tmp_path, capsys
):
    out = tmp_path / "judge.json"
    options = ["--brain", str(groove_brain), "--corpus", str(drums_file), "--split", "valid"]
    assert main(["judge", *options, "--continuations", "5", "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert found["roll_outs"]["recordings"] and "losses" not in found
    assert found["features"]["all"]["bars"] == 5 and "roll-outs" in capsys.readouterr().out
    assert main(["judge", *options, "--midi", str(tmp_path)]) == 2
    assert "leave out --midi" in capsys.readouterr().err


def test_a_picture_without_what_draws_the_map_is_refused_in_one_line(
    groove_brain, drums_file, short, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "umap", None)
    arguments = ["--brain", str(groove_brain), "--corpus", str(drums_file), "--split", "valid"]
    assert main(["evaluate", *arguments, "--png", str(tmp_path / "a.png")]) == 2
    error = capsys.readouterr().err
    assert "umap-learn" in error and error.count("\n") == 1 and not list(tmp_path.iterdir())
