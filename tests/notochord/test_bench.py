"""The benchmark: its figures, and the bytes it counts."""

import json

import pytest

from notochord.bench import bench, full_ask, opened, pitch_ask, table, weight_bytes
from tests.notochord.music import uniforms


def test_the_figures_are_all_there(int8_brain):
    result = bench(int8_brain, iterations=30)
    for name in ("feed_ms", "ask_ms", "ask_one_ms", "chord_ms", "stream_ms"):
        assert 0 < result[name]["p50"] <= result[name]["p99"]
    both = result["feed_ms"]["p50"] + result["ask_ms"]["p50"]
    assert result["ratio"] == pytest.approx(both / result["stream_ms"]["p50"])
    assert 50 < result["rss_mb"] < 5000 and result["brain_sha256"] == int8_brain.sha256
    assert set(result) >= {"weight_bytes", "brain", "torch"} and json.dumps(result)
    assert "feed + ask" in table(result)


def test_opening_a_brain_is_timed(int8_file):
    brain, took = opened(int8_file)
    assert brain.manifest["name"] == "tiny" and took["load_ms"] > 0 and took["first_ms"] > 0
    assert "loaded in" in table({**bench(brain, iterations=10), **took})


def test_the_bytes_of_a_float_brain_are_those_of_its_weights(net):
    size = weight_bytes(net.config.as_dict(), "float32")
    tables = {"instrument.weight", "pitch.weight", "start"}
    weights = sum(4 * p.numel() for n, p in net.named_parameters() if n not in tables)
    rows = 4 * 4 * net.config.embedding  # two rows of the tables for a feed, and for an ask
    assert size["total"] == weights + rows


def test_int8_reads_a_byte_a_weight():
    config = {"embedding": 256, "hidden": 768, "time_components": 32, "velocity_components": 16,
              "waves": 64, "heads": 4, "head_size": 32, "copy_size": 64}  # fmt: skip
    int8, plain = weight_bytes(config, "int8"), weight_bytes(config, "float32")
    assert 0.25 < int8["total"] / plain["total"] < 0.4
    assert int8["total"] < 4.7e6


@pytest.mark.parametrize("ask", [full_ask(), pitch_ask()])
def test_the_asks_that_are_timed_are_answered(int8_brain, ask):
    assert int8_brain.ask(int8_brain.start(), ask, uniforms(0)) is not None
