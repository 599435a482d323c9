"""MusicXML: whole bars, values that can be written, ties, triplets, and spelling."""

from xml.etree import ElementTree as etree

import numpy as np
import pytest

from notochord.musicxml import BAR, TRIPLETS, VALUES, Part, Written, key_of, musicxml, spelt

# The order that the MusicXML DTD demands of what a note holds.
ORDER = ["pitch", "rest", "duration", "tie", "voice", "type", "dot", "time-modification",
         "notations"]  # fmt: skip


def measures(notes, parts=1):
    xml = musicxml([Part(f"part {n}", notes) for n in range(parts)], "A piece", 90)
    root = etree.fromstring(xml)
    return [part.findall("measure") for part in root.findall("part")]


def ticks(note):
    return int(note.findtext("duration"))


def read(bars):
    """Onset, end and MIDI pitch of every note, with tied ones joined."""
    now, notes = 0, []
    for bar in bars:
        for note in bar.findall("note"):
            pitch = note.find("pitch")
            if pitch is not None:
                alter = int(pitch.findtext("alter") or 0)
                step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
                number = 12 * (int(pitch.findtext("octave")) + 1) + step[pitch.findtext("step")]
                stops = [tie.get("type") for tie in note.findall("tie")]
                if "stop" in stops:
                    assert notes[-1][2] == number + alter and notes[-1][1] == now
                    notes[-1][1] += ticks(note)
                else:
                    notes.append([now, now + ticks(note), number + alter])
            now += ticks(note)
    return [tuple(note) for note in notes]


def random_part(seed, grid):
    rng, now, notes = np.random.default_rng(seed), 0, []
    for _ in range(40):
        now += grid * int(rng.integers(0, 6)) * int(rng.integers(0, 2))
        end = now + grid * int(rng.integers(1, 40))
        notes.append(Written(now, end, int(rng.integers(40, 80))))
        now = end
    return notes


@pytest.mark.parametrize("grid", [3, 4, 12])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_written_is_read_again_note_by_note(seed, grid):
    notes = random_part(seed, grid)
    assert read(measures(notes)[0]) == [tuple(note) for note in notes]


@pytest.mark.parametrize("seed", range(4))
def test_every_bar_is_full_and_every_value_can_be_written(seed):
    names = {name for name, _ in VALUES.values()} | set(TRIPLETS.values())
    for bars in measures(random_part(seed, 1), parts=4):
        for bar in bars:
            notes = bar.findall("note")
            assert sum(map(ticks, notes)) == BAR
            for note in notes:
                assert note.findtext("type") in names
                tags = [child.tag for child in note]
                assert tags == sorted(tags, key=ORDER.index)


def test_a_note_over_the_bar_is_tied():
    bars = measures([Written(72, 120, 60)])[0]
    first, second = bars[0].findall("note")[-1], bars[1].find("note")
    assert [t.get("type") for t in first.findall("tie")] == ["start"]
    assert [t.get("type") for t in second.findall("tie")] == ["stop"]
    assert [t.get("type") for t in second.findall("notations/tied")] == ["stop"]


def test_triplets_have_their_bracket_over_the_beat():
    notes = measures([Written(8 * n, 8 * n + 8, 60 + n) for n in range(3)])[0][0].findall("note")
    assert [n.findtext("time-modification/actual-notes") for n in notes[:3]] == ["3"] * 3
    brackets = [[t.get("type") for t in n.findall("notations/tuplet")] for n in notes[:3]]
    assert brackets == [["start"], [], ["stop"]]
    assert notes[3].find("time-modification") is None


@pytest.mark.parametrize(
    ("tonic", "fifths"), [(60, 0), (67, 1), (65, -1), (58, -2), (64, 4), (63, -3)]
)
def test_the_key_is_that_of_its_scale(tonic, fifths):
    assert key_of([tonic + step for step in (0, 2, 4, 5, 7, 9, 11)]) == fifths


@pytest.mark.parametrize(
    ("pitch", "fifths", "name"),
    [(60, 0, ("C", 0, 4)), (61, 0, ("C", 1, 4)), (70, 0, ("B", -1, 4)), (63, -3, ("E", -1, 4)),
     (71, -3, ("B", 0, 4)), (66, 4, ("F", 1, 4)), (60, -6, ("C", 0, 4)), (71, -6, ("C", -1, 5))],
)  # fmt: skip
def test_a_pitch_is_spelt_as_its_key_has_it(pitch, fifths, name):
    assert spelt(pitch, fifths) == name


def test_a_score_without_notes_is_a_bar_of_rests():
    bars = measures([])[0]
    assert len(bars) == 1 and bars[0].find("note/rest") is not None
