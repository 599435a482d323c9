"""What a player does with the box, done inside the guest: each finding is one line on the console.

The kernel's command line says what is done: appliance.parts=playing,plugging:1000
"""

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

from tests.appliance.inside.box import (
    AWAKE,
    BRAIN,
    CONVERTER,
    ENCODER,
    KEEP,
    PLAYER,
    SERVICE,
    STATE,
    TAKE_OVER,
    Panel,
    holds,
    lost,
    process,
    processor,
    property_of,
    read_from_card,
    say,
    settings,
    system,
    units,
    wait_for_line,
)
from tests.appliance.inside.player import HELD, PATIENCE, TOUCH, Device, Player, now
from tests.appliance.inside.web import reachable, web
from tests.appliance.inside.writing import writing

TIMES = {"plain": 200, "replugs": 5, "kills": 3}
TURNED = ("temperature", "density", "high", "balance")  # by the knobs
SAVED = 3.0  # seconds within which a setting that was turned is on the card
YEAR = 365 * 86400.0  # seconds
OTHER = 91  # a touch that tells the keys struck after a flood from those in it
APART = (0.05, 0.7)  # seconds for which a plug is out: also too short for a look to see


def answers(player, seconds):
    """Play a phrase, and listen: how many notes are not the player's."""
    synth, first = player.synth, len(player.synth.heard)
    for pitch in (60, 64, 67, 72, 67, 64, 60, 62, 65, 69, 65, 62) * 2:
        player.note(pitch, held=0.2)
    time.sleep(seconds)
    others = [note for note in synth.heard[first:] if note[2] != TOUCH]
    return {"played": 24, "answers": len(others)}


def begin():
    """From power-on to the first key that sounds; the player that struck it."""
    devices = Device("guestkeys", "dummy_udc.0"), Device("guestsynth", "dummy_udc.1")
    for device in devices:
        device.open()
    player = Player(*devices)
    say("listening")
    heard, read = player.until_it_sounds(), read_from_card()
    say("thru", seconds=heard, read_mb=read, **processor())
    while not (ready := int(property_of("ActiveEnterTimestampMonotonic") or 0)):
        time.sleep(0.1)  # a key may sound before systemd has heard of it
    say("ready", seconds=round(ready / 1e6, 3))
    return player


def playing(player):
    """Before the network is awake."""
    say("plain", **player.passage(TIMES["plain"]))
    say("system", **system())


def network(player):
    """Once it is awake."""
    awake, read = wait_for_line(AWAKE, PATIENCE), read_from_card()
    say("brain", seconds=awake, read_mb=read, **processor())
    say("answers", **answers(player, 2.0))
    say("with the brain", **player.passage(TIMES["plain"]))


def lamp(player):
    """Once it is awake."""
    say("lamp awake", levels=Panel().lamp(looks=100))


def replugging(player):
    """Keyboard and synth pulled out and put back."""
    for name, device in (("keyboard", player.keys), ("synth", player.synth.device)):
        say(f"replug {name}", cycles=[player.replug(device) for _ in range(TIMES["replugs"])])


def panel(player):
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


def knobs(player):
    """Turn all four knobs from one end of their travel to the other; where the box then stands.

    Then the converter fails, and does to the end: answering takes most of the time of an emulated
    machine."""
    panel, ends = Panel(), {}
    for end, travel in (("low", range(512, -1, -8)), ("high", range(0, 1024, 11))):
        for place in travel:
            panel.wire(*[place] * 4)
            time.sleep(0.02)
        time.sleep(SAVED)
        ends[end] = {name: settings()[name] for name in TURNED}
    say("knobs", **ends)
    os.kill(process(CONVERTER), signal.SIGKILL)
    say("converter gone", **player.passage(20), stuck=player.stuck())


def faults(player):
    """What may go wrong with a box, on real ports: does a key sound, and does nothing else?"""
    wait_for_line(AWAKE, PATIENCE)
    Panel().press(TAKE_OVER, 0.1)  # what sounds from now on is ours
    time.sleep(1.0)
    for years in (15, -30):
        held = time.clock_gettime(time.CLOCK_REALTIME)
        time.clock_settime(time.CLOCK_REALTIME, max(held + years * YEAR, 0.0))
        say(f"clock {years:+} years", **player.passage(20), stuck=player.stuck())
    since = now()
    Path("/proc/sysrq-trigger").write_text("f")  # as when memory is short: the kernel ends somebody
    gone = wait_for_line("away", 20.0, since=since)
    say("out of memory", **player.passage(20), stuck=player.stuck(), brain_gone=gone)
    for name, sign in (("stopped", signal.SIGSTOP), ("killed", signal.SIGKILL)):
        os.kill(process(BRAIN), sign)
        say(f"brain {name}", **player.passage(20), stuck=player.stuck())
    say("player killed", cycles=[killed(player) for _ in range(TIMES["kills"])])


def killed(player):
    """Kill the player with a key held: seconds until keys sound, and what is stuck."""
    player.send(0x90, HELD, TOUCH)
    player.synth.wait_for(HELD, now() - 0.5, 2.0)
    began = now()
    os.kill(process(PLAYER), signal.SIGKILL)
    heard = player.until_it_sounds()
    stuck = (0, HELD) in player.synth.sounding
    player.send(0x80, HELD, 0)
    return {"seconds": None if heard is None else round(heard - began, 3), "stuck": int(stuck)}


def babbling(player):
    """A keyboard that sends as fast as USB takes it, three times; the keys struck right after it.

    Most of such a flood is lost where the kernel keeps it for the box, ends of keys too: what then
    sounds on must have ended a second later, without a word from the keyboard. On one core the box,
    which comes before everything else, would have read each message before the next is sent: so
    it is held up for the second half of it.
    """
    for turn in range(3):
        before = lost()
        flood = player.babble(0.7, process(PLAYER))
        flood["lost"] = lost() - before
        after = player.passage(20, OTHER)
        time.sleep(1.0)
        say(f"babble {turn + 1}", **flood, **after, stuck=player.stuck())


def plugging(player, cycles=20):
    """A keyboard pulled out and put back, again and again: what does the player hold more of?"""
    chance, slowest, before = random.Random(3), 0.0, {}
    for cycle in range(cycles):
        player.keys.unplug()
        time.sleep(chance.uniform(*APART))
        player.keys.plug()
        began, heard = now(), player.until_it_sounds(10.0)
        if heard is None:
            break
        slowest = max(slowest, heard - began)
        if cycle == 4:  # what is made once is made
            before = holds()
        if cycle % 50 == 49:
            say("plugging so far", cycles=cycle + 1, **holds())
    done = cycle + (heard is not None)
    say("plugging", cycles=done, slowest=round(slowest, 3), before=before, after=holds())


PARTS = {
    "knobs": knobs,
    "playing": playing, "panel": panel, "network": network, "lamp": lamp, "replugging": replugging,
    "plugging": plugging, "faults": faults, "babbling": babbling, "writing": writing,
    "units": lambda player: say("units", **units()),
    "web": web,
    "alone": lambda player: say("no web", **reachable()),
    "state": lambda player: say("state", **system()),
}  # fmt: skip


def main():
    """Play what the kernel's command line asks for, whatever comes of it, and switch the machine
    off."""
    wanted = re.search(r"appliance\.parts=(\S+)", Path("/proc/cmdline").read_text())
    parts = wanted[1].split(",") if wanted else []
    try:
        player = begin()
        for part in parts:
            name, _, times = part.partition(":")
            PARTS[name](player, *map(int, times.split()))
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
