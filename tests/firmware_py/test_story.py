from firmware_py.story import REMEMBERED, Story
from notochord.event import MAX_DT, Event


def test_events_are_told_with_the_time_since_the_last():
    story = Story()
    assert story.sound(1, 60, 80, 10.0).event == Event(1, 60, 0.0, 80)
    assert story.sound(1, 60, 0, 10.5).event == Event(1, 60, 0.5, 0)


def test_each_event_follows_the_head():
    story = Story()
    first = story.sound(1, 60, 80, 0.0)
    assert story.sound(1, 64, 80, 0.1).after == first.number


def test_a_plan_that_is_left_does_not_move_the_head():
    story = Story()
    first = story.sound(1, 60, 80, 0.0)
    story.imagine(first.number, Event(2, 48, 0.2, 70))
    assert story.sound(1, 64, 80, 0.1).after == first.number


def test_a_plan_that_sounded_is_the_head():
    story = Story()
    planned = story.imagine(0, Event(2, 48, 0.2, 70))
    story.happened(planned, 1.0)
    assert story.head == planned.number
    assert (2, 48) in story.sounding


def test_a_long_silence_is_told_as_the_longest_time_there_is():
    story = Story()
    story.sound(1, 60, 80, 0.0)
    assert story.since(1000.0) == MAX_DT


def test_retelling_makes_a_chain_from_the_start():
    story = Story()
    for n in range(REMEMBERED + 50):
        story.sound(1, 60, 80 * (n % 2), n * 0.1)
    told = story.retell()
    assert len(told) == REMEMBERED
    assert told[0].after == 0
    assert all(b.after == a.number for a, b in zip(told, told[1:], strict=False))
    assert story.head == told[-1].number


def test_time_never_runs_backwards():
    story = Story()
    story.sound(1, 60, 80, 1.0)
    assert story.sound(1, 64, 80, 0.9).event.dt == 0.0
    assert story.time == 1.0
