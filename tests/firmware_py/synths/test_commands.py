from __future__ import annotations

import pytest

from firmware_py.cli import main
from firmware_py.synths.shelf import shipped


def test_synths_are_listed_with_the_document_that_says_so(capsys):
    assert main(["synths"]) == 0
    out = capsys.readouterr().out
    for name, layout in shipped().items():
        assert name in out and layout.source in out


def test_palettes_say_what_is_sent_for_each(capsys):
    assert main(["palettes"]) == 0
    out = capsys.readouterr().out
    assert "cello: the next free channel, program 43" in out
    assert "drums: channel 10, program 1" in out


def test_palettes_on_a_mono_synth_say_what_is_left_out(capsys):
    assert main(["palettes", "--synth", "mono"]) == 0
    out = capsys.readouterr().out
    assert "saw lead: channel 1, 1 note at once" in out
    assert "drums: one channel, one note at a time does not play it" in out


@pytest.mark.parametrize("command", [["palettes"], ["perform", "in.mid", "--out", "out.mid"]])
def test_an_unknown_synth_is_one_line_with_exit_code_2(command, capsys):
    assert main([*command, "--synth", "theremin"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "theremin" in err


def test_a_bad_layout_of_ones_own_is_one_line_with_exit_code_2(tmp_path, capsys):
    bad = tmp_path / "bad.toml"
    bad.write_text("[[part]]\nchannels = [99]\n")
    assert main(["run", "--virtual", "--synth", str(bad), "--state", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "bad.toml" in err and "99" in err
