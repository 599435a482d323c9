"""A card is written with nothing mounted, and every partition begins where the table says."""

import shutil
import struct

import pytest

from hardware.image import disk
from hardware.image.recipe import DATA, FIRMWARE, ROOT, SIZES, SPARE

TOOLS = {"mkfs.vfat": "dosfstools", "mcopy": "mtools", "mke2fs": "e2fsprogs", "sfdisk": "fdisk"}
missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
needs_tools = pytest.mark.skipif(bool(missing), reason=f"not here: apt-get install {missing}")
SMALL = {FIRMWARE: 36, ROOT: 8, DATA: 8, SPARE: 8}


@pytest.fixture
def card(tmp_path, monkeypatch):
    """A small card."""
    monkeypatch.setattr(disk, "SIZES", SMALL)
    for name in ("firmware", "root"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    card = disk.card(tmp_path / "card.img")
    disk.fat(card, FIRMWARE, "THEBOX", tmp_path / "firmware")
    disk.ext4(card, ROOT, "the-root", tmp_path / "root")
    disk.ext4(card, DATA, "the-data")
    disk.ext4(card, SPARE, "the-spare")
    return card.read_bytes()


def table(card):
    """Type, first sector and sectors of each partition."""
    entries = [card[446 + 16 * n : 462 + 16 * n] for n in range(4)]
    return [(e[4], *struct.unpack("<II", e[8:])) for e in entries]


@needs_tools
def test_every_partition_begins_where_the_table_says(card):
    kinds, starts, sizes = zip(*table(card), strict=True)
    assert [f"{kind:x}" for kind in kinds] == ["c", "83", "83", "83"]
    assert [size >> 11 for size in sizes] == list(SMALL.values())
    assert card[512 * starts[0] + 82 :].startswith(b"FAT32")
    for start, label in zip(starts[1:], (b"the-root", b"the-data", b"the-spare"), strict=True):
        superblock = card[512 * start + 1024 :]
        assert superblock[56:58] == b"\x53\xef" and superblock[120:136].startswith(label)


@needs_tools
def test_what_is_in_the_folders_is_on_the_card(card):
    assert b"firmware" in card and b"root" in card


def test_partitions_neither_overlap_nor_leave_the_erase_blocks_of_a_card():
    starts = disk.starts()
    ends = {partition: start + SIZES[partition] for partition, start in starts.items()}
    assert all(starts[n + 1] == ends[n] for n in (FIRMWARE, ROOT, DATA))
    assert all(start % 4 == 0 for start in starts.values())
