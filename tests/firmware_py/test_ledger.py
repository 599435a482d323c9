from hypothesis import given
from hypothesis import strategies as st

from firmware_py.ledger import Ledger
from firmware_py.message import note_off, note_on


def test_a_note_gets_its_off_when_it_ends():
    ledger = Ledger()
    assert ledger.start("a", "player", 0, 60, 90) == [note_on(0, 60, 90)]
    assert ledger.end("a") == [note_off(0, 60)]


def test_a_note_ends_only_once():
    ledger = Ledger()
    ledger.start("a", "player", 0, 60, 90)
    ledger.end("a")
    assert ledger.end("a") == []


def test_the_late_off_of_a_replaced_note_does_not_cut_the_new_one():
    ledger = Ledger()
    ledger.start("a", "player", 0, 60, 90)
    assert ledger.start("b", "network", 0, 60, 70) == [note_off(0, 60), note_on(0, 60, 70)]
    assert ledger.end("a") == []
    assert "b" in ledger


def test_a_name_that_sounds_elsewhere_moves():
    ledger = Ledger()
    ledger.start("a", "network", 0, 60, 90)
    assert ledger.start("a", "network", 0, 64, 90) == [note_off(0, 60), note_on(0, 64, 90)]


def test_one_owners_notes_end_without_the_others():
    ledger = Ledger()
    ledger.start("a", "player", 0, 60, 90)
    ledger.start("b", "network", 1, 64, 90)
    assert ledger.end_all("network") == [note_off(1, 64)]
    assert "a" in ledger


def test_a_pitch_carried_out_of_range_is_brought_back():
    assert Ledger().start("a", "network", 0, 140, 200) == [note_on(0, 127, 127)]


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 2), st.integers(58, 61)),
        max_size=60,
    )
)
def test_any_sequence_of_starts_and_ends_gives_each_on_one_off(steps):
    ledger, messages = Ledger(), []
    for start, name, channel, pitch in steps:
        messages += (
            ledger.start(name, "player", channel, pitch, 80) if start else ledger.end(name)
        )
    messages += ledger.end_all()
    sounding = set()
    for message in messages:
        place = message[0] & 0xF, message[1]
        if message[0] & 0xF0 == 0x90:
            assert place not in sounding
            sounding.add(place)
        else:
            sounding.remove(place)
    assert not sounding and len(ledger) == 0
