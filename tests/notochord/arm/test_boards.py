"""The estimates: their arithmetic, and the bytes that they begin with."""

import json

import pytest

from notochord.arm.boards import BOARDS, Board, estimate
from notochord.arm.reads import Reads, reads
from notochord.arm.root import ArmError
from notochord.arm.times import overheads, parsed_mips, table, times
from notochord.bench import weight_bytes
from notochord.brain import Brain
from notochord.cli import main
from notochord.options import DEFAULT_BRAIN

BOARD = Board("slow", "core", ghz=2.0, mips=1000, copied=500.0)
MEASURED = {
    "feed_ms": {"p50": 0.5}, "ask_ms": {"p50": 0.8}, "ask_one_ms": {"p50": 0.2},
    "stream_ms": {"p50": 0.1}, "weight_bytes": {"total": 4_000_000},
}  # fmt: skip


def test_an_estimate_is_overhead_and_the_larger_of_memory_and_arithmetic():
    e = estimate(BOARD, Reads(1_500_000, 500_000, 1_000_000), overhead_here=0.5, mips_here=4000)
    assert e.overhead == pytest.approx(2.0)  # four times as slow
    assert e.memory == pytest.approx(2.0)  # 2 MB at 1 GB/s, both ways counted
    assert e.arithmetic == pytest.approx(1.0)  # 8 rows, 4 products a cycle, 2 GHz
    assert e.total == pytest.approx(4.0)


def test_in_float_only_memory_counts():
    e = estimate(BOARD, Reads(1_000_000, 0, 1_000_000).in_float(), 0.5, 4000)
    assert e.memory == pytest.approx(4.0) and e.arithmetic == 0.0


def test_overhead_is_what_is_not_the_weights():
    paths = {name: Reads(2_000_000, 0, 0) for name in ("tell", "ask", "pitch")}
    found = overheads(MEASURED, paths)
    assert found == pytest.approx({"tell": 0.45, "ask": 0.75, "pitch": 0.15})


def test_every_board_has_an_estimate_of_every_path_and_the_faster_board_the_lower():
    paths = reads(DEFAULT_BRAIN)
    row = times(paths, overheads(MEASURED, paths), 4000)
    assert list(row) == [board.name for board in BOARDS]
    for name in paths:
        totals = [row[board.name][name].total for board in BOARDS]
        assert totals == sorted(totals, reverse=True)
    assert all(board.name in table(paths, row, MEASURED) for board in BOARDS)


def test_the_bytes_of_a_float_file_are_those_of_its_weights(float_file, net):
    """Each tensor is read by a path, or is none of a path's."""
    counted = reads(float_file)
    assert counted["tell"].products == counted["ask"].products == 0
    whole = weight_bytes(net.config.as_dict(), "float32")
    d, waves = net.config.embedding, net.config.waves
    sinusoid = 4 * (2 * waves * d + d)  # of velocity, for which a table of rows stands in
    extra = 4 * d  # the row of that table
    assert counted["tell"].weights == whole["feed"] - sinusoid + extra
    asked = 4 * 4 * 2 * (d + 1)  # what the queries have beyond those of training, weighed already
    assert abs(counted["ask"].weights - (whole["ask"] - sinusoid + extra)) <= asked


def test_an_int8_file_reads_a_byte_a_weight(int8_file, float_file):
    int8, plain = reads(int8_file), reads(float_file)
    for name, path in int8.items():
        assert path.products > 0 and path.remembered == plain[name].remembered
        scales = path.weights + 3 * path.products - plain[name].weights
        assert 0 < scales < 4 * path.products ** 0.5 * 40  # one float an output


def test_the_shipped_brain_tells_in_three_megabytes():
    counted = reads(DEFAULT_BRAIN)
    config = Brain.load(DEFAULT_BRAIN).manifest["config"]
    gru = 3 * config["hidden"] * (config["hidden"] + config["embedding"])
    assert counted["tell"].products > gru and 2.5e6 < counted["tell"].weights < 4e6
    assert counted["pitch"].weights < counted["ask"].weights / 2


def test_the_score_of_7_zip_is_the_last_of_its_total():
    report = "Avr:  3400 100 3574 3562 | 53621 99 4713 4671\nTot:             99   4143   4117\n"
    assert parsed_mips(report) == 4117
    with pytest.raises(ArmError, match="--mips"):
        parsed_mips("nothing")


def test_times_are_written_as_json(int8_file, tmp_path, capsys):
    out = tmp_path / "times.json"
    options = ["--brain", str(int8_file), "--mips", "4000", "--iterations", "10"]
    assert main(["arm", "times", *options, "--json", str(out)]) == 0
    result = json.loads(out.read_bytes())
    assert set(result["estimated_ms"]) == {board.name for board in BOARDS}
    assert "estimates" in capsys.readouterr().out


def test_without_7_zip_the_remedy_is_told(int8_file, monkeypatch, capsys):
    monkeypatch.setattr("notochord.arm.times.shutil.which", lambda _: None)
    assert main(["arm", "times", "--brain", str(int8_file), "--iterations", "10"]) == 2
    complaint = capsys.readouterr().err
    assert "--mips" in complaint and complaint.count("\n") == 1
