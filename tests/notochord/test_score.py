"""The normalised score: what is played becomes note values, and no error adds up."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notochord.corpus import Corpus
from notochord.score import (
    DILATIONS,
    LENGTHS,
    QUARTER,
    WAITS,
    in_ticks,
    length_of,
    normalised,
    wait_of,
)
from tests.notochord.scores import TICKS, chorale, score_corpus, score_file


def prepared(notes, folder, tempi=None):
    from notochord.corpus import prepare

    score_file(notes, folder / "a.mid", tempi)
    (folder / "manifest.csv").write_text(
        "path,source,licence,split,tier\na.mid,js_fakes,CC0,train,open", encoding="utf-8"
    )
    prepare(folder, folder / "a.npz", processes=1)
    corpus = Corpus(folder / "a.npz")
    return normalised(corpus.piece(0), corpus.tempi(0))


def written(notes):
    """Onset and length in score ticks, and pitch, of each note of a file."""
    unit = TICKS // QUARTER
    return sorted((a // unit, (b - a) // unit, pitch) for a, b, pitch in notes)


def read(score):
    onsets, lengths = in_ticks(score)
    return sorted(zip(onsets.tolist(), lengths.tolist(), score[:, 2].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_a_score_is_read_as_it_is_written_whatever_its_tempi(seed, tmp_path):
    notes = chorale(seed)
    tempi = {0: 500_000, 7 * TICKS: 731_000, 11 * TICKS + 240: 410_000}
    assert read(prepared(notes, tmp_path, tempi)) == written(notes)


def test_notes_that_sound_a_little_short_and_a_little_late_are_read_as_written(tmp_path):
    notes = chorale(3)
    played = [(a + (7 if pitch < 60 else 0), b - (b - a) // 20, pitch) for a, b, pitch in notes]
    assert read(prepared(played, tmp_path)) == written(notes)


def test_triplets_are_read_as_triplets(tmp_path):
    third = TICKS // 3
    notes = [(n * third, (n + 1) * third, 60 + n) for n in range(9)]
    score = prepared(notes, tmp_path)
    assert {LENGTHS[n] for n in score[:, 1]} == {8}
    assert {WAITS[n] for n in score[1:, 0]} == {8}


def test_a_chord_is_in_order_of_pitch_and_at_once(tmp_path):
    score = prepared(chorale(4), tmp_path)
    at_once = score[1:, 0] == 0
    assert at_once.any() and (np.diff(score[:, 2])[at_once] > 0).all()


def test_two_voices_in_unison_are_one_note(tmp_path):
    notes = [(0, TICKS, 60), (0, 2 * TICKS, 60), (2 * TICKS, 3 * TICKS, 62)]
    assert len(prepared(notes, tmp_path)) == 2


def test_a_rest_longer_than_any_wait_is_the_longest_and_what_follows_is_on_time(tmp_path):
    notes = [(0, TICKS, 60), (40 * TICKS, 41 * TICKS, 62), (41 * TICKS, 42 * TICKS, 64)]
    score = prepared(notes, tmp_path)
    assert [WAITS[n] for n in score[:, 0]] == [0, WAITS[-1], QUARTER]


@given(st.sampled_from(WAITS), st.floats(-0.49, 0.49))
def test_a_wait_is_the_nearest_of_the_dictionary(wait, off):
    beside = min(abs(wait - other) for other in WAITS if other != wait)
    assert WAITS[wait_of(max(wait + off * beside, 0.0))] == wait


@given(st.sampled_from(LENGTHS))
def test_a_length_that_sounds_a_twentieth_short_is_still_itself(length):
    assert LENGTHS[length_of(0.95 * length)] == length or length in (30, 32, 84)


def test_a_dilation_changes_every_time_by_its_factor_or_is_none(tmp_path):
    score = prepared(chorale(5), tmp_path)
    onsets, lengths = in_ticks(score)
    fitted = {each.factor: each.of(score) for each in DILATIONS}
    assert fitted[Fraction(1, 8)] is None  # a quaver's eighth is in no dictionary
    assert sum(score is not None for score in fitted.values()) >= 4
    for factor, dilated in fitted.items():
        if dilated is not None:
            after, longer = in_ticks(dilated)
            assert (after == onsets * float(factor)).all()
            assert (longer == lengths * float(factor)).all()


def test_a_corpus_from_before_tempi_were_kept_says_so_in_one_line(tmp_path):
    from notochord.corpus import CorpusError

    path = score_corpus(tmp_path / "midi", 3)
    with np.load(path) as file:
        kept = {n: file[n] for n in file.files if n not in ("tempi", "tempo_at", "quarter")}
    np.savez(tmp_path / "old.npz", **kept)
    old = Corpus(tmp_path / "old.npz")
    assert len(old.piece(0).pitch)
    with pytest.raises(CorpusError, match="prepare it again") as caught:
        old.tempi(0)
    assert "\n" not in str(caught.value)
