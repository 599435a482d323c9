"""The whole comparison on this machine's engines, and what is said when it cannot be made."""

import json

import pytest

from notochord.arm.emulate import run_module
from notochord.arm.parity import engines_here
from notochord.arm.root import ArmError
from notochord.cli import main
from notochord.export import best_engine


def test_the_engines_of_this_machine_are_compared(int8_file, tmp_path, capsys):
    out = tmp_path / "parity.json"
    options = ["--native", "--brain", str(int8_file), "--pieces", "1", "--events", "20"]
    assert main(["arm", "parity", *options, "--json", str(out)]) == 0
    result = json.loads(out.read_bytes())
    assert list(result) == [f"here {engine}" for engine in engines_here()]
    first = result[f"here {best_engine()}"]
    assert first["log_prob"]["largest"] == 0.0 and set(first["equal"].values()) == {1.0}
    for name, row in result.items():
        assert row["events"] == 20 and name.endswith(row["engine"])
        assert abs(row["costs"]) < 0.5  # an engine rounds; it does not think otherwise
    assert len(capsys.readouterr().out.splitlines()) == len(result) + 1


def test_a_damaged_brain_is_told_in_one_line(tmp_path, capsys):
    brain = tmp_path / "x.brain"
    brain.write_bytes(b"nothing")
    assert main(["arm", "parity", "--native", "--brain", str(brain), "--events", "2"]) == 2
    complaint = capsys.readouterr().err
    assert "copy the brain file again" in complaint and complaint.count("\n") == 1


def test_an_unknown_core_is_told_in_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        main(["arm", "parity", "--cores", "cortex-a72,z80"])
    assert end.value.code == 2 and "'z80' is none of cortex-a53" in capsys.readouterr().err


@pytest.mark.parametrize(("script", "why"), [
    ("kill -ILL $$", "pi: it lacks an instruction; use the torch that is pinned"),
    ("echo noise; echo the reason >&2; exit 1", "pi: the reason; .*"),
])  # fmt: skip
def test_a_run_that_dies_says_what_of(script, why):
    with pytest.raises(ArmError, match=f"^{why}$"):
        run_module(["/bin/sh", "-c", script], [], {}, "pi")
