"""A whole piece as the score that a network hears in it."""

import numpy as np
import pytest

from notochord.brain import Brain
from notochord.event import Event, Note
from notochord.midifile import notes_to_events
from notochord.options import BRAINS
from notochord.score import LENGTHS, WAITS
from notochord.score_heard import heard_whole
from notochord.show import surprising
from tests.notochord.music import piece
from tests.notochord.scores import score_brain

QUAVER = 0.25  # seconds, near enough to the tempo that is usual


def on_paper(notes):
    score, begins = heard_whole(notes_to_events(notes))
    return [(WAITS[w], LENGTHS[t], p) for w, t, p in score], begins


def crotchets(*pitches):
    """One after another, with no rest between."""
    return [Note(1, p, 0.5 * n, 0.5 * n + 0.49, 80) for n, p in enumerate(pitches)]


def test_notes_are_written_as_long_as_they_lasted():
    notes = [Note(1, 60, 0.0, 0.24, 80), Note(1, 62, QUAVER, QUAVER + 0.98, 80)]
    assert on_paper(notes)[0] == [(0, 12, 60), (12, 48, 62)]


def test_of_a_chord_the_lowest_is_written_first():
    notes = [Note(1, 67, 0.0, 0.49, 80), Note(1, 60, 0.01, 0.49, 80), *crotchets(64)]
    assert [pitch for _, _, pitch in on_paper(notes)[0]] == [60, 64, 67]


def test_a_unison_of_two_instruments_is_one_note():
    notes = [Note(1, 60, 0.0, 0.49, 80), Note(41, 60, 0.0, 0.49, 80)]
    assert len(on_paper(notes)[0]) == 1


def test_drums_are_not_on_paper():
    notes = [Note(129, 38, 0.0, 0.1, 80), *crotchets(60, 62)]
    assert [pitch for _, _, pitch in on_paper(notes)[0]] == [60, 62]


def test_nothing_is_an_empty_score():
    assert on_paper([]) == ([], [])


def test_what_still_sounds_has_lasted_until_the_last_event():
    events = [Event(1, 60, 0.0, 80), Event(1, 64, 0.5, 80), Event(1, 64, 0.5, 0)]
    score, _ = heard_whole(events)
    assert [LENGTHS[length] for length in score[:, 1]] == [48, 24]


@pytest.fixture(scope="module")
def brain(tmp_path_factory):
    return score_brain(tmp_path_factory.mktemp("score"))


def test_a_note_costs_at_its_beginning_what_it_costs_in_the_score(brain):
    events = notes_to_events(crotchets(60, 62, 64, 65))
    found, (score, begins) = brain.surprises(events), heard_whole(events)
    assert found[begins] == pytest.approx(brain.note_nats(score).sum(1))
    assert found.sum() == pytest.approx(found[begins].sum())
    assert [event.velocity > 0 for event in events] == (found > 0).tolist()


def test_every_note_of_a_piece_has_its_place_in_the_picture(brain):
    notes, nats = surprising(brain, notes_to_events(piece(0)))
    assert len(notes) == len(nats) and np.isfinite(nats).all()


def test_a_key_that_is_left_surprises_the_shipped_brain_more_than_one_that_is_kept():
    shipped = Brain.load(BRAINS / "bachprop.brain")
    hymn = 67, 67, 69, 71, 72, 71, 69, 67, 69, 67, 66
    kept, left = (shipped.surprises(notes_to_events(crotchets(*hymn, p))) for p in (67, 68))
    assert kept[-2] < left[-2]  # the last event is the end of the note
