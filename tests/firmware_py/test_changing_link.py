"""Two brains at once: the one that plays answers until the next is taken."""

from types import SimpleNamespace

import pytest

from firmware_py.brain_link import ProcessLink, Report
from firmware_py.changing_link import CAUGHT_UP, LOOK, SPOONFUL, ChangingLink
from firmware_py.clock import CrankedClock, MonotonicClock
from firmware_py.story import Story
from notochord.ask import ALL_PITCHES, Ask
from tests.firmware_py.test_brain_link import wait_for

ANY = Ask(on={1: ALL_PITCHES})
NOW = MonotonicClock().now


class FakeLink:
    """A brain without a process."""

    def __init__(self, name):
        self.manifest, self.state, self.sha256 = {"name": name}, "stopped", name
        self.reports, self.heard, self.next_due, self.ended = [], [], None, False

    def start(self):
        self.state = "waking"

    def wake(self):
        self.state = "ready"
        self.reports.append(Report("ready"))

    def poll(self):
        reports, self.reports = self.reports, []
        return reports

    def tell(self, told):
        self.heard.append(told)

    def ask(self, number, after, ask, uniforms, deadline):
        if number == CAUGHT_UP:
            self.reports.append(Report("answer", number))
        else:
            self.heard.append(number)

    def forget(self):
        self.heard.append("forget")

    def part(self):
        self.state = "parting"

    @property
    def has_ended(self):
        return self.ended

    def close(self):
        self.state = "closed"


@pytest.fixture
def room():
    clock, made = CrankedClock(), []

    def make(path):
        made.append(FakeLink(path))
        return made[-1]

    first = FakeLink("first")
    link = ChangingLink(first, make, clock.now)
    link.start()
    first.wake()
    assert [report.kind for report in link.poll()] == ["ready"]
    return SimpleNamespace(clock=clock, made=made, first=first, link=link)


def later(room, seconds=LOOK):
    room.clock.set(room.clock.now() + seconds)
    return room.link.poll()


def test_the_first_brain_answers_while_the_next_one_wakes(room):
    room.link.change("next")
    room.link.ask(1, 0, ANY, [], 0.0)
    assert room.first.heard == [1] and room.link.manifest == {"name": "first"}
    assert later(room) == [] and room.link.waiting is None


def test_a_brain_that_is_awake_waits_until_it_is_taken(room):
    room.link.change("next")
    room.made[0].wake()
    later(room)
    assert room.link.waiting == {"name": "next"} and room.first.state == "ready"
    room.link.take()
    assert room.first.state == "parting" and room.link.manifest == {"name": "next"}
    room.link.ask(2, 0, ANY, [], 0.0)
    assert room.made[0].heard == [2] and room.link.waiting is None


def catch_up(room):
    """Look until the next brain waits; gives how often that was."""
    for looks in range(1, 100):
        later(room)
        if room.link.waiting is not None:
            return looks
    raise AssertionError("it never caught up")


def test_the_next_brain_is_told_all_that_the_first_was_before_it_waits(room):
    story = Story()
    told = [story.sound(1, 60, 80 * (n % 2), n / 10) for n in range(3 * SPOONFUL)]
    for each in told[:-2]:
        room.link.tell(each)
    room.link.change("next")
    room.link.tell(told[-2])  # while it wakes
    room.made[0].wake()
    later(room)
    assert len(room.made[0].heard) == SPOONFUL and room.link.waiting is None
    room.link.tell(told[-1])  # while it catches up
    assert catch_up(room) >= 3
    assert room.made[0].heard == told == room.first.heard
    after = story.sound(1, 62, 80, 9.0)
    room.link.tell(after)
    assert room.made[0].heard[-1] == after


def test_what_was_forgotten_is_not_told_to_the_next_brain(room):
    room.link.tell(Story().sound(1, 60, 80, 0.0))
    room.link.forget()
    room.link.change("next")
    room.made[0].wake()
    catch_up(room)
    assert room.made[0].heard == []
    room.link.forget()
    assert room.made[0].heard == ["forget"]


@pytest.mark.parametrize("kind", ["refused", "lost", "failing"])
def test_where_the_next_brain_cannot_be_had_the_first_plays_on(room, kind):
    room.link.change("next")
    room.made[0].reports.append(Report(kind, text="cut short"))
    assert [report.kind for report in later(room)] == ["kept"]
    assert room.made[0].state == "parting" and room.first.state == "ready"
    room.link.ask(3, 0, ANY, [], 0.0)
    assert room.first.heard == [3]


def test_only_the_last_of_several_choices_is_woken(room):
    for name in ("one", "two"):
        room.link.change(name)
    assert [link.state for link in room.made] == ["parting", "waking"]
    room.link.keep()
    assert room.made[1].state == "parting" and room.link.waiting is None


def test_what_is_asked_of_a_hushed_brain_is_answered_with_nothing(room):
    room.link.change("next")
    room.link.hush()
    room.link.ask(4, 0, ANY, [], 0.0)
    assert room.link.next_due == room.clock.now() and room.first.heard == []
    (report,) = room.link.poll()
    assert (report.kind, report.number, report.answer) == ("answer", 4, None)
    room.link.keep()
    room.link.ask(5, 0, ANY, [], 0.0)
    assert room.first.heard == [5]


def test_a_waking_brain_is_looked_after_in_time(room):
    assert room.link.next_due is None
    room.link.change("next")
    assert room.link.next_due == pytest.approx(room.clock.now() + LOOK)


def test_closing_ends_both(room):
    room.link.change("next")
    room.link.close()
    assert room.first.state == room.made[0].state == "closed"


@pytest.mark.parametrize("ended", [False, True])
def test_a_brain_that_was_relieved_ends_by_itself_and_is_killed_at_last_if_it_has_not(room, ended):
    room.link.change("next")
    room.made[0].wake()
    catch_up(room)
    room.link.take()
    room.first.ended = ended
    room.link.poll()
    room.link.close()
    assert room.first.state == ("parting" if ended else "closed")


def parted(link):
    """Whether the brain before has ended by itself."""
    return not link._parting


def test_a_real_brain_is_changed_for_a_real_one_of_another_kind(tiny_brain, token_brain):
    link = ChangingLink(ProcessLink(tiny_brain, NOW), lambda path: ProcessLink(path, NOW), NOW)
    link.wait = lambda seconds: link._link.wait(seconds) + link.poll()
    try:
        link.start()
        wait_for(link, "ready")
        link.tell(Story().sound(1, 60, 80, 0.0))
        link.change(token_brain)
        while link.waiting is None:
            link.wait(0.05)
        before = link.pid
        link.take()
        assert link.pid != before and link.manifest["network"] == "performance_rnn"
        while not parted(link):
            link.wait(0.05)
        link.ask(1, 1, Ask(on={1: 1 << 64}), [0.3] * 8, NOW() + 5.0)
        assert wait_for(link, "answer", 5.0).answer.pitch == 64
    finally:
        link.close()
