"""Evaluation: the figures are what a direct computation gives, in the shape that is promised."""

import json
from itertools import permutations

import numpy as np
import pytest

from notochord.batches import plain_instruments
from notochord.corpus import CorpusError, piece_events
from notochord.evaluate import (
    ORDERS,
    FloatRater,
    Totals,
    chosen_pieces,
    draw,
    evaluate,
    given_matrix,
    rate,
    relative,
    subset,
    summary,
    table,
)
from notochord.event import Event
from notochord.models.notochord import SUB_EVENTS


@pytest.fixture(scope="module")
def result(int8_brain, corpus, net):
    return evaluate(int8_brain, corpus, "valid", net, max_events=60)


def direct(brain, corpus, split, given, m, max_events):
    """Mean nats of sub-event m, event by event through the interface that plays."""
    nats = []
    for index in corpus.indices(split):
        piece = corpus.piece(index)
        e = piece_events(piece, plain_instruments(piece)).slice(0, max_events)
        state = brain.start()
        columns = (e.instrument.tolist(), e.pitch.tolist(), e.dt.tolist(), e.velocity.tolist())
        for event in map(Event._make, zip(*columns, strict=True)):
            nats.append(-brain.likelihood(state, event, given)[m])
            state = brain.tell(state, event)
    return float(np.mean(nats)), len(nats)


@pytest.mark.parametrize("name, known", [("pitch", "itv"), ("time", ""), ("velocity", "p")])
def test_the_figures_are_those_of_a_direct_computation(brain, corpus, name, known):
    figures = evaluate(brain, corpus, "valid", max_events=60)
    m, given = SUB_EVENTS.index(name), np.zeros((4, 4))
    given[m, ["iptv".index(letter) for letter in known]] = 1
    mean, events = direct(brain, corpus, "valid", given.tolist(), m, 60)
    assert figures["events"] == events
    assert figures["sub_events"][name][known]["mean"] == pytest.approx(mean, rel=1e-4)


def test_an_order_is_the_sum_along_it(result):
    sub = result["sub_events"]
    along = (
        sub["velocity"][""]["mean"] + sub["time"]["v"]["mean"]
        + sub["instrument"]["tv"]["mean"] + sub["pitch"]["itv"]["mean"]
    )  # fmt: skip
    assert result["nats_per_event"]["vtip"]["mean"] == pytest.approx(along)


def test_every_order_and_every_subset_is_there(result):
    assert set(result["nats_per_event"]) == {"".join(o) for o in permutations("iptv")}
    assert set(result["sub_events"]) == set(SUB_EVENTS)
    for letter, name in zip("iptv", SUB_EVENTS, strict=True):
        known = result["sub_events"][name]
        assert len(known) == 8 and not any(letter in k for k in known)
        assert list(known)[0] == "" and len(list(known)[-1]) == 3


def test_the_blocks_have_one_shape(result, int8_brain):
    for block in (result, result["float"], *result["by_source"].values()):
        for key in ("events", "pieces", "mean", "nats_per_event", "sub_events"):
            assert key in block
        for figure in block["nats_per_event"].values():
            assert figure["lo"] <= figure["mean"] <= figure["hi"]
    assert result["brain_sha256"] == int8_brain.sha256
    assert sum(b["events"] for b in result["by_source"].values()) == result["events"]
    assert sum(b["pieces"] for b in result["by_source"].values()) == result["pieces"] == 3
    assert json.loads(json.dumps(result)) == result


def test_int8_beside_float_is_their_relative_difference(result):
    ours, theirs = result["nats_per_event"]["iptv"], result["float"]["nats_per_event"]["iptv"]
    found = result["int8_over_float"]["nats_per_event"]["iptv"]
    assert found == pytest.approx(ours["mean"] / theirs["mean"] - 1) and 0 < abs(found) < 0.05


def test_a_float_brain_and_its_network_agree(brain, corpus, net):
    result = evaluate(brain, corpus, "valid", net, max_events=60)
    assert abs(result["int8_over_float"]["mean"]) < 1e-5


def test_longer_pieces_weigh_more():
    totals = Totals(
        np.stack([np.full((8, 4), 10.0), np.full((8, 4), 90.0)]), np.array([10, 30]),
        np.array(["a", "b"]),
    )  # fmt: skip
    assert summary(totals)["sub_events"]["pitch"][""]["mean"] == pytest.approx(100 / 40)
    assert summary(totals.of_source("b"))["sub_events"]["pitch"][""]["mean"] == pytest.approx(3)


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says():
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        nats = rng.normal(2.0, 0.5, (60, 1, 1)) * np.full((1, 8, 4), 100.0)
        totals = Totals(nats, np.full(60, 100), np.full(60, "a"))
        figure = summary(totals, seed)["sub_events"]["time"][""]
        held += figure["lo"] <= 2.0 <= figure["hi"]
    assert 94 <= held <= 100


def test_the_summary_of_the_same_totals_is_the_same(corpus, net):
    arrays = [np.tile(np.array([[1, 60, 0.1, 64]], dtype=np.float32), (5, 1))] * 4
    totals = rate(FloatRater(net), arrays, np.full(4, "a"))
    assert summary(totals) == summary(totals)
    assert relative(summary(totals), summary(totals))["mean"] == 0


def test_each_subset_is_given_by_one_matrix():
    for m in range(4):
        found = {tuple(given_matrix(k)[m].tolist()) for k in range(8)}
        assert len(found) == 8 and not any(row[m] for row in found)
        assert [n for n in range(4) if given_matrix(7)[m, n]] == subset(m, 7)


def test_some_pieces_are_evenly_spaced(corpus):
    every = corpus.indices("train")
    assert chosen_pieces(corpus, "train", 2) == [every[0], every[-1]]
    assert chosen_pieces(corpus, "train", 99) == every


def test_an_empty_split_is_refused(corpus):
    with pytest.raises(CorpusError, match="no piece in split"):
        chosen_pieces(corpus, "nowhere", None)


def test_the_table_names_sources_and_orders(result):
    text = table(result)
    assert "best order" in text and "float" in text and "valid: 3 pieces" in text
    assert all(source in text for source in result["by_source"])


def test_the_picture_is_a_png(result):
    assert draw(result).startswith(b"\x89PNG") and len(ORDERS) == 24
