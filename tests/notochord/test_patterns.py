"""Patterns of human drumming for training, and the Groove Transformer trained on them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from notochord.corpus import Corpus, CorpusError
from notochord.groove import (
    MEMORY_BEATS,
    MEMORY_WIDTH,
    STEPS,
    N,
    controls_of,
    tapped,
)
from notochord.kinds import GROOVE_TRANSFORMER
from notochord.models.groove_transformer import CONFIGS, GrooveTransformer
from notochord.patterns import drumming_in, thinned
from notochord.train import Schedule, Trainer, load_network, train
from tests.notochord.resuming import goes_on_bit_for_bit

QUICK = Schedule(events=6 * 4 * 32, lanes=4, length=32, check_every=3, check_batches=2)


@pytest.fixture(scope="session")
def drums(drums_file):
    return Corpus(drums_file)


def patterns_in(drums, split):
    drumming = drumming_in(drums, split)
    return drumming.patterns(np.arange(len(drumming.begins)))


def trainer(drums, schedule=QUICK):
    kind = GROOVE_TRANSFORMER
    return Trainer(drums, CONFIGS["tiny"], schedule, bfloat16=False, kind=kind)


def test_every_two_bars_are_a_pattern_and_other_metres_none(drums):
    patterns = patterns_in(drums, "train")
    assert patterns.shape == (2 * 7, STEPS, 3 * N)
    assert patterns[:, ::8, 0].all() and patterns[:, 4::8, 1].all()  # kick and snare
    assert not patterns[:, :, 3:8].any() and patterns[7:, ::4, 8].all()
    assert np.abs(patterns[..., 2 * N :]).max() < 0.15


def test_bars_follow_one_another(drums):
    patterns = patterns_in(drums, "train")
    assert np.array_equal(patterns[0][16:], patterns[1][:16])


def test_a_pattern_remembers_the_bars_before_it_and_none_of_another_recording(drums):
    drumming = drumming_in(drums, "train")
    patterns = drumming.patterns(np.arange(14))
    memories = drumming.memories(np.arange(14), np.full(14, 8))
    known = memories[..., -1].sum(-1) / 4
    assert known.tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6]
    last = memories[5, -4:, :-1].reshape(16, 3 * N)  # the bar before the sixth pattern
    assert np.array_equal(last, patterns[4][:16])
    assert not memories[7].any()


def test_no_more_is_remembered_than_is_allowed(drums):
    drumming = drumming_in(drums, "train")
    memories = drumming.memories(np.array([6, 6]), np.array([2, 0]))
    assert memories[0, -8:, -1].all() and not memories[0, :-8].any() and not memories[1].any()


def test_half_of_the_grooves_are_thinned_and_no_stroke_is_changed(drums):
    grooves = tapped(patterns_in(drums, "train"))
    many = np.tile(grooves, (50, 1, 1))
    sparse = thinned(many, np.random.default_rng(0))
    kept = sparse[..., 0] > 0
    assert np.array_equal(sparse[kept], many[kept]) and not sparse[~kept].any()
    left = kept.sum(1) / (many[..., 0] > 0).sum(1)
    assert 0.4 < (left == 1.0).mean() < 0.6 and left.min() < 0.3


def test_a_corpus_without_drums_is_refused(corpus):
    with pytest.raises(CorpusError, match="groove_gmd"):
        drumming_in(corpus, "train")


def test_a_length_that_holds_no_whole_patterns_is_refused(drums):
    with pytest.raises(CorpusError, match="name 32"):
        trainer(drums, replace(QUICK, length=48))


def test_the_network_gives_numbers_that_are_strokes(drums):
    net = GrooveTransformer(CONFIGS["tiny"]).eval()
    groove = torch.from_numpy(tapped(patterns_in(drums, "valid")))
    controls, noise = torch.zeros(len(groove), 10), torch.zeros(len(groove), 8)
    memory = torch.zeros(len(groove), MEMORY_BEATS, MEMORY_WIDTH)
    hits, velocities, offsets, mean, _ = net(groove, memory, controls, controls, noise)
    assert hits.shape == velocities.shape == offsets.shape == (len(groove), STEPS, N)
    assert 0 <= velocities.min() and velocities.max() <= 1 and offsets.abs().max() <= 0.5
    assert mean.shape == (len(groove), 8)


def test_a_control_that_is_not_given_changes_nothing():
    net = GrooveTransformer(CONFIGS["tiny"]).eval()
    z, one, other = torch.zeros(1, 8), torch.zeros(1, 10), torch.ones(1, 10)
    nothing, memory = torch.zeros(1, 10), torch.zeros(1, MEMORY_BEATS, MEMORY_WIDTH)
    hits = [
        net.decode(z, memory, controls, given)[0]
        for given in (nothing, other) for controls in (one, other)
    ]  # fmt: skip
    assert torch.equal(hits[0], hits[1]) and not torch.equal(hits[2], hits[3])


def test_the_loss_falls_and_a_voice_that_is_asked_for_comes(drums):
    schedule = replace(QUICK, events=200 * 16 * 32, lanes=16, rate=5e-3)
    run = trainer(drums, schedule)
    before = run.validate()
    losses = [run.step() for _ in range(200)]
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])
    assert sum(run.validate()[:3]) < 0.7 * sum(before[:3])
    net, patterns = run.net.eval(), patterns_in(drums, "train")
    z = net.encode(torch.from_numpy(tapped(patterns)))[0]
    controls = torch.from_numpy(controls_of(patterns))
    memory = torch.zeros(len(z), MEMORY_BEATS, MEMORY_WIDTH)
    given, rides = torch.zeros_like(controls), []
    given[:, 9] = 1.0  # the ride, of which the groove says nothing
    for share in (0.0, 8 / 32):
        controls[:, 9] = share
        with torch.no_grad():
            hits = net.decode(z, memory, controls, given)[0]
        rides.append(torch.sigmoid(hits[:, ::4, 8]).mean().item())
    assert rides[1] > rides[0] + 0.1


def test_a_run_resumed_after_a_kill_is_the_same_bit_for_bit(drums, tmp_path):
    goes_on_bit_for_bit(lambda: trainer(drums), tmp_path)


def test_training_leaves_a_checkpoint_and_a_log_of_every_part(drums_file, tmp_path):
    kind = GROOVE_TRANSFORMER
    out = train(drums_file, tmp_path, "tiny", QUICK, 1, bfloat16=False, kind=kind)
    net, saved = load_network(out)
    assert saved["network"] == "groove_transformer" and net.config == CONFIGS["tiny"]
    assert "valid_hits,valid_velocity,valid_offset,valid_bottleneck" in (
        tmp_path / "log.csv").read_text()  # fmt: skip
