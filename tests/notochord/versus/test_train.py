"""Training the original: what it is sent, how long, and going on after a kill."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from notochord.batches import Lanes
from notochord.train import Schedule
from notochord.versus.train import Plan, Run, arrays_of, train

SHORT = Schedule(events=6 * 4 * 16, lanes=4, length=16, rate=1e-3, check_every=2, check_batches=2)


class Listener:
    """In place of the original: remembers what it was sent."""

    def __init__(self):
        self.steps, self.checks, self.saved, self.rates = [], [], [], []

    def call(self, do, arrays=None, **words):
        json.dumps(words)  # only what fits into a message
        if do == "step":
            self.steps.append(arrays)
            self.rates.append(words["rate"])
        elif do == "check":
            self.checks.append((words["first"], arrays))
        elif do == "save":
            self.saved.append(json.loads(json.dumps(words["notes"])))
        return {"loss": 1.0, "nats": [1.0, 2.0, 3.0, 4.0]}


def run_of(corpus, plan=None):
    """A run with a listener in place of the original."""
    listener = Listener()
    return Run(listener, corpus, plan or Plan(SHORT), bfloat16=False), listener


def same(a, b):
    """Whether two batches are alike."""
    return all(np.array_equal(a[name], b[name]) for name in ("events", "mask", "fresh"))


def test_the_original_is_sent_the_batches_that_our_trainer_takes(corpus):
    run, listener = run_of(corpus)
    lanes = Lanes(corpus, "train", SHORT.lanes, SHORT.length, seed=SHORT.seed)
    for _ in range(3):
        run.step()
    assert all(same(sent, arrays_of(lanes.next())) for sent in listener.steps)


def test_a_run_ends_when_its_events_are_done(corpus, tmp_path):
    run, listener = run_of(corpus)
    train(run, tmp_path)
    assert len(listener.steps) == 6 and run.events == 6 * 4 * 16
    assert [notes["update"] for notes in listener.saved] == [2, 4, 6]
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 4


def test_a_run_of_minutes_ends_when_they_are_over():
    plan = Plan(SHORT, minutes=2.0)
    assert plan.share(update=10**6, seconds=60.0) == 0.5
    assert plan.share(update=1, seconds=121.0) > 1


@pytest.mark.parametrize("plan", [Plan(SHORT), Plan(SHORT, minutes=2.0)])
def test_the_rate_rises_and_runs_down_to_its_end(plan):
    rates = [plan.rate_at(share) for share in (0.0, 0.5, 1.0)]
    assert rates[0] == SHORT.rate and rates[0] > rates[1] > rates[2]
    assert rates[2] == pytest.approx(SHORT.rate * SHORT.last_rate)


def test_a_run_that_was_killed_goes_on_with_the_batch_it_had_come_to(corpus, tmp_path):
    whole, all_of_it = run_of(corpus)
    train(whole, tmp_path)
    later, rest = run_of(corpus)
    later.resume(all_of_it.saved[0])
    train(later, tmp_path)
    assert len(rest.steps) == 4
    assert all(same(a, b) for a, b in zip(all_of_it.steps[2:], rest.steps, strict=True))
    assert rest.rates == all_of_it.rates[2:]


def test_a_plan_comes_back_from_a_checkpoint():
    plan = Plan(replace(SHORT, rate=2e-4), minutes=30.0, carry=True)
    assert Plan.of(json.loads(json.dumps(asdict(plan)))) == plan


def test_every_check_reads_the_same_events_with_the_same_subsets(corpus):
    run, listener = run_of(corpus)
    nats = [run.validate(), run.validate()]
    assert nats[0] == nats[1] == [1.0, 2.0, 3.0, 4.0]
    one, two = listener.checks[:2], listener.checks[2:]
    assert [first for first, _ in one] == [True, False]
    for (_, a), (_, b) in zip(one, two, strict=True):
        assert same(a, b) and np.array_equal(a["given"], b["given"])
        assert a["given"].shape == (4, 16, 4, 4) and set(np.unique(a["given"])) == {0.0, 1.0}
