"""The image's user space started by its own systemd in a container: on this processor and this
kernel, so within seconds. There is no ALSA; its MIDI is a DIN cable, here a pseudo-terminal.

The root is the image's own partition, only read, and the state a partition of its own. For root.
"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import time
import tty
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from firmware_py.soak.vitals import children
from hardware.image import disk, early
from hardware.image.recipe import ROOT, SIZES

SERVICE = "notochord-box.service"
CABLE = "/dev/ttyDIN"
PATIENCE = 120.0  # seconds, on a machine that may be busy
CGROUPS = ("systemd", "unified")  # where a machine without systemd of its own has them

START = """
set -e
mkdir -p "$WORK/root" "$WORK/state" "$WORK/etc/default"
mount -o ro,loop,offset=$ROOT_AT,sizelimit=$ROOT_SIZE "$IMAGE" "$WORK/root"
mount -o loop "$WORK/state.ext4" "$WORK/state"
PACKED
echo "NOTOCHORD_BOX_OPTIONS=--din $CABLE" >"$WORK/etc/default/notochord-box"
echo AFTERWARDS=performance.target >>"$WORK/etc/default/notochord-box"
for group in $GROUPS_OF_OURS; do mkdir -p "$group" && echo $$ >"$group/cgroup.procs"; done
exec systemd-nspawn --quiet --register=no $KEEP --rlimit=RTPRIO=99 \
  --boot --read-only --console=pipe \
  --private-network --directory="$WORK/root" --overlay="+/etc:$WORK/etc:/etc" \
  --bind="$WORK/state:/var/lib/notochord-box" --bind="$TTY:$CABLE"
"""

PACKED = early.words("for packed", "for hook").replace("/root/", "$WORK/root/")
START = START.replace("PACKED", PACKED)


def until(what: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What a function returns, once it is something; TimeoutError when it is not in time."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise TimeoutError(f"not within {patience} s: {what}")


def impossible() -> str:
    """Why there can be no container here, or nothing."""
    if os.geteuid() != 0:
        return "a container is started by root"
    if shutil.which("systemd-nspawn") is None:
        return "systemd-nspawn is not here (apt-get install systemd-container)"
    return "" if list(Path("/dev").glob("loop*")) else "this machine has no loop devices"


class Container:
    """A box in a container, and the far end of its DIN cable: `file`, to write to and to read."""

    def __init__(
        self, image: Path, work: Path, start: str = START,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """`start`: a shell's script that becomes the container, by these variables and `more`."""
        self.file, ours = pty.openpty()
        tty.setraw(self.file)
        tty.setraw(ours)
        os.chmod(os.ttyname(ours), 0o666)
        state = work / "state.ext4"
        subprocess.run(["mke2fs", "-q", "-t", "ext4", str(state), "64M"], check=True)
        own = not Path("/run/systemd/system").exists()
        groups = [f"/sys/fs/cgroup/{name}/notochord-box-{os.getpid()}" for name in CGROUPS]
        self._groups = [Path(g) for g in groups if own and Path(g).parent.is_dir()]
        variables = {
            "WORK": str(work), "IMAGE": str(image), "TTY": os.ttyname(ours), "CABLE": CABLE,
            "ROOT_AT": str(disk.starts()[ROOT] << 20), "ROOT_SIZE": str(SIZES[ROOT] << 20),
            "KEEP": "--keep-unit" if own else "",
            "GROUPS_OF_OURS": " ".join(map(str, self._groups)), **more,
        }  # fmt: skip
        self.began = time.clock_gettime(time.CLOCK_BOOTTIME)
        self._nspawn = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", start],
            env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
            stdout=(work / "console.log").open("wb"), stderr=subprocess.STDOUT,
        )  # fmt: skip

    @property
    def init(self) -> int | None:
        """The container's first process, as this machine counts them; None before there is one."""
        for child in children(self._nspawn.pid):
            if "systemd-nspawn" not in _command(child):
                return child
        return None

    @property
    def entrance(self) -> list[str]:
        """What carries out a command inside, put before it."""
        return ["nsenter", f"--target={self.init}", "--mount", "--pid", "--uts", "--ipc"]

    def say(self, *command: str) -> str:
        """What a command says inside."""
        done = subprocess.run([*self.entrance, *command], capture_output=True, text=True)
        return done.stdout.strip()

    def property_of(self, name: str) -> str:
        """What systemd says of the box."""
        return self.say("systemctl", "show", "--value", f"--property={name}", SERVICE)

    def processes(self, part: str) -> list[int]:
        """Its processes with that in their command."""
        return [pid for pid in _descendants(self.init or -1) if part in _command(pid)]

    def close(self) -> None:
        """Power off: nothing is told, everything ends."""
        first = self.init
        for pid in (first, self._nspawn.pid):
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._nspawn.wait()
        os.close(self.file)
        for group in self._groups:
            _remove(group)


def _remove(group: Path, patience: float = 5.0) -> None:
    """Take a cgroup away, with those below it, once its processes have ended."""
    until = time.monotonic() + patience
    while group.exists() and time.monotonic() < until:
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)
        time.sleep(0.05)


def _descendants(pid: int) -> list[int]:
    found = children(pid)
    return found + [below for child in found for below in _descendants(child)]


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    return ""
