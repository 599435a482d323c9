"""A small Debian for ARM in a folder, with the torch of the Pi, made from nothing.

Nothing in it is ever installed: packages and wheels are only unpacked, so that neither root nor
the kernel's help for foreign programs is needed. qemu-user looks up every file below `root` first.

    system/   Debian's Python 3.11 for arm64, and the libraries that it needs
    wheels/   torch and numpy for aarch64, without what only developers need

A part whose recipe has not changed is not made again. A part that could not be finished is not
there at all: it is made beside its place and moved there last.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SUITE = "bookworm"
PACKAGES = ("python3", "libstdc++6", "zlib1g")
# As pyproject.toml has them for aarch64. Newer torch needs CUDA there, or crashes on a Pi 4.
WHEELS = ("torch==2.9.1", "numpy>=1.26,<3", "typing_extensions>=4.10")
PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64")
NEEDLESS = ("torch/test", "torch/include", "torch/share", "bin", "share")
EMULATORS = ("qemu-aarch64-static", "qemu-aarch64")


class ArmError(ValueError):
    """What is asked for cannot be done here; the message says why and what to do, in one line."""


def needed(*programs: str, package: str) -> str:
    """The path of the first of these programs that is here; ArmError names Debian's package."""
    for program in programs:
        if path := shutil.which(program):
            return path
    raise ArmError(f"{programs[0]} is missing; install it: apt install {package}")


def emulator() -> str:
    """The path of qemu's emulator of 64-bit ARM programs. Raises ArmError."""
    return needed(*EMULATORS, package="qemu-user-static")


def complaint(text: str) -> str:
    """The line of a program's complaints that tells most: the first marked as an error, or the
    last that says anything."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["it said nothing"]
    return next((line for line in lines if line.startswith(("E:", "ERROR:"))), lines[-1])


def carry_out(command: list[str], remedy: str) -> None:
    """Run a command quietly; ArmError when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        name = Path(command[0]).name
        raise ArmError(f"{name} failed ({complaint(done.stderr)[:160]}); {remedy}")


def make(place: Path, recipe: str, cook: Callable[[Path], None]) -> None:
    """Have `cook` fill the folder, unless it was filled by the same recipe already."""
    stamp = place.with_suffix(".recipe")
    if place.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == recipe:
        return
    unfinished = place.with_suffix(".making")
    for old in (place, unfinished):
        shutil.rmtree(old, ignore_errors=True)
    cook(unfinished)
    unfinished.rename(place)
    stamp.write_text(recipe, encoding="utf-8")


def _system(into: Path) -> None:
    program = needed("mmdebstrap", package="mmdebstrap")
    # Unpacking needs no root, and mmdebstrap refuses this mode to root.
    mode = "root" if os.geteuid() == 0 else "chrootless"
    carry_out(
        [program, "--quiet", f"--mode={mode}", "--variant=extract", "--architectures=arm64",
         f"--include={','.join(PACKAGES)}", SUITE, str(into)],
        "see that Debian's mirror can be reached",
    )  # fmt: skip


def _wheels(into: Path) -> None:
    platforms = [part for name in PLATFORMS for part in ("--platform", name)]
    carry_out(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--target", str(into), *platforms, "--python-version", "3.11", "--implementation", "cp",
         "--only-binary=:all:", "--no-deps", "--no-compile", *WHEELS],
        "see that the Python Package Index can be reached",
    )  # fmt: skip
    for needless in NEEDLESS:
        shutil.rmtree(into / needless, ignore_errors=True)


def prepare(cache: Path) -> Path:
    """Make what is missing in the cache folder, which may not exist yet; returns it, resolved.

    Takes half a minute and 550 MB the first time. Raises ArmError, and OSError for the folder.
    """
    emulator()
    cache = cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    make(cache / "system", f"{SUITE} {' '.join(PACKAGES)}", _system)
    make(cache / "wheels", " ".join((*WHEELS, "without", *NEEDLESS)), _wheels)
    return cache
