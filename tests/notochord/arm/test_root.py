"""The emulated Debian: what is made anew, what is left behind, and what is said when it fails."""

import tomllib
from pathlib import Path

import pytest

from notochord.arm import root
from notochord.arm.root import WHEELS, ArmError, carry_out, make, needed
from notochord.cli import main

PROJECT = Path(__file__).parents[3]


def test_the_torch_that_is_emulated_is_the_one_that_is_installed_on_a_pi():
    pins = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["dependencies"]
    pinned = [pin.split(";")[0].strip() for pin in pins if "aarch64" in pin]
    assert [wheel for wheel in WHEELS if wheel.startswith("torch==")] == pinned
    assert [pin for pin in pins if pin.startswith("numpy")] == [w for w in WHEELS if "numpy" in w]


def test_a_part_is_made_once_and_again_when_its_recipe_changes(tmp_path):
    made = []

    def cook(into):
        made.append(len(made))
        into.mkdir()
        (into / "meal").write_text(str(made[-1]))

    for recipe in ("soup", "soup", "stew"):
        make(tmp_path / "part", recipe, cook)
    assert made == [0, 1] and (tmp_path / "part" / "meal").read_text() == "1"


def test_a_part_that_could_not_be_finished_is_not_there(tmp_path):
    def cook(into):
        into.mkdir()
        raise ArmError("no gas")

    for _ in range(2):
        with pytest.raises(ArmError):
            make(tmp_path / "part", "soup", cook)
    assert not (tmp_path / "part").exists() and not (tmp_path / "part.recipe").exists()


def test_a_missing_program_is_named_with_its_package():
    with pytest.raises(ArmError, match="^no-such-program is missing; .*apt install its-package$"):
        needed("no-such-program", package="its-package")


def test_a_failing_program_is_told_by_the_line_marked_as_an_error():
    with pytest.raises(ArmError, match=r"^sh failed \(E: the reason\); the remedy$"):
        carry_out(["/bin/sh", "-c", "echo E: the reason >&2; echo bye >&2; exit 1"], "the remedy")


def test_or_by_its_last_line():
    with pytest.raises(ArmError, match=r"^sh failed \(the reason\); the remedy$"):
        carry_out(["/bin/sh", "-c", "echo noise >&2; echo the reason >&2; exit 1"], "the remedy")


def test_without_an_emulator_one_line_says_what_to_install(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(root.shutil, "which", lambda _: None)
    cache = tmp_path / "cache"
    assert main(["arm", "parity", "--events", "2", "--pieces", "1", "--cache", str(cache)]) == 2
    complaint = capsys.readouterr().err
    assert "qemu-user-static" in complaint and complaint.count("\n") == 1
    assert not cache.exists()
