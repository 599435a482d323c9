"""File to file, through the real brain process."""

import os
import signal

import pytest

from firmware_py.brain_link import ProcessLink
from firmware_py.clock import MonotonicClock
from firmware_py.message import CLOCK, START, STOP, note_off, note_on
from firmware_py.perform import BrainUnusable, perform, wake
from firmware_py.settings import Settings
from firmware_py.tempo.magnet import ON_THE_BEAT
from firmware_py.tune import tune
from notochord.kinds import EVERY_MODE

PLAYED = ("thru", *EVERY_MODE)  # by a Notochord
MELODY = [
    (0.3 * n + off, "kbd", note_off(0, 60 + n % 12) if off else note_on(0, 60 + n % 12, 80))
    for n in range(20)
    for off in (0.0, 0.25)
]


@pytest.fixture(scope="module")
def link(tiny_brain):
    link = ProcessLink(tiny_brain, MonotonicClock().now, timely=False)
    wake(link)
    yield link
    link.close()


@pytest.mark.parametrize("mode", PLAYED)
def test_every_mode_plays_and_leaves_nothing_sounding(link, mode):
    performed = perform(MELODY, Settings(mode=mode), link, seed=3)
    report = performed.report()
    assert report["hanging_notes"] == 0
    assert report["notes_in"] == 20
    assert report["notes_out"] >= 20
    assert (report["notes_of_the_network"] > 0) == (mode != "thru")


@pytest.mark.parametrize("mode", PLAYED)
def test_the_same_seed_gives_the_same_messages(link, mode):
    first, second = (perform(MELODY, Settings(mode=mode), link, seed=5) for _ in range(2))
    assert first.sent == second.sent


def test_another_seed_gives_other_music(link):
    first, second = (perform(MELODY, Settings(mode="autopitch"), link, seed=s) for s in (1, 2))
    assert first.sent != second.sent


def test_an_answer_is_heard_the_simulated_time_after_its_key(link):
    performed = perform(MELODY, Settings(mode="autopitch"), link, answer_ms=7.0)
    keys = [at for at, _, message in MELODY if message[0] == 0x90]
    sounds = [at for at, message in performed.sent if message[0] == 0x90]
    assert sounds == pytest.approx([at + 0.007 for at in keys])


def test_answers_slower_than_the_deadline_are_late_and_keys_sound_all_the_same(link):
    performed = perform(MELODY, Settings(mode="harmonize"), link, answer_ms=80.0)
    report = performed.report()
    assert report["late_answers"] == report["asks"] > 0
    assert report["notes_out"] == 20


def test_a_brain_killed_in_mid_performance_costs_no_key_and_comes_back(tiny_brain):
    link = ProcessLink(tiny_brain, MonotonicClock().now, timely=False)
    try:
        wake(link)
        killed = link.pid

        def kill(instrument, now):
            os.kill(link.pid, signal.SIGKILL)

        performed = perform(MELODY, Settings(mode="harmonize"), link, also=[(2.0, kill)])
        assert link.pid != killed
        assert performed.hanging == 0
        keys = {round(at, 6) for at, _, message in MELODY if message[0] == 0x90}
        assert keys <= {round(note.start, 6) for who, note in performed.notes if who == "player"}
        voices = [note.start for who, note in performed.notes if who == "network"]
        assert min(voices) < 2.0 and not [t for t in voices if 2.1 < t < 4.0]
        assert max(voices) > 4.5
    finally:
        link.close()


def test_a_keyboard_unplugged_in_mid_performance_leaves_nothing_sounding(link):
    held = [(0.0, "kbd", note_on(0, 60, 80)), (5.0, "other", note_on(0, 72, 80))]
    performed = perform(
        held, Settings(mode="harmonize"), link,
        also=[(1.0, lambda instrument, now: instrument.unplugged("kbd", now))],
    )  # fmt: skip
    ends = [note.end for _, note in performed.notes if note.start < 1.0]
    assert ends == pytest.approx([1.0] * len(ends)) and len(ends) == 3


def test_a_brain_that_is_refused_is_said_in_one_line(tmp_path):
    link = ProcessLink(tmp_path / "none.brain", MonotonicClock().now, timely=False)
    try:
        with pytest.raises(BrainUnusable, match="none.brain"):
            wake(link)
    finally:
        link.close()


def test_the_tune_is_a_melody_of_half_a_minute():
    notes = tune()
    assert 20 < notes[-1].end < 40
    assert all(a.end <= b.start for a, b in zip(notes, notes[1:], strict=False))
    assert {note.pitch % 12 for note in notes} <= {9, 11, 0, 2, 4, 5, 7, 8, 6}


def notes_of_the_network(performed):
    return [note for owner, note in performed.notes if owner == "network"]


@pytest.mark.parametrize("mode", ["duet", "continue"])
def test_with_the_magnet_at_nought_the_beat_changes_no_byte(link, mode):
    plain, other = (
        perform(MELODY, Settings(mode=mode, **knobs), link, seed=4)
        for knobs in ({}, {"tempo": 83.0, "grid": "1/4"})
    )
    assert plain.sent == other.sent


@pytest.mark.parametrize(("tempo", "grid", "beats"), [(97.0, "1/16", 0.25), (140.0, "1/8t", 1 / 3)])
@pytest.mark.parametrize("mode", ["duet", "continue"])
def test_with_the_magnet_at_one_every_onset_of_the_network_is_on_the_grid(
    link, mode, tempo, grid, beats
):
    settings = Settings(mode=mode, magnet=1.0, tempo=tempo, grid=grid)
    performed = perform(MELODY, settings, link, seed=4)
    step = beats * 60 / tempo
    off = [n.start - round(n.start / step) * step for n in notes_of_the_network(performed)]
    assert len(off) > 5 and -1e-9 < min(off) and max(off) < ON_THE_BEAT
    assert performed.hanging == 0
    assert min(note.end - note.start for note in notes_of_the_network(performed)) > 0


def test_a_clock_of_a_drum_machine_moves_the_grid(link):
    ticks = [(0.1 + n * 60 / 97 / 24, "drums", (CLOCK,)) for n in range(24 * 12)]
    both = sorted([(0.05, "drums", (START,)), *ticks, *MELODY], key=lambda item: item[0])
    performed = perform(both, Settings(magnet=1.0, tempo=250.0), link, seed=4)
    step = 60 / 97 / 4
    onsets = [n.start - 0.1 for n in notes_of_the_network(performed) if n.start > 1]
    off = [at - round(at / step) * step for at in onsets]
    assert len(off) > 5 and -1e-6 < min(off) and max(off) < ON_THE_BEAT + 1e-6


def test_a_clock_is_sent_and_stops_with_the_music(link):
    performed = perform(MELODY, Settings(clock_out="on", tempo=100.0), link)
    clock = [message for _, message in performed.sent if message[0] >= 0xF0]
    assert clock[0] == (START,) and clock[-1] == (STOP,)
    assert set(clock[1:-1]) == {(CLOCK,)} and performed.hanging == 0
