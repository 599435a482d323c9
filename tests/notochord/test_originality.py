"""The novelty profile: what stands in the training set is found, in any key, and nothing else."""

import numpy as np

from notochord.event import Note
from notochord.originality import (
    RUNS,
    corpus_intervals,
    intervals,
    longest_known,
    profile,
    top_line,
)


def line(pitches, instrument=1):
    return [Note(instrument, int(p), i * 0.5, i * 0.5 + 0.4, 80) for i, p in enumerate(pitches)]


def tune(seed, n=50):
    return 60 + np.cumsum(np.random.default_rng(seed).integers(-4, 5, n))


def test_the_top_line_takes_the_highest_of_each_chord():
    onset = np.array([0.0, 0.01, 0.5, 0.5, 1.0])
    assert top_line(onset, np.array([60, 64, 50, 48, 70])).tolist() == [64, 50, 70]


def test_a_transposed_melody_is_known():
    known, row = intervals(line(tune(1))), intervals(line(tune(1) + 5))
    found = profile([row], known)
    assert all(found[n] == [1.0] for n in RUNS) and longest_known(found, 0) == RUNS[-1]


def test_another_melody_is_not_known():
    found = profile([intervals(line(tune(2)))], intervals(line(tune(1, 500))))
    assert found[8] == [0.0] and longest_known(found, 0) < 8


def test_a_quoted_passage_is_found_at_its_length():
    mine = np.concatenate([tune(3, 20), 70 + np.cumsum(np.diff(tune(1))[:12])])
    found = profile([intervals(line(mine))], intervals(line(tune(1))))
    assert 8 <= longest_known(found, 0) <= 12


def test_no_run_crosses_from_one_melody_to_the_next():
    two = intervals(line(tune(1, 6)) + line(tune(2, 6), instrument=2))
    whole = np.concatenate([np.diff(tune(1, 6)), np.diff(tune(2, 6))])
    assert profile([whole], two)[6] == [0.0]


def test_too_short_a_row_has_no_share():
    assert np.isnan(profile([intervals(line([60, 62]))], intervals(line(tune(1))))[8][0])


def test_the_melodies_of_a_corpus_are_its_parts(corpus):
    row = corpus_intervals(corpus, corpus.indices("train"))
    assert len(row) > 100 and (np.abs(row) <= 64).all()
