"""What a player does with the box, done inside the guest: each finding is one line on the console.

The guest is the computer at both ends of each USB cable. What is written to the keyboard's raw MIDI
device travels over USB to the box, and what the box plays arrives at the synth's. Times are the
guest's own, in seconds since its kernel started. The standard library alone: it runs on the box.
"""

import json
import os
import re
import select
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

CONFIG = Path("/sys/kernel/config")
STATE = Path("/var/lib/notochord-box")
SERVICE = "notochord-box.service"
PLAYER, BRAIN = "firmware_py.cli run", "firmware_py.brain_process"
AWAKE = "the network is awake"
KEY, TOUCH = 60, 77  # middle C, and a velocity by which our notes are known
PATIENCE = 120.0  # seconds until keys sound; an emulated machine is slow
TIMES = {"plain": 200, "replugs": 5, "kills": 3}
HELD, OURS = 50, range(48, 84)  # a key that is held while something happens; those that are played
ENCODER, KEEP, TAKE_OVER = 22, 19, 5  # the pins of its push and of two buttons
YEAR = 365 * 86400.0  # seconds


def now():
    """Seconds since the kernel started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def say(what, **figures):
    """One finding, for whoever reads the console."""
    line = "APPLIANCE " + json.dumps({"what": what, "at": round(now(), 3), **figures})
    with open("/dev/console", "w", encoding="ascii") as console:
        console.write(f"\n{line}\n")


class Device:
    """A MIDI device on an emulated USB port, as whoever built it sees it."""

    def __init__(self, name, port):
        self._gadget, self._name, self._port = CONFIG / "usb_gadget" / name, name, port
        self.file = None

    def open(self):
        """Its own end of the cable; it is plugged in already."""
        ids = {path.read_text().strip(): path.parent.name
               for path in Path("/sys/class/sound").glob("card*/id")}  # fmt: skip
        if self._name not in ids:
            raise FileNotFoundError(f"no sound card {self._name}: {ids}")
        number = ids[self._name].removeprefix("card")
        self.file = os.open(f"/dev/snd/midiC{number}D0", os.O_RDWR | os.O_NONBLOCK)

    def plug(self):
        """Plug it in, and open its end."""
        (self._gadget / "UDC").write_text(self._port)
        self.open()

    def unplug(self):
        """Pull it out."""
        os.close(self.file)
        self.file = None
        (self._gadget / "UDC").write_text("\n")


class Synth:
    """Listens to what the box plays, and knows what sounds."""

    def __init__(self, device):
        self.device, self.heard, self.sounding = device, [], set()
        self._changed = threading.Condition()
        self._status, self._data = None, []
        self._ending = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self):
        """Listen no more; only then may the device be closed, whose number another file gets."""
        self._ending = True
        self._thread.join()

    def _listen(self):
        while not self._ending:
            file = self.device.file
            try:
                if file is None or not select.select([file], [], [], 0.05)[0]:
                    if file is None:
                        time.sleep(0.01)
                    continue
                data, at = os.read(file, 4096), now()
            except (OSError, ValueError):  # it has just been pulled out
                time.sleep(0.01)
                continue
            with self._changed:
                for byte in data:
                    self._take(byte, at)
                self._changed.notify_all()

    def _take(self, byte, at):
        """MIDI 1.0: a status stands until the next one; real-time messages are in between."""
        if byte >= 0xF8:
            return
        if byte >= 0x80:
            self._status, self._data = byte, []
            return
        self._data.append(byte)
        if self._status is None or len(self._data) < (1 if self._status & 0xE0 == 0xC0 else 2):
            return
        kind, channel, data = self._status & 0xF0, self._status & 0x0F, self._data
        self._data = []
        if kind == 0x90 and data[1]:
            self.sounding.add((channel, data[0]))
            self.heard.append((at, data[0], data[1]))
        elif kind in (0x80, 0x90):
            self.sounding.discard((channel, data[0]))
        elif kind == 0xB0 and data[0] in (120, 123):
            self.sounding = {note for note in self.sounding if note[0] != channel}

    def wait_for(self, pitch, since, patience):
        """When our note of that pitch sounded, at `since` or later; None if it did not in time."""
        until = now() + patience
        with self._changed:
            while True:
                for at, heard, touch in reversed(self.heard):
                    if at < since:
                        break
                    if (heard, touch) == (pitch, TOUCH):
                        return at
                if now() >= until or not self._changed.wait(max(0.0, until - now())):
                    return None


class Player:
    """Plays on the keyboard, and listens for it at the synth."""

    def __init__(self, keys, out):
        """`keys`, `out`: what has a `file` to write to, and to listen to."""
        self.keys, self.synth = keys, Synth(out)

    def send(self, *data):
        """Bytes from the keyboard."""
        os.write(self.keys.file, bytes(data))

    def note(self, pitch, patience=2.0, held=0.0):
        """Play a note: seconds until it sounded at the synth, or None."""
        began = now()
        self.send(0x90, pitch, TOUCH)
        at = self.synth.wait_for(pitch, began, patience)
        if held:
            time.sleep(held)
        self.send(0x80, pitch, 0)
        return None if at is None else at - began

    def until_it_sounds(self, patience=PATIENCE):
        """Strike a key again and again; when it sounded first, or None."""
        until = now() + patience
        while now() < until:
            try:
                if self.note(KEY, patience=0.2) is not None:
                    return now()
            except OSError:  # nobody reads at the other end yet
                time.sleep(0.05)
        return None

    def passage(self, notes):
        """Play notes one after the other: how many sounded, and how long each took."""
        took = [self.note(48 + n * 7 % 36) for n in range(notes)]
        came = sorted(round(1000 * t, 2) for t in took if t is not None)
        if not came:
            return {"played": notes, "sounded": 0}
        late = {"median_ms": came[len(came) // 2], "p99_ms": came[-1 - len(came) // 100]}
        return {"played": notes, "sounded": len(came), **late}

    def replug(self, device):
        """Pull a device, with a key held, and put it back: seconds until keys sound."""
        self.send(0x90, KEY, TOUCH)
        time.sleep(0.2)
        device.unplug()
        time.sleep(1.0)
        still = [note for note in self.synth.sounding if note == (0, KEY)]
        if device is not self.keys:
            self.send(0x80, KEY, 0)
            self.synth.sounding.clear()  # a synth without power is silent
        device.plug()
        began = now()
        heard = self.until_it_sounds()
        return {"seconds": None if heard is None else round(heard - began, 3), "stuck": len(still)}

    def stuck(self):
        """How many of our own notes sound though every key is up."""
        time.sleep(0.2)
        return sum(note in self.synth.sounding for note in ((0, pitch) for pitch in OURS))

    def babble(self, seconds):
        """Every key struck and let go, as fast as USB takes it; then all are up."""
        end, sent = now() + seconds, 0
        while now() < end:
            pitch = OURS[sent % len(OURS)]
            try:
                self.send(0x90, pitch, TOUCH, 0x80, pitch, 0)
                sent += 2
            except BlockingIOError:  # the cable is full
                time.sleep(0.001)
        for pitch in OURS:
            self.send(0x80, pitch, 0)
            time.sleep(0.001)
        began, heard = now(), -1
        while heard != len(self.synth.heard):  # what has piled up is still being played
            heard = len(self.synth.heard)
            time.sleep(0.5)
        return {"messages": sent, "drained": round(now() - began, 1)}

    def killed(self):
        """Kill the player with a key held: seconds until keys sound, and what is stuck."""
        self.send(0x90, HELD, TOUCH)
        self.synth.wait_for(HELD, now() - 0.5, 2.0)
        began = now()
        os.kill(process(PLAYER), signal.SIGKILL)
        heard = self.until_it_sounds()
        stuck = (0, HELD) in self.synth.sounding
        self.send(0x80, HELD, 0)
        return {"seconds": None if heard is None else round(heard - began, 3), "stuck": int(stuck)}


def property_of(name):
    """What systemd says of the box."""
    command = ["systemctl", "show", "--value", f"--property={name}", SERVICE]
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


def answers(player, seconds):
    """Play a phrase, and listen: how many notes are not the player's."""
    synth, first = player.synth, len(player.synth.heard)
    for pitch in (60, 64, 67, 72, 67, 64, 60, 62, 65, 69, 65, 62) * 2:
        player.note(pitch, held=0.2)
    time.sleep(seconds)
    others = [note for note in synth.heard[first:] if note[2] != TOUCH]
    return {"played": 24, "answers": len(others)}


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

    def lamp(self, looks=1):
        """The levels of the lamp's pins: red, green, blue; of so many looks how many saw light."""
        values = [self._chip / f"sim_gpio{pin}" / "value" for pin in (16, 20, 21)]
        return [sum(int(value.read_text()) for _ in range(looks)) for value in values]


def system():
    """What the machine looks like: mounts, units that failed, and what was waited for."""
    mounts = [line.split()[:4] for line in Path("/proc/mounts").read_text().splitlines()]
    root = {place: options for _, place, _, options in mounts}
    failed = ["systemctl", "--failed", "--plain", "--no-legend", "--no-pager"]
    return {
        "root_is_only_read": root["/"].split(",")[0] == "ro",
        "state": root.get("/var/lib/notochord-box", "no partition"),
        "failed_units": subprocess.run(failed, capture_output=True, text=True).stdout.split("\n"),
        "about": json.loads(Path("/etc/notochord-box-image.json").read_text())["version"],
    }


def begin():
    """From power-on to the first key that sounds; the player that struck it."""
    devices = Device("guestkeys", "dummy_udc.0"), Device("guestsynth", "dummy_udc.1")
    for device in devices:
        device.open()
    player = Player(*devices)
    say("listening")
    say("thru", seconds=player.until_it_sounds())
    ready = property_of("ActiveEnterTimestampMonotonic")
    say("ready", seconds=round(int(ready or 0) / 1e6, 3), read_mb=read_from_card())
    return player


def playing(player):
    """Without the network, and with the panel."""
    say("plain", **player.passage(TIMES["plain"]))
    say("system", **system())
    panel()


def network(player):
    """Once it is awake."""
    say("brain", seconds=wait_for_line(AWAKE, PATIENCE), read_mb=read_from_card())
    say("lamp awake", levels=Panel().lamp(looks=100))
    say("units", **units())
    say("answers", **answers(player, 5.0))
    say("with the brain", **player.passage(TIMES["plain"]))


def replugging(player):
    """Keyboard and synth pulled out and put back."""
    for name, device in (("keyboard", player.keys), ("synth", player.synth.device)):
        say(f"replug {name}", cycles=[player.replug(device) for _ in range(TIMES["replugs"])])


def panel():
    """Turn the encoder by one mode and back, store a preset, press a button; what the box says."""
    pins = Panel()
    say("lamp", levels=pins.lamp())
    for contacts in ((17, 27), (27, 17)):
        began = now()
        pins.turn(*contacts)
        said = wait_for_line("mode ", 20, since=began)
    say("encoder", seconds=said, status=property_of("StatusText"))
    began = now()
    pins.press(ENCODER, 1.5)
    said = wait_for_line("stored", 20, since=began)
    time.sleep(1.0)
    say("store", seconds=said, presets=sorted(p.name for p in (STATE / "presets").glob("*.toml")))
    began = now()
    pins.press(KEEP, 0.1)
    said = wait_for_line("keeping", 20, since=began)
    time.sleep(1.0)
    kept = sorted(path.name for path in (STATE / "sessions").glob("*.kept.session"))
    say("keep", seconds=said, sessions=kept)


def faults(player):
    """What may go wrong with a box, on real ports: does a key sound, and does nothing else?"""
    wait_for_line(AWAKE, PATIENCE)
    Panel().press(TAKE_OVER, 0.1)  # what sounds from now on is ours
    time.sleep(1.0)
    for years in (15, -30):
        held = time.clock_gettime(time.CLOCK_REALTIME)
        time.clock_settime(time.CLOCK_REALTIME, max(held + years * YEAR, 0.0))
        say(f"clock {years:+} years", **player.passage(20), stuck=player.stuck())
    say("babble", **player.babble(1.0), **player.passage(20), stuck=player.stuck())
    since = now()
    Path("/proc/sysrq-trigger").write_text("f")  # as when memory is short: the kernel ends somebody
    gone = wait_for_line("away", 20.0, since=since)
    say("out of memory", **player.passage(20), stuck=player.stuck(), brain_gone=gone)
    for name, sign in (("stopped", signal.SIGSTOP), ("killed", signal.SIGKILL)):
        os.kill(process(BRAIN), sign)
        say(f"brain {name}", **player.passage(20), stuck=player.stuck())
    say("player killed", cycles=[player.killed() for _ in range(TIMES["kills"])])


PARTS = {"playing": playing, "network": network, "replugging": replugging, "faults": faults}


def main():
    """Play what the kernel's command line asks for, or all of it, whatever comes of it, and switch
    the machine off."""
    wanted = re.search(r"appliance\.parts=(\S+)", Path("/proc/cmdline").read_text())
    parts = wanted[1].split(",") if wanted else list(PARTS)
    try:
        player = begin()
        for part in parts:
            PARTS[part](player)
        player.send(0x90, HELD, TOUCH)
        time.sleep(0.5)
        subprocess.run(["systemctl", "stop", SERVICE])
        time.sleep(0.5)
        say("stopped", stuck=sorted(player.synth.sounding))
    except Exception as error:
        say("broken", error=f"{type(error).__name__}: {error}")
        raise
    finally:
        log = ["journalctl", "--no-pager", "--output=short-monotonic", "--lines=600"]
        Path("/dev/console").write_text(subprocess.run(log, capture_output=True, text=True).stdout)
        say("end")
        subprocess.run(["systemctl", "--no-block", "poweroff"])


if __name__ == "__main__":
    main()
