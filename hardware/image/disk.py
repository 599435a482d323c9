"""File systems and partitions written into files, with nothing mounted."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hardware.image.recipe import DATA, FIRMWARE, MEGABYTE, ROOT, SIZES, SPARE
from notochord.arm.root import carry_out, needed

ROOM = "make room on the disk"
BEGIN = 4  # megabytes before the first partition, as erase blocks of cards are large
TYPES = {FIRMWARE: "c", ROOT: "83", DATA: "83", SPARE: "83"}


def fat(folder: Path, out: Path) -> Path:
    """A FAT file system with the files of a folder."""
    make, copy = needed("mkfs.vfat", package="dosfstools"), needed("mcopy", package="mtools")
    _empty(out, SIZES[FIRMWARE])
    carry_out([make, "-F", "32", "-n", "NOTOCHORD", str(out)], ROOM)
    carry_out([copy, "-i", str(out), "-s", *map(str, sorted(folder.iterdir())), "::"], ROOM)
    return out


def ext4(folder: Path | None, label: str, out: Path, partition: int) -> Path:
    """An ext4 file system of a partition's size, with the files of a folder."""
    make = needed("mke2fs", "/usr/sbin/mke2fs", package="e2fsprogs")
    content = ["-d", str(folder)] if folder is not None else []
    options = ["-q", "-F", "-t", "ext4", "-m", "0", "-L", label, *content]
    carry_out([make, *options, str(out), f"{SIZES[partition]}M"], ROOM)
    return out


def starts() -> dict[int, int]:
    """Where each partition begins, in megabytes."""
    at, found = BEGIN, {}
    for partition, size in SIZES.items():
        found[partition] = at
        at += size
    return found


def card(parts: list[Path], out: Path) -> Path:
    """The whole card: its table, and the partitions one after the other, with their holes."""
    sfdisk = needed("sfdisk", "/usr/sbin/sfdisk", package="fdisk")
    _empty(out, BEGIN + sum(SIZES.values()))
    lines = [f"start={start * MEGABYTE}, size={SIZES[n] * MEGABYTE}, type={TYPES[n]}"
             for n, start in starts().items()]  # fmt: skip
    table = "\n".join(["label: dos", *lines]) + "\n"
    subprocess.run([sfdisk, "--quiet", str(out)], input=table, text=True, check=True)
    for part, start in zip(parts, starts().values(), strict=True):
        carry_out(["dd", f"if={part}", f"of={out}", "bs=1M", f"seek={start}",
                   "conv=notrunc,sparse", "status=none"], ROOM)  # fmt: skip
    return out


def _empty(path: Path, megabytes: int) -> None:
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)
