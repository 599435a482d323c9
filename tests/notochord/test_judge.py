"""Judging: true music is like itself, and a run that goes wrong is seen to."""

import json
from dataclasses import replace

import numpy as np
import pytest

from notochord.ask import Temperatures
from notochord.brain import Brain
from notochord.cli import main
from notochord.corpus import Corpus, CorpusError
from notochord.event import Note
from notochord.judge import (
    alone,
    as_heard,
    compare,
    continuation,
    healthy,
    heard,
    manner_of,
    overlap,
    trials,
)
from notochord.kinds import NOTOCHORD, PERFORMANCE_RNN
from notochord.sample import Manner, plainly


@pytest.fixture(scope="module")
def rows(long_corpus):
    return trials(Corpus(long_corpus), "valid", 4)


def test_a_trial_is_a_prompt_what_follows_it_and_another_piece(rows):
    assert len(rows) == 4 and len({row.path for row in rows}) == 4
    for row in rows:
        assert all(0 <= n.start < 10 for n in row.prompt)
        assert all(0 <= n.start < 30 and n.end < 30.001 for n in row.true)
        assert row.other != row.true


def test_a_corpus_of_short_pieces_is_refused(corpus):
    with pytest.raises(CorpusError, match="no piece of 40 s"):
        trials(corpus, "valid", 4)


def test_a_kind_that_knows_one_instrument_hears_every_part_as_it_and_no_drums():
    notes = [Note(1, 60, 0, 1, 80), Note(41, 64, 0, 1, 80), Note(129, 36, 0, 1, 80)]
    assert as_heard(notes, NOTOCHORD) == notes
    assert [n.instrument for n in as_heard(notes, PERFORMANCE_RNN)] == [1, 1]


def test_a_kind_is_judged_on_what_it_learns_from(long_corpus):
    with pytest.raises(CorpusError, match="for a performance_rnn"):
        trials(Corpus(long_corpus), "valid", 4, kind=PERFORMANCE_RNN)
    kind = replace(PERFORMANCE_RNN, sources=("a",))
    rows = trials(Corpus(long_corpus), "valid", 9, kind=kind)
    assert 0 < len(rows) < 5 and {n.instrument for row in rows for n in row.prompt} == {1}


def test_every_kind_plays_as_it_was_described(brain, token_brain):
    assert manner_of(brain, None) == Manner()
    assert manner_of(brain, 0.7) == Manner(temperature=0.7)
    other = manner_of(Brain.load(token_brain), None)
    assert other == plainly(1.0) and other.temperatures == Temperatures(1.0, 1.0, 1.0, 1.0)


def test_what_sounds_at_the_cut_is_left_sounding(rows):
    sounding = set()
    for event in heard(rows[0]):
        change = sounding.add if event.velocity else sounding.discard
        change((event.instrument, event.pitch))
    over = {(n.instrument, n.pitch) for n in rows[0].prompt if n.end > 10}
    assert over <= sounding


def test_a_continuation_holds_none_of_the_prompt_and_is_the_same_for_one_seed(brain, rows):
    manner = Manner(busiest=8)
    ours = continuation(brain, rows[0], manner, 3)
    assert ours and all(0 <= n.start <= 30 for n in ours)
    assert ours == continuation(brain, rows[0], manner, 3)
    assert {n.instrument for n in ours} <= {n.instrument for n in rows[0].prompt}


def test_the_true_continuations_overlap_wholly_with_themselves(rows):
    found = compare(rows, [row.true for row in rows])
    for row in found["numbers"].values():
        assert row["ours"]["mean"] == row["true"]["mean"]
    shares = found["histograms"]["instruments"]["likeness_to_prompt"]
    assert shares["ours"] == shares["true"] > 0.9


def test_like_sets_overlap_more_than_unlike_ones():
    rng = np.random.default_rng(0)
    true, near, far = rng.normal(0, 1, 60), rng.normal(0, 1, 60), rng.normal(6, 1, 60)
    assert overlap(near, true) > 0.85 > 0.5 > overlap(far, true)


def steady(seconds: float) -> list[Note]:
    return [Note(1, 60 + i % 7, i * 0.5, i * 0.5 + 0.4, 80) for i in range(int(seconds * 2))]


def test_a_steady_run_is_healthy():
    found = alone(steady(120), 120.0)
    assert healthy(found) and found["most_sounding"] == 1 and found["longest_loop"] == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        [n for n in steady(120) if not 40 < n.start < 50],
        [*steady(120), *(Note(2, 60, 100 + i / 50, 100.01 + i / 50, 80) for i in range(900))],
        [n._replace(pitch=60) for n in steady(120)],
        [Note(1, i % 128, i * 0.5, 120.0, 80) for i in range(240)],
    ],
    ids=["silence", "runaway", "loop", "piling up"],
)
def test_what_goes_wrong_alone_is_not_healthy(spoilt):
    assert not healthy(alone(sorted(spoilt, key=lambda n: n.start), 120.0))


def test_the_command_prints_a_table_and_writes_json_and_midi(
    long_corpus, int8_file, tmp_path, capsys
):
    out = tmp_path / "judge.json"
    code = main([
        "judge", "--corpus", str(long_corpus), "--brain", str(int8_file), "--split", "valid",
        "--continuations", "2", "--minutes", "0.2", "--json", str(out),
        "--midi", str(tmp_path / "midi"),
    ])  # fmt: skip
    assert code == 0 and "pulse" in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert set(result["free_runs"]) == {"0.7", "1", "1.3"}
    assert result["continuations"] == 2 and result["novelty"]["ours"]["known"]
    assert len(list((tmp_path / "midi").glob("*.mid"))) == 2
