"""The command line: what it writes, and the one line that it says when something is wrong."""

import json
import zipfile

import pytest

from firmware_py.cli import DEFAULT_BRAIN, main
from notochord.event import Note
from notochord.kinds import EVERY_MODE
from notochord.midifile import midi_file, read_notes


@pytest.fixture
def song(tmp_path):
    """A MIDI file with a scale."""
    path = tmp_path / "song.mid"
    notes = [Note(1, 60 + n, 0.3 * n, 0.3 * n + 0.25, 80) for n in range(12)]
    midi_file(notes).save(path)
    return path


def perform(song, brain, *more):
    return main(["perform", str(song), "--brain", str(brain), *map(str, more)])


def said(capsys):
    """What was said on the error stream: it must be one line."""
    text = capsys.readouterr().err
    assert text.count("\n") == 1 and "Traceback" not in text
    return text


def test_perform_writes_music_picture_and_figures(song, tiny_brain, tmp_path):
    out = {kind: tmp_path / f"out.{kind}" for kind in ("mid", "png", "json")}
    code = perform(song, tiny_brain, "--mode", "harmonize", "--out", out["mid"],
                   "--png", out["png"], "--json", out["json"], "--seed", 4)  # fmt: skip
    assert code == 0
    figures = json.loads(out["json"].read_text())
    assert {
        "notes_in", "notes_out", "notes_out_by_instrument", "hanging_notes", "asks",
        "late_answers", "answer_ms", "brain", "brain_sha256", "seed",
    } <= set(figures)  # fmt: skip
    assert set(figures["answer_ms"]) == {"p50", "p90", "p99", "max"}
    assert figures["seed"] == 4 and figures["hanging_notes"] == 0
    assert len(read_notes(out["mid"])) == figures["notes_out"] == 36
    assert out["png"].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("mode", ("thru", *EVERY_MODE))
def test_perform_gives_the_same_bytes_for_the_same_seed(song, tiny_brain, tmp_path, mode):
    outs = [tmp_path / name for name in ("a.mid", "b.mid")]
    for out in outs:
        assert perform(song, tiny_brain, "--mode", mode, "--out", out, "--seed", 2) == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


@pytest.mark.skipif(not DEFAULT_BRAIN.exists(), reason="no brain is shipped yet")
@pytest.mark.parametrize("mode", ("thru", *EVERY_MODE))
def test_the_shipped_brain_performs_in_every_mode(song, tmp_path, mode):
    out, figures = tmp_path / "out.mid", tmp_path / "out.json"
    assert perform(song, DEFAULT_BRAIN, "--mode", mode, "--out", out, "--json", figures) == 0
    report = json.loads(figures.read_text())
    assert report["hanging_notes"] == 0
    assert (report["notes_of_the_network"] > 0) == (mode != "thru")


@pytest.mark.parametrize("mode", ["continue", "echo", "solo"])
def test_a_brain_over_tokens_performs_in_every_mode_that_it_knows(
    song, token_brain, tmp_path, mode
):
    out, figures = tmp_path / "out.mid", tmp_path / "out.json"
    assert perform(song, token_brain, "--mode", mode, "--out", out, "--json", figures) == 0
    report = json.loads(figures.read_text())
    assert report["hanging_notes"] == 0 and report["notes_of_the_network"] > 0


def test_a_brain_that_makes_patterns_plays_the_drums_and_nothing_else(
    song, groove_brain, tmp_path, capsys
):
    out, figures = tmp_path / "out.mid", tmp_path / "out.json"
    knobs = ("--knob", "tempo=200", "--tail", 20, "--json", figures)
    assert perform(song, groove_brain, "--mode", "drums", "--out", out, *knobs) == 0
    report = json.loads(figures.read_text())
    assert report["hanging_notes"] == 0 and report["notes_of_the_network"] > 0
    assert set(report["notes_out_by_instrument"]) == {"piano", "drums"}
    capsys.readouterr()
    assert perform(song, groove_brain, "--mode", "duet", "--out", tmp_path / "o.mid") == 2
    assert "cannot duet; it knows thru, drums; name another --mode" in said(capsys)


def test_a_mode_that_the_brain_does_not_know_is_refused(song, token_brain, tmp_path, capsys):
    assert perform(song, token_brain, "--mode", "duet", "--out", tmp_path / "o.mid") == 2
    assert "cannot duet; it knows thru, continue, echo, solo; name another" in said(capsys)
    assert not (tmp_path / "o.mid").exists()


def test_knobs_and_brains_are_turned_while_a_file_is_performed(song, tiny_brain, tmp_path):
    out, figures = tmp_path / "out.mid", tmp_path / "out.json"
    turns = ("--turn", "1", "brain=groove_transformer", "--turn", "2", "temperature=1.2")
    assert perform(song, tiny_brain, "--out", out, "--json", figures, *turns) == 0
    report = json.loads(figures.read_text())
    assert report["hanging_notes"] == 0
    assert report["turns"] == ["1 brain=groove_transformer", "2 temperature=1.2"]


def test_a_turn_to_what_is_not_there_writes_nothing(song, tiny_brain, tmp_path, capsys):
    out = tmp_path / "o.mid"
    assert perform(song, tiny_brain, "--out", out, "--turn", "1", "brain=none") == 2
    assert "at 1 s there is no brain called 'none'" in said(capsys) and not out.exists()


def test_a_missing_brain_file_is_named(song, tmp_path, capsys):
    assert perform(song, tmp_path / "none.brain", "--out", tmp_path / "o.mid") == 2
    assert "no brain and no file" in (line := said(capsys)) and "none.brain" in line
    assert not (tmp_path / "o.mid").exists()


def test_the_knob_brain_chooses_who_performs(song, tiny_brain, groove_brain, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "notochord-box/brains").mkdir(parents=True)
    (tmp_path / "notochord-box/brains/tapped.brain").symlink_to(groove_brain)
    out, figures = tmp_path / "o.mid", tmp_path / "o.json"
    knob = "--knob", "brain=tapped"
    assert perform(song, tiny_brain, *knob, "--mode", "drums", "--out", out, "--json", figures) == 0
    assert json.loads(figures.read_text())["brain"] == "tapped"


@pytest.mark.parametrize("asked", [["--brain", "lost"], ["--knob", "brain=lost"]])
@pytest.mark.parametrize("command", ["run", "play", "perform"])
def test_a_brain_that_there_is_not_is_one_line_with_those_that_there_are(
    song, tmp_path, capsys, command, asked
):
    where = {"perform": [song, "--out", tmp_path / "o.mid"], "run": ["--state", tmp_path]}
    assert main([command, *asked, *map(str, where.get(command, ["--folder", tmp_path]))]) == 2
    assert "no file 'lost'; there are auto, " in said(capsys)


def test_a_brain_file_cut_short_is_refused(song, tiny_brain, tmp_path, capsys):
    cut = tmp_path / "cut.brain"
    cut.write_bytes(tiny_brain.read_bytes()[:-1000])
    assert perform(song, cut, "--out", tmp_path / "o.mid") == 2
    assert "cut short" in said(capsys)


def test_an_altered_brain_file_is_refused(song, tiny_brain, tmp_path, capsys):
    altered = tmp_path / "altered.brain"
    with zipfile.ZipFile(tiny_brain) as old, zipfile.ZipFile(altered, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("constants.pkl"):
                data = data[:-2] + b"X."
            new.writestr(name, data)
    assert perform(song, altered, "--out", tmp_path / "o.mid") == 2
    assert "altered" in said(capsys)


def test_a_brain_file_of_another_version_is_refused(song, tiny_brain, tmp_path, capsys):
    other = tmp_path / "other.brain"
    with zipfile.ZipFile(tiny_brain) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("manifest.json"):
                data = json.dumps({**json.loads(data), "format": 99}).encode()
            new.writestr(name, data)
    assert perform(song, other, "--out", tmp_path / "o.mid") == 2
    assert "format 99" in said(capsys)


def test_a_file_that_is_no_midi_is_refused(tiny_brain, tmp_path, capsys):
    text = tmp_path / "text.mid"
    text.write_text("not music")
    assert perform(text, tiny_brain, "--out", tmp_path / "o.mid") == 2
    assert "text.mid: not a readable MIDI file" in said(capsys)


def test_a_missing_midi_file_is_named(tiny_brain, tmp_path, capsys):
    assert perform(tmp_path / "none.mid", tiny_brain, "--out", tmp_path / "o.mid") == 2
    assert "none.mid: no such file" in said(capsys)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["--mode", "dance"], "there are thru, continue"),
        (["--knob", "wildness=1"], "there are mode, temperature"),
        (["--knob", "temperature=9"], "from 0.1 to 2.0"),
        (["--knob", "temperature"], "NAME=VALUE"),
        (["--knob", "palette=kazoo"], "kazoo"),
    ],
)
def test_a_wrong_mode_or_knob_is_said_with_what_is_allowed(
    song, tiny_brain, tmp_path, capsys, options, hint
):
    assert perform(song, tiny_brain, "--out", tmp_path / "o.mid", *options) == 2
    assert hint in said(capsys)


@pytest.mark.parametrize("options", [["--seed", "-1"], ["--seed", "x"], ["--answer-ms", "-3"],
                                     ["--tail", "nan"]])  # fmt: skip
def test_an_option_out_of_range_is_one_line_with_exit_code_2(
    song, tiny_brain, tmp_path, capsys, options
):
    with pytest.raises(SystemExit) as stopped:
        perform(song, tiny_brain, "--out", tmp_path / "o.mid", *options)
    assert stopped.value.code == 2
    said(capsys)


def test_a_folder_that_is_not_there_is_named_before_any_work(song, tiny_brain, tmp_path, capsys):
    assert perform(song, tiny_brain, "--out", tmp_path / "nowhere" / "o.mid") == 2
    assert "nowhere" in said(capsys)


def test_a_full_disk_leaves_nothing_half_written(song, tiny_brain, tmp_path, capsys, monkeypatch):
    from pathlib import Path

    def full(path, data):
        with open(path, "wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    assert perform(song, tiny_brain, "--out", tmp_path / "o.mid") == 2
    assert "no space left" in said(capsys)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["song.mid"]


def test_no_midi_system_is_said_in_one_line(capsys, monkeypatch):
    from firmware_py.midi.ports import PortError

    def absent(api):
        raise PortError("no MIDI system here: load snd-seq or start jackd")

    monkeypatch.setattr("firmware_py.cli.open_backend", absent)
    assert main(["run"]) == 2
    assert "no MIDI system" in said(capsys)


def test_play_without_a_keyboard_performs_a_tune_and_says_where_it_is(
    tiny_brain, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("firmware_py.cli.keyboards", lambda: ())
    monkeypatch.setattr("firmware_py.outfile.can_sound", lambda: False)
    assert main(["play", "--folder", str(tmp_path), "--brain", str(tiny_brain)]) == 0
    text = capsys.readouterr().out
    for kind in ("mid", "png"):
        path = tmp_path / f"greensleeves-duet.{kind}"
        assert path.exists() and str(path) in text
    assert "plug in a MIDI keyboard" in text


def test_tempo_magnet_and_clock_are_knobs_and_a_clock_leaves_no_trace_in_the_file(
    song, tiny_brain, tmp_path
):
    knobs = ["--knob", "tempo=90", "--knob", "magnet=1", "--knob", "grid=1/8"]
    outs = [tmp_path / name for name in ("a.mid", "b.mid")]
    assert perform(song, tiny_brain, "--out", outs[0], *knobs) == 0
    assert perform(song, tiny_brain, "--out", outs[1], *knobs, "--knob", "clock_out=on") == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()


def test_a_grid_that_there_is_not_is_refused_in_one_line(song, tiny_brain, tmp_path, capsys):
    out = tmp_path / "out.mid"
    assert perform(song, tiny_brain, "--out", out, "--knob", "grid=1/7") == 2
    assert "1/8t" in said(capsys) and not out.exists()
