"""Releases beside each other, and a link to the one that plays; a new one is on trial until it has.

    /opt/notochord-box/releases/0.2.0-1f3a…/     what was unpacked and checked, never changed again
                       environments/5be0…/       Python packages, shared by releases that need them
                       current ──▶ releases/…    switched in one step
                       trial.json                {"release", "before", "starts"}, while on trial

    update ──▶ on trial ──ready──▶ kept              A release that does not reach "ready" in TRIES
                  └──started TRIES times──▶ before   starts, for whatever reason, is left for the
                                                     one before.

An update is a tar.gz: release.json, its signature, and the files that it names, with their sums.
Nothing in it is looked at before the signature is found good (`signature.py`, beside this file).

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
import platform
import py_compile
import shutil
import sys
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

if __package__:
    from firmware_py.box.remount import writable
    from firmware_py.box.signature import SIGNERS, SignatureError, verify
else:  # installed beside the releases, and run with -I, which looks for modules elsewhere
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from remount import writable  # type: ignore[no-redef]
    from signature import SIGNERS, SignatureError, verify  # type: ignore[no-redef]

TRIES = 2  # starts that a new release has to reach "ready"
KEPT = 2  # releases: the one that plays and the one before
FORMAT = 2  # of an archive; the first had no signature
MANIFEST, SIGNATURE = "release.json", "release.json.sig"
LARGEST = 1 << 30  # bytes of all files of an update
HEAD = 4 << 20  # bytes of its manifest, and of its signature
ARCHIVES = "notochord-box-*.update"  # what is looked for on a stick
NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-_"


class ReleaseError(ValueError):
    """The update cannot be used, in one line; what plays plays on."""


class Releases:
    """The releases below one folder."""

    def __init__(self, base: Path, signers: Path = SIGNERS, machine: str = "") -> None:
        """`signers`: the file of the keys whose updates are taken. `machine`: the processor of an
        image that is made elsewhere; by default this one's."""
        self.base, self._signers, self._machine = base, signers, machine
        self._trial, self._failed = base / "trial.json", base / "failed.json"

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
            _write_json(self._trial, {"release": name, "before": before, "starts": 0})
        self.switch(name)

    def choose(self) -> str | None:
        """Before each start: count it, or go back. The release that is left, if one is."""
        trial = self._read_trial()
        if not trial:
            return None
        if trial["starts"] >= TRIES or not (self.path(trial["release"]) / MANIFEST).is_file():
            _write_json(self._failed, [*self.failed[-9:], trial["release"]])
            self.switch(trial["before"])
            self.confirm()
            return str(trial["release"])
        _write_json(self._trial, {**trial, "starts": trial["starts"] + 1})
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

    @property
    def failed(self) -> list[str]:
        """The releases that were left, the last ones last."""
        with suppress(OSError, ValueError, TypeError):
            return [str(name) for name in json.loads(self._failed.read_text(encoding="utf-8"))]
        return []

    # ── updating ────────────────────────────────────────────────────────────────────────────

    def update(self, archive: Path, only_newer: bool = False) -> str:
        """Unpack an archive beside what plays, check every byte, and put it on trial; its name.

        `only_newer`: nothing that is older than what plays, and nothing that failed here: what a
        forgotten stick would bring in at every start. Raises ReleaseError when the archive is not
        one of ours, is not signed, is damaged or does not fit.
        """
        if only_newer:
            self.check_newer(head(archive, self._signers))
        new = self.base / "releases" / ".new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            manifest = _unpack(archive, new, self._signers)
            name = self.adopt(new, manifest)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        if name != self.current:
            self.begin_trial(name)
        return name

    def adopt(self, folder: Path, manifest: dict[str, Any]) -> str:
        """Make a checked folder beside the releases one of them; its name. Raises ReleaseError."""
        name = str(manifest["name"])
        environment = self._environment_for(manifest)
        if name in self.names:
            return name
        (folder / "environment").symlink_to(Path("../../environments") / environment.name)
        _finish(folder)
        shutil.rmtree(self.path(name), ignore_errors=True)  # left half made
        os.replace(folder, self.path(name))
        _to_disk(self.base / "releases")
        return name

    def _environment_for(self, manifest: dict[str, Any]) -> Path:
        environment = self.base / "environments" / environment_of(manifest["needs"], self._machine)
        if not environment.is_dir():
            raise ReleaseError(
                f"{manifest['name']} needs other Python packages than there are; connect the box "
                "to a network and run 'sudo make install' from its source"
            )
        return environment

    def check(self, archive: Path, scratch: Path) -> str:
        """Look at every byte of an archive as `update` would, and change nothing but what is
        in `scratch`, which is emptied again; the release's name. Raises ReleaseError."""
        self.check_newer(head(archive, self._signers))
        try:
            scratch.mkdir(exist_ok=True)
            manifest = _unpack(archive, scratch, self._signers)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._environment_for(manifest)
        return str(manifest["name"])

    def check_newer(self, manifest: dict[str, Any]) -> None:
        """Raises ReleaseError when this release is what plays, is older, or has failed here."""
        name = str(manifest["name"])
        if name == self.current:
            raise ReleaseError(f"{name} plays already")
        if name in self.failed:
            raise ReleaseError(f"{name} was tried here and did not reach ready")
        playing: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            playing = json.loads((self.base / "current" / MANIFEST).read_text(encoding="utf-8"))
        if age(manifest) < age(playing):
            raise ReleaseError(f"{name} is older than {self.current}, which plays")

    def newest(self, folder: Path) -> Path | None:
        """Of the updates in a folder the newest, if there are any; raises ReleaseError when none
        of them is one of ours."""
        found, faults = [], []
        for path in sorted(folder.glob(ARCHIVES)):
            try:
                found.append((age(head(path, self._signers)), path))
            except (ReleaseError, OSError) as error:
                faults.append(ReleaseError(str(error)))
        if faults and not found:
            raise faults[0]
        return max(found)[1] if found else None

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


def manifest_of(
    folder: Path, files: Iterable[str], version: str, needs: Sequence[str], made: int = 0
) -> Any:
    """The manifest of a release: its name says its version and what is in it. `needs`: Python
    packages; `made`: when, in seconds since 1970."""
    sums = {name: _sum(folder / name) for name in sorted(files)}
    digest = hashlib.sha256(json.dumps([sums, sorted(needs)]).encode()).hexdigest()
    name = f"{version}-{digest[:8]}"
    return {"format": FORMAT, "name": name, "made": made, "needs": sorted(needs), "files": sums}


def environment_of(needs: Sequence[str], machine: str = "") -> str:
    """The name of an environment with these packages for this Python and a processor, by default
    this machine's."""
    version = "{}.{}".format(*sys.version_info)
    text = json.dumps([sorted(needs), version, machine or platform.machine()])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def age(manifest: dict[str, Any]) -> tuple[tuple[int, ...], int]:
    """Of two releases, the one for which this is less is the older one."""
    version = str(manifest.get("name", "")).partition("-")[0]
    numbers = tuple(int(part) for part in version.split(".") if part.isdecimal())
    return numbers, int(manifest.get("made", 0))


def head(archive: Path, signers: Path) -> dict[str, Any]:
    """The manifest of an archive, whose signature is good. Raises ReleaseError."""
    with _reading(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        return _read_manifest(tar, iter(tar), signers)


def _unpack(archive: Path, into: Path, signers: Path) -> dict[str, Any]:
    """Take an archive's files, if they are all there, all named, and all as the manifest says."""
    with _reading(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        members = iter(tar)
        manifest = _read_manifest(tar, members, signers)
        left = dict(manifest["files"])
        for member in members:
            _take(tar, member, into, left)
        while stream.read(1 << 20):  # to its very end, where its own sum is
            pass
    if left:
        raise ReleaseError(f"{archive.name}: {len(left)} files are missing, {min(left)} among them")
    (into / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


@contextmanager
def _reading(archive: Path) -> Iterator[IO[bytes]]:
    """An archive unpacked as it is read; a plain file, not a link to one. Whatever goes wrong in
    reading it is a ReleaseError."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        with open(os.open(archive, flags), "rb") as file, gzip.open(file) as stream:
            yield stream  # type: ignore[misc]
    except ReleaseError as error:
        raise ReleaseError(f"{archive.name}: {error}") from error
    except (OSError, EOFError, tarfile.TarError, zlib.error, UnicodeDecodeError) as error:
        raise ReleaseError(f"{archive.name}: damaged, or no update at all ({error})") from error


def _read_manifest(
    tar: tarfile.TarFile, members: Iterator[tarfile.TarInfo], signers: Path
) -> dict[str, Any]:
    """The first two members: what is in the archive, and whose word that is."""
    data = _small(tar, next(members, None), MANIFEST)
    if data is None:
        raise ReleaseError("not an update of this box: it has no manifest")
    signature = _small(tar, next(members, None), SIGNATURE)
    if signature is None:
        raise ReleaseError("it is not signed; make it with 'notochord-box update make'")
    try:
        verify(data, signature, signers)
        return _manifest_in(json.loads(data))
    except SignatureError as error:
        raise ReleaseError(str(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReleaseError(f"not an update of this box: {error}") from error


def _manifest_in(given: Any) -> dict[str, Any]:
    """What a manifest says; raises ValueError, TypeError or KeyError when it makes no sense."""
    if given["format"] != FORMAT:
        raise ReleaseError(
            f"its format is {given['format']!r}, and this box reads {FORMAT}; make it anew with "
            "the source that the box was installed from"
        )
    name, files, needs = given["name"], dict(given["files"]), [str(n) for n in given["needs"]]
    if not isinstance(name, str) or not name.strip(".") or set(name) - set(NAMES):
        raise ReleaseError(f"not an update of this box: it is called {name!r}")
    made = int(given["made"])
    return {"format": FORMAT, "name": name, "made": made, "needs": needs, "files": files}


def _small(tar: tarfile.TarFile, member: tarfile.TarInfo | None, name: str) -> bytes | None:
    """The content of a member, if it is called so and is a file of moderate size."""
    if member is None or member.name != name or not member.isfile() or member.size > HEAD:
        return None
    data = tar.extractfile(member)
    return None if data is None else data.read()


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


def _write_json(path: Path, data: Any) -> None:
    """The old or the new one is there, whatever happens."""
    writing = path.with_suffix(".writing")
    with open(writing, "w", encoding="utf-8") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(writing, path)
    _to_disk(path.parent)


def _to_disk(path: Path) -> None:
    """As in notochord.wholefile, of which nothing can be had here."""
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


# ── from the service and the command line ───────────────────────────────────────────────────


def _choose(releases: Releases, args: argparse.Namespace) -> str:
    left = releases.choose()
    return "" if left is None else f"{left} did not reach ready; back to {releases.current}"


def _confirm(releases: Releases, args: argparse.Namespace) -> str:
    releases.confirm()
    releases.prune()
    return ""


def _update(releases: Releases, args: argparse.Namespace) -> str:
    return f"{releases.update(args.path)} plays from the next start on"


def _take_upload(releases: Releases, args: argparse.Namespace) -> str:
    """An update that somebody uploaded: it is gone afterwards, whatever it was."""
    try:
        name = releases.update(args.path, only_newer=True)
    finally:
        args.path.unlink(missing_ok=True)
    return _renewed(args.runtime, f"release {name} plays from the next start on")


def _take_stick(releases: Releases, args: argparse.Namespace) -> str:
    """The newest update on a stick."""
    archive = releases.newest(args.path)
    if archive is None:
        return "no update on it"
    name = releases.update(archive, only_newer=True)
    return _renewed(args.runtime, f"release {name} plays from the next start on")


def _renewed(folder: Path, line: str) -> str:
    """Leave a line for the player, which starts anew when nobody plays. The folder is the
    player's: nothing in it is followed."""
    if folder.is_dir():
        place, writing = folder / "renewed", folder / ".renewed"
        writing.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(writing, flags, 0o644), "w", encoding="utf-8") as file:
            file.write(line)
        os.replace(writing, place)
    return line


DOES = {
    "choose": _choose, "confirm": _confirm, "update": _update, "upload": _take_upload,
    "stick": _take_stick,
}  # fmt: skip


def main(argv: list[str] | None = None, out: IO[str] = sys.stdout) -> int:
    """choose, confirm, update ARCHIVE, upload ARCHIVE or stick FOLDER; the releases are those
    beside this file."""
    parser = argparse.ArgumentParser(prog="notochord-box-update", description=main.__doc__)
    parser.add_argument("--base", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--signers", type=Path, default=SIGNERS)
    parser.add_argument("--runtime", type=Path, default=Path("/run/notochord-box"))
    parser.add_argument("do", choices=DOES)
    parser.add_argument("path", type=Path, nargs="?")
    args = parser.parse_args(argv)
    if args.path is None and args.do not in ("choose", "confirm"):
        parser.error("name the archive, or the folder")
    try:
        with writable(args.base):
            said = DOES[args.do](Releases(args.base, args.signers), args)
    except (ReleaseError, OSError) as error:
        sys.stderr.write(f"notochord-box-update: {error}\n")
        return 2
    out.write(f"{said}\n" if said else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
