"""Cutting a smaller network out of a larger one: what is kept, and that it is what mattered."""

from dataclasses import replace

import pytest
import torch

from notochord.batches import PLAIN, Lanes
from notochord.brain import BrainError
from notochord.models.notochord import CONFIGS, Notochord
from notochord.prune import AXES, cut, fits, importance
from notochord.train import Begun, Schedule, Trainer, cut_down, read_checkpoint, train

TINY = CONFIGS["tiny"]
SMALLER = replace(TINY, embedding=24, hidden=32, copy_size=12)
SCHEDULE = Schedule(events=3 * 4 * 16, lanes=4, length=16, check_every=3, check_batches=2)


def everything_matters(config):
    kinds = {"embedding": config.embedding, "hidden": config.hidden, "copied": config.copy_size}
    widths = ("project", *(f"heads.{n}" for n in range(4)))
    return {**{k: torch.ones(n) for k, n in kinds.items()},
            **{f"{w} width": torch.ones(config.embedding) for w in widths}}  # fmt: skip


def outputs(net, corpus):
    """Log-probabilities of the first batch of `valid`."""
    batch = Lanes(corpus, "valid", 2, 8, augmentation=PLAIN, seed=1).next()
    arrays = batch.instrument, batch.pitch, batch.dt, batch.velocity
    columns = [torch.from_numpy(x) for x in arrays]
    embedded = net.embed(*columns)
    fresh, given = torch.from_numpy(batch.fresh), torch.ones(2, 8, 4, 4)
    context, heard, _ = net.context(embedded, tuple(columns), net.initial(2), fresh)
    return net.log_probs(net.heads_given(context, embedded, given, heard), heard, *columns)


def trainer(corpus):
    return Trainer(corpus, TINY, SCHEDULE, bfloat16=False)


def test_every_weight_of_the_network_is_known(net):
    assert set(AXES) == {name for name, _ in net.named_parameters()}


def test_the_network_itself_is_cut_out_when_every_unit_is_kept(net, corpus):
    same = cut(net, TINY, everything_matters(TINY))
    assert torch.equal(outputs(same.eval(), corpus), outputs(net, corpus))


def test_units_that_do_nothing_are_the_ones_that_are_cut(corpus):
    run = trainer(corpus)
    idle = [3, 8, 20, 31]
    with torch.no_grad():  # nothing reads them, and nothing comes of them
        run.net.gru.weight_hh_l0[:, idle] = 0
        run.net.project.gate.weight[:, idle] = 0
        for gate in range(3):
            rows = [gate * TINY.hidden + unit for unit in idle]
            run.net.gru.weight_ih_l0[rows] = run.net.gru.weight_hh_l0[rows] = 0
    before = outputs(run.net.eval(), corpus)
    matters = importance(run.net, run.next_loss, 2)
    small = cut(run.net, replace(TINY, hidden=TINY.hidden - len(idle)), matters).eval()
    assert torch.allclose(outputs(small, corpus), before, atol=1e-5)


def test_importance_leaves_no_gradient_behind(corpus):
    run = trainer(corpus)
    importance(run.net, run.next_loss, 1)
    assert all(p.grad is None for p in run.net.parameters())


def test_the_kept_units_of_a_head_keep_their_weights_in_order(net):
    matters = everything_matters(TINY)
    matters["heads.1 width"] = torch.arange(TINY.embedding).float()  # the last matter most
    small = cut(net, SMALLER, matters)
    mine, theirs = small.heads[1].norm.weight, net.heads[1].norm.weight
    assert torch.equal(mine, theirs[TINY.embedding - SMALLER.embedding :])


@pytest.mark.parametrize("other", [{"hidden": 64}, {"heads": 4}, {"memory": 16}])
def test_a_network_that_is_larger_or_built_otherwise_cannot_be_cut_out(other):
    assert not fits(replace(SMALLER, **other), TINY)
    with pytest.raises(ValueError, match="fewer units"):
        cut(Notochord(TINY), replace(SMALLER, **other), everything_matters(TINY))


def test_a_smaller_network_is_trained_on_from_a_brain_file(
    corpus_file, int8_file, tmp_path, monkeypatch
):
    monkeypatch.setitem(CONFIGS, "smaller", SMALLER)
    path = train(corpus_file, tmp_path, "smaller", SCHEDULE, threads=1, bfloat16=False,
                 begin_with=int8_file)  # fmt: skip
    saved = read_checkpoint(path)
    assert saved["config"] == SMALLER.as_dict()
    assert saved["begun_with"]["cut"] == TINY.as_dict()
    assert saved["begun_with"]["name"] == "tiny"


def test_cutting_down_to_a_larger_network_is_refused_in_one_line(corpus, int8_file):
    larger = replace(TINY, hidden=64)
    with pytest.raises(BrainError, match="name another --size"):
        cut_down(Begun.with_brain(int8_file), larger, corpus, SCHEDULE, bfloat16=False)
