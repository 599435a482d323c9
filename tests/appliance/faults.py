"""Faults done to a box in a container, one kind a function: what was seen of each, as figures.

Every function leaves a box that plays. `silent` is the longest time, in seconds, from the fault to
a key that sounds; `beyond` the most by which a key took longer than the machine itself meanwhile;
`stuck` the notes that went on sounding though they should have ended.
"""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from typing import Any

from firmware_py.box.claims import lock_memory
from tests.appliance.container import PATIENCE, SERVICE, Container, until
from tests.appliance.inside.box import AWAKE
from tests.appliance.inside.player import TOUCH, Player, now
from tests.appliance.wire import Wire

PLAYER, BRAIN = "firmware_py.cli run", "brain_process"
HELD = 50  # a key that is held while something happens
STATE = "/var/lib/notochord-box"
OPTIONS = "/etc/default/notochord-box"
KILLS = int(os.environ.get("NOTOCHORD_KILLS", "200"))  # of each kind
WIRE = 3125  # bytes a second on a DIN cable
Figures = dict[str, Any]


class Box:
    """A box in a container, played on and looked at."""

    def __init__(self, container: Container, player: Player, seed: int) -> None:
        lock_memory()  # or a page of ours that was put out of memory would be waited for, not a key
        self.container, self.player, self.chance = container, player, random.Random(seed)
        self._wire = Wire()
        self._woke = 0  # how often the network had woken when a brain was last taken away

    def process(self, part: str) -> int:
        """The process with that in its command, once there is one."""
        return int(until(lambda: self.container.processes(part))[0])

    def _awakenings(self) -> int:
        return int(self.inside(f"journalctl -o cat -u {SERVICE} | grep -c '{AWAKE}'") or 0)

    def is_awake(self) -> bool:
        """Whether the network has woken since it was last taken away."""
        return self._awakenings() > self._woke

    def awake(self) -> None:
        """Wait until the network is awake."""
        until(self.is_awake)

    def kill(self, part: str, sign: int = signal.SIGKILL) -> int:
        """Send a signal to a process; which. Brain or player: the network is away afterwards."""
        while True:
            pid = self.process(part)
            self._woke = self._awakenings()
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
                return pid

    def plays(self, notes: int) -> Figures:
        """Play so many notes at once after a fault: how many sounded, the slowest, and the most by
        which one took longer than the machine itself did meanwhile."""
        came, beyond = [], []
        for n in range(notes):
            began = now()
            if (took := self.player.note(48 + n % 36)) is not None:
                came.append(took)
                beyond.append(took - self._wire.took(began, began + took))
        figures = {"silent": max(came, default=-1.0), "beyond": max(beyond, default=-1.0)}
        return {
            "played": notes, "sounded": len(came),
            **{name: round(value, 3) for name, value in figures.items()},
        }  # fmt: skip

    def close(self) -> None:
        """Nothing is done to it any more."""
        self._wire.close()

    def inside(self, script: str) -> str:
        """What a shell in the container says, as root."""
        return self.container.say("sh", "-c", script)

    def sounds_again(self, began: float) -> float:
        """Seconds from a moment until a key sounded."""
        at = self.player.until_it_sounds(PATIENCE)
        if at is None:
            raise TimeoutError("no key sounds any more")
        return round(at - began, 3)


def _together(rounds: list[Figures]) -> Figures:
    """The figures of one kind of fault, done again and again."""
    silent = sorted(r["silent"] for r in rounds)
    return {
        "times": len(rounds),
        "played": sum(r.get("played", 0) for r in rounds),
        "sounded": sum(r.get("sounded", 0) for r in rounds),
        "stuck": sum(r.get("stuck", 0) for r in rounds),
        "silent_median": silent[len(silent) // 2],
        "silent_p90": silent[len(silent) * 9 // 10],
        "silent": silent[-1],
        "beyond": max((r["beyond"] for r in rounds if "beyond" in r), default=None),
        "load": round(os.getloadavg()[0], 1),  # of the machine, on which others may be busy
    }


def player_killed(box: Box, times: int) -> Figures:
    """kill -9 of the player, with a key held."""
    rounds = []
    for _ in range(times):
        time.sleep(box.chance.uniform(0.0, 1.0))
        box.player.send(0x90, HELD, TOUCH)
        box.player.synth.wait_for(HELD, 0.0, 2.0)
        box.kill(PLAYER)
        silent = box.sounds_again(now())
        stuck = sum(note[1] == HELD for note in box.player.synth.sounding)
        box.player.send(0x80, HELD, 0)
        rounds.append({"silent": silent, "stuck": stuck})
    return _together(rounds)


def brain_killed(box: Box, times: int) -> Figures:
    """kill -9 of the brain, as it wakes or plays. Two deaths in a row before it is awake are
    followed by one awake: after three it would rest for a minute."""
    rounds, early = [], 0
    for _ in range(times):
        if early >= 2:
            box.awake()
        time.sleep(box.chance.uniform(0.0, 2.0))
        early = 0 if box.is_awake() else early + 1
        pid = box.kill(BRAIN)
        rounds.append(box.plays(5))
        until(lambda gone=pid: gone not in box.container.processes(BRAIN))
    return _together(rounds)


def brain_stopped(box: Box, times: int) -> Figures:
    """SIGSTOP of the brain: it must be replaced."""
    rounds = []
    for _ in range(times):
        box.awake()
        pid = box.kill(BRAIN, signal.SIGSTOP)
        rounds.append(box.plays(20))
        until(lambda gone=pid: gone not in box.container.processes(BRAIN))
    return _together(rounds)


def disk_full(box: Box, times: int) -> Figures:
    """The partition of the box's own is full, while it plays and as it starts."""
    rounds = []
    for _ in range(times):
        box.inside(f"dd if=/dev/zero of={STATE}/fill bs=64k 2>/dev/null; sync")
        playing = box.plays(20)
        box.kill(PLAYER)
        silent = box.sounds_again(now())
        rounds.append({**playing, "silent": max(silent, playing["silent"])})
        box.inside(f"rm -f {STATE}/fill")
    return _together(rounds)


def state_spoilt(box: Box, times: int) -> Figures:
    """Settings, presets, bindings, rig and an uploaded brain full of random bytes, as it starts."""
    rounds = []
    files = ("notochord-box.json", "presets/001.toml", "presets/002.toml", "bindings.toml",
             "rig.toml", "brains/own.brain", "sessions/0001.session")  # fmt: skip
    for _ in range(times):
        spoil = "".join(
            f"head -c {box.chance.randrange(1, 5000)} /dev/urandom >{name};" for name in files
        )
        box.inside(
            f"cd {STATE} && mkdir -p presets brains sessions && {spoil} chown -R notochord: ."
        )
        box.kill(PLAYER)
        rounds.append({"silent": box.sounds_again(now())})
    box.awake()  # with the shipped brain
    return {**_together(rounds), "seen": box.inside(f"cd {STATE} && ls *.bad */*.bad | wc -l")}


def nonsense_on_din(box: Box, seconds: float) -> Figures:
    """Random bytes as fast as the wire carries them; then every key and pedal is let go."""
    end = now() + seconds
    while now() < end:
        box.player.send(*box.chance.randbytes(WIRE // 100))
        time.sleep(0.01)
    box.player.send(0xF7)
    for channel in range(16):
        for pedal in (64, 66, 67, 69):
            box.player.send(0xB0 | channel, pedal, 0)
        for pitch in range(128):
            box.player.send(0x80 | channel, pitch, 0)
            time.sleep(0.001)
    silent = box.sounds_again(now())
    return {**_together([{**box.plays(50), "silent": silent}]), "times": 1}


def never_ready(box: Box, seconds: float) -> Figures:
    """A player that cannot start; and then can."""
    was = box.inside(f"cat {OPTIONS}")
    box.inside(f"sed -i 's/^NOTOCHORD_BOX_OPTIONS=/&--nonsense /' {OPTIONS}")
    before = int(box.container.property_of("NRestarts"))
    box.kill(PLAYER)
    time.sleep(seconds)
    starts = int(box.container.property_of("NRestarts")) - before
    box.container.say("sh", "-c", f"printf '%s\\n' '{was}' >{OPTIONS}")
    return {"times": 1, "starts": starts, "seconds": seconds, "silent": box.sounds_again(now()),
            "stuck": 0}  # fmt: skip


def stopped(box: Box) -> Figures:
    """The box is told to end, with a key held: nothing sounds."""
    box.player.send(0x90, HELD, TOUCH)
    box.player.synth.wait_for(HELD, 0.0, 2.0)
    box.inside("systemctl stop notochord-box.service")
    time.sleep(0.5)
    return {"times": 1, "stuck": len(box.player.synth.sounding)}
