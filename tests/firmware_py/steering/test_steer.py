from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from firmware_py.cli import main
from firmware_py.message import control, note_off, note_on
from firmware_py.panel.travel import whole_travel
from firmware_py.settings import FIELDS
from firmware_py.steering import measure as module
from firmware_py.steering import statistics as stat
from firmware_py.steering.measure import BrainHere, Curve, beginning, measure, spearman
from firmware_py.steering.statistics import Heard
from firmware_py.steering.sweeps import SWEEPS, UNMEASURED
from notochord.event import Note

TUNE = [
    (0.25 * n + off, "kbd", note_off(0, 60 + n % 7) if off else note_on(0, 60 + n % 7, 80))
    for n in range(24)
    for off in (0.0, 0.2)
]


@pytest.fixture(scope="module")
def brain(tiny_brain) -> BrainHere:
    return BrainHere(tiny_brain)


def curve(*rows: list[float | None], way: int = 1) -> Curve:
    sweep = next(s for s in SWEEPS.values() if s.way == way and not s.by_ratio)
    return Curve(sweep, list(range(len(rows[0]))), [list(row) for row in rows])


def test_a_curve_that_always_rises_is_monotone():
    found = curve([1, 2, 3], [2, 3, 4])
    assert (found.rho(), found.inversions(), found.dead()) == (pytest.approx(1), 0, 0)


def test_a_step_back_and_a_step_that_stands_still_are_counted():
    found = curve([0, 50, 40, 100, 100])
    assert (found.inversions(), found.dead()) == (1, 1)
    assert 0.8 < found.rho() < 1


def test_a_step_back_is_beyond_chance_when_every_performance_takes_it():
    shaky = [[0.0, 5.0, 3.0], [0.0, 3.0, 5.0], [0.0, 4.1, 4.0]] * 3
    assert (curve(*shaky).inversions(), curve(*shaky).surely_back()) == (1, 0)
    firm = [[0.0, 5.0 + n, 3.0 + n] for n in range(9)]
    assert (curve(*firm).inversions(), curve(*firm).surely_back()) == (1, 1)
    assert curve(*[[5.0, 3.0, 0.0]] * 9, way=-1).surely_back() == 0


def test_what_chance_does_is_said_where_some_performances_say_nothing():
    rows = [[1.0, None, 3.0, 2.0], [1.0, None, 3.0, None], [None, None, None, 3.5]]
    assert (curve(*rows).inversions(), curve(*rows).surely_back()) == (1, 0)
    assert curve([None, None, None]).surely_back() == 0


def test_a_knob_that_ought_to_fall_is_rated_for_falling():
    found = curve([3, 2, 1], way=-1)
    assert (found.rho(), found.inversions()) == (pytest.approx(1), 0)


def test_a_knob_that_turns_by_ratios_is_rated_by_ratios():
    found = Curve(SWEEPS["density"], [1, 2, 3, 4], [[0.5, 1, 50, 100]])
    assert found.dead() == 0
    assert Curve(SWEEPS["balance"], [1, 2, 3, 4], [[0.5, 1, 50, 100]]).dead() == 1


def test_a_curve_that_never_moves_is_dead():
    found = curve([5, 5, 5])
    assert (found.rho(), found.dead()) == (0, 2)


def test_runs_that_say_nothing_are_left_out_of_the_mean():
    assert curve([1, None, 3], [3, 2, None]).mean().tolist() == [2, 2, 3]


def test_a_place_of_which_nothing_can_be_said_is_left_out_and_never_taken_for_nought():
    found = curve([1, 2, None, 4])
    assert np.isnan(found.mean()[2])
    assert (found.rho(), found.inversions()) == (pytest.approx(1), 0)
    assert found.as_json()["mean"][2] is None


def test_spearman_shares_ranks():
    assert spearman(np.array([1.0, 1.0, 2.0])) == pytest.approx(0.866, abs=1e-3)
    assert spearman(np.array([3.0, 2.0, 1.0])) == pytest.approx(-1)


def test_what_is_held_when_the_piece_is_cut_is_let_go():
    messages = [(1.0, "a", note_on(0, 60, 80)), (1.5, "a", control(0, 64, 127)),
                (3.0, "a", note_on(0, 62, 80)), (9.0, "a", note_off(0, 60))]  # fmt: skip
    assert beginning(messages, 4.0) == [
        (0.0, "a", note_on(0, 60, 80)), (0.5, "a", control(0, 64, 127)),
        (2.0, "a", note_on(0, 62, 80)), (4.0, "a", note_off(0, 60)), (4.0, "a", note_off(0, 62)),
        (4.0, "a", control(0, 64, 0)),
    ]  # fmt: skip


def heard(*notes: Note, keys: tuple[Note, ...] = ()) -> Heard:
    return Heard(list(notes), list(keys), 0.0, 4.0)


LINE = [Note(1, 60 + n, 0.5 * n, 0.5 * n + 0.25, 10 * (n + 1)) for n in range(8)]


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        (stat.notes_a_second, 2.0), (stat.pitch_entropy, 3.0), (stat.contrast, 0.0),
        (stat.looseness, 0.0), (stat.velocity, 45.0), (stat.short_notes, 0.25),
        (stat.long_notes, 0.25), (stat.at_once, 1.0), (stat.lowest, 60.35),
        (stat.highest, 66.65), (stat.off_the_grid, 0.0), (stat.cellos_share, 0.0),
    ],
)  # fmt: skip
def test_statistics_of_an_even_line_of_eight_notes(statistic, value):
    assert statistic(heard(*LINE)) == pytest.approx(value)


def line(*steps: float) -> Heard:
    """A line of notes that are so many seconds apart."""
    starts = np.cumsum([0.0, *steps])
    return heard(*(Note(1, 60, start, start + 0.05, 64) for start in starts))


def test_longs_and_shorts_in_turns_are_full_of_contrast_and_yet_exact():
    swung = line(*[0.2, 0.4] * 4)
    assert stat.contrast(swung) == pytest.approx(200 / 3)
    assert stat.looseness(swung) == pytest.approx(0.0, abs=1e-9)


def test_the_same_longs_and_shorts_in_another_order_are_as_exact():
    mixed = line(0.2, 0.2, 0.4, 0.2, 0.4, 0.4, 0.4, 0.2)
    assert stat.looseness(mixed) == pytest.approx(0.0, abs=1e-9)


def test_a_loose_line_differs_from_itself_by_so_many_percent_and_has_little_contrast():
    loose = line(*[0.2, 0.21] * 4)
    assert stat.looseness(loose) == pytest.approx(100 * np.log(1.05))
    assert stat.contrast(loose) == pytest.approx(100 * 0.1 / 2.05)


def test_a_step_unlike_all_before_says_nothing_of_looseness():
    assert stat.looseness(line(*[0.2] * 7, 0.8, *[0.2] * 3)) == pytest.approx(0.0, abs=1e-9)
    assert stat.looseness(line(*[0.1 * 1.5**n for n in range(8)])) is None


def test_notes_struck_together_are_one_step():
    chords = [Note(1, 60 + n % 2, 0.5 * (n // 2) + 0.01 * (n % 2), 9.0, 64) for n in range(20)]
    assert stat.contrast(heard(*chords)) == pytest.approx(0.0)


def test_who_plays_on_your_beat_makes_it_clear_and_who_plays_beside_it_blurs_it():
    keys = tuple(Note(1, 60, beat * 0.5, beat * 0.5 + 0.2, 64) for beat in range(16))
    on_the_beat = [key._replace(instrument=34, pitch=40) for key in keys]
    late = np.random.default_rng(0).uniform(0.05, 0.45, 16)
    beside = [
        n._replace(start=n.start + by, end=n.end + by)
        for n, by in zip(on_the_beat, late, strict=True)
    ]
    clear, blurred = (
        stat.pulse(Heard(notes, list(keys), 0.0, 8.0)) for notes in (on_the_beat, beside)
    )
    assert clear > 0.8 > 0.6 > blurred


def test_statistics_beside_keys():
    keys = tuple(Note(1, 64, 0.5 * n, 0.5 * n + 0.2, 64) for n in range(8))
    assert stat.networks_share(heard(*LINE, keys=keys)) == 0.5
    assert stat.voices_a_key(heard(*LINE, keys=keys)) == 1.0
    assert stat.from_key(heard(*LINE, keys=keys)) == pytest.approx(2.0)
    assert stat.wait(heard(Note(1, 60, 3.0, 4.0, 64), keys=keys[:2])) == pytest.approx(2.3)


def test_of_too_few_notes_nothing_is_said():
    assert stat.velocity(heard(*LINE[:3])) is None


def test_every_knob_that_is_a_number_is_swept_or_steers_no_note_by_itself():
    assert UNMEASURED == {
        "deadline", "tempo", "preset_channel", "preset_next", "preset_previous"
    }  # fmt: skip


@pytest.mark.parametrize("name", [n for n in SWEEPS if n in FIELDS])
def test_a_knob_is_measured_at_even_places_of_the_travel_that_it_has_under_the_hand(name):
    found = SWEEPS[name].values(5)
    travel = whole_travel(name)
    assert found == [travel.value(place) for place in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert [found[0], found[-1]] == [FIELDS[name].metadata[end] for end in ("low", "high")]


@pytest.mark.parametrize("knob", ["softest", "loudest", "balance", "low", "high", "polyphony"])
def test_a_hard_knob_is_monotone_whatever_the_brain(knob, brain):
    found = measure(SWEEPS[knob], [TUNE], [0], brain, places=4)
    assert found.rho() > 0.7


def test_one_sweep_is_the_same_each_time(brain):
    first, second = (measure(SWEEPS["density"], [TUNE], [1], brain, 3).rows for _ in range(2))
    assert first == second


def test_where_chance_weighs_much_there_are_more_performances_and_longer_ones(brain, monkeypatch):
    played = []
    monkeypatch.setattr(module, "run", lambda m, sweep, v, link, seed: played.append(sweep.played))
    measure(SWEEPS["timing"], [TUNE], range(2 * SWEEPS["timing"].times), brain, places=2)
    measure(SWEEPS["balance"], [TUNE], range(2 * SWEEPS["balance"].times), brain, places=2)
    assert played == [16.0] * 64 + [8.0] * 4


def test_a_longer_performance_is_measured_to_its_end(brain, monkeypatch):
    heards = []
    sweep = replace(SWEEPS["balance"], played=12.0, statistic=heards.append)
    measure(sweep, [TUNE], [0], brain, places=2)
    assert [h.until - h.since for h in heards] == pytest.approx([12.0, 12.0], abs=0.1)
    assert max(note.start for note in heards[1].notes) > heards[1].since + 10.0


def test_the_command_writes_figures_and_a_picture_and_says_what_it_found(
    tiny_brain, tmp_path, capsys
):
    figures, picture = tmp_path / "f.json", tmp_path / "p.png"
    command = ["steer", "--brain", str(tiny_brain), "--only", "loudest", "--seeds", "1",
               "--places", "3", "--json", str(figures), "--png", str(picture)]  # fmt: skip
    assert main(command) == 0
    assert "loudest" in capsys.readouterr().out
    found = json.loads(figures.read_text())["knobs"]["loudest"]
    assert found["values"] == [1, 64, 127] and len(found["mean"]) == 3
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_is_measured_already_is_not_measured_again(tiny_brain, tmp_path, monkeypatch, capsys):
    figures = tmp_path / "f.json"
    command = ["steer", "--brain", str(tiny_brain), "--only", "loudest", "--seeds", "1",
               "--places", "2", "--json", str(figures)]  # fmt: skip
    assert main(command) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr("firmware_py.steering.bench.measure", None)  # calling it raises
    assert main(command) == 0
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(
    "another", [{"how": {"statistic": "another"}}, {"values": [0, 127]}],
    ids=["another statistic", "another travel"],
)  # fmt: skip
def test_what_was_measured_in_another_way_is_measured_again(tiny_brain, tmp_path, capsys, another):
    figures = tmp_path / "f.json"
    command = ["steer", "--brain", str(tiny_brain), "--only", "loudest", "--seeds", "1",
               "--places", "2", "--json", str(figures)]  # fmt: skip
    assert main(command) == 0
    held = json.loads(figures.read_text())
    runs = held["knobs"]["loudest"]["runs"]
    held["knobs"]["loudest"] |= {**another, "runs": [[1.0, 2.0]]}
    figures.write_text(json.dumps(held))
    assert main(command) == 0
    assert json.loads(figures.read_text())["knobs"]["loudest"]["runs"] == runs


@pytest.mark.parametrize(
    "content", ["{}", "not json", json.dumps({"about": {}, "knobs": {}}), "[1]",
                json.dumps({"about": {}, "knobs": {"loudest": 1}})]
)  # fmt: skip
def test_a_file_of_something_else_is_left_alone_and_named(tiny_brain, tmp_path, capsys, content):
    figures = tmp_path / "f.json"
    figures.write_text(content)
    command = ["steer", "--brain", str(tiny_brain), "--json", str(figures)]
    assert main(command) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "f.json" in err
    assert figures.read_text() == content


def test_a_brain_that_is_missing_is_one_line_with_exit_code_2(tmp_path, capsys):
    command = ["steer", "--brain", str(tmp_path / "no.brain"), "--json", str(tmp_path / "f.json")]
    assert main(command) == 2
    assert capsys.readouterr().err.count("\n") == 1
