"""The network playing alone."""

import mido
import pytest

from notochord.event import Event, Note
from notochord.midifile import MidiFileError, midi_file, notes_to_events
from notochord.sample import (
    DRUM_KEYS,
    MOST_PARTS,
    Manner,
    Playing,
    midi_bytes,
    read_prompt,
    sample,
)
from tests.notochord.music import piece

BAND = [1, 34, 129]


def hanging(data, tmp_path):
    """Notes of a MIDI file's bytes that are struck and never let go, by track."""
    (tmp_path / "x.mid").write_bytes(data)
    sounding = set()
    for number, track in enumerate(mido.MidiFile(tmp_path / "x.mid").tracks):
        for message in track:
            if message.type in ("note_on", "note_off"):
                key = number, message.channel, message.note
                struck = message.type == "note_on" and message.velocity > 0
                (sounding.add if struck else sounding.discard)(key)
    return sounding


@pytest.mark.parametrize("seed", range(4))
def test_no_note_is_left_hanging(brain, tmp_path, seed):
    notes = sample(brain, BAND, 20, Manner(), seed)
    assert len(notes) > 10
    assert not hanging(midi_bytes(notes), tmp_path)


@pytest.mark.parametrize("most", [1, 3])
def test_an_instrument_holds_no_more_notes_than_it_may(brain, most):
    for instrument in BAND:
        notes = sample(brain, BAND, 10, Manner(most_voices=most, longest_drum=9.0))
        mine = [note for note in notes if note.instrument == instrument]
        held = [sum(a.start < b.end and b.start <= a.start for b in mine) for a in mine]
        assert 0 < max(held) <= most


def test_drums_are_ended_soon(brain):
    notes = sample(brain, [129], 10, Manner(longest_drum=0.5))
    assert max(note.end - note.start for note in notes) <= 0.5 + 1e-6


def test_one_seed_gives_the_same_bytes(int8_brain):
    first, second = (midi_bytes(sample(int8_brain, BAND, 5, Manner(), 7)) for _ in range(2))
    assert first == second


def test_another_seed_gives_another_piece(brain):
    assert sample(brain, BAND, 5, Manner(), 0) != sample(brain, BAND, 5, Manner(), 1)


def test_only_the_band_plays_and_all_of_it(brain):
    assert {note.instrument for note in sample(brain, BAND, 8, Manner())} == set(BAND)


def test_drums_play_the_keys_of_the_percussion_map(brain):
    notes = sample(brain, [129], 8, Manner(top_p=1.0, temperature=3.0))
    assert notes and all(DRUM_KEYS >> note.pitch & 1 for note in notes)


def test_without_a_band_the_parts_are_few_enough(brain):
    notes = sample(brain, None, 8, Manner(top_p=1.0, temperature=3.0))
    assert 1 < len({note.instrument for note in notes}) <= MOST_PARTS


def test_the_piece_is_as_long_as_was_asked(brain):
    notes = sample(brain, BAND, 10, Manner())
    assert 5 < max(note.end for note in notes) <= 10 + 1e-6


@pytest.mark.parametrize("longest", [0.2, 1.0])
def test_a_note_that_sounds_too_long_is_ended(brain, longest):
    notes = sample(brain, BAND, 8, Manner(longest_note=longest))
    assert max(note.end - note.start for note in notes) <= longest + 1e-6


@pytest.mark.parametrize("longest", [0.3, 1.0])
def test_notes_never_stop_beginning_for_too_long(brain, longest):
    notes = sample(brain, BAND, 10, Manner(longest_wait=longest, busiest=4), 1)
    starts = sorted(note.start for note in notes)
    gaps = [b - a for a, b in zip(starts, starts[1:], strict=False)]
    assert max(gaps) <= max(longest, 1.0) + 1e-6


def test_nobody_rests_too_long(brain):
    manner = Manner(longest_rest=2.0, longest_wait=0.5)
    notes = sample(brain, BAND, 20, manner)
    for instrument in BAND:
        starts = sorted(note.start for note in notes if note.instrument == instrument)
        gaps = [b - a for a, b in zip(starts, starts[1:], strict=False)]
        assert max(gaps) < 6.0


def test_the_prompt_comes_first_and_unchanged(brain):
    prompt = notes_to_events(piece(0, 4.0))
    notes = sample(brain, BAND, 8, Manner(), prompt=prompt)
    begun = [note for note in notes if note.start < 3.3]
    assert [(n.instrument, n.pitch, n.velocity) for n in begun] == [
        (n.instrument, n.pitch, n.velocity)
        for n in sorted(piece(0, 4.0), key=lambda n: (n.start, n.instrument, n.pitch))
        if n.start < 3.3
    ]
    assert len(notes) > len(begun)


def test_a_prompt_is_heard_as_long_as_was_asked(tmp_path):
    midi_file(piece(0, 8.0)).save(tmp_path / "p.mid")
    events = read_prompt(tmp_path / "p.mid", 2.0)
    assert 1.5 <= sum(event.dt for event in events) < 2.0


def test_a_prompt_that_begins_late_is_heard_from_its_first_note(tmp_path):
    midi_file([Note(1, 60, 5.0, 6.0, 80)]).save(tmp_path / "p.mid")
    assert len(read_prompt(tmp_path / "p.mid", 2.0)) == 2


def test_a_prompt_that_is_none_is_refused(tmp_path):
    with pytest.raises(MidiFileError, match="no such file"):
        read_prompt(tmp_path / "none.mid", 10.0)


def test_a_note_struck_again_is_held_from_then_on():
    playing, manner = Playing(), Manner(longest_note=12.0, longest_drum=0.5)
    for event in notes_to_events([Note(1, 60, 0, 1, 80), Note(1, 60, 1, 3, 80)])[:3]:
        playing.take(event)
    assert playing.held() == {1: 1 << 60}
    assert playing.next_to_end(manner) == (12.0, (1, 60))
    playing.take(Event(129, 36, 1.0, 80))
    assert playing.next_to_end(manner) == (0.5, (129, 36))
