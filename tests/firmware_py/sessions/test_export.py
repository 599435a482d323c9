"""A session as MIDI: the same notes at the same times, a track for each part."""

from collections import Counter

import mido
import pytest

from firmware_py.brain_link import ProcessLink
from firmware_py.clock import MonotonicClock
from firmware_py.message import control, is_note_on, program
from firmware_py.perform import perform, wake
from firmware_py.sessions.export import Part, midi_file, parts
from firmware_py.sessions.record import Excerpt, Out
from firmware_py.sessions.session import Session, SessionError
from firmware_py.sessions.tape import Tape
from firmware_py.settings import Settings
from notochord.event import instrument_named
from notochord.midifile import read_messages, read_notes
from tests.firmware_py.sessions.music import TapedStage, play, session_of
from tests.firmware_py.sessions.test_replay import SONG

PIANO, BASS = instrument_named("piano"), instrument_named("fingered bass")
YOU, THEM = Part("player", PIANO), Part("network", BASS)


def on(at, part, pitch, channel=0):
    return Out(at, part.owner, part.instrument, (0x90 | channel, pitch, 80))


def off(at, pitch, channel=0):
    return Out(at, "", 0, (0x80 | channel, pitch, 0))


def cc(at, message):
    return Out(at, "", 0, message)


def test_the_file_holds_the_same_notes_at_the_same_times(tiny_brain, tmp_path):
    tape, link = Tape(), ProcessLink(tiny_brain, MonotonicClock().now, timely=False)
    wake(link)
    try:
        performed = perform(SONG, Settings(mode="duet"), link, seed=2, tape=tape)
    finally:
        link.close()
    path = tmp_path / "out.mid"
    midi_file(session_of(tape.take()[0])).save(path)
    theirs = sorted((n.instrument, n.pitch, n.velocity, n.start, n.end)
                    for _, n in performed.notes)  # fmt: skip
    found = sorted((n.instrument, n.pitch, n.velocity, n.start, n.end) for n in read_notes(path))
    assert len(found) == len(theirs) > 30
    for (*what, start, end), (*same, at, until) in zip(theirs, found, strict=True):
        assert what == same
        assert at == pytest.approx(start, abs=0.0003)
        assert until == pytest.approx(max(end, start + 0.001), abs=0.002)


@pytest.mark.parametrize("seed", range(3))
def test_every_note_that_was_sent_is_in_the_file_whatever_happened(seed, tmp_path):
    stage = TapedStage()
    play(stage, seed)
    path = tmp_path / "out.mid"
    midi_file(stage.session()).save(path)
    sent = Counter((m, round(at * 2000)) for at, m in stage.sent if is_note_on(m))
    found = Counter((m, round(at * 2000)) for at, _, m in read_messages(path) if is_note_on(m))
    assert found == sent


def test_each_part_has_a_track_with_its_name():
    sent = (on(0, YOU, 60), on(0.5, THEM, 40, 1), on(0.6, Part("network", PIANO), 72),
            off(1, 60), off(1, 40, 1), off(1, 72))  # fmt: skip
    midi = midi_file(Session({"at": 0.0}, sent))
    assert [track.name for track in midi.tracks] == [
        "you: piano", "network: piano", "network: fingered bass"
    ]  # fmt: skip
    assert midi.tracks[1][-1] == mido.Message("note_off", note=72, time=800, velocity=0)


def test_a_program_goes_with_the_part_that_it_sets_up():
    sent = [cc(0.0, program(0, 0)), on(0.1, YOU, 60), off(0.2, 60), cc(0.3, program(0, 33)),
            on(0.4, THEM, 40), off(0.5, 40)]  # fmt: skip
    found = parts(sent, 0.0, 1.0)
    assert [message for _, message in found[YOU]][0] == program(0, 0)
    assert found[THEM][0] == (0.3, program(0, 33))


def test_the_pedal_goes_with_the_part_of_its_channel():
    sent = [on(0.1, YOU, 60), cc(0.2, control(0, 64, 127)), on(0.3, THEM, 40, 1), off(0.4, 60)]
    assert parts(sent, 0.0, 1.0)[YOU][1] == (0.2, control(0, 64, 127))


def test_an_excerpt_begins_at_nought_with_the_channels_as_they_stood():
    sent = [cc(0.0, program(0, 0)), on(1, YOU, 60), cc(2, control(0, 64, 127)), off(3, 60),
            cc(4, control(0, 64, 0)), on(11, YOU, 62), off(12, 62)]  # fmt: skip
    found = parts(sent, 10.0, 20.0)[YOU]
    assert found == [(0.0, program(0, 0)), (0.0, control(0, 64, 0)), (1.0, (0x90, 62, 80)),
                     (2.0, (0x80, 62, 0))]  # fmt: skip


def test_a_note_across_the_beginning_is_left_out_and_one_across_the_end_is_ended():
    sent = [on(9, YOU, 60), off(11, 60), on(18, YOU, 62), off(25, 62), on(22, YOU, 64)]
    assert parts(sorted(sent, key=lambda o: o.at), 10.0, 20.0) == {
        YOU: [(8.0, (0x90, 62, 80)), (10.0, (0x80, 62, 0))]
    }


def test_a_session_kept_for_an_excerpt_exports_it_alone():
    sent = (on(1, YOU, 60), off(2, 60), on(100, YOU, 62), off(101, 62), Excerpt(50.0, 350.0))
    midi = midi_file(Session({"at": 0.0}, sent))
    assert midi.length == pytest.approx(51.0)


def test_a_session_without_a_note_is_told_in_one_line():
    with pytest.raises(SessionError, match="no note was played"):
        midi_file(Session({"at": 0.0}, (cc(0.0, control(0, 64, 0)), Out(1.0, "", 0, (0xF8,)))))
