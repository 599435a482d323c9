"""A box played by chance on real JACK ports, for a few seconds; the command is `make soak-live`."""

import pytest

from firmware_py.cli import main
from firmware_py.soak.soak import soak


@pytest.mark.jack
@pytest.mark.slow
def test_a_real_box_is_played_measured_and_silent_at_the_end(jack, tiny_brain):
    told = []
    report = soak(tiny_brain, 2, seed=3, notes=20, tell=told.append, length=8.0)
    assert report.faults() == [] and len(told) == 2
    assert report.done > 80 and report.heard > 40
    assert [set(minute) for minute in report.vitals] == [{"player", "brain"}] * 3
    for figures in (report.before, report.after):
        assert figures["notes"] == 20 and figures["thru_ms"]["p50"] < 100


def test_a_brain_that_is_not_there_is_one_line_with_exit_code_2(tmp_path, capsys):
    assert main(["soak", "--brain", str(tmp_path / "none.brain")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
