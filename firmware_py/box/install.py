"""Install the box on a machine, again and again without harm, and take it away again.

    make install                    on the machine itself, as root
    make install DESTDIR=folder     into a folder: files and links only, for images and tests
    make uninstall                  all of it but what the player made: presets, sessions, settings

What is installed where stands in UNITS, FILES and LINKS. What was there before and has to come back
(the default target, the serial console) is written down in `installed.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from firmware_py import __version__
from firmware_py.box import bootfiles
from firmware_py.box.releases import (
    MANIFEST,
    ReleaseError,
    Releases,
    environment_of,
    manifest_of,
)
from firmware_py.box.signature import SIGNERS

BASE = "opt/notochord-box"
SYSTEM = "etc/systemd/system"
STATE = "var/lib/notochord-box"
SOURCE = Path(__file__).resolve().parents[2]
PARTS = ("notochord", "firmware_py", "systemd", "pyproject.toml", "LICENSE", "README.md")
UNITS = (
    "notochord-box.service", "performance.target", "notochord-box-lamp.service",
    "notochord-box-backstage.service", "notochord-box-gadget.service",
    "notochord-box-web.socket", "notochord-box-web.service", "notochord-box-network.path",
    "notochord-box-network.service", "notochord-box-upload.path", "notochord-box-upload.service",
    "notochord-box-stick@.service",
)  # fmt: skip
FILES = {  # of systemd/, and where they go
    **{unit: f"{SYSTEM}/{unit}" for unit in UNITS},
    "notochord-box.rules": "etc/udev/rules.d/70-notochord-box.rules",
    "notochord-box.sysusers": "etc/sysusers.d/notochord-box.conf",
    "notochord-box.tmpfiles": "etc/tmpfiles.d/notochord-box.conf",
    "notochord-box.modules": "etc/modules-load.d/notochord-box.conf",
    "start": f"{BASE}/start",
    "update": f"{BASE}/update",
    "stick": f"{BASE}/stick",
}
LINKS = {  # what systemctl enable would make, and the commands
    f"{SYSTEM}/performance.target.wants/notochord-box.service": "../notochord-box.service",
    f"{SYSTEM}/performance.target.wants/notochord-box-lamp.service":
        "../notochord-box-lamp.service",
    f"{SYSTEM}/performance.target.wants/notochord-box-backstage.service":
        "../notochord-box-backstage.service",
    f"{SYSTEM}/performance.target.wants/notochord-box-web.socket": "../notochord-box-web.socket",
    "usr/local/bin/notochord-box": "/opt/notochord-box/start",
    "usr/local/sbin/notochord-box-update": "/opt/notochord-box/update",
}  # fmt: skip
OWNERS = {  # of systemd/: what is the owner's once it is there
    "default": "etc/default/notochord-box",
    "update-signers": str(SIGNERS)[1:],
}
# Run from beside the releases, by the system's Python.
BESIDE = ("releases.py", "remount.py", "signature.py", "again.py")
DEFAULT_TARGET = f"{SYSTEM}/default.target"
PACKAGES = ("python3-venv", "openssh-client")  # the latter checks the signatures of updates
IF_THERE_ARE = ("python3-lgpio", "python3-rtmidi")  # the system's, where pip has no wheel of them
Run = Callable[[Sequence[str]], object]


class InstallError(ValueError):
    """The box cannot be installed here; the message says why and what to do."""


class Installer:
    """Installs below a root folder; on the machine itself when that is /."""

    def __init__(
        self, root: Path, source: Path = SOURCE, run: Run | None = None, machine: str = ""
    ) -> None:
        """`machine`: the processor of an image that is made elsewhere; by default this one's."""
        self.root, self._source = root, source
        self._machine = machine or platform.machine()
        self._live = root.resolve() == Path("/")
        self._run = run or (_command if self._live else lambda command: None)
        self._record = root / BASE / "installed.json"
        self._has_asked = False  # which packages there are
        self.releases = Releases(root / BASE, machine=self._machine)

    @property
    def needed(self) -> list[str]:
        """The Python packages that the project asks for."""
        return needs(self._source)

    @property
    def environment(self) -> str:
        """The name of the environment that holds them, for this Python and that processor."""
        return environment_of(self.needed, self._machine)

    # ── in ──────────────────────────────────────────────────────────────────────────────────

    def install(self) -> str:
        """Set everything up; the release's name. Raises InstallError, ReleaseError, OSError."""
        check_machine(self._machine)
        for package in PACKAGES if self._live else ():
            self._package(package)
        self._environment(self.needed)
        name = self._release(self.needed)
        for file, place in FILES.items():
            _put(self._source / "systemd" / file, self.root / place)
        for module in BESIDE:
            _put(self._source / "firmware_py/box" / module, self.root / BASE / module)
        for file, place in OWNERS.items():
            if not (self.root / place).exists():
                _put(self._source / "systemd" / file, self.root / place)
        self._write_record()
        for place, target in {**LINKS, DEFAULT_TARGET: "performance.target"}.items():
            _link(self.root / place, target)
        bootfiles.change(self.root, (self._source / "systemd/config.txt").read_text("utf-8"))
        self.releases.switch(name)
        self.releases.prune()
        for command in _AFTER:
            self._run(command)
        return name

    def _environment(self, needed: list[str]) -> None:
        """The environment that the release needs, made if it is not there."""
        place = self.root / BASE / "environments" / environment_of(needed, self._machine)
        if (place / "bin" / "python").exists():
            return
        if not self._live:  # made by the first install on the machine itself
            place.mkdir(parents=True, exist_ok=True)
            return
        for package in IF_THERE_ARE:
            self._package_if_there_is(package)
        half = place.with_name(f".{place.name}")
        shutil.rmtree(half, ignore_errors=True)
        try:
            self._fill(half, needed)
            os.replace(half, place)
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def _fill(self, place: Path, needed: list[str]) -> None:
        """A virtual environment, with the packages compiled and without what is never run."""
        python = str(place / "bin" / "python")
        self._run([sys.executable, "-m", "venv", "--system-site-packages", str(place)])
        self._run([python, "-m", "pip", "install", "--quiet", "--no-cache-dir", *needed])
        for torch in place.glob("lib/python3*/site-packages/torch"):
            trim(torch)

    def _package(self, package: str) -> None:
        """Install a package of Debian's. A machine that has never asked which ones there are, or
        not lately, asks now."""
        command = ["apt-get", "install", "--yes", "--quiet", package]
        try:
            self._run(command)
        except InstallError:
            if self._has_asked:
                raise
            self._has_asked = True
            self._run(["apt-get", "update", "--quiet"])
            self._run(command)

    def _package_if_there_is(self, package: str) -> None:
        try:
            self._package(package)
        except InstallError:
            sys.stderr.write(f"left out: {package} (there is none; it may not be needed)\n")

    def _release(self, needed: list[str]) -> str:
        """Copy the source beside the other releases, compiled; its name."""
        folder = self.root / BASE / "releases" / ".new"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            manifest = manifest_of(
                folder, copy_source(self._source, folder), __version__, needed, int(time.time())
            )
            if manifest["name"] in self.releases.names:
                return str(manifest["name"])
            (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
            return self.releases.adopt(folder, manifest)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _write_record(self) -> None:
        """Note what has to come back; what a first install noted stands."""
        if self._record.exists():
            return
        target = self.root / DEFAULT_TARGET
        was = os.readlink(target) if target.is_symlink() else None
        found = {"default_target": was, **bootfiles.before(self.root)}
        self._record.parent.mkdir(parents=True, exist_ok=True)
        self._record.write_text(json.dumps(found, indent=1), encoding="utf-8")

    # ── out ─────────────────────────────────────────────────────────────────────────────────

    def uninstall(self) -> None:
        """Take everything away but what the player made. Raises InstallError, OSError."""
        if not self._record.exists():
            raise InstallError("the box is not installed here")
        found: dict[str, Any] = json.loads(self._record.read_text(encoding="utf-8"))
        for command in _BEFORE_LEAVING:
            self._run(command)
        for place in (*FILES.values(), *LINKS, *OWNERS.values(), DEFAULT_TARGET):
            (self.root / place).unlink(missing_ok=True)
        if found["default_target"] is not None:
            _link(self.root / DEFAULT_TARGET, found["default_target"])
        bootfiles.restore(self.root, found)
        shutil.rmtree(self.root / BASE)
        for folder in (SYSTEM + "/performance.target.wants", str(SIGNERS.parent)[1:]):
            _drop_if_empty(self.root / folder)
        for command in _AFTER_LEAVING:
            self._run(command)


Commands = tuple[tuple[str, ...], ...]
_AFTER: Commands = (
    ("systemd-sysusers", "/etc/sysusers.d/notochord-box.conf"),
    ("systemctl", "daemon-reload"),
    ("systemctl", "try-reload-or-restart", "systemd-udevd.service"),
)
_BEFORE_LEAVING: Commands = (
    ("systemctl", "disable", "--now", "notochord-box-gadget.service"),
    ("systemctl", "stop", "notochord-box-web.socket", "notochord-box-web.service"),
    ("systemctl", "stop", "notochord-box.service"),
)
_AFTER_LEAVING: Commands = (
    ("systemctl", "daemon-reload"),
    ("systemctl", "try-reload-or-restart", "systemd-udevd.service"),
)


def needs(source: Path) -> list[str]:
    """The Python packages that a source needs."""
    with open(source / "pyproject.toml", "rb") as file:
        return sorted(tomllib.load(file)["project"]["dependencies"])


def copy_source(source: Path, folder: Path) -> list[str]:
    """Copy what a release consists of into a folder; the names of its files."""
    for part in PARTS:
        _copy(source / part, folder / part)
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def check_machine(machine: str = "", version: tuple[int, int] = sys.version_info[:2]) -> None:
    """Raise InstallError where there is no torch for the processor, or Python is too old."""
    machine = machine or platform.machine()
    if machine not in ("aarch64", "x86_64"):
        raise InstallError(
            f"there is no torch for this processor ({machine}); use a 64-bit system"
        )
    if version < (3, 11):
        raise InstallError("Python 3.11 or newer is needed: use Raspberry Pi OS Bookworm or newer")


def trim(torch: Path) -> None:
    """Delete of an installed torch what playing never needs: tests, headers and tools."""
    for name in ("test", "include"):
        shutil.rmtree(torch / name, ignore_errors=True)
    for tool in (torch / "bin").glob("*"):
        if tool.is_dir():  # some wheels have models there, to try conversions on
            shutil.rmtree(tool)
        elif tool.name != "torch_shm_manager":
            tool.unlink()


def _command(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True)
    except OSError as error:
        raise InstallError(f"{command[0]}: {(error.strerror or '').lower()}") from error
    except subprocess.CalledProcessError as error:
        said = f"failed with exit status {error.returncode}; what it says above tells why"
        raise InstallError(f"{' '.join(command)}: {said}") from error


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _put(source: Path, target: Path) -> None:
    """Install a file in one step: the old one or the new one is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(source.read_bytes())
    os.chmod(file.name, 0o755 if source.stat().st_mode & 0o100 else 0o644)
    os.replace(file.name, target)


def _link(place: Path, target: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f".{place.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    os.replace(new, place)


def _drop_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def main(argv: list[str] | None = None) -> int:
    """install or uninstall, below --root."""
    parser = argparse.ArgumentParser(prog="install", description=main.__doc__)
    parser.add_argument("do", choices=("install", "uninstall"))
    parser.add_argument("--root", type=Path, default=Path("/"))
    args = parser.parse_args(argv)
    installer = Installer(args.root)
    os.umask(0o022)  # the player's user is to read it all
    try:
        if args.do == "install":
            name = installer.install()
            sys.stdout.write(f"installed: {name}; it plays when the machine is switched on next\n")
        else:
            installer.uninstall()
            sys.stdout.write(f"taken away; what was played stays in /{STATE}\n")
    except (InstallError, ReleaseError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.filename}: {(error.strerror or '').lower()}; is this root?\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
