"""The link with a real brain process behind it: a tiny network, really started and killed."""

import os
import signal

import pytest

from firmware_py.brain_link import ProcessLink
from firmware_py.clock import MonotonicClock
from firmware_py.story import Story
from notochord.ask import ALL_PITCHES, Ask

NOW = MonotonicClock().now
ANY = Ask(on={1: ALL_PITCHES}, off={1: 1 << 60})


def wait_for(link, kind, seconds=60.0):
    """The first report of a kind; fails when none comes in time."""
    end = NOW() + seconds
    while NOW() < end:
        for report in link.wait(0.1):
            if report.kind == kind:
                return report
    raise AssertionError(f"no '{kind}' within {seconds} s")


@pytest.fixture
def link(tiny_brain):
    link = ProcessLink(tiny_brain, NOW)
    yield link
    link.close()


def answer(link, number, after=0):
    link.ask(number, after, ANY, [0.3] * 8, NOW() + 5.0)
    return wait_for(link, "answer", 5.0)


def test_the_brain_announces_itself_and_answers(link):
    wait_for(link, "ready")
    report = answer(link, 7)
    assert report.number == 7
    assert report.answer.instrument == 1


def test_an_answer_can_be_asked_for_after_any_event_it_was_told(link):
    wait_for(link, "ready")
    story = Story()
    for pitch in (60, 64, 67):
        link.tell(story.sound(1, pitch, 80, pitch / 10))
    first = answer(link, 1, after=story.head).answer
    link.tell(story.imagine(story.head, first))
    assert answer(link, 2, after=story.head).answer == first


def test_a_killed_brain_is_reported_lost_and_comes_back(link):
    wait_for(link, "ready")
    os.kill(link.pid, signal.SIGKILL)
    wait_for(link, "lost", 5.0)
    wait_for(link, "ready")
    assert answer(link, 1).answer is not None


def test_a_silent_brain_is_started_anew(link):
    wait_for(link, "ready")
    stopped = link.pid
    os.kill(stopped, signal.SIGSTOP)
    link.ask(1, 0, ANY, [0.3] * 8, NOW() + 0.05)
    wait_for(link, "lost", 10.0)
    wait_for(link, "ready")
    assert link.pid != stopped


def test_telling_a_brain_that_does_not_read_never_waits(link):
    wait_for(link, "ready")
    os.kill(link.pid, signal.SIGSTOP)
    story, began = Story(), NOW()
    for n in range(20_000):
        link.tell(story.sound(1, 60, 80 * (n % 2), n * 0.01))
    assert link.lost_events > 0
    assert NOW() - began < 5.0


def test_an_ask_that_cannot_be_sent_is_answered_with_nothing(link):
    wait_for(link, "ready")
    os.kill(link.pid, signal.SIGSTOP)
    story = Story()
    while not link.lost_events:
        link.tell(story.sound(1, 60, 80, 0.0))
    link.ask(5, 0, ANY, [0.3] * 8, NOW() + 5.0)
    assert link.next_due <= NOW()
    report = wait_for(link, "answer", 5.0)
    assert (report.number, report.answer) == (5, None)


def test_a_link_that_need_not_be_timely_loses_nothing(tiny_brain):
    link = ProcessLink(tiny_brain, NOW, timely=False)
    try:
        wait_for(link, "ready")
        story = Story()
        for n in range(5000):  # more than the socket holds
            link.tell(story.sound(1, 60, 80 * (n % 2), n * 0.01))
        assert link.lost_events == 0
        assert answer(link, 1, after=story.head).answer is not None
    finally:
        link.close()


def test_an_ask_past_its_deadline_is_answered_with_nothing(link):
    wait_for(link, "ready")
    link.ask(1, 0, ANY, [0.3] * 8, NOW() - 1.0)
    assert wait_for(link, "answer").answer is None


def test_a_brain_file_that_cannot_be_used_is_refused_once_and_for_all(tmp_path):
    path = tmp_path / "bad.brain"
    path.write_bytes(b"not a brain")
    link = ProcessLink(path, NOW)
    try:
        report = wait_for(link, "refused")
        assert "bad.brain" in report.text
        link.wait(0.2)
        assert link.state == "refused"
    finally:
        link.close()


def test_the_brains_process_ends_with_its_link(tiny_brain):
    link = ProcessLink(tiny_brain, NOW)
    wait_for(link, "ready")
    pid = link.pid
    link.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
