"""Which of the network's notes the last answer consists of."""

from firmware_py.answer import last_answer
from firmware_py.story import Story

YOU, IT = (1, False), (2, True)


def told(*notes):
    """A story of notes (when, whose, pitch), each ended at once; and their numbers."""
    story, numbers = Story(), []
    for at, (instrument, own), pitch in notes:
        numbers.append(story.sound(instrument, pitch, 80, at, own).number)
        story.sound(instrument, pitch, 0, at + 0.05)
    return story, numbers


def test_taking_turns_it_goes_back_to_your_last_key_before_it():
    story, n = told((0, YOU, 60), (1, IT, 50), (2, YOU, 61), (3, IT, 51), (20, IT, 52))
    assert last_answer(story.past, [], float("inf"), True) == {n[3], n[4]}


def test_what_you_played_since_does_not_hide_it():
    story, n = told((0, YOU, 60), (1, IT, 50), (2, IT, 51), (3, YOU, 61), (4, YOU, 62))
    assert last_answer(story.past, [], float("inf"), True) == {n[1], n[2]}


def test_playing_along_it_is_what_began_within_a_span_of_its_last_note():
    story, n = told((0, IT, 50), (3, YOU, 60), (4, IT, 51), (5, YOU, 61), (7, IT, 52))
    assert last_answer(story.past, [], 4.0, False) == {n[2], n[4]}


def test_what_still_sounds_belongs_to_it_however_old():
    story = Story()
    old = story.sound(2, 40, 80, 0.0, own=True).number
    new = story.sound(2, 41, 80, 20.0, own=True).number
    assert last_answer(story.past, [(2, 40)], 4.0, False) == {old, new}
    assert last_answer(story.past, [], 4.0, False) == {new}


def test_where_the_network_never_played_there_is_none():
    story, _ = told((0, YOU, 60), (1, YOU, 61))
    assert last_answer(story.past, [], 4.0, True) == frozenset()
