"""MIDI files to notes and events, and back."""

import mido
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notochord.event import Note, instrument_of
from notochord.midifile import (
    MidiFileError,
    events_to_notes,
    midi_file,
    notes_to_events,
    of_one_moment,
    read_notes,
    read_parts,
)

BORROWED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def written(tmp_path, *tracks, ticks=480, kind=1):
    """A MIDI file of these tracks, each a list of messages."""
    midi = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    midi.tracks.extend(mido.MidiTrack(track) for track in tracks)
    midi.save(tmp_path / "x.mid")
    return tmp_path / "x.mid"


def on(pitch, time=0, velocity=80, channel=0):
    return mido.Message("note_on", note=pitch, velocity=velocity, time=time, channel=channel)


def off(pitch, time=0, channel=0):
    return mido.Message("note_off", note=pitch, time=time, channel=channel)


def pedal(value, time=0):
    return mido.Message("control_change", control=64, value=value, time=time)


@st.composite
def pieces(draw):
    """Notes that do not overlap on one pitch of one instrument, in whole ms."""
    notes = []
    instruments = draw(st.lists(st.sampled_from([1, 25, 41, 129]), min_size=1, unique=True))
    for instrument in instruments:
        for pitch in draw(st.lists(st.integers(0, 127), min_size=1, max_size=4, unique=True)):
            now = 0
            for gap, length in draw(
                st.lists(st.tuples(st.integers(0, 3000), st.integers(2, 4000)), min_size=1,
                         max_size=4)
            ):  # fmt: skip
                velocity = draw(st.integers(1, 127))
                start, end = (now + gap) / 1000, (now + gap + length) / 1000
                notes.append(Note(instrument, pitch, start, end, velocity))
                now += gap + length + 1
    return sorted(notes, key=lambda note: (note.start, note.instrument, note.pitch))


@BORROWED
@given(pieces())
def test_a_round_trip_keeps_every_note_within_a_millisecond(tmp_path, notes):
    midi_file(notes).save(tmp_path / "trip.mid")
    read = read_notes(tmp_path / "trip.mid")
    key = lambda note: (note.instrument, note.pitch, round(note.start, 2))  # noqa: E731
    assert len(read) == len(notes)
    for a, b in zip(sorted(notes, key=key), sorted(read, key=key), strict=True):
        assert (a.instrument, a.pitch, a.velocity) == (b.instrument, b.pitch, b.velocity)
        assert abs(a.start - b.start) <= 0.001 and abs(a.end - b.end) <= 0.001


@BORROWED
@given(pieces())
def test_notes_survive_as_events_but_for_when_in_a_moment_they_came(notes):
    back = events_to_notes(notes_to_events(notes))
    times = np.unique([time for note in notes for time in (note.start, note.end)])
    moment = dict(zip(times, of_one_moment(times) - times[0], strict=True))
    name = lambda note: (note.instrument, note.pitch, note.velocity, round(note.start, 4))  # noqa: E731
    expected = [note._replace(start=moment[note.start]) for note in notes]
    for a, b in zip(sorted(expected, key=name), sorted(back, key=name), strict=True):
        assert name(a)[:3] == name(b)[:3]
        assert b.start == pytest.approx(a.start, abs=1e-6)


def test_what_follows_within_a_few_milliseconds_is_of_one_moment():
    times = np.array([1.0, 1.003, 1.006, 1.5, 1.505])
    assert of_one_moment(times).tolist() == [1.0, 1.0, 1.0, 1.5, 1.505]


def test_no_time_is_lost_when_events_are_of_one_moment():
    notes = [Note(129, 42, beat / 4, beat / 4 + 0.002, 80) for beat in range(40)]
    assert sum(event.dt for event in notes_to_events(notes)) == pytest.approx(9.75)


def test_the_tempo_map_is_honoured(tmp_path):
    tempo = mido.MetaMessage("set_tempo", tempo=1_000_000, time=480)
    path = written(tmp_path, [tempo], [on(60, 480), off(60, 480)])
    (note,) = read_notes(path)
    assert (note.start, note.end) == pytest.approx((0.5, 1.5))


def test_frames_a_second_set_the_clock_of_a_film_file(tmp_path):
    path = written(tmp_path, [on(60, 1000), off(60, 500)])
    data = bytearray(path.read_bytes())
    data[12:14] = bytes([256 - 25, 40])  # 25 frames of 40 ticks: a tick is a millisecond
    path.write_bytes(data)
    (note,) = read_notes(path)
    assert (note.start, note.end) == pytest.approx((1.0, 1.5))


def test_a_program_set_in_another_track_counts(tmp_path):
    setting = mido.Message("program_change", program=40, channel=2)
    path = written(tmp_path, [setting], [on(60, channel=2), off(60, 100, channel=2)])
    assert [note.instrument for note in read_notes(path)] == [instrument_of(40)]


def test_tracks_on_one_channel_are_parts_of_their_own(tmp_path):
    path = written(tmp_path, [on(60), off(60, 100)], [on(64), off(64, 100)])
    assert len(read_parts(path)) == 2
    assert len({note.instrument for note in read_notes(path)}) == 2


def test_a_part_without_a_program_is_anonymous(tmp_path):
    path = written(tmp_path, [on(60), off(60, 100)], [on(36, channel=9), off(36, 9, channel=9)])
    assert {note.instrument for note in read_notes(path)} == {257, 289}


def test_the_pedal_is_folded_into_the_durations(tmp_path):
    path = written(tmp_path, [pedal(127), on(60), off(60, 480), pedal(0, 480), on(62), off(62, 9)])
    assert read_notes(path)[0].end == pytest.approx(1.0)


def test_the_pedal_does_not_hold_what_comes_after_it(tmp_path):
    path = written(tmp_path, [pedal(127), pedal(0, 10), on(60), off(60, 480)])
    assert read_notes(path)[0].end == pytest.approx(490 / 960)


def test_a_note_struck_again_ends_the_one_before(tmp_path):
    path = written(tmp_path, [on(60), on(60, 480), off(60, 480), off(60, 480)])
    first, second = read_notes(path)
    assert first.end == second.start == pytest.approx(0.5)


def test_a_hanging_note_is_ended(tmp_path):
    path = written(tmp_path, [on(60), on(62, 480), off(62, 480)])
    assert read_notes(path)[0].end == pytest.approx(1.0)


def test_a_note_left_hanging_for_minutes_is_ended_sooner(tmp_path):
    path = written(tmp_path, [on(60), on(62, 480 * 200), off(62, 480)])
    assert read_notes(path)[0].end == pytest.approx(10.0)


def test_an_event_never_waits_longer_than_ten_seconds():
    notes = [Note(1, 60, 0, 1, 80), Note(1, 62, 50, 51, 80)]
    assert max(event.dt for event in notes_to_events(notes)) == 10.0


def test_at_one_moment_notes_end_before_others_begin():
    notes = [Note(1, 60, 0, 1, 80), Note(1, 60, 1, 2, 80)]
    assert [event.velocity for event in notes_to_events(notes)] == [80, 0, 80, 0]


@pytest.mark.parametrize("data", [b"", b"MThd", b"not midi at all", b"MThd\0\0\0\6\0\1\0\1\1\xe0"])
def test_a_broken_file_is_refused(tmp_path, data):
    (tmp_path / "bad.mid").write_bytes(data)
    with pytest.raises(MidiFileError, match="bad.mid"):
        read_parts(tmp_path / "bad.mid")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(MidiFileError, match="no such file"):
        read_parts(tmp_path / "none.mid")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(MidiFileError):
        read_parts(tmp_path)


def test_a_file_without_notes_is_refused(tmp_path):
    with pytest.raises(MidiFileError, match="no note"):
        read_parts(written(tmp_path, [pedal(0)]))


def test_a_file_cut_short_anywhere_is_read_or_refused(tmp_path):
    whole = written(tmp_path, [on(60), off(60, 480), on(62), off(62, 480)]).read_bytes()
    refused = 0
    for length in range(len(whole)):
        (tmp_path / "cut.mid").write_bytes(whole[:length])
        try:
            assert read_notes(tmp_path / "cut.mid")
        except MidiFileError:
            refused += 1
    assert refused > len(whole) // 2


@settings(BORROWED, max_examples=200)
@given(st.binary(max_size=120), st.booleans())
def test_bytes_at_random_raise_nothing_else(tmp_path, data, with_head):
    head = b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk" + len(data).to_bytes(4, "big")
    (tmp_path / "random.mid").write_bytes(head + data if with_head else data)
    try:
        notes = read_notes(tmp_path / "random.mid")
    except MidiFileError as error:
        assert "\n" not in str(error)
    else:
        assert all(note.end >= note.start for note in notes)
