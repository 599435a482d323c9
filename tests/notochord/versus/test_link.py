"""The line to the original's process, and what is said when it fails."""

import io
import sys
from pathlib import Path

import pytest

from notochord.cli import main
from notochord.versus.link import Link, OriginalError, original_python
from notochord.versus.wire import receive, send
from notochord.versus.worker import serve


@pytest.fixture
def dying(tmp_path):
    """An interpreter that ends at once with a complaint."""
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho one >&2\necho out of ideas >&2\nexit 3\n")
    script.chmod(0o755)
    return script


def test_a_missing_environment_is_told_with_its_remedy(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("NOTOCHORD_ORIGINAL", str(tmp_path / "python"))
    assert main(["versus", "speed"]) == 2
    complaint = capsys.readouterr().err
    assert "make versus" in complaint and complaint.count("\n") == 1


def test_the_environment_is_beside_the_package_unless_named(monkeypatch):
    monkeypatch.delenv("NOTOCHORD_ORIGINAL", raising=False)
    root = Path(__file__).parents[3]
    assert original_python() == root / ".venv-original" / "bin" / "python"


def test_a_process_that_ends_is_told_with_its_last_words(dying):
    with Link(dying) as link, pytest.raises(OriginalError, match=r"code 3 \(out of ideas\)"):
        link.call("build", sizes={}, seed=0, device="cpu", threads=1)


def test_our_own_package_is_not_taken_for_the_original():
    with Link(Path(sys.executable)) as link:
        with pytest.raises(OriginalError, match="cannot be imported"):
            link.call("build", sizes={}, seed=0, device="cpu", threads=1)


def test_a_checkpoint_that_is_not_there_is_told_in_one_line(tmp_path):
    with Link(Path(sys.executable)) as link:
        with pytest.raises(OriginalError, match="no such checkpoint") as told:
            link.call("load", path=str(tmp_path / "none.pt"), device="cpu", threads=1)
    assert "\n" not in str(told.value)


def test_a_command_that_fails_is_answered_and_the_next_one_is_served():
    asked, answered = io.BytesIO(), io.BytesIO()
    send(asked, {"do": "dance", "with": {}})
    send(asked, {"do": "load", "with": {"path": "/none.pt", "device": "cpu", "threads": 1}})
    asked.seek(0)
    serve(asked, answered)
    answered.seek(0)
    first, second = receive(answered)[0], receive(answered)[0]
    assert "dance" in first["error"] and "no such checkpoint" in second["error"]
