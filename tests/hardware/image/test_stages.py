"""The packages of an image are those of its processor, wherever it is made."""

import platform
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from firmware_py.box.install import SOURCE, Installer
from hardware.image import stages
from hardware.image.recipe import PC, PI
from notochord.arm.root import ArmError


def wanted():
    with open(SOURCE / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["dependencies"]


def asked_for(kind, tmp_path, monkeypatch):
    """What pip would be asked for."""
    asked = []

    def pip(kind, into, wanted):
        asked.append(list(wanted))
        (into / "torch-2.dist-info").mkdir(parents=True, exist_ok=True)
        (into / "torch-2.dist-info/METADATA").write_text(
            "Name: torch\nRequires-Dist: filelock\n"
            "Requires-Dist: nvidia-cublas==1; platform_machine == 'x86_64' and extra == 'gpu'\n"
            "Requires-Dist: armpl==1; platform_machine == 'aarch64'\n"
        )

    monkeypatch.setattr(stages, "_pip", pip)
    monkeypatch.setattr(stages, "_compile", lambda into: None)
    stages.packages(kind, wanted(), tmp_path)
    return asked


def test_a_pi_gets_the_torch_of_a_pi(tmp_path, monkeypatch):
    torch, others = asked_for(PI, tmp_path, monkeypatch)
    assert torch == ["--no-deps", "torch==2.9.1"]
    assert "armpl==1" in others and "nvidia-cublas==1" not in others


def test_a_guest_gets_the_torch_of_a_computer(tmp_path, monkeypatch):
    torch, others = asked_for(PC, tmp_path, monkeypatch)
    assert torch == ["--no-deps", "torch==2.13.0"]
    assert "filelock" in others and "armpl==1" not in others


def test_an_environment_is_named_for_the_processor_of_the_image(tmp_path):
    names = {Installer(tmp_path, machine=kind.machine).environment for kind in (PC, PI)}
    assert len(names) == 2
    assert Installer(tmp_path).environment == Installer(
        tmp_path, machine=platform.machine()
    ).environment


def test_an_image_has_what_checks_the_signature_of_an_update(tmp_path, monkeypatch):
    asked = []

    def mmdebstrap(options, suite, out, sources):
        asked.extend(options)
        out.write_bytes(b"")

    monkeypatch.setattr(stages, "_mmdebstrap", mmdebstrap)
    monkeypatch.setattr(stages, "_can_run", lambda kind: None)
    stages.user_space(PI, tmp_path)
    included = next(option for option in asked if option.startswith("--include="))
    assert "openssh-client" in included.removeprefix("--include=").split(",")


def test_a_file_for_a_newer_python_is_no_fault_and_torch_must_be_compiled(tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch/newer.py").write_text("def f[T](a: T):\n    x = = 1\n")
    with pytest.raises(ArmError, match="could not be compiled"):
        stages._compile(tmp_path)
    (tmp_path / "torch/__init__.py").write_text("a = 1\n")
    stages._compile(tmp_path)
    assert list((tmp_path / "torch/__pycache__").glob("__init__.*.pyc"))


def test_where_programs_for_the_image_do_not_run_it_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(stages.platform, "machine", lambda: "x86_64")
    with pytest.raises(ArmError, match=r"programs for aarch64 .* update-binfmts") as refused:
        stages._can_run(PI, tmp_path)
    assert "\n" not in str(refused.value)
    (tmp_path / "qemu-aarch64").touch()
    stages._can_run(PI, tmp_path)
    stages._can_run(PC, tmp_path / "none")


@pytest.mark.skipif(shutil.which("fsck.erofs") is None, reason="no erofs (apt: erofs-utils)")
def test_the_packages_are_packed_as_the_environment_that_a_release_expects(tmp_path):
    packages = tmp_path / "packages-aarch64"
    (packages / "torch").mkdir(parents=True)
    (packages / "torch/__init__.py").write_text("a = 1\n" * 10_000)
    packages.with_suffix(".recipe").write_text("these")
    packed = stages.environment(PI, packages, tmp_path)
    out = tmp_path / "out"
    subprocess.run(["fsck.erofs", f"--extract={out}", packed], check=True, capture_output=True)
    library = out / "lib/python3.11/site-packages"
    assert (library / "torch/__init__.py").read_text() == "a = 1\n" * 10_000
    assert (out / "bin/python").readlink() == Path("/usr/bin/python3")
    assert "home = /usr/bin" in (out / "pyvenv.cfg").read_text()
    assert packed.stat().st_size < 60_000
    assert [path.name for path in packed.parent.iterdir()] == [packed.name]
