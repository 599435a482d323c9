"""What an image is made of, each part in a folder or file of its own that is made once.

    user space      Debian's, as a tar (mmdebstrap)
    kernel          vmlinuz, modules, and the firmware of the Pi: unpacked, never installed
    packages        of Python, from wheels for the processor of the image
    environment     those as a virtual environment, packed: a card is slow, and torch is large
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from pip._vendor.packaging.requirements import Requirement  # tells markers of another machine

from firmware_py.box.install import trim
from hardware.image.recipe import (
    KERNEL_FROM,
    KERNEL_SUITE,
    MIRROR,
    PACKAGES,
    PYTHON,
    SUITE,
    WHEELS,
    WITHOUT,
    Kind,
)  # fmt: skip
from notochord.arm.root import ArmError, carry_out, make, needed

NETWORK = "see that Debian's mirror can be reached"
BINFMT = Path("/proc/sys/fs/binfmt_misc")  # where the kernel lists foreign programs
ROOM = "make room on the disk"
# The best of LZ4, as it is unpacked at the speed of memory, in pieces of 64 kB.
PACKING = ("-zlz4hc,9", "-C65536", "--all-root")
INDEX = "see that the Python Package Index can be reached"


def user_space(kind: Kind, cache: Path) -> Path:
    """The tar of Debian's user space. For another processor than this one it needs binfmt."""
    place = cache / f"system-{kind.debian}"
    options = ["--variant=essential", f"--architectures={kind.debian}",
               '--aptopt=APT::Install-Recommends "false"', f"--include={','.join(PACKAGES)}",
               *(f"--dpkgopt=path-exclude={pattern}" for pattern in WITHOUT)]  # fmt: skip

    def cook(into: Path) -> None:
        _can_run(kind)
        into.mkdir(parents=True)
        _mmdebstrap(options, SUITE, into / "system.tar", [MIRROR])

    make(place, " ".join([SUITE, *options]), cook)
    return place / "system.tar"


def _can_run(kind: Kind, registered: Path = BINFMT) -> None:
    """Packages are set up by programs of their own, which are for the processor of the image."""
    if kind.machine == platform.machine() or (registered / f"qemu-{kind.machine}").exists():
        return
    raise ArmError(
        f"programs for {kind.machine} do not run here; "
        f"apt install qemu-user-static binfmt-support arch-test, "
        f"and as root: mount -t binfmt_misc binfmt_misc {registered}; "
        f"update-binfmts --enable qemu-{kind.machine}"
    )


def kernel(kind: Kind, cache: Path) -> Path:
    """A folder with the kernel's packages unpacked; none of their scripts is run."""
    place = cache / f"kernel-{kind.debian}"
    areas = "main non-free-firmware"
    sources = [f"deb {MIRROR} {suite} {areas}" for suite in (KERNEL_SUITE, KERNEL_FROM)]
    packages = ",".join(kind.kernel_packages)
    options = ["--variant=extract", f"--architectures={kind.debian}", f"--include={packages}",
               '--aptopt=APT::Install-Recommends "false"']  # fmt: skip

    def cook(into: Path) -> None:
        _mmdebstrap(options, KERNEL_SUITE, into, sources)

    make(place, " ".join([*sources, *options]), cook)
    return place


def packages(kind: Kind, wanted: list[str], cache: Path) -> Path:
    """The folder of the Python packages, compiled, without what is never run."""
    place = cache / f"packages-{kind.machine}"
    mine = [need for need in (*wanted, *WHEELS) if _applies(Requirement(need), kind)]
    plain = [need.partition(";")[0].strip() for need in mine]

    def cook(into: Path) -> None:
        torch = [need for need in plain if Requirement(need).name == "torch"]
        _pip(kind, into, ["--no-deps", *torch])  # pip would take its needs on this machine for ours
        _pip(kind, into, [*(set(plain) - set(torch)), *_needs_of_torch(into, kind)])
        trim(into / "torch")
        shutil.rmtree(into / "bin", ignore_errors=True)
        _compile(into)

    make(place, " ".join([PYTHON, *sorted(plain)]), cook)
    return place


def environment(kind: Kind, packages: Path, cache: Path) -> Path:
    """What `python -m venv` and pip would have made on the box, as a compressed file system that is
    only read (EROFS). Of torch's 250 MB library nearly all is read at a start: 72 MB, packed."""
    place = cache / f"environment-{kind.machine}"
    recipe = packages.with_suffix(".recipe").read_text(encoding="utf-8")

    def cook(into: Path) -> None:
        tree = into / "tree"
        (tree / "bin").mkdir(parents=True)
        library = tree / "lib" / f"python{PYTHON}" / "site-packages"
        shutil.copytree(packages, library, copy_function=os.link)
        for name in ("python", "python3"):
            (tree / "bin" / name).symlink_to("/usr/bin/python3")
        text = f"home = /usr/bin\ninclude-system-site-packages = true\nversion = {PYTHON}\n"
        (tree / "pyvenv.cfg").write_text(text, encoding="ascii")
        pack = needed("mkfs.erofs", package="erofs-utils")
        carry_out([pack, *PACKING, str(into / "environment.erofs"), str(tree)], ROOM)
        shutil.rmtree(tree)

    make(place, f"{recipe} {' '.join(PACKING)}", cook)
    return place / "environment.erofs"


def _compile(into: Path) -> None:
    """Compile all that this Python can read: torch has a file for newer ones, never imported."""
    python = [sys.executable, "-m", "compileall", "-qq", "-j1"]
    subprocess.run([*python, "--invalidation-mode", "unchecked-hash", str(into)], check=False)
    if not list((into / "torch" / "__pycache__").glob("__init__.*.pyc")):
        raise ArmError("the Python packages could not be compiled; make room on the disk")


def _mmdebstrap(options: list[str], suite: str, target: Path, sources: list[str]) -> None:
    program = needed("mmdebstrap", package="mmdebstrap")
    mode = "--mode=" + ("root" if os.geteuid() == 0 else "unshare")
    carry_out([program, "--quiet", mode, *options, suite, str(target), *sources], NETWORK)


def _pip(kind: Kind, into: Path, wanted: list[str]) -> None:
    platforms = [part for name in kind.platforms for part in ("--platform", name)]
    carry_out(
        [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--target", str(into), *platforms, "--python-version", PYTHON, "--implementation", "cp",
         "--only-binary=:all:", "--no-compile", *wanted], INDEX,
    )  # fmt: skip


def _applies(need: Requirement, kind: Kind) -> bool:
    there: dict[str, Any] = {
        "platform_machine": kind.machine, "platform_system": "Linux", "sys_platform": "linux",
        "python_version": PYTHON, "python_full_version": f"{PYTHON}.0", "extra": "",
    }  # fmt: skip
    return need.marker is None or bool(need.marker.evaluate(there))


def _needs_of_torch(into: Path, kind: Kind) -> list[str]:
    """What torch says that it needs on that processor."""
    found = next(into.glob("torch-*.dist-info/METADATA")).read_text(encoding="utf-8")
    lines = (line.partition(": ") for line in found.splitlines())
    needs = [Requirement(value) for key, _, value in lines if key == "Requires-Dist"]
    return [f"{need.name}{need.specifier}" for need in needs if _applies(need, kind)]
