"""A disk that writes down all that is written to it, so that any power cut can be made of it.

    files ──ext4──▶ loop device ──▶ export (FUSE) ──▶ qemu-storage-daemon ─┬▶ disk
                                                                           └▶ log: each write and
                                                                              flush, in order

A disk may keep what it is told in a cache and write it in any order, but before it says that a
flush is done all before it is written. So a power cut leaves everything before the last flush, and
of what came after it any part, a write itself torn at any sector.

The log has the format of Linux's dm-log-writes
(Documentation/admin-guide/device-mapper/log-writes.rst).
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
FLUSH, DISCARD, MARK = 1, 4, 8
OPTIONS = "noatime,nodev,nosuid,noexec"  # as the early init mounts the box's own partition
_ENTRY = struct.Struct("<QQQQ")  # sector, sectors, flags, bytes of a mark
PROGRAMS = {"qemu-storage-daemon": "qemu-utils", "mke2fs": "e2fsprogs"}


def impossible() -> str:
    """Why nothing can be recorded here, or nothing."""
    if os.geteuid() != 0:
        return "a disk is mounted by root"
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"{missing[0]} is not here (apt-get install {PROGRAMS[missing[0]]})"
    return "" if list(Path("/dev").glob("loop*")) else "this machine has no loop devices"


@dataclass(frozen=True)
class Write:
    """One entry of a log: where it begins and ends there, and what it did to the disk."""

    begin: int
    end: int
    sector: int
    sectors: int
    flags: int


def writes(log: Path) -> list[Write]:
    """What was written, in order."""
    size, at, found = log.stat().st_size, SECTOR, []
    with open(log, "rb") as file:
        while at + SECTOR <= size:
            file.seek(at)
            sector, sectors, flags, _ = _ENTRY.unpack(file.read(_ENTRY.size))
            end = at + SECTOR * (1 + (0 if flags & (DISCARD | MARK) else sectors))
            if end > size or (sectors, flags) == (0, 0):
                break
            found.append(Write(at, end, sector, sectors, flags))
            at = end
    return found


class Disk:
    """A disk with an ext4 file system, mounted at `place` while it is entered."""

    def __init__(self, work: Path, megabytes: int, label: str) -> None:
        self.begun, self.place, self.log = work / "begun.ext4", work / "place", work / "log"
        self._disk, self._export = work / "disk.ext4", work / "export"
        for file in (self._disk, self.log, self._export):
            file.touch()
        os.truncate(self._disk, megabytes << 20)
        self.place.mkdir()
        make = ["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L", label, str(self._disk)]
        subprocess.run(make, check=True)

    def __enter__(self) -> Disk:
        shutil.copyfile(self._disk, self.begun)
        inner = f"driver=raw,node-name=disk,file.driver=file,file.filename={self._disk}"
        log = f"driver=file,node-name=log,filename={self.log}"
        both = "driver=blklogwrites,node-name=both,file=disk,log=log,log-sector-size=512"
        export = f"type=fuse,id=export,node-name=both,mountpoint={self._export},writable=on"
        options = ("--blockdev", inner, "--blockdev", log, "--blockdev", both, "--export", export)
        self._daemon = subprocess.Popen(["qemu-storage-daemon", *options])
        until = time.monotonic() + 30.0
        while not os.path.ismount(self._export):
            if self._daemon.poll() is not None or time.monotonic() > until:
                raise OSError("qemu-storage-daemon exports nothing")
            time.sleep(0.05)
        mount = ["mount", "-o", f"loop,{OPTIONS}", str(self._export), str(self.place)]
        subprocess.run(mount, check=True)
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", str(self.place)], check=True)
        self._daemon.terminate()
        self._daemon.wait()

    @property
    def position(self) -> int:
        """How far the log is: bytes. What was on the disk before is within them."""
        return self.log.stat().st_size


@dataclass(frozen=True)
class Cut:
    """The power goes after so many entries of the log; of those since the last flush a part is lost
    (0: none is, and it was as if only the computer had stopped, not the disk)."""

    after: int
    lost: float
    seed: int


def cuts(entries: list[Write], first: int, count: int, seed: int) -> Iterator[Cut]:
    """So many cuts at random, none before the byte `first` of the log: half of them of the computer
    alone."""
    chance = random.Random(seed)
    possible = [n for n, entry in enumerate(entries, 1) if entry.end > first]
    for number in range(count):
        lost = 0.0 if number % 2 else chance.choice((0.25, 0.5, 0.75, 1.0))
        yield Cut(chance.choice(possible), lost, chance.randrange(1 << 30))


def leave(cut: Cut, entries: list[Write], log: Path, disk: Path) -> None:
    """Write onto a disk, which is as it was before the log began, what a power cut leaves."""
    chance = random.Random(cut.seed)
    written = entries[: cut.after]
    safe = max((n for n, entry in enumerate(written, 1) if entry.flags & FLUSH), default=0)
    with open(log, "rb") as source, open(disk, "r+b") as target:
        for number, entry in enumerate(written):
            first, last = 0, entry.sectors
            if entry.flags & (DISCARD | MARK) or not entry.sectors:
                continue
            if number >= safe and chance.random() < cut.lost:
                first, last = _torn(entry.sectors, chance)
            source.seek(entry.begin + SECTOR * (1 + first))
            target.seek(SECTOR * (entry.sector + first))
            target.write(source.read(SECTOR * (last - first)))


def _torn(sectors: int, chance: random.Random) -> tuple[int, int]:
    """Which sectors of a write that was under way are on the disk: none, or some in a row."""
    if chance.random() < 0.5:
        return 0, 0
    first, last = sorted(chance.randrange(sectors + 1) for _ in range(2))
    return first, last
