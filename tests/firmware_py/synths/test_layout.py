from __future__ import annotations

import tomllib

import pytest

from firmware_py.message import control, program
from firmware_py.synths.layout import MANY, SynthError, read
from notochord.ask import pitch_range, pitches_in
from notochord.event import FIRST_ANONYMOUS, instrument_named, is_drums

PIANO, VIOLIN, DRUMS = (instrument_named(name) for name in ("piano", "violin", "drums"))


def layout(text: str):
    return read(tomllib.loads(text))


def test_the_first_part_that_takes_an_instrument_has_it():
    synth = layout("""
        [[part]]
        plays = ["strings family", "piano"]
        channels = [3]
        [[part]]
        plays = "melodic"
        channels = [1, 2]
    """)
    assert synth.part(VIOLIN) is synth.part(PIANO) is synth.parts[0]
    assert synth.part(instrument_named("tuba")) is synth.parts[1]
    assert synth.parts[0].channels == (2,)


def test_what_no_part_plays_is_not_played_but_its_keys_have_a_home():
    synth = layout("[[part]]\nplays = 'melodic'\nchannels = [1]")
    assert synth.part(DRUMS) is None
    assert synth.home(DRUMS) is synth.parts[0]


def test_drums_are_the_kits_and_melodic_is_all_else():
    synth = layout("[[part]]\nplays = 'drums'\nchannels = [1]\n[[part]]\nchannels = [2]")
    drums, melodic = (part.plays for part in synth.parts)
    assert all(map(is_drums, drums)) and not any(map(is_drums, melodic))
    assert len(drums) + len(melodic) == 320


def test_a_bank_is_selected_before_the_program():
    part = layout("[[part]]\nchannels = [2]\nprogram = 5\nbank = [1, 7]").parts[0]
    assert part.setup(1, PIANO) == [control(1, 0, 1), control(1, 32, 7), program(1, 4)]


def test_a_program_may_be_the_instruments_own_and_an_anonymous_part_has_none():
    part = layout("[[part]]\nchannels = [1]\nprogram = 'general midi'").parts[0]
    assert part.setup(0, VIOLIN) == [program(0, 40)]
    assert part.setup(0, FIRST_ANONYMOUS) == []


def test_without_a_program_nothing_is_sent():
    assert layout("[[part]]\nchannels = [1]").parts[0].setup(0, VIOLIN) == []


def test_the_network_keeps_to_what_sounds_within_the_range_once_it_is_transposed():
    part = layout("[[part]]\nchannels = [1]\ntranspose = -12\nlow = 24\nhigh = 60").parts[0]
    assert part.reach() == pitch_range(36, 72)
    assert part.sent(36) == (None, 24)


@pytest.mark.parametrize("pitch", [0, 3, 60, 125, 127])
@pytest.mark.parametrize("transpose", [-60, -12, 12, 60])
def test_a_key_that_would_be_beyond_midi_comes_back_by_octaves(pitch, transpose):
    part = layout(f"[[part]]\nchannels = [1]\ntranspose = {transpose}").parts[0]
    _, note = part.sent(pitch)
    assert 0 <= note <= 127
    assert (note - pitch - transpose) % 12 == 0


def test_a_drum_has_a_note_and_perhaps_a_channel_of_its_own():
    part = layout("""
        [[part]]
        plays = 'drums'
        channels = [10]
        [part.drums]
        36 = 60
        38 = [2, 40]
    """).parts[0]
    assert part.sent(36) == (None, 60)
    assert part.sent(38) == (1, 40)
    assert part.sent(50) == (None, 50)  # your own key: as it is
    assert pitches_in(part.reach()) == [36, 38]


def test_voices_are_many_unless_said():
    assert layout("[[part]]\nchannels = [1]").parts[0].voices == MANY


def test_instruments_on_one_channel_share_its_voices_and_those_on_many_do_not():
    one = layout("[[part]]\nchannels = [1]\nvoices = 1")
    two = layout("[[part]]\nchannels = [1, 2]\nvoices = 1")
    assert one.together(PIANO, VIOLIN)
    assert not two.together(PIANO, VIOLIN)
    assert two.together(VIOLIN, VIOLIN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no \\[\\[part\\]\\]"),
        ("part = 3", "no \\[\\[part\\]\\]"),
        ("part = [1]", "part 1: not a table"),
        ("colour = 1", "'colour' means nothing"),
        ("[[part]]", "channels"),
        ("[[part]]\nchannels = []", "channels"),
        ("[[part]]\nchannels = [0]", "from 1 to 16"),
        ("[[part]]\nchannels = [true]", "from 1 to 16"),
        ("[[part]]\nchannels = [1]\nchanel = 2", "'chanel' means nothing"),
        ("[[part]]\nchannels = [1]\nprogram = 129", "from 1 to 128"),
        ("[[part]]\nchannels = [1]\nprogram = nan", "from 1 to 128"),
        ("[[part]]\nchannels = [1]\nbank = [0, 1]", "with a program"),
        ("[[part]]\nchannels = [1]\nbank = 3\nprogram = 1", "two numbers"),
        ("[[part]]\nchannels = [1]\nlow = 60\nhigh = 40", "above"),
        ("[[part]]\nchannels = [1]\nvoices = 0", "voices=0"),
        ("[[part]]\nchannels = [1]\nplays = 'kazoo'", "kazoo"),
        ("[[part]]\nchannels = [1]\nplays = 'kazoo family'", "no family"),
        ("[[part]]\nchannels = [1]\nplays = []", "plays"),
        ("[[part]]\nchannels = [1]\ndrums = 4", "table of notes"),
        ("[[part]]\nchannels = [1]\n[part.drums]\nkick = 36", "drum=-1"),
        ("[[part]]\nchannels = [1]\n[part.drums]\n36 = 200", "drum's note"),
        ("[[part]]\nchannels = [1]\n[part.drums]\n36 = [1, 2, 3]", "channel, note"),
        ("[[part]]\nchannels = [1]\n[part.drums]\n36 = 'kick'", "drum's note"),
    ],
)  # fmt: skip
def test_a_layout_that_cannot_be_is_refused_in_one_line(text, said):
    with pytest.raises(SynthError, match=said) as error:
        layout(text)
    assert "\n" not in str(error.value)
