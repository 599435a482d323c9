"""The sections of the model card that tell what was measured."""

import json
from dataclasses import replace

import pytest

from notochord import findings, token_evaluate
from notochord.bench import bench
from notochord.brain import Brain
from notochord.cli import main
from notochord.corpus import Corpus
from notochord.evaluate import evaluate
from notochord.judge import judge
from notochord.kinds import KINDS, PERFORMANCE_RNN
from notochord.roles import roles
from notochord.sample import Manner
from notochord.temperature import measure


@pytest.fixture(scope="module")
def evaluation(int8_brain, net, corpus):
    return evaluate(int8_brain, corpus, "valid", net)


def versus_of(evaluation):
    """As `notochord versus evaluate` writes it."""
    original = {**evaluation, "parameters": 17_744_100, "notes": {"events": 4.2e6, "seconds": 2400}}
    return {
        "original": original, "ours": {**evaluation, "brain": "small"},
        "lower": {"mean": 0.25, "lo": 0.2, "hi": 0.3},
    }  # fmt: skip


def test_every_order_sub_event_and_source_has_its_row_with_the_interval(evaluation):
    text = "\n".join(findings.likelihood(evaluation))
    for order, figure in evaluation["nats_per_event"].items():
        assert f"| {order} | {figure['mean']:.3f} [{figure['lo']:.3f}" in text
    assert "| pitch given itv |" in text and "| velocity given nothing |" in text
    for source in evaluation["by_source"]:
        assert f"| {source} |" in text


def test_the_float_network_stands_beside_where_it_was_rated(evaluation):
    alone = {k: v for k, v in evaluation.items() if k != "float"}
    assert "float32" in "\n".join(findings.likelihood(evaluation))
    assert "float32" not in "\n".join(findings.likelihood(alone))


def test_each_training_of_the_original_has_a_row(evaluation):
    lines = findings.versus([versus_of(evaluation)] * 2)
    rows = [line for line in lines if "17.7 M parameters, 4.2 M events, 40 min" in line]
    assert len(rows) == 2 and "25.0% [20.0%, 30.0%]" in rows[0]


def test_a_judgement_tells_what_it_measured_and_at_which_temperature(int8_brain, long_corpus):
    result = judge(
        int8_brain, Corpus(long_corpus), Manner(temperature=0.95), "valid", 2, minutes=0.05,
        temperatures=(1.0,),
    )  # fmt: skip
    text = "\n".join(findings.music(json.loads(json.dumps(result))))
    assert "temperature 0.95" in text and "clearness of the pulse" in text
    assert "0.05 minutes alone" in text


def test_roles_and_speed_have_their_tables(int8_brain, corpus):
    assert "harmonise: rule" in "\n".join(findings.roles(roles(int8_brain, corpus, "train", 2)))
    assert "tell an event" in "\n".join(findings.speed(bench(int8_brain, iterations=10)))


def test_the_card_is_written_beside_the_brain(int8_file, evaluation, tmp_path):
    brain, figures = tmp_path / "x.brain", tmp_path / "e.json"
    brain.write_bytes(int8_file.read_bytes())
    figures.write_text(json.dumps(evaluation))
    (tmp_path / "x-1.png").touch()
    command = ["card", "--brain", str(brain), "--evaluation", str(figures), "--pictures", "x-1.png"]
    assert main([*command, "--hours", "1.3"]) == 0
    card = (tmp_path / "x.md").read_text()
    assert "## Likelihood" in card and "![x-1](x-1.png)" in card
    assert "That took 1.3 hours of one core" in card


def test_a_card_that_gains_a_picture_keeps_what_its_manifest_tells(int8_file, tmp_path):
    brain = tmp_path / "x.brain"
    brain.write_bytes(int8_file.read_bytes())
    (tmp_path / "x.png").touch()
    assert main(["card", "--brain", str(brain), "--pictures", "x.png"]) == 0
    card = (tmp_path / "x.md").read_text()
    assert "## Measured quality" in card and "![x](x.png)" in card


def test_a_picture_that_does_not_lie_beside_the_card_is_one_line(int8_file, tmp_path, capsys):
    brain = tmp_path / "x.brain"
    brain.write_bytes(int8_file.read_bytes())
    assert main(["card", "--brain", str(brain), "--pictures", "far/x-1.png"]) == 2
    error = capsys.readouterr().err
    assert "far/x-1.png: no such file beside the card" in error and error.count("\n") == 1


def test_figures_of_another_brain_are_refused_in_one_line(
    float_file, int8_file, evaluation, tmp_path, capsys
):
    (tmp_path / "e.json").write_text(json.dumps(evaluation))  # of the int8 brain
    brain = tmp_path / "x.brain"
    brain.write_bytes(float_file.read_bytes())
    assert main(["card", "--brain", str(brain), "--evaluation", str(tmp_path / "e.json")]) == 2
    assert "another brain" in capsys.readouterr().err and not (tmp_path / "x.md").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"mean": 1}'])
def test_what_is_no_measurement_is_refused_in_one_line(int8_file, tmp_path, text, capsys):
    (tmp_path / "bad.json").write_text(text)
    assert main(["card", "--brain", str(int8_file), "--roles", str(tmp_path / "bad.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_brain_over_tokens_tells_what_an_event_a_token_and_a_second_cost(token_brain, corpus):
    brain = Brain.load(token_brain)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, brain.manifest["network"], replace(PERFORMANCE_RNN, sources=None))
        result = token_evaluate.evaluate(brain, corpus, "valid")
    text = "\n".join(findings.likelihood(json.loads(json.dumps(result))))
    assert f"| one token | {result['nats_per_token']['mean']:.3f} [" in text
    assert all(f"| {source} |" in text for source in result["by_source"])


def test_every_temperature_has_its_row(token_brain):
    found = measure(Brain.load(token_brain), [0.8, 2.0], 1, 3.0)
    lines = findings.temperatures({"temperatures": found, "performances": 1, "seconds": 3.0})
    assert [line.split(" |")[0] for line in lines[-2:]] == ["| 0.8", "| 2"]
    assert len({line.count("|") for line in lines[-4:]}) == 1


def test_of_notes_in_score_time_every_source_and_part_has_its_figure():
    figure = {"mean": 2.0, "lo": 1.5, "hi": 2.5}
    block = {"mean": figure, "parts": {"dT": figure, "P": figure}, "pieces": 3, "events": 1200}
    about = {"unit": "note", "split": "test", "confidence": 0.99, "precision": "int8"}
    by_source = {"max_events": 2048, "by_source": {"hymns": block}}
    lines = findings.likelihood({**about, **block, **by_source})
    assert "| source | a note | dT | P | pieces | notes |" in lines
    assert lines[-1] == "| hymns " + "| 2.000 [1.500, 2.500] " * 3 + "| 3 | 1,200 |"
