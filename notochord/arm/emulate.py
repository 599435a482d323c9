"""Running the project's Python on an emulated core of a Raspberry Pi.

Emulation does what the core does, to the last bit, and refuses the instructions that it lacks; its
times tell nothing.

torch reads /proc/cpuinfo to learn what the core can do, and the int8 engine will not begin when
it finds an x86 there. So the system's folder holds the file that the Pi's kernel would show.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from notochord.arm.root import ArmError, complaint, emulator

PROJECT = Path(__file__).resolve().parents[2]
SIGILL = 4


@dataclass(frozen=True)
class Core:
    """A processor core that qemu knows by this name, and what the kernel says of it."""

    name: str
    board: str
    part: str  # in /proc/cpuinfo
    features: str

    def cpuinfo(self, cores: int = 4) -> str:
        """/proc/cpuinfo of a Pi with such cores."""
        one = (
            f"BogoMIPS\t: 108.00\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\n"
            f"CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: {self.part}\nCPU revision\t: 3\n"
        )
        return "\n".join(f"processor\t: {n}\n{one}" for n in range(cores))


ARMV8 = "fp asimd evtstrm crc32 cpuid"
ARMV82 = (
    "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop "
    "asimddp"
)
CORES = {
    core.name: core
    for core in (
        Core("cortex-a53", "Zero 2 W", "0xd03", ARMV8),
        Core("cortex-a72", "Pi 4", "0xd08", ARMV8),
        Core("cortex-a76", "Pi 5", "0xd0b", ARMV82),
    )
}


def environment(engine: str, **more: str) -> dict[str, str]:
    """The variables for a run with this int8 engine, on one thread."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LD_"))}
    return inherited | {"NOTOCHORD_ENGINE": engine, "OMP_NUM_THREADS": "1"} | more


def run_module(
    command: list[str], arguments: list[str], variables: dict[str, str], where: str
) -> None:
    """Run an interpreter on a module of the project; ArmError says what it died of."""
    done = subprocess.run(
        [*command, *arguments], env=variables, cwd=PROJECT, capture_output=True, text=True,
        errors="replace",
    )  # fmt: skip
    if done.returncode in (-SIGILL, 128 + SIGILL):
        raise ArmError(f"{where}: it lacks an instruction; use the torch that is pinned")
    if done.returncode:
        raise ArmError(f"{where}: {complaint(done.stderr)[:200]}; see that the brain plays on x86")


def emulated(cache: Path, core: Core, engine: str, module: str, arguments: list[str]) -> None:
    """`python -m module arguments` on that core; the cache folder is as `root.prepare` left it."""
    system = cache / "system"
    (system / "proc").mkdir(exist_ok=True)
    (system / "proc" / "cpuinfo").write_text(core.cpuinfo(), encoding="ascii")
    python = [
        emulator(), "-cpu", core.name, "-L", str(system), str(system / "usr/bin/python3.11"),
        "-S", "-m", module,
    ]  # fmt: skip
    path = os.pathsep.join((str(cache / "wheels"), str(PROJECT)))
    run_module(python, arguments, environment(engine, PYTHONPATH=path), core.name)
