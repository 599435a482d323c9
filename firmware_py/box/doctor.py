"""What a person would look at when the box does not play: each check finds one thing, and says in
plain words what to do about it.

A finding is good, a note (something that is not there, and need not be), or bad. The checks look at
a `Machine`, whose files are below a root folder and whose programs are handed in, so that all of
them work on any machine.
"""

from __future__ import annotations

import grp
import os
import pwd
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from firmware_py.box.health import HOT, TOO_WEAK, look
from firmware_py.box.install import BASE, DEFAULT_TARGET, FILES, OWNERS, STATE
from firmware_py.midi.backend import PortError, Ports
from firmware_py.midi.ports import list_ports
from firmware_py.panel import pinmap
from firmware_py.priority import PRIORITY

PATIENCE = 120.0  # seconds; torch takes many on a slow card
TRY_TORCH = "import torch; print(torch.__version__)"
LITTLE, TOO_LITTLE = 500 << 20, 20 << 20  # bytes free on the disk
SMALL = 400 << 20  # bytes of memory; player and brain take 310 MB together
MADE = datetime(2025, 1, 1, tzinfo=UTC)  # no clock that is set shows an earlier time
USER = "notochord"
DEVICES = {  # what the box may use, and the group that it belongs to
    "dev/snd/seq": "audio", "dev/gpiochip*": "gpio", "dev/spidev*": "spi",
    "dev/i2c-[0-9]*": "i2c", "dev/ttyAMA[0-9]*": "dialout",
}  # fmt: skip


class How(Enum):
    """How things stand."""

    GOOD = "ok"
    NOTE = "--"
    BAD = "!!"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what to do about it."""

    how: How
    what: str
    remedy: str = ""


def try_torch(python: str = sys.executable) -> tuple[int, str]:
    """Import torch in a process of its own: how that ended (negative: by a signal; 124: not in
    time), and its version or the last line that it said."""
    try:
        done = subprocess.run(
            [python, "-c", TRY_TORCH], capture_output=True, text=True, timeout=PATIENCE,
            errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 124, ""
    said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode, said[-1] if said else ""


def user_groups() -> tuple[str, set[str]]:
    """The user that plays, the box's own or whoever asks, and the groups that it is in."""
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        user = pwd.getpwuid(os.getuid())
    groups = set()
    for number in os.getgrouplist(user.pw_name, user.pw_gid):
        with suppress(KeyError):
            groups.add(grp.getgrgid(number).gr_name)
    return user.pw_name, groups


@dataclass(frozen=True)
class Machine:
    """What the checks look at."""

    root: Path = Path("/")
    state: Path = Path("/") / STATE
    brain: Path = Path()
    pins: Path = pinmap.DEFAULT
    ports: Callable[[], Ports] = list_ports
    torch: Callable[[], tuple[int, str]] = try_torch
    answers: Callable[[Path], tuple[bool, str]] = field(default=lambda path: (True, ""))
    groups: Callable[[], tuple[str, set[str]]] = user_groups
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    priority: Callable[[], int] = lambda: resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free

    def there(self, pattern: str) -> list[Path]:
        """The files of that pattern."""
        return sorted(self.root.glob(pattern))

    @property
    def installed(self) -> bool:
        """Whether it was made a box."""
        return (self.root / FILES["notochord-box.service"]).exists()


def examine(machine: Machine) -> Iterator[Finding]:
    """Every finding, the quick ones first."""
    for check in (midi, pins, devices, disk, memory, clock, health, priority, units, release,
                  updates, web):  # fmt: skip
        yield from check(machine)
    yield from network(machine)


def midi(machine: Machine) -> Iterator[Finding]:
    """Keyboards and synths."""
    try:
        ports = machine.ports()
    except PortError as error:
        yield Finding(How.BAD, "no MIDI", str(error))
        return
    for names, what, remedy in (
        (ports.inputs, "keyboards", "no keyboard: plug one in, or try another cable"),
        (ports.outputs, "synths", "no synth: plug one in, and switch it on"),
    ):
        real = [name for name in names if "midi through" not in name.lower()]
        if real:
            yield Finding(How.GOOD, f"{what}: {', '.join(real)}")
        else:
            yield Finding(How.NOTE, *remedy.split(": "))


def pins(machine: Machine) -> Iterator[Finding]:
    """The panel's pin map, and the ways to it."""
    try:
        pin_map = pinmap.load(machine.pins)
    except pinmap.PinMapError as error:
        yield Finding(How.BAD, str(error), "correct the pin map, or leave --pins out")
        return
    if not machine.there("dev/gpiochip*"):
        yield Finding(How.NOTE, "no GPIO, so there is no panel", "the box plays without one")
        return
    yield Finding(How.GOOD, f"panel: {pin_map.name}")
    if pin_map.knobs and not machine.there("dev/spidev*"):
        yield Finding(How.BAD, "no SPI, so there are no knobs",
                      "put dtparam=spi=on into config.txt and start again")  # fmt: skip


def devices(machine: Machine) -> Iterator[Finding]:
    """Whether who plays may use what is there."""
    user, groups = machine.groups()
    needed = sorted({group for pattern, group in DEVICES.items() if machine.there(pattern)})
    missing = [group for group in needed if group not in groups]
    if machine.installed and user == USER:  # the unit puts it into them all
        missing = []
    if missing and user != "root":
        yield Finding(How.BAD, f"{user} is not in the groups {', '.join(missing)}",
                      f"sudo usermod -aG {','.join(missing)} {user}, and log in again")  # fmt: skip
    elif needed:
        yield Finding(How.GOOD, f"{user} may use {', '.join(needed)}")


def disk(machine: Machine) -> Iterator[Finding]:
    """Room for presets and sessions, and what was put aside."""
    place = machine.state
    while not place.exists():
        place = place.parent
    free = machine.free(place)
    if free < TOO_LITTLE:
        yield Finding(How.BAD, f"the disk is full: {free >> 20} MB in {place}",
                      "delete sessions: notochord-box sessions delete N")  # fmt: skip
    elif free < LITTLE:
        yield Finding(How.NOTE, f"{free >> 20} MB free in {place}", "sessions will be made room of")
    else:
        yield Finding(How.GOOD, f"{free >> 20} MB free in {place}")
    ruined = [*machine.state.glob("*.ruined-*"), *machine.state.parent.glob("*.ruined-*")]
    ruined += machine.state.glob("**/*.bad")
    if ruined:
        names = ", ".join(path.name for path in sorted(ruined))
        yield Finding(How.NOTE, f"put aside as it could not be read: {names}",
                      "look into it or delete it; if it goes on, change the card")  # fmt: skip


def memory(machine: Machine) -> Iterator[Finding]:
    """Whether the network fits."""
    with suppress(OSError, ValueError, StopIteration):
        lines = (machine.root / "proc/meminfo").read_text(encoding="ascii").splitlines()
        total = next(int(x.split()[1]) << 10 for x in lines if x.startswith("MemTotal:"))
        if total < SMALL:
            yield Finding(How.BAD, f"{total >> 20} MB of memory",
                          "player and network take 310 MB: use a board with 512 MB")  # fmt: skip
        else:
            yield Finding(How.GOOD, f"{total >> 20} MB of memory")


def clock(machine: Machine) -> Iterator[Finding]:
    """Whether the dates of sessions will mean anything; music does not need them."""
    now = machine.now()
    if now < MADE:
        yield Finding(How.NOTE, f"the clock says {now:%Y-%m-%d}: sessions will be dated wrongly",
                      "connect a network once, or fit a real-time clock")  # fmt: skip
    else:
        yield Finding(How.GOOD, f"the clock says {now:%Y-%m-%d %H:%M} UTC")


def health(machine: Machine) -> Iterator[Finding]:
    """Temperature and power, now and since the machine was switched on."""
    found = look(machine.root)
    hot = found.celsius is not None and found.celsius >= HOT
    if found.celsius is not None:
        remedy = "let air to it, or fit a heat sink" if hot else ""
        yield Finding(How.BAD if hot else How.GOOD, f"{found.celsius:.0f} °C", remedy)
    if found.weak or found.was_weak:
        when = "now" if found.weak else "some time since it was switched on"
        what, _, remedy = TOO_WEAK.partition(": ")
        yield Finding(How.BAD, f"{what}, {when}", remedy)
    elif found.slowed:
        yield Finding(How.BAD, "the processor is being slowed down", "let air to it")


def priority(machine: Machine) -> Iterator[Finding]:
    """Whether the player may run before everything else."""
    if machine.installed:
        yield Finding(How.GOOD, "real-time priority: the service has it")
    elif machine.priority() >= PRIORITY or machine.groups()[0] == "root":
        yield Finding(How.GOOD, "real-time priority is permitted")
    else:
        yield Finding(
            How.NOTE, "no real-time priority: on a busy machine notes may be late",
            "echo '@audio - rtprio 95' | sudo tee /etc/security/limits.d/audio.conf, log in again",
        )  # fmt: skip


def units(machine: Machine) -> Iterator[Finding]:
    """Whether it plays when it is switched on."""
    if not machine.installed:
        yield Finding(How.NOTE, "this machine is no box: it plays when it is told to",
                      "to make it one: sudo make install")  # fmt: skip
        return
    target = machine.root / DEFAULT_TARGET
    if target.is_symlink() and os.readlink(target).endswith("performance.target"):
        yield Finding(How.GOOD, "switched on, it plays")
    else:
        yield Finding(How.BAD, "switched on, it does not play by itself",
                      "sudo systemctl set-default performance.target")  # fmt: skip


def release(machine: Machine) -> Iterator[Finding]:
    """What plays, and whether an update is on trial."""
    current = machine.root / BASE / "current"
    if not current.is_symlink():
        return
    name = Path(os.readlink(current)).name
    if not current.is_dir():
        yield Finding(How.BAD, f"release {name} is not there", "run sudo make install again")
    elif (machine.root / BASE / "trial.json").exists():
        yield Finding(How.NOTE, f"release {name} is on trial", "it stays once it has played")
    else:
        yield Finding(How.GOOD, f"release {name}")


def updates(machine: Machine) -> Iterator[Finding]:
    """Whether a signed update would be taken."""
    if not machine.installed:
        return
    if not machine.there("usr/bin/ssh-keygen"):
        yield Finding(How.BAD, "no update can be checked: ssh-keygen is not here",
                      "sudo apt install openssh-client")  # fmt: skip
        return
    lines: list[str] = []
    with suppress(OSError, UnicodeDecodeError):
        text = (machine.root / OWNERS["update-signers"]).read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    if lines:
        yield Finding(How.GOOD, f"updates: keys trusted: {len(lines)}")
    else:
        yield Finding(How.NOTE, "no key is trusted, so no update is taken",
                      "sudo notochord-box update trust KEY.pub")  # fmt: skip


def web(machine: Machine) -> Iterator[Finding]:
    """Whether web access has a network to be reached by."""
    ways = machine.there("sys/class/net/wlan0") + machine.there("sys/class/udc/*")
    if machine.installed and ways and not machine.there("usr/bin/nmcli"):
        yield Finding(How.NOTE, "no web access: NetworkManager is not here",
                      "sudo apt install network-manager, if you want it")  # fmt: skip


def network(machine: Machine) -> Iterator[Finding]:
    """Torch, in a process of its own, and then the brain file, which must answer."""
    code, said = machine.torch()
    if code == 0:
        yield Finding(How.GOOD, f"torch {said}")
    elif code == -signal.SIGILL:
        yield Finding(How.BAD, "this torch is not for this processor (illegal instruction)",
                      "install the version that pyproject.toml names")  # fmt: skip
    elif code == 124:
        yield Finding(How.BAD, "torch is not imported in two minutes", "change the card")
    else:
        why = signal.Signals(-code).name if code < 0 else said
        yield Finding(How.BAD, f"torch cannot be imported ({why})", "sudo make install")
    if code != 0:
        return
    good, said = machine.answers(machine.brain)
    remedy = "" if good else "name another file with --brain, or run sudo make install again"
    yield Finding(How.GOOD if good else How.BAD, said, remedy)
