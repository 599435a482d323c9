"""The corpus in one file."""

import numpy as np
import pytest

from notochord.batches import plain_instruments
from notochord.corpus import Corpus, CorpusError, piece_events, prepare
from notochord.midifile import notes_to_events, read_notes


def test_broken_files_are_counted_and_left_out(corpus_folder, tmp_path):
    count = prepare(corpus_folder, tmp_path / "c.npz", processes=1)
    assert (count["read"], count["skipped"]) == (9, 1)
    corpus = Corpus(tmp_path / "c.npz")
    assert len(corpus) == 9
    assert sum(corpus.notes(i) for i in range(9)) == count["notes"]


def test_a_piece_has_the_notes_of_its_file(corpus, corpus_folder):
    for index in range(len(corpus)):
        notes = read_notes(corpus_folder / str(corpus.paths[index]))
        piece = corpus.piece(index)
        assert sorted(piece.pitch.tolist()) == sorted(note.pitch for note in notes)
        at = [round(1000 * note.start) for note in notes]
        assert np.abs(np.sort(piece.start) - np.sort(at)).max() <= 1


def test_a_piece_has_the_events_of_its_file(corpus, corpus_folder):
    piece = corpus.piece(0)
    events = piece_events(piece, plain_instruments(piece))
    expected = notes_to_events(read_notes(corpus_folder / "0.mid"))
    rows = list(zip(events.instrument, events.pitch, events.velocity, strict=True))
    assert rows == [(e.instrument, e.pitch, e.velocity) for e in expected]
    assert np.allclose(events.dt, [e.dt for e in expected], atol=0.0011)


def test_a_tier_leaves_the_others_out(corpus_folder, tmp_path):
    prepare(corpus_folder, tmp_path / "c.npz", tier="open", processes=1)
    corpus = Corpus(tmp_path / "c.npz")
    assert set(corpus.tiers.tolist()) == {"open"}
    assert "4.mid" not in corpus.paths.tolist()


def test_every_piece_is_in_one_split(corpus):
    splits = [corpus.indices(split) for split in ("train", "valid", "test")]
    assert [len(indices) for indices in splits] == [5, 3, 1]
    assert sorted(sum(splits, [])) == list(range(9))


def test_an_unknown_tier_is_refused(corpus_folder, tmp_path):
    with pytest.raises(CorpusError, match="tier 'secret'"):
        prepare(corpus_folder, tmp_path / "c.npz", tier="secret")


def test_a_folder_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="manifest.csv"):
        prepare(tmp_path, tmp_path / "c.npz")


def test_a_manifest_without_a_column_is_refused(tmp_path):
    (tmp_path / "manifest.csv").write_text("path,source,licence,split\na.mid,a,CC0,train\n")
    with pytest.raises(CorpusError, match="no column tier"):
        prepare(tmp_path, tmp_path / "c.npz")


def test_a_corpus_of_broken_files_alone_is_refused(tmp_path):
    (tmp_path / "a.mid").write_bytes(b"broken")
    text = "path,source,licence,split,tier\na.mid,a,CC0,train,open\n"
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(CorpusError, match="none of the 1 files"):
        prepare(tmp_path, tmp_path / "c.npz", processes=1)
    assert not (tmp_path / "c.npz").exists()


def test_a_place_that_cannot_be_written_is_refused_and_left_clean(corpus_folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CorpusError, match="could not be written"):
        prepare(corpus_folder, tmp_path / "file" / "c.npz", processes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_missing_corpus_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(CorpusError, match="notochord prepare"):
        Corpus(tmp_path / "none.npz")


@pytest.mark.parametrize("kept", [0, 10, 1000])
def test_a_corpus_cut_short_is_refused(corpus_file, tmp_path, kept):
    (tmp_path / "cut.npz").write_bytes(corpus_file.read_bytes()[:kept])
    with pytest.raises(CorpusError, match="prepare it again"):
        Corpus(tmp_path / "cut.npz")


def test_a_corpus_of_another_format_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", format=99)
    with pytest.raises(CorpusError, match="another format"):
        Corpus(tmp_path / "other.npz")
