"""Training: the loss falls, and a run that was killed goes on bit for bit."""

import json
from dataclasses import replace

import pytest
import torch

from notochord.corpus import Corpus
from notochord.models.notochord import CONFIGS
from notochord.train import (
    CheckpointError,
    Schedule,
    Trainer,
    load_network,
    read_checkpoint,
    train,
    with_overrides,
)
from tests.notochord.resuming import goes_on_bit_for_bit

QUICK = Schedule(events=6 * 4 * 16, lanes=4, length=16, check_every=3, check_batches=2)


def trainer(corpus, schedule=QUICK):
    return Trainer(corpus, CONFIGS["tiny"], schedule, bfloat16=False)


def weights(path):
    return read_checkpoint(path)["net"]


def test_the_loss_falls(corpus):
    schedule = replace(QUICK, events=60 * 8 * 32, lanes=8, length=32, rate=5e-3)
    run = trainer(corpus, schedule)
    before = sum(run.validate())
    losses = [run.step() for _ in range(60)]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
    assert sum(run.validate()) < 0.8 * before


def test_a_run_resumed_after_a_kill_is_the_same_bit_for_bit(corpus, tmp_path):
    goes_on_bit_for_bit(lambda: trainer(corpus), tmp_path)


def test_training_goes_on_from_its_checkpoint(corpus_file, tmp_path):
    whole = train(corpus_file, tmp_path / "whole", "tiny", QUICK, threads=1, bfloat16=False)
    run = trainer(Corpus(corpus_file))
    for _ in range(3):
        run.step()
    (tmp_path / "killed").mkdir()
    run.save(tmp_path / "killed" / "checkpoint.pt")
    again = train(corpus_file, tmp_path / "killed", "tiny", threads=1, bfloat16=False)
    assert all(torch.equal(a, weights(again)[name]) for name, a in weights(whole).items())
    assert read_checkpoint(again)["cpu_seconds"] > run.cpu_seconds > 0
    assert (tmp_path / "whole" / "log.csv").read_text().count("\n") == 3
    assert (tmp_path / "whole" / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_the_rate_rises_then_falls_to_its_last():
    schedule = Schedule(events=1000 * 64 * 128, warmup=0.1, rate=1.0, last_rate=0.01)
    rates = [schedule.rate_at(update) for update in range(1000)]
    assert rates[0] == pytest.approx(0.01) and max(rates) == pytest.approx(1.0)
    assert rates.index(max(rates)) in (99, 100) and rates[-1] == pytest.approx(0.01, abs=1e-4)


def test_a_setting_left_out_keeps_its_default():
    assert with_overrides(Schedule(), {"rate": 0.1, "lanes": None}) == Schedule(rate=0.1)


def test_a_checkpoint_holds_the_network_it_was_saved_from(corpus, tmp_path):
    run = trainer(corpus)
    run.step()
    run.save(tmp_path / "checkpoint.pt")
    net, saved = load_network(tmp_path / "checkpoint.pt")
    assert saved["update"] == 1 and json.dumps(saved["schedule"])
    assert torch.equal(net.start, run.net.start)


@pytest.mark.parametrize("data", [None, b"", b"no checkpoint", b"PK\x03\x04 cut short"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, data):
    path = tmp_path / "checkpoint.pt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(CheckpointError, match="checkpoint.pt") as caught:
        load_network(path)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    torch.save({"weights": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="of this project"):
        load_network(tmp_path / "other.pt")


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    torch.save({"net": print, "config": {}, "update": 0}, tmp_path / "code.pt")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        load_network(tmp_path / "code.pt")


def test_a_run_can_begin_with_the_weights_of_a_brain(corpus_file, int8_file, net, tmp_path):
    still = replace(QUICK, rate=0.0, weight_decay=0.0)
    out = train(
        corpus_file, tmp_path, None, still, threads=1, bfloat16=False, begin_with=int8_file
    )
    saved = read_checkpoint(out)
    assert saved["config"] == net.config.as_dict() and saved["begun_with"]["name"] == "tiny"
    for name, tensor in net.state_dict().items():
        error = (tensor - saved["net"][name]).abs().max()
        assert error <= tensor.abs().max() / 127, name
