"""Releases beside each other, and a link to the one that plays; a new one is on trial until it has.

    /opt/notochord-box/releases/0.2.0-1f3a…/     what was unpacked and checked, never changed again
                       environments/5be0…/       Python packages, shared by releases that need them
                       current ──▶ releases/…    switched in one step
                       trial.json                {"release", "before", "starts"}, while on trial

    update ──▶ on trial ──ready──▶ kept              A release that does not reach "ready" in TRIES
                  └──started TRIES times──▶ before   starts, for whatever reason, is left for the
                                                     one before.

The standard library alone: this file is also installed beside the releases, and run from there by
the system's Python, so that no release can spoil the way back.
"""

from __future__ import annotations

import argparse
import compileall
import gzip
import hashlib
import json
import os
import py_compile
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

TRIES = 2  # starts that a new release has to reach "ready"
KEPT = 2  # releases: the one that plays and the one before
MANIFEST = "release.json"
LARGEST = 1 << 30  # bytes of all files of an update
NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_"


class ReleaseError(ValueError):
    """The update cannot be used, in one line; what plays plays on."""


class Releases:
    """The releases below one folder."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self._trial = base / "trial.json"

    @property
    def current(self) -> str | None:
        """The release that plays; None when there is none."""
        with suppress(OSError):
            return Path(os.readlink(self.base / "current")).name
        return None

    @property
    def names(self) -> list[str]:
        """Those that are whole, oldest first."""
        folders = [p for p in (self.base / "releases").glob("[!.]*") if (p / MANIFEST).is_file()]
        return [p.name for p in sorted(folders, key=lambda p: (p.stat().st_mtime_ns, p.name))]

    def path(self, name: str) -> Path:
        """The folder of a release."""
        return self.base / "releases" / name

    def switch(self, name: str) -> None:
        """Have this release play from the next start on; in one step, whatever happens."""
        link = self.base / ".current"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("releases") / name)
        os.replace(link, self.base / "current")
        _to_disk(self.base)

    # ── the trial ───────────────────────────────────────────────────────────────────────────

    def begin_trial(self, name: str) -> None:
        """Switch to a new release, on trial. The way back is on the disk before it is needed."""
        before = self._read_trial().get("before", self.current)
        if name == before:
            self.confirm()
        else:
            self._write_trial({"release": name, "before": before, "starts": 0})
        self.switch(name)

    def choose(self) -> str | None:
        """Before each start: count it, or go back. The release that is left, if one is."""
        trial = self._read_trial()
        if not trial:
            return None
        if trial["starts"] >= TRIES or not (self.path(trial["release"]) / MANIFEST).is_file():
            self.switch(trial["before"])
            self.confirm()
            return str(trial["release"])
        self._write_trial({**trial, "starts": trial["starts"] + 1})
        return None

    def confirm(self) -> None:
        """What plays now has reached "ready": it is kept."""
        self._trial.unlink(missing_ok=True)
        _to_disk(self.base)

    def _read_trial(self) -> dict[str, Any]:
        """The trial, or nothing where there is none that makes sense."""
        try:
            trial = json.loads(self._trial.read_text(encoding="utf-8"))
            release, before = str(trial["release"]), str(trial["before"])
            starts = int(trial["starts"])
        except (OSError, ValueError, TypeError, KeyError):
            return {}
        if not (self.path(before) / MANIFEST).is_file():  # there is no way back
            return {}
        return {"release": release, "before": before, "starts": starts}

    def _write_trial(self, trial: dict[str, Any]) -> None:
        writing = self._trial.with_suffix(".writing")
        with open(writing, "w", encoding="utf-8") as file:
            json.dump(trial, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(writing, self._trial)
        _to_disk(self.base)

    # ── updating ────────────────────────────────────────────────────────────────────────────

    def update(self, archive: Path) -> str:
        """Unpack an archive beside what plays, check every byte, and put it on trial; its name.

        Raises ReleaseError when the archive is not one of ours, is damaged or does not fit.
        """
        new = self.base / "releases" / ".new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            manifest = _unpack(archive, new)
            name = self.adopt(new, manifest)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        if name != self.current:
            self.begin_trial(name)
        return name

    def adopt(self, folder: Path, manifest: dict[str, Any]) -> str:
        """Make a checked folder beside the releases one of them; its name. Raises ReleaseError."""
        name = str(manifest["name"])
        environment = self.base / "environments" / str(manifest["environment"])
        if not environment.is_dir():
            raise ReleaseError(
                f"{name} needs other Python packages than there are; connect the box to a "
                "network and run 'sudo make install' from its source"
            )
        if name in self.names:
            return name
        (folder / "environment").symlink_to(Path("../../environments") / environment.name)
        _finish(folder)
        shutil.rmtree(self.path(name), ignore_errors=True)  # left half made
        os.replace(folder, self.path(name))
        _to_disk(self.base / "releases")
        return name

    def prune(self) -> None:
        """Delete all releases but the one that plays and those that came last, and the
        environments that none of them needs."""
        needed = {self.current, self._read_trial().get("before"), *self.names[-KEPT:]}
        for name in set(self.names) - needed:
            shutil.rmtree(self.path(name))
        used = {Path(os.readlink(self.path(n) / "environment")).name for n in self.names}
        for environment in (self.base / "environments").glob("[!.]*"):
            if environment.name not in used:
                shutil.rmtree(environment)


# ── the archive ─────────────────────────────────────────────────────────────────────────────


def manifest_of(folder: Path, files: Iterable[str], version: str, environment: str) -> Any:
    """The manifest of a release: its name says its version and what is in it."""
    sums = {name: _sum(folder / name) for name in sorted(files)}
    digest = hashlib.sha256(json.dumps([sums, environment]).encode()).hexdigest()
    return {"name": f"{version}-{digest[:8]}", "environment": environment, "files": sums}


def pack(folder: Path, manifest: dict[str, Any], archive: Path) -> None:
    """Write an update: the manifest first, then the files that it names."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        data = folder / MANIFEST
        data.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        for name in (MANIFEST, *manifest["files"]):
            tar.add(folder / name, name)


def _unpack(archive: Path, into: Path) -> dict[str, Any]:
    """Take an archive's files, if they are all there, all named, and all as the manifest says."""
    try:
        with gzip.open(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            members = iter(tar)
            manifest = _read_manifest(tar, next(members, None))
            left = dict(manifest["files"])
            for member in members:
                _take(tar, member, into, left)
            while stream.read(1 << 20):  # to its very end, where its own sum is
                pass
    except (OSError, EOFError, tarfile.TarError, zlib.error, UnicodeDecodeError) as error:
        raise ReleaseError(f"{archive.name}: damaged, or no update at all ({error})") from error
    if left:
        raise ReleaseError(f"{archive.name}: {len(left)} files are missing, {min(left)} among them")
    (into / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def _read_manifest(tar: tarfile.TarFile, member: tarfile.TarInfo | None) -> dict[str, Any]:
    data = tar.extractfile(member) if member is not None and member.name == MANIFEST else None
    try:
        manifest: Any = json.loads(data.read(LARGEST)) if data is not None else None
        name, files = manifest["name"], manifest["files"]
        environment = manifest["environment"]
    except (ValueError, TypeError, KeyError) as error:
        raise ReleaseError("not an update of this box: it has no manifest") from error
    for text in (name, environment):
        if not isinstance(text, str) or not text.strip(".") or set(text) - set(NAMES):
            raise ReleaseError(f"not an update of this box: it is called {text!r}")
    return {"name": name, "environment": environment, "files": dict(files)}


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path, left: dict[str, str]) -> None:
    path = PurePosixPath(member.name)
    wanted = left.pop(member.name, None)
    if wanted is None or not member.isfile() or path.is_absolute() or ".." in path.parts:
        raise ReleaseError(f"{member.name}: no file that this update may bring")
    data = tar.extractfile(member)
    if data is None or tar.offset > LARGEST or member.size > LARGEST:
        raise ReleaseError(f"{member.name}: far too large")
    target = into / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with data, open(target, "wb") as file:
        shutil.copyfileobj(data, file)
    target.chmod(0o755 if member.mode & 0o100 else 0o644)
    if _sum(target) != wanted:
        raise ReleaseError(f"{member.name}: damaged on its way; copy the update again")


def _sum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _finish(folder: Path) -> None:
    """Compile what is in Python, so that no start has to; let everybody read it, and only root
    write; wait until it is all on the disk."""
    compileall.compile_dir(
        folder, quiet=2, stripdir=str(folder), prependdir="/opt/notochord-box/current",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip
    for path in _walk(folder):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        _to_disk(path)


def _walk(folder: Path) -> Iterator[Path]:
    yield folder
    for path in folder.iterdir():
        if not path.is_symlink():
            yield from _walk(path) if path.is_dir() else [path]


# ── on a root that is only read ─────────────────────────────────────────────────────────────


@contextmanager
def writable(
    place: Path, carry_out: Callable[[Sequence[str]], object] = subprocess.check_call
) -> Iterator[None]:
    """For as long as it takes, let the file system that holds `place` be written, if it is only
    read otherwise. Raises OSError when that cannot be done."""
    if not os.statvfs(place).f_flag & os.ST_RDONLY:
        yield
        return
    point = place.resolve()
    while not os.path.ismount(point):
        point = point.parent
    try:
        carry_out(["mount", "-o", "remount,rw", str(point)])
    except subprocess.CalledProcessError as error:
        raise OSError(f"{point} is only read, and cannot be written") from error
    try:
        yield
    finally:
        with suppress(subprocess.CalledProcessError):  # busy: so until the next start
            carry_out(["mount", "-o", "remount,ro", str(point)])


# ── from the service and the command line ───────────────────────────────────────────────────


def main(argv: list[str] | None = None, out: IO[str] = sys.stdout) -> int:
    """choose, confirm, or update ARCHIVE; the releases are those beside this file."""
    parser = argparse.ArgumentParser(prog="notochord-box-update", description=main.__doc__)
    parser.add_argument("--base", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("do", choices=("choose", "confirm", "update"))
    parser.add_argument("archive", type=Path, nargs="?")
    args = parser.parse_args(argv)
    if args.do == "update" and args.archive is None:
        parser.error("name the archive")
    try:
        with writable(args.base):
            _carry_out(Releases(args.base), args.do, args.archive, out)
    except (ReleaseError, OSError) as error:
        sys.stderr.write(f"notochord-box-update: {error}\n")
        return 2
    return 0


def _carry_out(releases: Releases, do: str, archive: Path, out: IO[str]) -> None:
    if do == "choose":
        if (left := releases.choose()) is not None:
            out.write(f"{left} did not reach ready; back to {releases.current}\n")
    elif do == "confirm":
        releases.confirm()
        releases.prune()
    else:
        out.write(f"{releases.update(archive)} plays from the next start on\n")


if __name__ == "__main__":
    sys.exit(main())
