"""File systems and partitions written into files, with nothing mounted."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hardware.image.recipe import DATA, FIRMWARE, MEGABYTE, ROOT, SIZES, SPARE
from notochord.arm.root import carry_out, needed

ROOM = "make room on the disk"
BEGIN = 4  # megabytes before the first partition, as erase blocks of cards are large
TYPES = {FIRMWARE: "c", ROOT: "83", DATA: "83", SPARE: "83"}


def starts() -> dict[int, int]:
    """Where each partition begins, in megabytes."""
    at, found = BEGIN, {}
    for partition, size in SIZES.items():
        found[partition] = at
        at += size
    return found


def card(out: Path) -> Path:
    """A card with its partition table and nothing in the partitions yet; a file full of holes."""
    sfdisk = needed("sfdisk", "/usr/sbin/sfdisk", package="fdisk")
    _empty(out, BEGIN + sum(SIZES.values()))
    lines = [f"start={start * MEGABYTE}, size={SIZES[n] * MEGABYTE}, type={TYPES[n]}"
             for n, start in starts().items()]  # fmt: skip
    table = "\n".join(["label: dos", *lines]) + "\n"
    subprocess.run([sfdisk, "--quiet", str(out)], input=table, text=True, check=True)
    return out


def ext4(card: Path, partition: int, label: str, folder: Path | None = None) -> None:
    """Make an ext4 file system in a partition, with the files of a folder."""
    make = needed("mke2fs", "/usr/sbin/mke2fs", package="e2fsprogs")
    content = ["-d", str(folder)] if folder is not None else []
    place = ["-E", f"offset={starts()[partition] << 20}"]
    options = ["-q", "-F", "-t", "ext4", "-m", "0", "-L", label, *place, *content]
    carry_out([make, *options, str(card), f"{SIZES[partition]}M"], ROOM)


def fat(card: Path, partition: int, label: str, folder: Path) -> None:
    """Make a FAT file system in a partition, with the files of a folder: in a file of its own
    first, since mtools cannot be told where in a card it is."""
    make, copy = needed("mkfs.vfat", package="dosfstools"), needed("mcopy", package="mtools")
    apart = card.with_suffix(".fat")
    _empty(apart, SIZES[partition])
    carry_out([make, "-F", "32", "-n", label, str(apart)], ROOM)
    carry_out([copy, "-i", str(apart), "-s", *map(str, sorted(folder.iterdir())), "::"], ROOM)
    carry_out(["dd", f"if={apart}", f"of={card}", "bs=1M", f"seek={starts()[partition]}",
               "conv=notrunc,sparse", "status=none"], ROOM)  # fmt: skip
    apart.unlink()


def _empty(path: Path, megabytes: int) -> None:
    with open(path, "wb") as file:
        file.truncate(megabytes << 20)
