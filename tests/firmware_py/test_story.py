from firmware_py.story import REACH, REMEMBERED, Story
from notochord.event import MAX_DT, Event


def test_events_are_told_with_the_time_since_the_last():
    story = Story()
    assert story.sound(1, 60, 80, 10.0).event == Event(1, 60, 0.0, 80)
    assert story.sound(1, 60, 0, 10.5).event == Event(1, 60, 0.5, 0)


def test_what_follows_within_a_moment_is_told_as_at_once_and_no_time_is_lost():
    story = Story()
    told = [story.sound(1, pitch, 80, at).event.dt for pitch, at in
            ((60, 1.0), (64, 1.002), (67, 1.003), (72, 1.5))]  # fmt: skip
    assert told == [0.0, 0.0, 0.0, 0.5]


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


def test_what_is_unsaid_has_never_been_and_what_came_after_it_is_told_anew():
    story = Story()
    first = story.sound(1, 60, 80, 0.0)
    gone = story.sound(2, 48, 70, 1.0, own=True)
    story.sound(1, 60, 0, 1.5)
    story.sound(2, 48, 0, 2.0)
    story.sound(1, 64, 80, 3.0)
    anew, branch = story.unsay({gone.number})
    assert not anew and [t.event for t in branch] == [Event(1, 60, 1.5, 0), Event(1, 64, 1.5, 80)]
    assert branch[0].after == first.number and branch[1].after == branch[0].number == story.head - 1
    assert story.sound(1, 64, 0, 3.5).event == Event(1, 64, 0.5, 0)
    assert story.sounding == {} and len(story.past) == 4


def test_a_note_that_is_unsaid_while_it_sounds_sounds_no_more():
    story = Story()
    story.sound(1, 60, 80, 0.0)
    gone = story.sound(2, 48, 70, 1.0, own=True)
    assert story.unsay({gone.number}) == (False, [])
    assert set(story.sounding) == {(1, 60)} and story.time == 0.0
    assert story.head == gone.after


def test_when_everything_is_unsaid_the_story_is_at_its_start():
    story = Story()
    gone = story.sound(2, 48, 70, 5.0, own=True)
    story.unsay({gone.number})
    assert story.head == 0 and story.time is None and not story.past
    assert story.sound(1, 60, 80, 9.0).event.dt == 0.0


def test_the_same_voice_struck_again_by_the_player_is_not_unsaid():
    story = Story()
    gone = story.sound(1, 60, 70, 0.0, own=True)
    story.sound(1, 60, 0, 1.0)
    story.sound(1, 60, 80, 1.0)
    _, branch = story.unsay({gone.number})
    assert [t.event.velocity for t in branch] == [80] and (1, 60) in story.sounding


def test_what_lies_too_far_back_for_the_brain_is_told_from_the_start():
    story = Story()
    story.sound(1, 60, 80, 0.0)
    story.sound(1, 60, 0, 0.1)
    gone = story.sound(2, 48, 70, 0.2, own=True)
    for n in range(REACH):
        story.sound(1, 64, 80 * (n % 2), 1.0 + n)
    anew, branch = story.unsay({gone.number})
    assert anew and branch[0].after == 0 and story.head == branch[-1].number
    assert len(branch) == len(story.past) == REACH + 2


def test_your_instruments_are_those_on_which_you_began_notes():
    story = Story()
    story.sound(41, 60, 80, 0.0)
    story.sound(1, 60, 80, 0.1)
    story.happened(story.imagine(story.head, Event(34, 40, 0.1, 70)), 0.2, own=True)
    story.sound(34, 40, 0, 0.3)
    assert story.players_instruments == (1, 41)
