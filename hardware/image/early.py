"""From the kernel to systemd: the drivers that a root on a card needs, and `init` beside this file,
as an initial RAM file system (Linux: Documentation/driver-api/early-userspace/buffer-format.rst).

Several such archives one after the other are one: that is how a test lays something beside it.
"""

from __future__ import annotations

import gzip
import lzma
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

from hardware.image.module import bare
from hardware.image.recipe import NO_DRIVERS, TO_THE_ROOT
from notochord.arm.root import carry_out, needed

INIT = Path(__file__).with_name("init")
DIRECTORY = stat.S_IFDIR | 0o755
Files = Mapping[str, tuple[int, bytes]]  # mode and content by path


def words(begin: str, end: str) -> str:
    """The part of `init` from these words to those, which it does without: to be run elsewhere."""
    text = INIT.read_text(encoding="utf-8")
    return text[text.index(begin) : text.index(end)]


def version(kernel: Path) -> str:
    """The version of the one kernel in a folder of unpacked packages."""
    return next((kernel / "usr/lib/modules").iterdir()).name


def image(kernel: Path) -> Path:
    """The kernel itself."""
    here = kernel / "usr/lib/modules" / version(kernel) / "vmlinuz"
    return here if here.exists() else kernel / "boot" / f"vmlinuz-{version(kernel)}"


def modules(kernel: Path, into: Path) -> Path:
    """Copy the modules that a box may need, and all that they need themselves, bare and unpacked,
    below into/usr/lib/modules; that folder."""
    source = kernel / "usr/lib/modules" / version(kernel)
    target = into / "usr/lib/modules" / version(kernel)
    depmod = needed("depmod", "/usr/sbin/depmod", package="kmod")
    if not (source / "modules.dep").exists():  # it reads every module, and takes its time
        carry_out([depmod, "-b", str(kernel / "usr"), version(kernel)], "try again")
    target.mkdir(parents=True)
    for name in kept(_needs(source)):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name.removesuffix(".xz")).write_bytes(bare(_plain(source / name)))
    for path in source.glob("modules.*"):
        shutil.copy(path, target)
    carry_out([depmod, "-b", str(into / "usr"), version(kernel)], "try again")
    return target


def kept(needs: Mapping[str, list[str]]) -> set[str]:
    """Of all modules those that a box may need, and what those need: USB audio, for one, needs
    something that lies among the cameras."""
    wanted = {
        name for name in needs
        if not any(fnmatch(name, f"kernel/{pattern}/*") for pattern in NO_DRIVERS)
    }  # fmt: skip
    return wanted | {need for name in wanted for need in needs[name]}


def _needs(folder: Path) -> dict[str, list[str]]:
    """What each module needs, directly or not (modules.dep(5))."""
    lines = (folder / "modules.dep").read_text(encoding="ascii").splitlines()
    return {name: needs.split() for name, _, needs in (line.partition(":") for line in lines)}


def drivers(root: Path, kernel_version: str, names: tuple[str, ...]) -> list[Path]:
    """The files of modules and of all that they need, in the order in which they are loaded."""
    modprobe = needed("modprobe", "/usr/sbin/modprobe", package="kmod")
    found: dict[Path, None] = {}
    for name in names:
        command = [modprobe, "-d", str(root / "usr"), "-S", kernel_version, "--show-depends", name]
        said = subprocess.run(command, capture_output=True, text=True)
        for line in said.stdout.splitlines():
            if line.startswith("insmod "):
                found[Path(line.split()[1])] = None
    return list(found)


def initrd(root: Path, kernel: Path) -> bytes:
    """The archive for a root that has its modules already."""
    paths = drivers(root, version(kernel), TO_THE_ROOT)
    busybox = (kernel / "usr/bin/busybox").read_bytes()
    files = {"init": (0o755, INIT.read_bytes()), "bin/busybox": (0o755, busybox)}
    for number, path in enumerate(paths):
        files[f"modules/{number:03}-{path.name}"] = (0o644, path.read_bytes())
    return packed(files)


def _plain(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def packed(files: Files) -> bytes:
    """Files as a compressed archive, with the folders that they are in."""
    folders = {str(parent): (DIRECTORY, b"") for name in files for parent in Path(name).parents}
    folders.pop(".", None)
    regular = {name: (stat.S_IFREG | mode, data) for name, (mode, data) in files.items()}
    entries = {**dict(sorted(folders.items())), **regular, "TRAILER!!!": (0, b"")}
    return gzip.compress(b"".join(_entries(entries)), compresslevel=6, mtime=0)


def _entries(files: Files) -> Iterator[bytes]:
    """One entry after the other in the format "newc", each padded to four bytes."""
    for number, (name, (mode, data)) in enumerate(files.items(), start=1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        yield head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
