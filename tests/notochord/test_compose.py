"""notochord score: pieces of four voices as MIDI and MusicXML, and the figures of them."""

import json
from xml.etree import ElementTree as etree

import numpy as np
import pytest

from notochord import cli
from notochord.compose import Manner, compose, voiced
from notochord.evaluate import Brain
from notochord.midifile import read_notes
from notochord.score import QUARTER, in_ticks
from notochord.score_measures import chords, distributions, measure, overlaps, shared, top_line
from tests.notochord.scores import score_brain, score_corpus

NOTHING = np.zeros((0, 3), dtype=np.int64)


@pytest.fixture(scope="module")
def brain(tmp_path_factory):
    return score_brain(tmp_path_factory.mktemp("score"), int8=True)


@pytest.fixture(scope="module")
def brain_path(brain, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    return next(folder.glob("score*/score-True.brain"))


@pytest.fixture(scope="module")
def scores_file(tmp_path_factory):
    return score_corpus(tmp_path_factory.mktemp("corpus"))


def composed(brain, seed=0, begun=NOTHING, **manner):
    manner = Manner(**{"quarters": 16, **manner})
    with brain._torch.inference_mode():
        return compose(brain.network, np.random.default_rng(seed), manner, begun)


def at_most(voices):
    return max(
        sum(note.start <= now < note.end for voice in voices for note in voice)
        for voice in voices for note in voice for now in (note.start,)
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_a_piece_has_no_more_voices_than_four_and_each_sings_one_note_at_a_time(brain, seed):
    score = composed(brain, seed)
    onsets, lengths = in_ticks(score)
    assert max(((onsets <= t) & (onsets + lengths > t)).sum() for t in onsets) <= 4
    voices = voiced(score)
    assert sum(map(len, voices)) == len(score) and at_most(voices) <= 4
    for voice in voices:
        assert all(a.end <= b.start for a, b in zip(voice, voice[1:], strict=False))


@pytest.mark.parametrize("seed", range(3))
def test_a_piece_is_as_long_as_was_asked_for_or_longer_and_ends_on_a_bar(brain, seed):
    voices = voiced(composed(brain, seed))
    end = max(note.end for voice in voices for note in voice)
    assert end >= 16 * QUARTER and end % (4 * QUARTER) == 0


def test_a_piece_begins_with_what_it_is_given(brain):
    begun = composed(brain, 9)[:12]
    assert (composed(brain, 1, begun)[:12] == begun).all()


def test_music_of_more_voices_is_cut_to_four_and_none_overlap(brain):
    chord = np.array([[0, 8, pitch] for pitch in (40, 47, 52, 59, 64, 71)])
    later = np.array([[8, 8, 50], [0, 8, 60], [0, 8, 70]])
    for voice in voiced(np.concatenate([chord, later])):
        assert all(a.end <= b.start for a, b in zip(voice, voice[1:], strict=False))


def test_the_same_seed_writes_the_same_score_and_another_another(brain):
    assert (composed(brain, 3) == composed(brain, 3)).all()
    assert composed(brain, 3).tolist() != composed(brain, 4).tolist()


def test_the_command_writes_midi_and_musicxml_of_the_same_notes(
    brain_path, scores_file, tmp_path, capsys
):
    out, figures = tmp_path / "out", tmp_path / "figures.json"
    options = ["score", "--brain", str(brain_path), "--out", str(out), "--pieces", "3"]
    options += ["--quarters", "16", "--bpm", "120", "--corpus", str(scores_file)]
    assert cli.main([*options, "--begin-with", "8", "--json", str(figures)]) == 0
    assert "overlap with the music" in capsys.readouterr().out
    found = json.loads(figures.read_bytes())
    assert found["pieces"] == 3 and set(found["overlap"]["composed"]) >= {"top line", "dT", "T"}
    for n in range(3):
        notes = read_notes(out / f"{n:03d}.mid")
        root = etree.fromstring((out / f"{n:03d}.musicxml").read_bytes())
        written = [
            note for note in root.iter("note") if note.find("pitch") is not None
            and "stop" not in [tie.get("type") for tie in note.findall("tie")]
        ]  # fmt: skip
        assert len(root.findall("part")) == 4 and len(written) == len(notes)


def test_another_kind_of_brain_is_refused_in_one_line(int8_file, tmp_path, capsys):
    assert cli.main(["score", "--brain", str(int8_file), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "cannot write a score" in told and told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_beginning_without_a_corpus_is_refused(brain_path, tmp_path, capsys):
    options = ["score", "--brain", str(brain_path), "--out", str(tmp_path), "--begin-with", "4"]
    assert cli.main(options) == 2
    assert "--corpus" in capsys.readouterr().err


def test_evaluate_tells_the_three_losses_apart(brain_path, scores_file, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    options = ["evaluate", "--brain", str(brain_path), "--corpus", str(scores_file)]
    assert cli.main([*options, "--json", str(figures)]) == 0
    assert "note of js_fakes" in capsys.readouterr().out
    found = json.loads(figures.read_bytes())
    parts = sum(found["parts"][part]["mean"] for part in ("dT", "T", "P"))
    assert found["mean"]["mean"] == pytest.approx(parts)
    assert found["mean"]["lo"] <= found["mean"]["mean"] <= found["mean"]["hi"]
    assert Brain.load(brain_path).sha256 == found["brain_sha256"]


def test_music_overlaps_wholly_with_itself_and_partly_with_other(scores_file, brain):
    own = distributions([composed(brain, n) for n in range(3)])
    other = distributions([composed(brain, n, rhythm=2.0, temperature=2.0) for n in range(3)])
    assert all(value == pytest.approx(1.0) for value in overlaps(own, own).values())
    assert all(0.0 <= value < 0.999 for value in overlaps(own, other).values())


def test_chords_and_their_top_line_are_read_from_a_score():
    score = np.array([[0, 8, 60], [0, 8, 67], [8, 8, 62], [0, 8, 65]])
    assert [chord.tolist() for chord in chords(score)] == [[60, 67], [62, 65]]
    assert top_line(score).tolist() == [67, 65]


def test_pieces_share_all_with_their_copies_and_nothing_with_strangers():
    rng = np.random.default_rng(0)
    pieces = [
        np.stack([np.full(60, 8), np.full(60, 8), rng.integers(40, 80, 60)], 1) for _ in range(3)
    ]
    assert shared([pieces[0], pieces[0] + np.array([0, 0, 5])])["8"] == 1.0  # in another key, too
    assert shared(pieces)["8"] == 0.0


def test_music_itself_is_measured_beside_what_is_composed(scores_file):
    from notochord.corpus import Corpus
    from notochord.score_measures import reference

    corpus = Corpus(scores_file)
    sources = ("js_fakes", "openhymnal")
    trained = reference(corpus, "train", sources)
    found = measure(trained, corpus, "valid", sources)
    assert found["known"]["composed"]["8"] == 1.0 > found["known"]["music"]["8"]
    assert found["overlap"]["composed"] == found["overlap"]["music"]
