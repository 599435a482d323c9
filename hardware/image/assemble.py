"""The root of an image in a folder, and the image made of it.

Run as a program of its own, by root or below fakeroot, so that all files belong to whom they should
belong to. No file system is mounted: mke2fs and mtools write into files.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from firmware_py import __version__
from firmware_py.box.install import BASE, SOURCE, STATE, SYSTEM, Installer
from hardware.image import disk, early
from hardware.image.recipe import (
    DATA,
    DATA_LABEL,
    FIRMWARE,
    KINDS,
    RADIO,
    ROOT,
    ROOT_LABEL,
    SPARE,
    SPARE_LABEL,
    Kind,
)
from notochord.arm.root import carry_out, needed

HERE = Path(__file__).parent
ABOUT = "etc/notochord-box-image.json"
# Started by web access alone, where Debian would start them with the machine.
ON_REQUEST = (
    "NetworkManager.service", "NetworkManager-wait-online.service", "wpa_supplicant.service",
    "dbus.service", "systemd-logind.service",
)  # fmt: skip
# Nobody could log in, since nobody has a password: no prompt either.
MASKED = (
    "getty@.service", "serial-getty@.service", "console-getty.service", "getty-static.service",
    # What a start would do for others than a box: file systems nobody here looks into, modules
    # that are built in, programs for other machines, memories of crashes, checks of LVM.
    "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "dev-hugepages.mount", "dev-mqueue.mount",
    "modprobe@.service", "proc-sys-fs-binfmt_misc.automount", "systemd-binfmt.service",
    "systemd-pstore.service", "e2scrub_reap.service",
)  # fmt: skip
EMPTIED = ("var/cache", "var/log", "var/lib/apt", "boot")


def root(kind: Kind, cache: Path, into: Path) -> dict[str, Any]:
    """Fill a folder with all that the box has; what is in it, with its version."""
    into.mkdir(parents=True)
    system = cache / f"system-{kind.debian}" / "system.tar"
    tar = ["tar", "--extract", "--numeric-owner", "--exclude=./dev/*", "--file", str(system)]
    carry_out([*tar, "--directory", str(into)], "make room on the disk")
    kernel = cache / f"kernel-{kind.debian}"
    early.modules(kernel, into)
    _radio(kernel / "usr/lib/firmware", into / "usr/lib/firmware")
    installer = Installer(into, SOURCE, machine=kind.machine)
    _environment(into / BASE, installer.environment, cache / f"environment-{kind.machine}")
    release = installer.install()
    shutil.copytree(HERE / "root", into, dirs_exist_ok=True)
    _settle(into)
    about = _about(kind, release, kernel, into)
    (into / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return about


def _radio(source: Path, into: Path) -> None:
    """What the radio is loaded with; some of it under two names."""
    for path in (path for pattern in RADIO for path in source.glob(pattern)):
        (into / path.relative_to(source)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, into / path.relative_to(source), follow_symlinks=False)


def _environment(base: Path, name: str, packed: Path) -> None:
    """The packed environment, and the empty folder that the early init mounts it on."""
    (base / "environments" / name).mkdir(parents=True)
    (base / "packed").mkdir()
    os.link(packed / "environment.erofs", base / "packed" / f"{name}.erofs")


def _settle(into: Path) -> None:
    """Users, who could not be made on a root that is only read; no identity; nothing left over."""
    sysusers = needed("systemd-sysusers", package="systemd")
    carry_out([sysusers, f"--root={into}"], "try again")
    (into / "etc/machine-id").write_bytes(b"")  # empty: a new one, in memory, at every start
    (into / "etc/resolv.conf").write_bytes(b"")  # it would be that of the machine that makes it
    for wants in (w for place in (SYSTEM, "usr/lib/systemd/system")
                  for w in (into / place).glob("*.wants")):  # fmt: skip
        for unit in ON_REQUEST:
            (wants / unit).unlink(missing_ok=True)
    for unit in MASKED:
        (into / SYSTEM / unit).symlink_to("/dev/null")
    (into / STATE).mkdir(parents=True, exist_ok=True)
    for folder in EMPTIED:
        shutil.rmtree(into / folder, ignore_errors=True)
        (into / folder).mkdir()
    for folder in ("etc", "var"):  # users and links were made here: no start has to see to them
        (into / folder / ".updated").touch()


def _about(kind: Kind, release: str, kernel: Path, into: Path) -> dict[str, Any]:
    status = (into / "var/lib/dpkg/status").read_text(encoding="utf-8")
    packages = [dict(_fields(entry)) for entry in status.strip().split("\n\n")]
    about = {
        "kind": kind.name, "release": release, "kernel": early.version(kernel),
        "made_by": _made_by(),
        "packages": {entry["Package"]: entry["Version"] for entry in packages},
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    return {"version": f"{__version__}-{digest[:8]}", **about}


def _made_by() -> str:
    """What makes the image, in one number: the early init and the settings of the system too."""
    files = (path for path in sorted(HERE.rglob("*")) if path.is_file())
    ours = (path for path in files if "__pycache__" not in path.parts and path.suffix != ".md")
    digest = hashlib.sha256()
    for path in ours:
        digest.update(str(path.relative_to(HERE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:8]


def _fields(entry: str) -> list[tuple[str, str]]:
    lines = [line.split(": ", 1) for line in entry.splitlines() if ": " in line and line[0] != " "]
    return [(key, value) for key, value in lines]


def firmware(kind: Kind, cache: Path, tree: Path, into: Path) -> None:
    """The folder that becomes the first partition: the kernel and what a Pi looks for beside it."""
    kernel = cache / f"kernel-{kind.debian}"
    into.mkdir(parents=True)
    (into / "vmlinuz").write_bytes(_kernel(kind, early.image(kernel).read_bytes()))
    (into / "initrd.img").write_bytes(early.initrd(tree, kernel))
    if not kind.firmware:
        return
    for path in (kernel / "usr/lib/raspi-firmware").iterdir():
        if path.is_file():  # its overlays are for another kernel than Debian's
            shutil.copy(path, into)
    for path in kernel.glob("usr/lib/**/broadcom/bcm2[78]*.dtb"):
        for name in (path.name, *_names_of_the_firmware(path.name)):
            shutil.copy(path, into / name)
    (into / "overlays").mkdir()
    compiler = needed("dtc", package="device-tree-compiler")
    overlay = into / "overlays" / "notochord-box.dtbo"
    source = str(HERE / "notochord-box.dts")
    carry_out([compiler, "-@", "-I", "dts", "-O", "dtb", "-o", str(overlay), source], "try again")
    shutil.copy(HERE / "config.txt", into)
    shutil.copy(HERE / "cmdline.txt", into)


def _kernel(kind: Kind, image: bytes) -> bytes:
    """As it is loaded: the firmware of a Pi unpacks one that is packed, and a card is slow."""
    return gzip.compress(image, mtime=0) if kind.firmware else image


def _names_of_the_firmware(upstream: str) -> list[str]:
    """How the firmware of a Pi calls a device tree, where that is not as the kernel calls it."""
    renamed = upstream.replace("bcm2837-", "bcm2710-").replace("bcm2712-d-", "bcm2712d0-")
    return [renamed] if renamed != upstream else []


def image(kind: Kind, cache: Path) -> Path:
    """Make the image of that kind from its parts; its path, with what is in it beside it."""
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        work = Path(folder)
        about = root(kind, cache, work / "root")
        firmware(kind, cache, work / "root", work / "firmware")
        for name in ("vmlinuz", "initrd.img"):
            shutil.copy(work / "firmware" / name, cache / f"{kind.name}-{name}")
        card = disk.card(work / "card.img")
        disk.fat(card, FIRMWARE, "NOTOCHORD", work / "firmware")
        disk.ext4(card, ROOT, ROOT_LABEL, work / "root")
        disk.ext4(card, DATA, DATA_LABEL)
        disk.ext4(card, SPARE, SPARE_LABEL)
        target = cache / f"notochord-box-{kind.name}.img"
        os.replace(card, target)
    target.with_suffix(".json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return target


if __name__ == "__main__":
    os.umask(0o022)
    image(KINDS[sys.argv[1]], Path(sys.argv[2]).resolve())
