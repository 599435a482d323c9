"""The command line: what it writes, and one line for everything that goes wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from notochord.brain import Brain
from notochord.cli import main
from notochord.corpus import Corpus
from notochord.models.notochord import CONFIGS
from notochord.train import Schedule, Trainer

FULL_DEVICE = Path("/dev/full")


@pytest.fixture(scope="module")
def checkpoint(corpus, tmp_path_factory):
    """A tiny network after three updates."""
    path = tmp_path_factory.mktemp("train") / "checkpoint.pt"
    trainer = Trainer(corpus, CONFIGS["tiny"], Schedule(lanes=2, length=16), bfloat16=False)
    for _ in range(3):
        trainer.step()
    trainer.save(path)
    return path


def refused(capsys, *argv):
    """The one line that a command is refused with."""
    capsys.readouterr()
    try:
        code = main([str(word) for word in argv])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2 and out == ""
    lines = [line for line in err.splitlines() if line.startswith("notochord:")]
    assert len(lines) == 1 and err.rstrip().endswith(lines[0])
    return lines[0]


def test_help_and_commands_that_need_no_network_do_not_import_torch():
    code = (
        "import sys\nfrom notochord.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as stop:\n    assert stop.code == 0\n"
        "assert not {'torch', 'matplotlib'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for command in ("prepare", "train", "evaluate", "export", "sample", "bench"):
        assert command in done.stdout


def test_a_corpus_is_prepared(corpus_folder, tmp_path, capsys):
    out = tmp_path / "c.npz"
    assert main(["prepare", "--corpus", str(corpus_folder), "--out", str(out)]) == 0
    assert "9 files" in capsys.readouterr().out and len(Corpus(out)) == 9


def test_training_writes_a_checkpoint(corpus_file, tmp_path):
    argv = ["train", "--corpus", corpus_file, "--out", tmp_path, "--size", "tiny", "--threads", 1,
            "--events", 64, "--lanes", 2, "--length", 16, "--check-batches", 1]  # fmt: skip
    assert main([str(word) for word in argv]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.pt", "log.csv", "loss.png"}


def test_export_evaluate_and_export_again_with_the_figures(
    checkpoint, corpus_file, tmp_path, capsys
):
    out, figures, picture = tmp_path / "x.brain", tmp_path / "e.json", tmp_path / "e.png"
    export = ["export", "--checkpoint", checkpoint, "--out", out, "--corpus", corpus_file]
    evaluate = ["evaluate", "--brain", out, "--corpus", corpus_file, "--checkpoint", checkpoint,
                "--max-events", 40, "--json", figures, "--png", picture]  # fmt: skip
    assert main([*map(str, export)]) == 0
    assert "Not measured" in out.with_suffix(".md").read_text()
    assert main([*map(str, evaluate)]) == 0
    assert main([*map(str, export), "--name", "small", "--evaluation", str(figures)]) == 0
    manifest, result = Brain.load(out).manifest, json.loads(figures.read_text())
    assert manifest["name"] == "small" and manifest["quality"]["mean"] == result["mean"]
    assert manifest["events_trained"] == 3 * 2 * 16 and manifest["seed"] == 0
    assert {row["source"] for row in manifest["sources"]} == {"a", "b"}
    card = out.with_suffix(".md").read_text()
    assert f"{result['mean']['mean']:.3f}" in card and "| a |" in card and "small" in card
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "mean of 24 orders" in capsys.readouterr().out


def test_a_sample_is_written_with_its_picture(int8_file, tmp_path, capsys):
    for name in ("a", "b"):
        argv = ["sample", "--brain", int8_file, "--out", tmp_path / f"{name}.mid", "--png",
                tmp_path / f"{name}.png", "--seconds", 4, "--instruments", "piano, drums"]
        assert main([*map(str, argv)]) == 0  # fmt: skip
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.mid").read_bytes()
    out = capsys.readouterr().out
    assert "notes in" in out and "piano" in out and "drums" in out
    assert len(list(tmp_path.iterdir())) == 4


def test_a_bench_is_printed_and_written(int8_file, tmp_path, capsys):
    argv = ["bench", "--brain", int8_file, "--iterations", 20, "--json", tmp_path / "b.json"]
    assert main([*map(str, argv)]) == 0
    assert "feed" in capsys.readouterr().out
    assert json.loads((tmp_path / "b.json").read_text())["iterations"] == 20


@pytest.mark.parametrize(
    "options, told",
    [
        (["--temperature", "11"], "from 0 to 10"),
        (["--temperature", "nan"], "from 0 to 10"),
        (["--timing-temperature", "-1"], "from 0 to 10"),
        (["--top-p", "0"], "from 0.01 to 1"),
        (["--seconds", "0"], "from 1 to 3600"),
        (["--seed", "x"], "whole number"),
        (["--instruments", "piano, kazoo"], "no instrument called ' kazoo'"),
        (["--wrong"], "--wrong"),
        (["--brain", "none.brain"], "none.brain"),
        (["--prompt", "none.mid"], "none.mid: no such file"),
    ],
)
def test_a_wrong_option_of_sample_is_told_in_one_line(options, told, tmp_path, capsys):
    out = tmp_path / "x.mid"
    assert told in refused(capsys, "sample", "--out", out, *options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "argv, told",
    [
        ([], "COMMAND"),
        (["play"], "play"),
        (["prepare", "--corpus", "none", "--out", "c.npz"], "no manifest.csv"),
        (["evaluate", "--corpus", "none.npz", "--brain", "none.brain"], "none.brain"),
        (["train", "--corpus", "none.npz", "--out", "o", "--size", "huge"], "huge"),
        (["train", "--corpus", "none.npz", "--out", "o"], "none.npz: no such file"),
        (["export", "--checkpoint", "none.pt", "--out", "x.brain"], "none.pt: no such checkpoint"),
        (["bench", "--iterations", "1"], "whole number from 10"),
        (["bench", "--json", "none/b.json"], "none: no such folder"),
    ],
)
def test_a_mistake_is_told_in_one_line(argv, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert told in refused(capsys, *argv)


def test_a_missing_corpus_is_told(int8_file, tmp_path, capsys):
    argv = ["evaluate", "--brain", int8_file, "--corpus", tmp_path / "none.npz"]
    assert "notochord prepare" in refused(capsys, *argv)


def test_an_evaluation_that_is_none_is_told(checkpoint, tmp_path, capsys):
    (tmp_path / "e.json").write_text('{"mean": 1}')
    argv = ["export", "--checkpoint", checkpoint, "--out", tmp_path / "x.brain",
            "--evaluation", tmp_path / "e.json"]  # fmt: skip
    assert "not the JSON of 'notochord evaluate'" in refused(capsys, *argv)
    assert not (tmp_path / "x.brain").exists()


def test_a_full_disk_is_told_and_nothing_is_left(int8_file, tmp_path, monkeypatch, capsys):
    if not FULL_DEVICE.exists():
        pytest.skip("no device that is always full here")
    written = Path.write_bytes
    monkeypatch.setattr(
        Path, "write_bytes",
        lambda self, data: written(self, data[:10]) and written(FULL_DEVICE, data),
    )  # fmt: skip
    argv = ["sample", "--brain", int8_file, "--out", tmp_path / "x.mid", "--seconds", 2]
    told = refused(capsys, *argv)
    assert "no space left" in told and "free some space" in told
    assert not list(tmp_path.iterdir())
