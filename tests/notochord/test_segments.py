"""Segments: half a minute of one piano each, varied as the article says; and training on them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from notochord.batches import PLAIN
from notochord.corpus import Corpus, CorpusError, expressive
from notochord.kinds import PERFORMANCE_RNN
from notochord.models.performance_rnn import CONFIGS
from notochord.performance import PIANO, Vocabulary
from notochord.segments import (
    IGNORED,
    SECONDS,
    VARIED,
    Segments,
    cut_seconds,
    piano_events,
)
from notochord.train import Schedule, Trainer, load_network, train
from tests.notochord.resuming import goes_on_bit_for_bit
from tests.notochord.test_batches import a_piece, same

FULL = Vocabulary()
QUICK = Schedule(events=6 * 4 * 16, lanes=4, length=16, check_every=3, check_batches=2)
KIND = replace(PERFORMANCE_RNN, sources=None)


@pytest.fixture(autouse=True)
def any_source(monkeypatch):
    """The small corpus of the tests has none of the sources that the network learns from."""
    monkeypatch.setattr("notochord.segments.PERFORMANCE_RNN", KIND)


def segments(corpus, seed=0, **how):
    return Segments(corpus, "train", 3, 16, FULL, None, seed=seed, **how)


def trainer(corpus, size="tiny", schedule=QUICK):
    return Trainer(corpus, CONFIGS[size], schedule, bfloat16=False, kind=PERFORMANCE_RNN)


def test_one_seed_gives_the_same_batches(corpus):
    a, b = segments(corpus), segments(corpus)
    assert all(same(a.next(), b.next()) for _ in range(12))
    assert not same(segments(corpus, 1).next(), segments(corpus, 2).next())


@pytest.mark.parametrize("after", [1, 9])
def test_a_restored_position_gives_the_same_batches(corpus, after):
    a, b = segments(corpus), segments(corpus)
    for _ in range(after):
        a.next()
    b.position = a.position
    assert all(same(a.next(), b.next()) for _ in range(10))


def test_each_token_is_given_the_one_before_it_across_chunks(corpus):
    supply, last = segments(corpus), [-1] * 3
    for _ in range(20):
        batch = supply.next()
        for lane in range(3):
            n = int((batch.token[lane] != IGNORED).sum())
            first = -1 if batch.fresh[lane] else last[lane]
            given = [first, *batch.token[lane, : n - 1]]
            assert n > 0 and list(batch.before[lane, :n]) == given
            last[lane] = batch.token[lane, n - 1]


def test_a_segment_lasts_half_a_minute_at_most(long_corpus):
    supply = Segments(Corpus(long_corpus), "valid", 1, 16, FULL, None, PLAIN)
    for number in range(10):
        events = FULL.read(supply.visit(number))
        assert 0.8 * SECONDS < sum(event.dt for event in events) <= SECONDS + 0.5


def test_a_segment_leaves_out_what_began_before_it():
    piece = a_piece([0], [False], notes=900)
    cut = cut_seconds(piece, 0.5, 30.0)
    begin = cut.start.min()
    assert len(cut.pitch) == 300 and 25_000 < begin < 35_000
    assert (cut.start < begin + 30_000).all()


def test_both_hands_are_one_piano():
    piece = a_piece([0, 0, 118], [False, False, True])
    events = piano_events(piece, np.random.default_rng(0), PLAIN, False)
    assert {event.instrument for event in events} == {1}
    assert sum(event.velocity > 0 for event in events) == int((~piece.drums[piece.part]).sum())


def test_where_a_piece_goes_on_no_segment_ends_with_the_ends_of_notes():
    piece = a_piece([0], [False])
    rng = np.random.default_rng(0)
    assert piano_events(piece, rng, PLAIN, True)[-1].velocity > 0
    assert piano_events(piece, rng, PLAIN, False)[-1].velocity == 0


def test_a_performance_is_varied_by_a_major_third_and_a_twentieth_of_its_speed():
    piece = a_piece([0], [False])
    plain = piano_events(piece, np.random.default_rng(0), PLAIN, False)
    shifts, speeds = set(), []
    for seed in range(200):
        events = piano_events(piece, np.random.default_rng(seed), VARIED, False)
        shifts.add(events[0].pitch - plain[0].pitch)
        speeds.append(sum(e.dt for e in events) / sum(e.dt for e in plain))
        assert [e.velocity for e in events] == [e.velocity for e in plain]
    assert shifts == set(range(-4, 5))
    assert 1 / 1.051 < min(speeds) < 0.96 and 1.04 < max(speeds) < 1.051
    assert math.exp(VARIED.speed) == pytest.approx(1.05)


def test_pieces_without_dynamics_and_of_other_sources_are_left_out(corpus):
    every = expressive(corpus, "train", None)
    mine = expressive(corpus, "train", ("a",))
    assert 0 < len(mine) < len(every)
    assert {str(corpus.sources[i]) for i in mine} == {"a"}
    assert not any(corpus.piece(i).flat for i in every)


def test_a_corpus_with_nothing_to_read_is_refused(corpus):
    with pytest.raises(CorpusError, match="no piece with dynamics"):
        Segments(corpus, "train", 1, 16, FULL, ("none",))


def test_keys_beyond_a_piano_are_not_learnt(corpus):
    narrow = Vocabulary(60, 72)
    tokens = Segments(corpus, "train", 1, 16, narrow, None).visit(0)
    assert tokens and max(tokens) < narrow.size
    assert CONFIGS["piano88"].vocabulary == Vocabulary(*PIANO)


@pytest.mark.parametrize("size", ["tiny", "tiny88"])
def test_the_loss_falls(corpus, size):
    schedule = replace(QUICK, events=120 * 8 * 32, lanes=8, length=32, rate=1e-2)
    run = trainer(corpus, size, schedule)
    before = run.validate()[0]
    losses = [run.step() for _ in range(120)]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
    assert run.validate()[0] < 0.8 * before


def test_a_run_resumed_after_a_kill_is_the_same_bit_for_bit(corpus, tmp_path):
    goes_on_bit_for_bit(lambda: trainer(corpus), tmp_path)


def test_training_leaves_a_checkpoint_that_says_what_it_is(corpus_file, tmp_path):
    out = train(corpus_file, tmp_path, "tiny88", QUICK, 1, bfloat16=False, kind=PERFORMANCE_RNN)
    net, saved = load_network(out)
    assert saved["network"] == "performance_rnn" and net.config == CONFIGS["tiny88"]
    assert (tmp_path / "log.csv").read_text().startswith("update,events,train,valid,valid_token,")


def test_a_memory_begins_anew_with_each_segment(corpus):
    run = trainer(corpus)
    batch = run.study.segments.next()
    assert batch.fresh.all()
    lost = torch.ones_like(run.net.initial(4))
    fresh, _ = run.study._loss(batch, None)
    carried, _ = run.study._loss(batch, lost)
    assert fresh.item() == carried.item()
