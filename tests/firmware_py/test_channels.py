from firmware_py.channels import Channels
from firmware_py.synths.shelf import shipped
from notochord.event import FIRST_ANONYMOUS, FIRST_KIT, instrument_named

GM = shipped()["general-midi"]


def test_an_instrument_keeps_its_channel():
    channels = Channels(GM)
    first, setup = channels.take(instrument_named("violin"))
    assert setup == [(0xC0 | first, 40)]
    assert channels.take(instrument_named("violin")) == (first, [])


def test_drums_sound_on_channel_ten():
    assert Channels(GM).take(FIRST_KIT)[0] == 9


def test_an_anonymous_part_gets_no_program_change():
    assert Channels(GM).take(FIRST_ANONYMOUS)[1] == []


def test_no_melodic_instrument_sounds_on_the_drum_channel():
    channels = Channels(GM)
    assert 9 not in {channels.take(i)[0] for i in range(1, 60)}


def test_when_all_are_taken_the_longest_at_rest_gives_way():
    channels = Channels(GM)
    taken = [channels.take(i)[0] for i in range(1, 16)]
    channels.take(1)
    assert channels.take(50) == (taken[1], [(0xC0 | taken[1], 49)])
