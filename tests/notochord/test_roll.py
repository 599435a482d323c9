"""The piano roll."""

import struct

import pytest

from notochord.event import Note
from notochord.roll import draw_roll, roll_png
from tests.notochord.music import piece


def size(png):
    """Width and height in pixels."""
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


def test_a_longer_piece_is_wider_up_to_a_limit():
    widths = [size(roll_png({"": [Note(1, 60, 0, t, 80)]}))[0] for t in (5, 100, 1000, 5000)]
    assert widths[0] < widths[1] < widths[2] == widths[3]


def test_drums_have_a_strip_of_their_own():
    melodic = [note for note in piece(0) if note.instrument != 129]
    assert size(roll_png({"": piece(0)}))[1] > size(roll_png({"": melodic}))[1]


@pytest.mark.parametrize("notes", [[], [Note(129, 36, 0, 0.1, 90)], [Note(1, 127, 1, 1, 1)]])
def test_little_or_nothing_can_be_drawn(notes):
    assert size(roll_png({"": notes}))[0] > 500
    assert size(roll_png({}))[0] > 500


def test_your_notes_are_told_from_the_others():
    yours, theirs = piece(0), [Note(41, 70, 1, 2, 80)]
    assert roll_png({"you": yours, "": theirs}) != roll_png({"": yours + theirs})


def test_the_same_notes_give_the_same_picture(tmp_path):
    draw_roll({"": piece(1)}, tmp_path / "a.png", "a title")
    assert (tmp_path / "a.png").read_bytes() == roll_png({"": piece(1)}, "a title")


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(OSError, match="no such folder"):
        draw_roll({"": piece(1)}, tmp_path / "none" / "a.png")
