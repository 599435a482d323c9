"""Listening by numbers, on music whose figures are known beforehand."""

import numpy as np
import pytest

from notochord import listen
from notochord.event import Note


def beats(every: float, seconds: float, pitch: int = 60, instrument: int = 1) -> list[Note]:
    return [
        Note(instrument, pitch, t, t + every / 2, 80) for t in np.arange(0, seconds - 1e-6, every)
    ]


def at_random(seconds: float, count: int, seed: int = 0) -> list[Note]:
    rng = np.random.default_rng(seed)
    return [
        Note(1, int(p), float(t), float(t) + 0.2, 80)
        for t, p in zip(np.sort(rng.uniform(0, seconds, count)), rng.integers(40, 80, count),
                        strict=True)
    ]  # fmt: skip


def chord(pitches: list[int]) -> list[Note]:
    return [Note(1, pitch, 0.0, 2.0, 80) for pitch in pitches]


@pytest.mark.parametrize("name", [*listen.NUMBERS, *listen.HISTOGRAMS])
def test_silence_has_every_measure(name):
    found = {**listen.NUMBERS, **listen.HISTOGRAMS}[name]([], 10.0)
    assert np.isfinite(found).all()


def test_a_metronome_has_a_clear_pulse_and_random_onsets_have_none():
    assert listen.pulse(beats(0.5, 30), 30.0) > 0.95
    assert listen.pulse(at_random(30, 60), 30.0) < 0.4


def test_a_played_beat_keeps_most_of_its_pulse():
    rng = np.random.default_rng(0)
    played = [
        n._replace(start=max(n.start + rng.normal(0, 0.01), 0)) for n in beats(0.5, 30)
    ]
    assert listen.pulse(played, 30.0) > 0.7


def test_a_scale_is_in_key_and_the_chromatic_scale_is_not():
    scale = [Note(1, p, i, i + 1.0, 80) for i, p in enumerate((60, 62, 64, 65, 67, 69, 71))]
    assert listen.in_key(scale, 7.0) == pytest.approx(1.0)
    chromatic = [Note(1, 60 + i, i, i + 1.0, 80) for i in range(12)]
    assert listen.in_key(chromatic, 12.0) == pytest.approx(7 / 12)


def test_drums_have_no_pitch():
    assert listen.in_key(beats(0.5, 4, pitch=38, instrument=129), 4.0) == 0.0
    assert listen.polyphony(beats(0.5, 4, instrument=129), 4.0) == 0.0


def test_a_triad_is_consonant_and_a_cluster_is_not():
    assert listen.consonance(chord([60, 64, 67]), 2.0) == 1.0
    assert listen.consonance(chord([60, 61, 62]), 2.0) == 0.0


def test_polyphony_counts_what_sounds_at_once():
    assert listen.polyphony(chord([60, 64, 67]), 4.0) == pytest.approx(1.5)


def test_a_phrase_that_comes_again_repeats_and_random_notes_do_not():
    rng = np.random.default_rng(1)
    tune = rng.integers(55, 79, 8)
    again = [Note(1, int(tune[i % 8]), i * 0.25, i * 0.25 + 0.2, 80) for i in range(120)]
    assert listen.repeats(again, 30.0) > 0.6
    assert listen.repeats(at_random(30, 120), 30.0) < 0.25


def test_the_longest_gap_counts_the_edges():
    assert listen.longest_gap([Note(1, 60, 4.0, 5.0, 80)], 10.0) == pytest.approx(6.0)


def test_parts_are_those_with_a_share_of_the_notes():
    both = beats(0.25, 10) + beats(0.5, 10, 40, 34) + [Note(50, 60, 1.0, 2.0, 80)]
    assert listen.parts(both, 10.0) == 2.0


def test_an_excerpt_begins_at_nothing_and_ends_at_its_end():
    cut = listen.excerpt([Note(1, 60, 1.0, 2.0, 80), Note(1, 62, 4.0, 9.0, 80)], 3.0, 5.0)
    assert cut == [Note(1, 62, 1.0, 2.0, 80)]


def test_chords_played_a_little_apart_are_one_moment():
    notes = [Note(1, p, t, 2.0, 80) for p, t in ((60, 0.0), (64, 0.01), (67, 0.02), (72, 0.5))]
    assert len(listen.moments(notes)) == 2
