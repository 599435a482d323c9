"""Evaluation of a brain over tokens: nats an event, in the unit that all brains share."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from notochord.batches import PLAIN
from notochord.brain import Brain
from notochord.card import quality
from notochord.cli import main
from notochord.event import Event
from notochord.kinds import KINDS, PERFORMANCE_RNN
from notochord.segments import piano_events
from notochord.token_evaluate import bin_size, evaluate, table, within_bins


@pytest.fixture(autouse=True)
def any_source(monkeypatch):
    """The small corpus of the tests has none of the sources that the network learns from."""
    monkeypatch.setitem(KINDS, "performance_rnn", replace(PERFORMANCE_RNN, sources=None))


@pytest.fixture
def roll(token_brain):
    return Brain.load(token_brain)


def test_every_velocity_costs_what_its_bin_leaves_open():
    assert bin_size(1) == 3 and bin_size(4) == 4 and bin_size(127) == 4
    assert sum(1 / bin_size(v) for v in range(1, 128)) == pytest.approx(32)
    assert within_bins([Event(1, 60, 0.0, 80), Event(1, 60, 0.1, 0)]) == pytest.approx(math.log(4))


def test_an_event_costs_all_of_its_tokens(roll, corpus):
    found = evaluate(roll, corpus, "valid", max_events=50)
    nats = events = tokens = 0
    for index in corpus.indices("valid"):
        music = piano_events(corpus.piece(index), np.random.default_rng(0), PLAIN, False)[:50]
        each, spelt = roll.token_nats(music)
        nats += each.sum() + within_bins(music)
        events, tokens = events + len(music), tokens + len(spelt)
    assert found["mean"]["mean"] == pytest.approx(nats / events)
    assert (found["events"], found["tokens"]) == (events, tokens)
    assert found["mean"]["lo"] <= found["mean"]["mean"] <= found["mean"]["hi"]


def test_an_untrained_network_foresees_about_as_badly_as_chance(roll, corpus):
    found = evaluate(roll, corpus, "valid", max_events=100)
    assert found["nats_per_token"]["mean"] == pytest.approx(math.log(388), rel=0.1)


def test_fewer_pieces_are_evenly_spaced_and_each_source_has_its_figures(roll, long_corpus):
    from notochord.corpus import Corpus

    found = evaluate(roll, Corpus(long_corpus), "valid", pieces=4, max_events=20)
    assert found["pieces"] == 4 and set(found["by_source"]) == {"a", "b"}
    assert len(table(found).splitlines()) == 6


def test_the_command_writes_what_the_card_reads(token_brain, corpus_file, tmp_path, capsys):
    out = tmp_path / "e.json"
    argv = ["evaluate", "--brain", str(token_brain), "--corpus", str(corpus_file),
            "--max-events", "20", "--json", str(out)]  # fmt: skip
    assert main(argv) == 0
    assert quality(json.loads(out.read_text()))["events"] > 0
    assert main([*argv, "--png", str(tmp_path / "e.png")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
