"""An image booted in QEMU: what its guest says on the console becomes a report.

    image's initrd + what is in inside/ ──▶ one archive; the image itself is not changed, and what
                                            the guest writes to its card is thrown away

The processor is emulated (TCG), and its clock counts instructions (`-icount shift=0`: one a
nanosecond). So a guest on a busy machine is slow only to whoever waits for it: by its own clock,
by which everything is measured, it always carries out a thousand million instructions a second.
Waiting for the disk takes the time that it takes here.
"""

from __future__ import annotations

import json
import lzma
import os
import resource
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.image import assemble
from hardware.image.early import packed
from hardware.image.recipe import KINDS
from notochord.arm.root import needed

INSIDE = Path(__file__).parent / "inside"
MARK = b"APPLIANCE "
# What the card says to its kernel, but to a console of the guest's; and at a panic it ends.
SAID = (assemble.HERE / "cmdline.txt").read_text(encoding="ascii").split()
QUIET = " ".join([*(word for word in SAID if not word.startswith("console=")), "panic=-1"])
PLUGS = int(os.environ.get("NOTOCHORD_PLUGS", "10"))  # how often a keyboard is pulled out
# What is played in a guest each, beside each other; and what no processor does as another does not.
PARTS = ("playing,panel,network,lamp,faults", "alone,knobs,web")
CABLES = f",babbling,replugging,plugging:{PLUGS}"
RADIO = "mac80211_hwsim.ko"
CARD = "4G"  # QEMU's cards are a power of two


@dataclass(frozen=True)
class Machine:
    """An emulated machine, and the image that it boots."""

    name: str
    kind: str
    program: str
    package: str
    arguments: tuple[str, ...]
    drive: str
    console: str
    parts: tuple[str, ...] = PARTS
    tree: str = ""  # its device tree, of those that come with the kernel


MACHINES = {
    machine.name: machine
    for machine in (
        Machine(
            "amd64", "amd64", "qemu-system-x86_64", "qemu-system-x86",
            ("-M", "q35", "-cpu", "max", "-m", "2048"), "virtio", "console=ttyS0 tsc=reliable",
            parts=(PARTS[0], PARTS[1] + CABLES),
        ),
        Machine(
            "cortex-a72", "pi", "qemu-system-aarch64", "qemu-system-arm",
            ("-M", "virt,gic-version=3", "-cpu", "cortex-a72", "-m", "2048"), "virtio",
            # The machine's own pins, for a power button, would be the first chip, where a Pi has
            # the header's.
            "console=ttyAMA0 initcall_blacklist=pl061_gpio_driver_init",
        ),
        Machine(
            "raspi3b", "pi", "qemu-system-aarch64", "qemu-system-arm",
            ("-M", "raspi3b", "-serial", "null"), "sd", "console=ttyS1,115200",
            parts=("playing",), tree="bcm2837-rpi-3-b.dtb",
        ),
    )
}  # fmt: skip


@dataclass
class Report:
    """What a guest said, by name, and what it took here."""

    findings: dict[str, dict[str, Any]]
    seconds: float  # on the wall, from power-on to the end
    processor: float  # seconds of this machine's processor

    def write(self, path: Path) -> None:
        """As JSON."""
        took = {"wall_seconds": round(self.seconds, 1), "cpu_seconds": round(self.processor, 1)}
        text = json.dumps({"findings": self.findings, **took}, indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def place(path: Path) -> str:
    """Where it is laid; what is Python under the name by which it is imported."""
    folder = "tests/appliance/inside/" if path.suffix == ".py" else ""
    return f"appliance/{folder}{path.name}"


def beside(cache: Path, debian: str) -> bytes:
    """The archive of what is laid beside the image's own early files: what is in inside/, and a
    radio, which the kernel has and a card no use for."""
    files = {
        place(path): (0o644, path.read_bytes())
        for path in sorted(INSIDE.iterdir())
        if path.is_file() and path.name not in ("hook", "__init__.py")
    }  # fmt: skip
    for path in cache.glob(f"kernel-{debian}/usr/lib/modules/**/{RADIO}.xz"):
        files[f"appliance/{RADIO}"] = (0o644, lzma.decompress(path.read_bytes()))
    return packed({"hooks/appliance": (0o644, (INSIDE / "hook").read_bytes()), **files})


def card_of(base: Path, card: Path) -> Path:
    """A card with what is on an image or on another card, which stay as they are."""
    kind = "raw" if base.suffix == ".img" else "qcow2"
    make = [needed("qemu-img", package="qemu-utils"), "create", "-q", "-f", "qcow2", "-F", kind]
    subprocess.run([*make, "-b", str(base.resolve()), str(card), CARD], check=True)
    return card


def command(
    machine: Machine, cache: Path, work: Path, log: Path, more: str, card: Path | None = None
) -> list[str]:
    """QEMU's command line for an image in the cache, or another card; `more` is added to the
    kernel's."""
    program = needed(machine.program, package=machine.package)
    image, early = cache / f"notochord-box-{machine.kind}.img", cache / f"{machine.kind}-initrd.img"
    initrd, card = work / "initrd.img", card or card_of(image, work / "card.qcow2")
    laid = beside(cache, KINDS[machine.kind].debian)
    initrd.write_bytes(early.read_bytes() + laid)
    tree = next(iter(cache.glob(f"kernel-*/usr/lib/**/{machine.tree}")), None)
    return [
        "nice", program, *machine.arguments,  # what has a clock of this machine's comes first
        "-accel", "tcg,thread=single",
        "-icount", "shift=0", "-smp", "1" if machine.name != "raspi3b" else "4",
        "-display", "none", "-monitor", "none", "-no-reboot", "-net", "none",
        "-serial", f"file:{log}",
        "-kernel", str(cache / f"{machine.kind}-vmlinuz"), "-initrd", str(initrd),
        *(("-dtb", str(tree)) if machine.tree and tree else ()),
        "-append", f"{machine.console} {QUIET} {more}".strip(),
        "-drive", f"file={card},if={machine.drive},format=qcow2",
    ]  # fmt: skip


def boot(
    machine: Machine, cache: Path, log: Path, limit: float, parts: tuple[str, ...] = ()
) -> Report:
    """Switch it on, one machine for each of these parts of the scenario or of its own, and wait
    until they have switched themselves off, or for `limit` seconds. Their consoles fill files
    beside `log` meanwhile."""
    parts = parts or machine.parts
    log.parent.mkdir(parents=True, exist_ok=True)
    logs = [log.with_suffix(f".{n}.log") for n in range(len(parts))]
    with tempfile.TemporaryDirectory(dir=cache) as folder, ExitStack() as running:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        guests = []
        for part, console in zip(parts, logs, strict=True):
            work = Path(folder) / console.name
            work.mkdir()
            line = command(machine, cache, work, console, f"appliance.parts={part}")
            guests.append(subprocess.Popen(line, stdin=subprocess.DEVNULL))
            running.callback(_end, guests[-1])
        for guest in guests:
            with suppress(subprocess.TimeoutExpired):
                guest.wait(max(0.0, limit - (time.monotonic() - began)))
    after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Report(together([findings(console.read_bytes()) for console in logs]), took, spent)


def _end(guest: subprocess.Popen[bytes]) -> None:
    guest.kill()
    guest.wait()


def together(found: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The findings of several guests: of what all of them found those of the first, and an end
    only where all have come to it."""
    whole: dict[str, dict[str, Any]] = {}
    for findings in reversed(found):
        whole.update(findings)
    if not all("end" in findings for findings in found):
        whole.pop("end", None)
    return whole


def findings(text: bytes) -> dict[str, dict[str, Any]]:
    """The lines of a console that are findings, by what they found."""
    found: dict[str, dict[str, Any]] = {}
    for line in text.splitlines():
        start = line.find(MARK)
        if start >= 0:
            try:
                finding = json.loads(line[start + len(MARK) :])
            except ValueError:  # a line of the kernel's came in between
                continue
            found[finding.pop("what")] = finding
    return found
