"""Kills of a whole running guest while it writes, and the box on what is left.

boot ──▶ plays, writes ──▶ snapshot of the machine
                              │ loadvm, another number: another life
                              ▼
                           plays, turns, stores, keeps ──kill -9 of QEMU──▶ the card as it was left
                                                                              │
                 the image's early init, readers and player (power.boot) ◀────┤
                 the whole image in another guest, of some ◀──────────────────┘

What QEMU had not handed to its file is lost, as in a card's own memory: all that the guest has
written but not flushed may be.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.image import disk
from hardware.image.recipe import DATA, SIZES
from notochord.arm.root import needed
from tests.appliance import power
from tests.appliance.guest import MACHINES, MARK, card_of, command, findings

SNAPSHOT = "warm"
LIFE = (0.3, 6.0)  # seconds of the guest's that it writes for
PATIENCE = 1800.0  # seconds, on a machine that may be busy
# How old what a reader saw must be, in seconds, to be there for good: presets and settings are
# flushed as they come, sessions at the scribe's next turn.
FLUSHED, TURNED = 0.5, 3.0
PROMPT = b"(qemu) "


class Guest:
    """One run of QEMU on a card, with its monitor and the line that a life begins with."""

    def __init__(self, cache: Path, work: Path, card: Path, *options: str) -> None:
        self.log, self._places = work / "console.log", (work / "monitor", work / "line")
        self.log.write_bytes(b"")
        ends = [f"unix:{place},server=on,wait=off" for place in self._places]
        line = command(MACHINES["amd64"], cache, work, self.log, "appliance.parts=writing", card)
        line += ["-serial", ends[1], "-monitor", ends[0], *options]
        self.qemu = subprocess.Popen(line, stdin=subprocess.DEVNULL)

    def until(self, what: Callable[[bytes], Any], patience: float = PATIENCE) -> Any:
        """Wait until the console shows something."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if found := what(self.log.read_bytes()):
                return found
            if self.qemu.poll() is not None:
                raise ChildProcessError(f"the guest has ended: {self.log.read_bytes()[-2000:]!r}")
            time.sleep(0.01)
        raise TimeoutError(f"not within {patience} s: {self.log.read_bytes()[-2000:]!r}")

    def say(self, words: str) -> None:
        """A line on the second serial port."""
        with _joined(self._places[1]) as line:
            line.sendall(words.encode() + b"\n")

    def tell(self, order: str) -> None:
        """An order to QEMU's monitor; returns once it has been carried out."""
        with _joined(self._places[0]) as monitor:
            _read_to_prompt(monitor)
            monitor.sendall(order.encode() + b"\n")
            _read_to_prompt(monitor)

    def kill(self) -> None:
        """The power goes."""
        self.qemu.kill()
        self.qemu.wait()


def _joined(place: Path) -> socket.socket:
    joined = socket.socket(socket.AF_UNIX)
    end = time.monotonic() + 60.0
    while True:
        try:
            joined.connect(os.path.relpath(place))  # a path of at most 107 bytes
            return joined
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _read_to_prompt(monitor: socket.socket) -> None:
    said = b""
    while not said.endswith(PROMPT):
        more = monitor.recv(4096)
        if not more:
            raise ConnectionError(f"QEMU has ended: {said!r}")
        said += more


@dataclass(frozen=True)
class Sight:
    """What a reader in the guest saw, and when."""

    at: float
    values: dict[str, Any]


def sights(console: bytes) -> list[Sight]:
    """All that was said of what was seen, in order."""
    found = []
    for line in console.splitlines():
        start = line.find(MARK)
        with suppress(ValueError):
            said = json.loads(line[start + len(MARK) :]) if start >= 0 else {}
            if said.get("what") == "seen":
                values = {k: v for k, v in said.items() if k not in ("what", "at")}
                found.append(Sight(said["at"], values))
    return found


def lost(seen: list[Sight], left: dict[str, Any]) -> list[str]:
    """What was seen for so long that it must be there, and is not, nor anything newer."""
    last, missing = seen[-1].at, []
    safe: dict[str, Any] = {}
    for sight in seen:
        for name, value in sight.values.items():
            patience = TURNED if name.startswith("session") else FLUSHED
            if sight.at <= last - patience:
                safe[name] = value
    for name, value in safe.items():
        found = left.get(name)
        is_there = found == value if name.startswith("preset") else (found or 0) >= value
        if not is_there:
            missing.append(f"{name}: {found} instead of {value}")
    return missing


def names(left: dict[str, Any]) -> dict[str, Any]:
    """What the readers found, under the names by which it was seen."""
    presets = {f"preset {number}": density for number, (_, density) in left["presets"].items()}
    sessions = {
        f"session {int(name.partition('.')[0])}": whole
        for name, (whole, _) in left["sessions"].items()
    }  # fmt: skip
    return {"settings": left["settings"], **presets, **sessions}


class Lives:
    """A guest that plays and is about to write, kept as it is; and its lives."""

    def __init__(self, cache: Path, work: Path) -> None:
        """`work`: an empty folder beside the images."""
        self._cache, self._work = cache, work
        # Of its own, as an image that is made anew takes the old one's name.
        self._image = work / "notochord-box-amd64.img"
        os.link(cache / self._image.name, self._image)
        self._card = card_of(self._image, work / "card.qcow2")
        guest = Guest(cache, work, self._card)
        try:
            guest.until(lambda console: b'"warm"' in console)
            guest.tell(f"savevm {SNAPSHOT}")
        finally:
            guest.kill()

    def one(self, seed: int, boots: bool) -> dict[str, Any]:
        """One life and its sudden end, and what the box makes of it; `boots`: in a guest too."""
        chance = random.Random(seed)
        seen = self._live(seed, chance.uniform(*LIFE))
        left = self._work / "left.ext4"
        self._take_out(left)
        found = power.boot(self._image, left)
        left.unlink()
        there = names(found["left"]) if "left" in found else {}
        figures = {"seed": seed, "wrote_for": round(seen[-1].at - seen[0].at, 2), **found}
        figures["seen"] = sum(len(sight.values) for sight in seen)
        figures["lost"] = lost(seen, there) if there else ["all"]
        if boots:
            figures["guest"] = self._boot()
        return figures

    def _live(self, seed: int, seconds: float) -> list[Sight]:
        guest = Guest(self._cache, self._work, self._card, "-loadvm", SNAPSHOT)
        try:
            guest.say(str(seed))
            first = guest.until(sights)[0].at
            guest.until(lambda console: sights(console)[-1].at >= first + seconds)
            time.sleep(random.Random(seed).uniform(0.0, 0.3))
        finally:
            guest.kill()
        return sights(guest.log.read_bytes())

    def _take_out(self, into: Path) -> None:
        """The partition that is written, as the guest left it."""
        start, size = disk.starts()[DATA], SIZES[DATA]
        place = ["bs=1M", f"skip={start}", f"count={start + size}"]
        image = [needed("qemu-img", package="qemu-utils"), "dd", "-f", "qcow2", "-O", "raw", *place]
        subprocess.run([*image, f"if={self._card}", f"of={into}"], check=True)

    def _boot(self) -> dict[str, Any]:
        """The same card in another guest, from power-on to the first key that sounds."""
        work = self._work / "boot"
        work.mkdir(exist_ok=True)
        card, log = card_of(self._card, work / "card.qcow2"), work / "console.log"
        machine = MACHINES["amd64"]
        line = command(machine, self._cache, work, log, "appliance.parts=state", card)
        guest = subprocess.Popen(line, stdin=subprocess.DEVNULL)
        try:
            guest.wait(PATIENCE)
        finally:
            guest.kill()
            guest.wait()
        found = findings(log.read_bytes())
        return {name: found.get(name) for name in ("thru", "ready", "state")}


def summary(lives: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of so many kills, and every one that went wrong."""
    booted = [life["guest"]["thru"] for life in lives if "guest" in life]
    unreadable = [life for life in lives if life.get("left", {}).get("unreadable", True)]
    wrong = [k for k in lives if k["lost"] or k["thru"] is None or k in unreadable]
    return {
        "kills": len(lives),
        "seconds that the guests had written for, all together": _sum(lives, "wrote_for"),
        "changes of settings, presets and sessions that were seen": _sum(lives, "seen"),
        "saved and lost": sum(len(life["lost"]) for life in lives),
        "boxes that found something unreadable": len(unreadable),
        "boxes that did not reach thru": sum(life["thru"] is None for life in lives),
        "check and mount, s, longest": max(life.get("repaired", 0.0) for life in lives),
        "player's start to thru, s, longest": max(life["thru"] or 0.0 for life in lives),
        "booted in a guest too; seconds to thru": [b["seconds"] if b else None for b in booted],
        "wrong": wrong,
    }


def _sum(lives: list[dict[str, Any]], name: str) -> float:
    return round(sum(life[name] for life in lives), 1)
