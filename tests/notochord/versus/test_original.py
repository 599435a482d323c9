"""The original itself, in its own environment; skipped where that has not been made."""

import numpy as np
import pytest

from notochord.train import Schedule
from notochord.versus.link import Link, original_python
from notochord.versus.sizes import parameters, sizes_of
from notochord.versus.speed import OriginalStopwatch
from notochord.versus.train import Plan, Run
from tests.notochord.music import random_events

pytestmark = [
    pytest.mark.original,
    pytest.mark.skipif(
        not original_python().is_file(),
        reason="no environment of the original; 'make versus' makes one",
    ),
]
SIZES = {"emb_size": 24, "rnn_hidden": 48}
LANES, LENGTH = 3, 40


@pytest.fixture
def link():
    """The original's process with a small network."""
    with Link() as it:
        it.call("build", sizes=SIZES, seed=1, device="cpu", threads=1)
        yield it


def batch(seed=0, length=LENGTH):
    """Lanes of random events, all beginning a piece."""
    events = np.array([random_events(length, seed + n) for n in range(LANES)], dtype=np.float32)
    mask = np.ones((LANES, length), dtype=np.float32)
    return {"events": events, "mask": mask, "fresh": np.ones(LANES, dtype=bool)}


def part(whole, a, b):
    """Events a to b of a batch; what does not begin with a piece goes on."""
    fresh = np.full(LANES, a == 0)
    return {"events": whole["events"][:, a:b], "mask": whole["mask"][:, a:b], "fresh": fresh}


def one_way(length):
    """Every sub-event given the next one round: as `rate` and as `check` want it."""
    given = np.roll(np.eye(4, dtype=np.float32), 1, axis=1)
    return given[None], np.broadcast_to(given, (LANES, length, 4, 4))


def rated(link, events, given):
    """Mean nats of each sub-event of a stretch, as `evaluate` has them."""
    return -link.rate(events, given)[:, :, 0]


def test_the_parameters_are_as_many_as_reckoned(link):
    for sizes in (SIZES, sizes_of(400_000)):
        about = link.call("build", sizes=sizes, seed=0, device="cpu", threads=1)
        assert about["parameters"] == parameters(**sizes)


def test_our_rating_agrees_with_the_original_s_own_forward_pass(link):
    link.call("train", bfloat16=False)
    (given, everywhere), these = one_way(LENGTH), batch()
    own = link.call("check", {**these, "given": everywhere}, first=True)["nats"]
    ours = rated(link, these["events"], given).mean((0, 1))
    assert ours[[0, 2, 3]] == pytest.approx([own[0], own[2], own[3]], abs=2e-3)
    # Without the start token among the pitches each of the others is a little likelier.
    assert 0 < own[1] - ours[1] < 2 * np.log(129 / 128)


def test_the_state_carried_between_chunks_is_that_of_one_long_reading(link):
    link.call("train", bfloat16=False)
    long = batch(length=2 * LENGTH)
    given, everywhere = one_way(LENGTH)
    for n, first in enumerate((True, False)):
        a, b = n * LENGTH, (n + 1) * LENGTH
        own = link.call("check", {**part(long, a, b), "given": everywhere}, first=first)["nats"]
    ours = rated(link, long["events"], given)[:, LENGTH:].mean((0, 1))
    assert ours[[0, 2, 3]] == pytest.approx([own[0], own[2], own[3]], abs=2e-3)


def test_lanes_that_run_out_do_not_count(link):
    link.call("train", bfloat16=False)
    these = batch()
    these["mask"][:, 30:] = 0
    _, everywhere = one_way(LENGTH)
    known = link.call("check", {**these, "given": everywhere}, first=True)["nats"]
    these["events"][:, 30:] = (1, 1, 1, 1)
    assert link.call("check", {**these, "given": everywhere}, first=True)["nats"] == known


@pytest.mark.parametrize("carry", [False, True])
def test_training_goes_on_exactly_after_a_kill(corpus, tmp_path, carry):
    schedule = Schedule(events=6 * 4 * 16, lanes=4, length=16, rate=1e-3)
    plan, path, losses = Plan(schedule, carry=carry), tmp_path / "checkpoint.pt", []
    with Link() as link:
        link.call("build", sizes=SIZES, seed=1, device="cpu", threads=1)
        run = Run(link, corpus, plan, bfloat16=True)
        losses = [run.step() for _ in range(3)]
        run.save(path)
        losses += [run.step() for _ in range(3)]
    with Link() as link:
        about = link.call("load", path=str(path), device="cpu", threads=1)
        later = Run(link, corpus, plan, bfloat16=True)
        later.resume(about["notes"])
        assert [later.step() for _ in range(3)] == losses[3:]


def test_training_lowers_the_loss(corpus, link):
    schedule = Schedule(events=40 * 4 * 32, lanes=4, length=32, rate=5e-3)
    run = Run(link, corpus, Plan(schedule), bfloat16=False)
    losses = [run.step() for _ in range(40)]
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 2


def test_every_turn_is_timed(link):
    watch = OriginalStopwatch(link)
    watch.turn(2, kept=False)
    watch.turn(3)
    assert watch.about["parameters"] == 17_744_100
    assert {name: len(ms) for name, ms in watch.ms.items()} == dict.fromkeys(watch.ms, 3)
    assert min(min(ms) for ms in watch.ms.values()) > 0


def test_a_checkpoint_is_timed_with_its_own_size(corpus, link, tmp_path):
    run = Run(link, corpus, Plan(Schedule(lanes=2, length=8)), bfloat16=False)
    run.step()
    run.save(tmp_path / "checkpoint.pt")
    watch = OriginalStopwatch(link, tmp_path / "checkpoint.pt")
    watch.turn(2)
    assert watch.about["parameters"] == parameters(**SIZES) and watch.about["events"] == 16
    assert len(watch.ms["ask"]) == 2
