"""A Debian on which nobody has installed anything yet, started by its own systemd in a container.

    Debian's tar ──▶ a folder of its own ──▶ systemd, sudo make install, power off, on again ...
    wheels ──────────▶ /wheels, which pip is told to take packages from

What it is made of is kept in `build/image`. Its network is this machine's, for apt.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from firmware_py.box.install import SOURCE, needs
from hardware.image.recipe import MIRROR, PYTHON, SUITE
from notochord.arm.root import carry_out, make, needed
from tests.appliance.container import Container

# What Raspberry Pi OS has and a smallest Debian has not, as far as an installation asks for it.
PACKAGES = ("systemd", "systemd-sysv", "udev", "dbus", "kmod", "python3", "make", "libasound2")
WITHOUT = ("doc", "man", "locale")
PLATFORMS = tuple(f"manylinux_2_{n}_x86_64" for n in (34, 28, 27, 17)) + ("manylinux2014_x86_64",)
START = """
set -e
for group in $GROUPS_OF_OURS; do mkdir -p "$group" && echo $$ >"$group/cgroup.procs"; done
exec systemd-nspawn --quiet --register=no $KEEP --rlimit=RTPRIO=99 \
  --boot --console=pipe --resolv-conf=copy-host \
  --directory="$IMAGE" --bind-ro="$SOURCE:/src" --bind-ro="$WHEELS:/wheels" --bind="$TTY:$CABLE"
"""


def system(cache: Path) -> Path:
    """The tar of a small Debian, apt and all."""
    place = cache / "debian-fresh"
    options = ["--variant=apt", f"--include={','.join(PACKAGES)}",
               '--aptopt=APT::Install-Recommends "false"',
               *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in WITHOUT)]  # fmt: skip

    def cook(into: Path) -> None:
        into.mkdir(parents=True)
        command = [needed("mmdebstrap", package="mmdebstrap"), "--quiet", "--mode=root", *options]
        carry_out([*command, SUITE, str(into / "system.tar"), MIRROR], "is the mirror there?")

    make(place, " ".join([SUITE, *options]), cook)
    return place / "system.tar"


def wheels(cache: Path) -> Path:
    """A folder of all Python packages that the box needs."""
    place, wanted = cache / "debian-wheels", needs(SOURCE)

    def cook(into: Path) -> None:
        platforms = [part for name in PLATFORMS for part in ("--platform", name)]
        carry_out(
            [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(into), *platforms,
             "--python-version", PYTHON, "--implementation", "cp", "--only-binary=:all:", *wanted],
            "see that the Python Package Index can be reached",
        )  # fmt: skip

    make(place, " ".join([PYTHON, *wanted]), cook)
    return place


class Debian(Container):
    """A machine in a folder: what is done to it is there when it is switched on again."""

    def __init__(self, root: Path, work: Path, wheels: Path) -> None:
        """`root`: unpacked."""
        variables = {"SOURCE": str(SOURCE), "WHEELS": str(wheels)}
        super().__init__(root, work, START, variables)

    @staticmethod
    def unpacked(tar: Path, root: Path) -> Path:
        """A machine fresh from the tar."""
        root.mkdir()
        subprocess.run(["tar", "-x", "-f", str(tar), "-C", str(root)], check=True)
        return root

    def make(self, goal: str) -> tuple[int, str]:
        """`make goal` by root: its exit code and all that it said."""
        pip = ("env", "PIP_NO_INDEX=1", "PIP_FIND_LINKS=/wheels", "PIP_CONFIG_FILE=/dev/null")
        done = subprocess.run(
            [*self.entrance, *pip, "make", "-C", "/src", goal], capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr


def impossible() -> str:
    """Why none can be made here, or nothing, beside what a container needs."""
    if os.uname().machine != "x86_64":
        return "it is made for the processor of a PC"
    missing = shutil.which("mmdebstrap") is None
    return "mmdebstrap is not here (apt-get install mmdebstrap)" if missing else ""
