"""The benchmark of a brain that makes drum patterns."""

import json

from notochord.cli import main
from notochord.findings import speed
from notochord.groove_bench import NAMES


def test_every_path_is_timed_and_a_bar_that_is_made_is_not_made_again(groove_brain, tmp_path):
    out = tmp_path / "bench.json"
    assert main(["bench", "--brain", str(groove_brain), "--iterations", "30", "--json",
                 str(out)]) == 0  # fmt: skip
    found = json.loads(out.read_text(encoding="utf-8"))
    for name in NAMES:
        assert 0 < found[f"{name}_ms"]["p50"] <= found[f"{name}_ms"]["p99"]
    assert found["ask_ms"]["p50"] < found["turned_ms"]["p50"]
    assert found["weight_bytes"]["total"] == found["weight_bytes"]["ask"] > 0
    assert "make a bar of drums of a groove" in "\n".join(speed(found))
