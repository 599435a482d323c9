"""The roles, judged: ranks, the local key, and a chord rule, on music that is known."""

import json

import numpy as np
import pytest

from notochord.cli import main
from notochord.event import Event
from notochord.roles import Lately, chord_rule, chords, rank

EVERY = np.ones(128, dtype=bool)


def rng():
    return np.random.default_rng(0)


def test_the_first_of_the_list_has_rank_0_and_the_last_rank_1():
    scores = np.arange(128.0)
    assert rank(scores, EVERY, 127, rng()) == 0.0
    assert rank(scores, EVERY, 0, rng()) == 1.0


def test_equal_scores_are_ranked_by_chance():
    chance = rng()
    ranks = [rank(np.zeros(128), EVERY, 60, chance) for _ in range(2000)]
    assert 0.45 < np.mean(ranks) < 0.55


def test_the_local_key_is_that_of_the_last_ten_seconds():
    lately = Lately()
    for n, pitch in enumerate([61, 63, 66, 68, 70] * 3 + [60, 62, 64, 65, 67, 69, 71] * 3):
        lately.take(Event(1, pitch, 0.5 if n else 0.0, 80))
    lately.take(Event(1, 60, 5.0, 0))
    assert np.flatnonzero(lately.scale()).tolist() == [0, 2, 4, 5, 7, 9, 11]


def test_the_chord_rule_puts_the_triad_first():
    scale = np.isin(np.arange(12), [0, 2, 4, 5, 7, 9, 11])
    best = np.argsort(-chord_rule(scale, 60))[:4]
    assert {int(p) % 12 for p in best} == {4, 7}


def test_a_chord_is_three_notes_that_begin_together():
    events = [
        Event(1, 60, 0.0, 80), Event(1, 64, 0.0, 80), Event(1, 60, 0.5, 0), Event(1, 64, 0.0, 0),
        Event(1, 62, 0.0, 80), Event(1, 65, 0.0, 80), Event(1, 69, 0.0, 80),
    ]  # fmt: skip
    (place, struck), = chords(events)
    assert place == 4 and [e.pitch for e in struck] == [62, 65, 69]


def test_drums_make_no_chord():
    assert not list(chords([Event(129, p, 0.0, 80) for p in (36, 38, 42)]))


def test_the_command_prints_a_table_and_writes_json(corpus_file, int8_file, tmp_path, capsys):
    out = tmp_path / "roles.json"
    code = main([
        "roles", "--corpus", str(corpus_file), "--brain", str(int8_file), "--split", "valid",
        "--pieces", "2", "--json", str(out),
    ])  # fmt: skip
    assert code == 0 and "autopitch" in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert result["harmonise"]["rank"]["chance"]["median"] == pytest.approx(0.5, abs=0.15)
    assert 0 <= result["harmonise"]["in_key"]["brain"] <= 1
