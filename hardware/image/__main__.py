"""python -m hardware.image amd64 pi: make images from nothing, or from the parts there are."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from firmware_py.box.install import PARTS, SOURCE, Installer
from hardware.image import stages
from hardware.image.recipe import KINDS, PYTHON, Kind
from notochord.arm.root import ArmError, needed

CACHE = SOURCE / "build" / "image"
MB = 1 << 20


def main(argv: list[str] | None = None) -> int:
    """Make images, beside each other, and say how large they are and how long each part took."""
    parser = argparse.ArgumentParser(prog="make image", description=main.__doc__)
    parser.add_argument("kinds", nargs="+", metavar="kind", choices=sorted(KINDS))
    parser.add_argument("--cache", type=Path, default=CACHE, help="where parts and images are")
    args = parser.parse_args(argv)
    if "{}.{}".format(*sys.version_info) != PYTHON:
        sys.stderr.write(f"the box has Python {PYTHON}: make its image with that one\n")
        return 2
    try:
        with ThreadPoolExecutor() as several:  # each of them waits for other programs
            made = list(several.map(lambda kind: build(KINDS[kind], args.cache), args.kinds))
    except (ArmError, OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for path in made:
        about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        taken = path.stat().st_blocks * 512 // MB
        sys.stdout.write(f"{path}: version {about['version']}, kernel {about['kernel']}\n")
        sys.stdout.write(f"{path.stat().st_size // MB} MB, {taken} MB without its holes\n")
    return 0


def build(kind: Kind, cache: Path) -> Path:
    """The image of that kind, made if what it is made of has changed; its path. Whoever wants it
    too meanwhile waits for it."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / f"{kind.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _build(kind, cache)


def _build(kind: Kind, cache: Path) -> Path:
    wanted = Installer(SOURCE, machine=kind.machine).needed
    _timed(f"{kind.name}: user space", lambda: stages.user_space(kind, cache))
    _timed(f"{kind.name}: kernel", lambda: stages.kernel(kind, cache))
    packages = _timed(
        f"{kind.name}: Python packages", lambda: stages.packages(kind, wanted, cache)
    )
    _timed(f"{kind.name}: packed", lambda: stages.environment(kind, packages, cache))
    target = cache / f"notochord-box-{kind.name}.img"
    stamp, recipe = target.with_suffix(".recipe"), _recipe(kind, cache)
    if not (target.exists() and stamp.exists() and stamp.read_text("utf-8") == recipe):
        stamp.unlink(missing_ok=True)
        _timed(f"{kind.name}: image", lambda: _assemble(kind, cache))
        stamp.write_text(recipe, encoding="utf-8")
    return target


def _assemble(kind: Kind, cache: Path) -> None:
    """In a process of its own, in which all files may belong to root."""
    pretending = [] if os.geteuid() == 0 else [needed("fakeroot", package="fakeroot")]
    program = [sys.executable, "-m", "hardware.image.assemble", kind.name, str(cache)]
    done = subprocess.run([*pretending, *program], cwd=SOURCE, capture_output=True, text=True)
    if done.returncode:
        raise ArmError(f"no image: {(done.stderr.strip().splitlines() or ['?'])[-1]}")


def _timed(what: str, make: Callable[[], Any]) -> Any:
    began = time.monotonic()
    made = make()
    if (took := time.monotonic() - began) > 1:
        sys.stdout.write(f"{what}: {took:.0f} s\n")
        sys.stdout.flush()
    return made


def _recipe(kind: Kind, cache: Path) -> str:
    """All that the image is made of, in one number."""
    digest = hashlib.sha256()
    parts = (f"system-{kind.debian}", f"kernel-{kind.debian}", f"environment-{kind.machine}")
    for path in (*_sources(), *(cache / f"{part}.recipe" for part in parts)):
        digest.update(str(path.name).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    for part in (*PARTS, "hardware/image"):
        place = SOURCE / part
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (p for p in found if p.is_file() and "__pycache__" not in p.parts)


if __name__ == "__main__":
    sys.exit(main())
