"""What is asked of the box, and done to it, from inside the guest: systemd, its log, its pins."""

import json
import os
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.appliance.inside.converter import CHANNELS, KNOBS
from tests.appliance.inside.player import PATIENCE, now

STATE = Path("/var/lib/notochord-box")
SERVICE = "notochord-box.service"
PLAYER, BRAIN = "firmware_py.cli run", "firmware_py.brain_process"
OURS = ("appliance-devices.service", "appliance.service")
CONVERTER = "tests.appliance.inside.converter"
AWAKE = "the network is awake"
ENCODER, KEEP, TAKE_OVER = 22, 19, 5  # the pins of its push and of two buttons


def say(what, **figures):
    """One finding, for whoever reads the console."""
    line = "APPLIANCE " + json.dumps({"what": what, "at": round(now(), 3), **figures})
    with open("/dev/console", "w", encoding="ascii") as console:
        console.write(f"\n{line}\n")


def property_of(name, unit=SERVICE):
    """What systemd says of the box, or of another unit."""
    command = ["systemctl", "show", "--value", f"--property={name}", unit]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def lines():
    """What the box has said so far: when, and what."""
    command = ["journalctl", "--no-pager", "--output=short-monotonic", f"--unit={SERVICE}"]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    return [
        (float(at), line) for at, line in re.findall(r"^\[ *([\d.]+)\] \S+ \S+: (.*)", text, re.M)
    ]


def wait_for_line(text, patience, since=0.0):
    """When the box first said something with that text, later than `since`; None if it did not in
    time."""
    until = now() + patience
    while now() < until:
        for at, line in lines():
            if at > since and text in line:
                return round(at, 3)
        time.sleep(1.0)
    return None


def units():
    """What stood on the way to the player, and how long each unit took."""
    found = {}
    for what in (["critical-chain", SERVICE], ["blame"], ["time"]):
        command = ["systemd-analyze", "--no-pager", *what]
        text = subprocess.run(command, capture_output=True, text=True).stdout
        found[what[0].replace("-", "_")] = [line.strip() for line in text.splitlines()[:14]]
    return found


def read_from_card():
    """Megabytes read from it since power-on (Linux: Documentation/admin-guide/iostats.rst)."""
    for line in Path("/proc/diskstats").read_text().splitlines():
        _, _, name, _, _, sectors, *_ = line.split()
        if name in ("vda", "mmcblk0"):
            return round(int(sectors) * 512 / 1e6, 1)
    return None


def processor():
    """Seconds of the processor since power-on: in which it had nothing to do (proc(5), /proc/stat:
    idle, and waiting for the card), and which the test itself took, apart from the box
    (systemd.resource-control(5), CPUAccounting=)."""
    _, _, _, _, idle, waiting, *_ = Path("/proc/stat").read_text().split()
    nothing = (int(idle) + int(waiting)) / os.sysconf("SC_CLK_TCK")
    ours = sum(int(property_of("CPUUsageNSec", unit)) for unit in OURS)
    return {"nothing_to_do": round(nothing, 2), "ours": round(ours / 1e9, 3)}


def holds():
    """What the player holds: ALSA clients, descriptors, threads, and megabytes of memory."""
    place = Path("/proc") / str(process(PLAYER))
    clients = Path("/proc/asound/seq/clients").read_text()
    status = (place / "status").read_text()
    return {
        "clients": len(re.findall(r'^Client +\d+ : "notochord-box', clients, re.M)),
        "descriptors": len(list((place / "fd").iterdir())),
        "threads": int(re.search(r"Threads:\s+(\d+)", status)[1]),
        "memory_mb": round(int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024, 1),
    }


def lost():
    """Messages that the kernel could not keep for the player, and threw away, so far."""
    clients = Path("/proc/asound/seq/clients").read_text().split("\nClient ")
    pools = [client.partition("Input pool")[2] for client in clients if '"notochord-box' in client]
    return sum(int(n) for pool in pools for n in re.findall(r"Alloc failures +: (\d+)", pool))


def settings():
    """What the box has saved that it stands at."""
    return json.loads((STATE / "notochord-box.json").read_text())["settings"]


def process(part):
    """The first process with that in its command line, once there is one."""
    until = now() + PATIENCE
    while now() < until:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if part in path.read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                    return int(path.parent.name)
        time.sleep(0.2)
    raise TimeoutError(f"no process {part}")


def system():
    """What the machine looks like: mounts, units that failed, and what was waited for."""
    mounts = [line.split()[:4] for line in Path("/proc/mounts").read_text().splitlines()]
    root = {place: options for _, place, _, options in mounts}
    failed = ["systemctl", "--failed", "--plain", "--no-legend", "--no-pager"]
    return {
        "root_is_only_read": root["/"].split(",")[0] == "ro",
        "state": root.get("/var/lib/notochord-box", "no partition"),
        "failed_units": subprocess.run(failed, capture_output=True, text=True).stdout.split("\n"),
        "real_time_threads": real_time(process(PLAYER)),
        "about": json.loads(Path("/etc/notochord-box-image.json").read_text())["version"],
    }


def real_time(pid):
    """How many threads of a process come before everything that is not."""
    return sum(os.sched_getscheduler(int(task.name)) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO
               for task in Path(f"/proc/{pid}/task").iterdir())  # fmt: skip


class Panel:
    """Presses the buttons and turns the encoder of the simulated pins."""

    def __init__(self):
        chips = Path("/sys/devices/platform").glob("gpio-sim.*/gpiochip*")
        self._chip = next(chips, None)

    def pull(self, pin, high):
        """Open or close a contact to ground."""
        level = "pull-up" if high else "pull-down"
        (self._chip / f"sim_gpio{pin}" / "pull").write_text(level)

    def press(self, pin, seconds):
        """Press a button for so long."""
        self.pull(pin, False)
        time.sleep(seconds)
        self.pull(pin, True)

    def turn(self, a=17, b=27):
        """Turn the encoder by one detent."""
        for pin, level in ((a, False), (b, False), (a, True), (b, True)):
            self.pull(pin, level)
            time.sleep(0.02)

    def wire(self, *stands):
        """Turn the knobs on the converter's channels: where each stands, 0 to 1023."""
        beside = KNOBS.with_suffix(".new")
        beside.write_text(" ".join(map(str, (*stands, *[0] * (CHANNELS - len(stands))))))
        beside.replace(KNOBS)

    def lamp(self, looks=1):
        """The levels of the lamp's pins: red, green, blue; of so many looks how many saw light."""
        values = [self._chip / f"sim_gpio{pin}" / "value" for pin in (16, 20, 21)]
        return [sum(int(value.read_text()) for _ in range(looks)) for value in values]
