"""Updates made of a source: one signed archive, which a box takes that trusts the key."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_py import cli
from firmware_py.box.install import BASE, BESIDE, PARTS, SOURCE, Installer
from firmware_py.box.releases import Releases, head
from firmware_py.box.update import key_path, make

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no openssh-client")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """As little of the source as makes a release."""
    folder = tmp_path_factory.mktemp("source")
    for part in PARTS:
        if (SOURCE / part).is_file():
            shutil.copy(SOURCE / part, folder / part)
    for name in ("notochord/__init__.py", *(f"firmware_py/box/{m}" for m in BESIDE)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SOURCE / name, folder / name)
    shutil.copytree(SOURCE / "systemd", folder / "systemd")
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path


def run(*words):
    return cli.main([str(word) for word in words])


def test_from_key_to_box_by_the_commands_that_the_page_names(home, source, capsys):
    assert run("update", "key") == 0
    signers = home / "signers"
    public = key_path().with_name("update-key.pub")
    assert run("update", "trust", public, "--signers", signers) == 0
    path = make(home, key_path(), source)
    assert path.name.startswith("notochord-box-") and path.suffix == ".update"
    root = home / "root"
    (root / "opt").mkdir(parents=True)
    Installer(root, source).install()
    (source / "README.md").write_text("changed\n")
    path = make(home, key_path(), source)
    name = Releases(root / BASE, signers).update(path)
    assert (root / BASE / "current/README.md").read_text() == "changed\n"
    assert (root / BASE / "current/systemd/start").stat().st_mode & 0o111 == 0o111
    assert name in path.name


def test_the_same_source_key_and_time_give_the_same_bytes(home, source):
    run("update", "key")
    first = make(home, key_path(), source, made=1000).read_bytes()
    assert make(home, key_path(), source, made=1000).read_bytes() == first


def test_when_it_was_made_can_be_given_from_outside(home, source, monkeypatch):
    run("update", "key")
    run("update", "trust", f"{key_path()}.pub", "--signers", home / "signers")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234")
    assert head(make(home, key_path(), source), home / "signers")["made"] == 1234


def test_a_key_is_never_made_in_the_place_of_another(home, capsys):
    assert run("update", "key") == 0
    before = key_path().read_bytes()
    assert key_path().stat().st_mode & 0o077 == 0
    assert run("update", "key") == 2
    assert key_path().read_bytes() == before
    assert capsys.readouterr().err.count("\n") == 1


def test_without_a_key_it_is_said_how_to_make_one(home, capsys):
    assert run("update", "make", "--out", home) == 2
    assert "notochord-box update key" in capsys.readouterr().err
    assert not list(home.glob("*.update"))


def test_a_key_is_trusted_once_and_beside_those_before(home, capsys):
    signers = home / "signers"
    for name in ("a", "b", "a"):
        if not (home / name).exists():
            run("update", "key", "--key", home / name)
        assert run("update", "trust", home / f"{name}.pub", "--signers", signers) == 0
    lines = signers.read_text().splitlines()
    assert len(lines) == 2 and all('namespaces="notochord-box-update"' in line for line in lines)
    assert "was trusted already" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "rubbish", "ssh-rsa AAAA", "ssh-ed25519 AAAArubbish me", "\xff\xfe"]
)
def test_what_is_no_public_key_is_not_trusted(home, text, capsys):
    (home / "k.pub").write_text(text, encoding="latin-1")
    assert run("update", "trust", home / "k.pub", "--signers", home / "signers") == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (home / "signers").exists()


def test_a_private_key_is_not_taken_for_the_public_one(home, capsys):
    run("update", "key")
    assert run("update", "trust", key_path(), "--signers", home / "signers") == 2
    assert not (home / "signers").exists()


def test_what_runs_beside_the_releases_needs_nothing_but_the_systems_python(home, source):
    """As the units run it: isolated, from a folder with nothing else of ours."""
    for name in BESIDE:
        shutil.copy(SOURCE / "firmware_py/box" / name, home / name)
    command = [sys.executable, "-I", "-S", home / "releases.py", "update", home / "none"]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/")
    assert done.returncode == 2 and "none: damaged, or no update at all" in done.stderr
    assert Path(home / "releases.py").parent == home
