"""The model card, and the facts it is made of."""

import pytest

from notochord.card import SOURCES, model_card, quality, sources_of
from notochord.corpus import SOURCE_WEIGHTS

MANIFEST = {
    "name": "base", "precision": "int8", "parameters": 1234567, "date": "2026-01-01",
    "torch": "2.13.0", "weights_sha256": "ab" * 32,
    "config": {"hidden": 768, "memory": 256, "embedding": 256},
    "schedule": {"lanes": 64, "length": 128, "rate": 0.002}, "events_trained": 10_000_000,
    "seed": 0,
    "sources": [{"source": "pop909", "tier": "open_flagged", "licences": ["MIT"], "pieces": 748,
                 "notes": 1253505}],
}  # fmt: skip


def test_every_source_that_is_trained_on_is_described():
    assert set(SOURCES) == set(SOURCE_WEIGHTS)


def test_the_card_tells_licences_and_doubts():
    card = model_card(MANIFEST, 4_300_000)
    assert "| pop909 |" in card and "MIT" in card and "4.3 MB" in card
    assert f"- **pop909**: {SOURCES['pop909'].doubt}" in card


def test_a_flagged_source_that_nobody_described_says_so():
    row = {**MANIFEST["sources"][0], "source": "new"}
    assert "**new**: not described" in model_card({**MANIFEST, "sources": [row]}, 1)


def test_what_was_not_told_is_not_made_up():
    card = model_card({**MANIFEST, "sources": []}, 1)
    assert "Not told" in card and "Not measured" in card and "hours of one core" not in card


def test_the_card_tells_what_each_training_cost():
    before = {"name": "x", "events_trained": 1, "weights_sha256": "cd", "cpu_seconds": 7200.0}
    card = model_card({**MANIFEST, "cpu_seconds": 5400.0, "begun_with": before}, 1)
    assert "That took 1.5 hours of one core" in card and "That took 2.0 hours" in card


def test_the_sources_are_those_of_the_train_split(corpus):
    rows = sources_of(corpus)
    assert sum(row["pieces"] for row in rows) == len(corpus.indices("train"))
    notes = sum(corpus.notes(i) for i in corpus.indices("train"))
    assert sum(row["notes"] for row in rows) == notes


def test_figures_that_are_none_are_refused():
    with pytest.raises(ValueError, match="not the JSON"):
        quality({"mean": 1})


def test_the_card_of_another_kind_of_network_says_what_that_is_and_learnt_from(corpus):
    config = {"cell": "lstm", "layers": 3, "hidden": 512, "low": 0, "high": 127}
    card = model_card({**MANIFEST, "network": "performance_rnn", "config": config}, 6_300_000)
    assert "3 layers of lstm of 512" in card and "million tokens" in card
    assert "half minute" in card and "embeddings" not in card and "order within chords" not in card
    (row,) = sources_of(corpus, ("a",))
    assert row["source"] == "a" and row["pieces"] > 0
