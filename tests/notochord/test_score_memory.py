"""What was heard, as a score: held keys, chords out of order, drums, and lengths told anew."""

from dataclasses import dataclass, field

import pytest

from notochord.event import Event
from notochord.score import LENGTHS, QUARTER, WAITS
from notochord.score_memory import AS_PLANNED, TOLD_ANEW, Heard, lasting, told

CROTCHET, QUAVER, MINIM = (LENGTHS.index(n) for n in (24, 12, 48))


@dataclass
class Paper:
    """A network whose memory is all that it was told; it foresees the same length always."""

    foresees: int = CROTCHET
    feeds: list = field(default_factory=list)

    def start(self):
        return ()

    def fed(self, memory, note):
        self.feeds.append(note)
        return (*memory, note)

    def length(self, memory, wait, uniform, least=0):
        return max(self.foresees, least)


def after(events, network=None):
    network = network or Paper()
    state = Heard(network.start())
    for event in events:
        state = told(network, state, Event(*event))
    return state


def on_paper(state):
    """Wait and length in ticks, and pitch, of all that the network was told."""
    return [(WAITS[note.wait], LENGTHS[note.length], note.pitch) for note in state.memory]


def test_notes_are_told_by_the_values_they_were_played_with():
    played = [(1, 60, 0.0, 80), (1, 60, 0.24, 0), (1, 62, 0.03, 80), (1, 62, 0.46, 0)]
    assert on_paper(after(played)) == [(0, 12, 60), (12, 24, 62)]


def test_a_note_that_ends_as_planned_is_told_once():
    network = Paper()
    state = after([(1, 60, 0.0, 80), (1, 60, 0.5 + AS_PLANNED / 2, 0)], network)
    assert on_paper(state) == [(0, 24, 60)] and len(network.feeds) == 1


def test_a_note_that_ends_sooner_is_told_anew_with_what_came_after_it():
    state = after([(1, 48, 0.0, 80), (1, 60, 0.25, 80), (1, 48, 0.0, 0), (1, 60, 0.5, 0)])
    assert on_paper(state) == [(0, 12, 48), (12, 24, 60)]


def test_a_key_that_is_held_on_lasts_as_long_as_it_is_held():
    state = after([(1, 48, 0.0, 80), *[(1, p, 0.5, 80) for p in (60, 62, 64)]])
    assert on_paper(state)[0] == (0, 72, 48)


def test_what_may_end_now_is_not_made_longer():
    network = Paper()
    state = after([(1, 60, 0.0, 80)], network)
    late = state.now + 0.6
    assert lasting(network, state, late).held[1, 60].length > CROTCHET
    assert lasting(network, state, late, frozenset({(1, 60)})).held[1, 60].length == CROTCHET


def test_keys_struck_nearly_together_are_a_chord_in_order_of_pitch():
    state = after([(1, 67, 0.0, 80), (1, 60, 0.012, 80), (1, 64, 0.01, 80)])
    assert [(wait, pitch) for wait, _, pitch in on_paper(state)] == [(0, 60), (0, 64), (0, 67)]
    state = told(Paper(), state, Event(1, 65, 0.478, 80))
    assert on_paper(state)[-1][::2] == (24, 65)  # counted from where the chord began


def test_a_later_chord_out_of_order_keeps_its_wait_on_its_lowest_note():
    state = after([(1, 50, 0.0, 80), (1, 67, 0.5, 80), (1, 60, 0.01, 80)])
    assert [(wait, pitch) for wait, _, pitch in on_paper(state)] == [(0, 50), (24, 60), (0, 67)]


def test_two_instruments_in_unison_are_one_note_and_both_are_held():
    state = after([(1, 60, 0.0, 80), (41, 60, 0.0, 80)])
    assert len(on_paper(state)) == 1 and set(state.held) == {(1, 60), (41, 60)}


def test_of_drums_only_the_time_passes():
    state = after([(1, 60, 0.0, 80), (129, 36, 0.2, 99), (129, 36, 0.05, 0), (1, 62, 0.25, 80)])
    assert [(wait, pitch) for wait, _, pitch in on_paper(state)] == [(0, 60), (24, 62)]
    assert set(state.held) == {(1, 60), (1, 62)}


def test_a_note_struck_again_while_it_sounds_ends_and_begins():
    state = after([(1, 60, 0.0, 80), (1, 60, 0.25, 80)])
    assert on_paper(state)[0] == (0, 12, 60) and list(state.held) == [(1, 60)]


def test_an_end_of_what_does_not_sound_changes_nothing_but_the_time():
    network = Paper()
    state = after([(1, 60, 0.5, 0), (1, 60, 0.5, 80)], network)
    assert len(network.feeds) == 1 and state.now == 1.0


def test_no_more_than_the_last_few_notes_are_ever_told_anew():
    network = Paper()
    events = [(1, 30, 0.0, 80), *[e for n in range(20) for e in
              ((1, 60 + n, 0.25, 80), (1, 60 + n, 0.2, 0))]]  # fmt: skip
    state = after(events, network)
    network.feeds.clear()
    told(network, state, Event(1, 30, 0.1, 0))
    assert len(state.last) == TOLD_ANEW and len(network.feeds) <= TOLD_ANEW


def test_the_tempo_is_taken_from_what_is_played():
    state = after([(1, 60 + n % 5, 0.7, 80) for n in range(10)])
    assert state.quarter == pytest.approx(0.7, rel=0.02)
    assert [wait for wait, _, _ in on_paper(state)][-3:] == [QUARTER] * 3


def test_the_same_events_give_the_same_state_and_a_state_is_never_changed():
    network, events = Paper(), [(1, 60, 0.0, 80), (1, 64, 0.25, 70), (1, 60, 0.25, 0)]
    first, second = after(events, network), after(events, network)
    assert first == second
    told(network, first, Event(1, 64, 0.3, 0))
    assert first == second
