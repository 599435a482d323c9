"""What BachProp learns from: scores in any key, dilated, read on from chunk to chunk."""

import numpy as np
import pytest
import torch

from notochord.corpus import Corpus, CorpusError
from notochord.kinds import BACHPROP
from notochord.models.bachprop import CONFIGS
from notochord.score import in_ticks
from notochord.score_study import PART_WEIGHTS, Scores, cut, score_of, scores_in, varied
from notochord.train import Schedule, Trainer, train
from tests.notochord.resuming import goes_on_bit_for_bit
from tests.notochord.scores import score_corpus

QUICK = Schedule(events=4 * 16 * 6, lanes=4, length=16, check_every=3, check_batches=2)


@pytest.fixture(scope="module")
def scores_file(tmp_path_factory):
    return score_corpus(tmp_path_factory.mktemp("scores"))


@pytest.fixture(scope="module")
def scores(scores_file):
    return Corpus(scores_file)


def trainer(corpus, schedule=QUICK):
    return Trainer(corpus, CONFIGS["tiny"], schedule, bfloat16=False, kind=BACHPROP)


def test_a_lane_reads_a_score_on_from_chunk_to_chunk(scores):
    reading = Scores(scores, "train", 2, 16, varied=False)
    whole = reading.visit(0)
    first, second = reading.next(), reading.next()
    assert first.fresh.all() and not second.fresh.any()
    assert (np.concatenate([first.notes[0], second.notes[0]]) == whole[:32]).all()
    assert (first.before[0, 0] == -1).all() and (second.before[0, 0] == whole[15]).all()
    assert (first.before[0, 1:] == whole[:15]).all()


def test_every_key_is_read_and_more_than_one_tempo_on_paper(scores):
    plain = score_of(scores, scores_in(scores, "train")[0])
    rng = np.random.default_rng(0)
    read = [varied(plain, rng) for _ in range(200)]
    assert {int(score[0, 2] - plain[0, 2]) for score in read} == set(range(-6, 6))
    ends = {int(in_ticks(score)[0][-1]) for score in read}
    assert len(ends) >= 4 and in_ticks(plain)[0][-1] in ends


def test_an_excerpt_of_a_long_score_begins_with_a_chord(scores):
    plain = score_of(scores, scores_in(scores, "train")[0])
    long = np.concatenate([plain] * 12)
    excerpt = cut(long, 0.5)
    assert excerpt[0, 0] == 0 and 512 >= len(excerpt) > 500
    onsets = np.flatnonzero(long[:-9, 0])
    starts = [n for n in onsets if (long[n : n + 9, 1:] == excerpt[:9, 1:]).all()]
    assert starts


def test_a_corpus_without_scores_is_refused(corpus):
    with pytest.raises(CorpusError, match="no score in 'train'"):
        scores_in(corpus, "train")


def test_the_loss_is_the_weighted_sum_of_its_three_parts(scores):
    study = trainer(scores).study
    losses, _, _ = study._losses(Scores(scores, "train", 4, 16, seed=0).next(), None)
    weighted = (losses * torch.tensor(PART_WEIGHTS)).sum().item()
    assert study.next_loss().item() == pytest.approx(weighted)


def test_the_memory_is_forgotten_with_a_new_score_and_kept_within_one(scores):
    study = trainer(scores).study
    reading = Scores(scores, "train", 4, 16, seed=0)
    reading.next()
    batch = reading.next()
    memory = tuple(torch.randn_like(m) for m in study.net.initial(4))
    kept, forgotten = study._losses(batch, memory)[0], study._losses(batch, None)[0]
    assert not torch.allclose(kept, forgotten)
    batch.fresh[:] = True
    assert torch.allclose(study._losses(batch, memory)[0], forgotten)


def test_killed_and_resumed_it_goes_on_as_if_nothing_had_been(scores, tmp_path):
    goes_on_bit_for_bit(lambda: trainer(scores), tmp_path)


def test_it_learns_to_foresee_what_it_reads(scores):
    run = trainer(scores, Schedule(events=1e5, lanes=4, length=16, rate=0.02, check_batches=2))
    first = sum(run.validate())
    for _ in range(60):
        run.step()
    assert sum(run.validate()) < first - 1.0


def test_a_run_writes_its_checkpoint_and_the_three_parts_of_its_loss(scores_file, tmp_path):
    train(scores_file, tmp_path, "tiny", QUICK, 1, bfloat16=False, kind=BACHPROP)
    head = (tmp_path / "log.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head == "update,events,train,valid,valid_dT,valid_T,valid_P,events_per_s"
    assert (tmp_path / "checkpoint.pt").exists()
