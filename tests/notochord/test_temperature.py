"""What a temperature does, measured: repetition, and whether a performance falls over."""

import json

import pytest

from notochord.brain import Brain
from notochord.cli import main
from notochord.event import Note
from notochord.sample import plainly
from notochord.temperature import ARTICLE, measure, table, told


def melody(pitches, step=0.25):
    return [Note(1, p, n * step, (n + 1) * step, 60 + n % 5) for n, p in enumerate(pitches)]


def test_one_temperature_is_that_of_every_token():
    t = plainly(1.3).temperatures
    assert (t.pitch, t.rhythm, t.timing, t.velocity) == (1.3, 1.3, 1.3, 1.3)
    assert plainly(1.3).top_p == 1.0 and ARTICLE[0] == 0.8 and ARTICLE[-1] == 2.0


def test_a_melody_that_goes_round_is_repeated_and_one_that_goes_on_is_not():
    squares = [60 + (n * n) % 23 for n in range(20)]
    round_and_round = told(melody(squares[:10] * 12), 30.0)["repeated"]
    onward = told(melody([40 + (n * n * n + 7 * n * n) % 47 for n in range(40)]), 10.0)["repeated"]
    assert round_and_round > 0.8 and onward < 0.2


def test_one_key_alone_has_no_entropy_and_eight_keys_have_three_bits():
    assert told(melody([60] * 16), 4.0)["pitch_entropy"] == pytest.approx(0.0)
    assert told(melody(list(range(60, 68)) * 2), 4.0)["pitch_entropy"] == pytest.approx(3.0)


def test_a_performance_that_falls_silent_is_not_healthy():
    assert told(melody([60, 64, 67] * 13), 10.0)["healthy"] == 1.0
    assert told(melody([60, 64, 67]), 30.0)["healthy"] == 0.0


def test_silence_is_told_without_a_mistake():
    assert told([], 10.0)["notes_a_second"] == 0.0


def test_a_higher_temperature_draws_what_is_less_likely(token_brain, tmp_path):
    found = measure(Brain.load(token_brain), [0.05, 1.0], 2, 20.0, keep=tmp_path)
    assert list(found) == ["0.05", "1"]
    assert found["0.05"]["pitch_entropy"] < found["1"]["pitch_entropy"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "temperature-0.05.mid", "temperature-1.mid"
    ]  # fmt: skip
    assert len(table(found).splitlines()) == 3


def test_the_command_writes_its_figures(token_brain, tmp_path, capsys):
    out = tmp_path / "t.json"
    argv = ["temperature", "--brain", str(token_brain), "--temperatures", "1", "--seconds", "2",
            "--performances", "1", "--json", str(out)]  # fmt: skip
    assert main(argv) == 0
    figures = json.loads(out.read_text())
    assert figures["brain"] == "roll" and list(figures["temperatures"]) == ["1"]
    assert "pitch_entropy" in capsys.readouterr().out
