"""Power cuts: what the box writes as it is played, cut off anywhere, and the box on what is left.

Memory, Saved ──▶ Disk, whose log has it all ──cut──▶ a disk as it was left
                                                        │ the image's own early init: check, mount
                                                        │ the image's own readers: what is there
                                                        ▼ the image's own player: a key sounds
"""

from __future__ import annotations

import json
import os
import pty
import random
import signal
import subprocess
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from firmware_py.memory import Memory
from firmware_py.presets.preset import Preset
from firmware_py.saved import Saved
from firmware_py.sessions.commands import folder_of
from firmware_py.sessions.shelf import Shelf
from firmware_py.settings import Settings
from hardware.image import disk, early
from hardware.image.recipe import ROOT, SIZES
from tests.appliance.blocks import Disk
from tests.appliance.inside.player import Player
from tests.firmware_py.stage import Stage

INSIDE = Path(__file__).parent / "inside"
SETTINGS = "notochord-box.json"
BUDGET = 1 << 18  # bytes for sessions: so few that old ones go while new ones are written
NUMBERS = 12  # presets that are written again and again

# A root as the kernel leaves it to the early init, and the early init's own words on the partition
# that is written. $1: image. $2: what the power cut left. $3: the far end of a DIN cable.
START = """
set -e
mount -o ro,loop,offset=$ROOT_AT,sizelimit=$ROOT_SIZE "$1" /root
mount -t tmpfs run /root/run
mount -t tmpfs dev /root/dev
mount -t proc proc /root/proc
for node in "null c 1 3" "zero c 1 5" "urandom c 1 9"; do mknod -m 666 /root/dev/$node; done
mkdir /root/dev/pts /root/run/notochord-box
mount --bind /dev/pts /root/dev/pts
loop=$(losetup --find --show "$2")
trap 'umount /root/var/lib/notochord-box; losetup -d $loop' EXIT
mknod /root/dev/card3 b $(stat -c '0x%t 0x%T' $loop)
root=/dev/card2
began=$(date +%s%N)
"""
THEN = """
took=$(( ($(date +%s%N) - began) / 1000 ))
box=/var/lib/notochord-box
echo "REPAIRED $took $(grep -c " /root$box ext4" /proc/mounts)"
set +e
chroot /root chown -R notochord:notochord $box /run/notochord-box
cp "$INSIDE/left.py" /root/run/left.py
export PYTHONPATH=/opt/notochord-box/current PYTHONDONTWRITEBYTECODE=1
export STATE_DIRECTORY=$box XDG_CONFIG_HOME=$box TMPDIR=/run/notochord-box
as_player="chroot --userspec=notochord:notochord /root"
echo "LEFT $($as_player $PYTHONPATH/environment/bin/python /run/left.py $box)"
echo PLAYING
$as_player /opt/notochord-box/start run --din "$3" 2>&1
"""


class Written:
    """What was written, and when it was known to be on the disk: versions of each thing by name,
    with the position in the log at which each was begun, and was safe."""

    def __init__(self) -> None:
        self.versions: dict[str, list[dict[str, Any]]] = {}

    def begin(self, name: str, value: Any, at: int) -> None:
        """It is being written; None for one that is being deleted."""
        self.versions.setdefault(name, []).append({"value": value, "begun": at, "safe": None})

    def safe(self, at: int) -> None:
        """All that was begun is on the disk."""
        for versions in self.versions.values():
            for version in versions:
                if version["safe"] is None:
                    version["safe"] = at

    def lost(self, found: dict[str, Any], at: int) -> list[str]:
        """What was safe when the log was cut at a position and is not found, nor anything newer."""
        missing = []
        for name, versions in self.versions.items():
            safe = max((n for n, v in enumerate(versions) if v["safe"] <= at), default=None)
            if safe is None:
                continue
            possible = [v["value"] for v in versions[safe:] if v["begun"] <= at]
            if found.get(name) not in possible and not _grown(found.get(name), possible):
                missing.append(f"{name}: {found.get(name)} instead of {possible[0]}")
        return missing


def _grown(found: Any, possible: list[Any]) -> bool:
    """A session may be longer than it was; one that the budget took may be there still."""
    if None in possible:
        return True
    return isinstance(found, int) and any(isinstance(p, int) and p <= found for p in possible)


def play(recorded: Disk, rounds: int, seed: int) -> Written:
    """Play, turn knobs, store and delete presets, keep the last minutes; in every round the scribe
    has its turn."""
    chance, written = random.Random(seed), Written()
    state, saved = recorded.place, Saved(recorded.place / SETTINGS)
    memory = Memory(state, records=True, budget=BUDGET)
    stage = Stage(awake=False)
    stage.instrument = memory.instrument(
        saved.load(), stage._send, stage, seed, lambda *_: None, lambda: stage.now, dict
    )
    saved.follow(lambda: stage.instrument.scene.settings)
    memory.regularly(saved.turn)
    for number in range(rounds):
        at = recorded.position
        act = chance.choice(ACTS)
        for name, value in act(memory, stage, chance, number):
            written.begin(name, value, at)
        memory._scribe.turn()
        for name, size in _sessions(state, written).items():
            written.begin(name, size, at)
        written.safe(recorded.position)
    memory._recorder.close()
    return written


Changes = list[tuple[str, Any]]
Act = Callable[[Memory, Stage, random.Random, int], Changes]


def _notes(memory: Memory, stage: Stage, chance: random.Random, number: int) -> Changes:
    if chance.random() < 0.1:
        stage.instrument.begin_anew(stage.now)
    for _ in range(chance.randrange(1, 60)):
        pitch = chance.randrange(36, 96)
        stage.down(pitch)
        stage.crank(0.1)
        stage.up(pitch)
    return []


def _turn(memory: Memory, stage: Stage, chance: random.Random, number: int) -> Changes:
    density = _mark(number)
    stage.instrument.set("density", density, stage.now)
    return [("settings", density)]


def _store(memory: Memory, stage: Stage, chance: random.Random, number: int) -> Changes:
    place, density = chance.randrange(1, NUMBERS + 1), _mark(number)
    memory.bank.put(Preset(place, f"preset {number}", Settings(density=density)))
    return [(f"preset {place}", [f"preset {number}", density])]


def _delete(memory: Memory, stage: Stage, chance: random.Random, number: int) -> Changes:
    place = chance.randrange(1, NUMBERS + 1)
    return [(f"preset {place}", None)] if memory.bank.delete(place) else []


def _keep(memory: Memory, stage: Stage, chance: random.Random, number: int) -> Changes:
    memory.keep(stage.now)
    return []


ACTS: tuple[Act, ...] = (_notes, _notes, _turn, _turn, _store, _store, _store, _delete, _keep)


def _mark(number: int) -> float:
    """A density by which a version is known."""
    return round(1.0 + number / 100, 2)


def _sessions(state: Path, written: Written) -> dict[str, int | None]:
    """Every session's size; None for those that have gone."""
    there = {f"session {v.path.name}": v.size for v in Shelf(folder_of(state)).volumes()}
    gone = [n for n in written.versions if n.startswith("session ") and n not in there]
    before = {n: v[-1]["value"] for n, v in written.versions.items()}
    changed = {n: size for n, size in there.items() if before.get(n, -1) != size}
    return {**changed, **{n: None for n in gone if before[n] is not None}}


# ── the box on what is left ─────────────────────────────────────────────────────────────────────


class Cable:
    """The far end of a DIN cable."""

    def __init__(self) -> None:
        self.file, self._box = pty.openpty()
        for end in (self.file, self._box):
            tty.setraw(end)
        self.name = os.ttyname(self._box)
        os.chmod(self.name, 0o666)

    def close(self) -> None:
        """Pull it."""
        os.close(self.file)
        os.close(self._box)


def boot(image: Path, left: Path, patience: float = 300.0) -> dict[str, Any]:
    """What the image's user space makes of a partition: seconds until it is checked and mounted,
    what its readers find, and seconds from the player's start until a key sounds (None: never)."""
    words = early.words("state=/root", "for hook in")
    place = {"ROOT_AT": disk.starts()[ROOT] << 20, "ROOT_SIZE": SIZES[ROOT] << 20, "INSIDE": INSIDE}
    cable = Cable()
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", START + words + THEN]
    box = subprocess.Popen(
        [*command, "sh", str(image), str(left), cable.name], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, **{name: str(value) for name, value in place.items()}},
    )  # fmt: skip
    found: dict[str, Any] = {"thru": None}
    lines: list[str] = []
    assert box.stdout is not None
    try:
        while (line := box.stdout.readline()) and line != "PLAYING\n":
            lines.append(line.rstrip())
        began = time.clock_gettime(time.CLOCK_BOOTTIME)
        player = Player(cable, cable)
        sounded = player.until_it_sounds(patience) if line else None
        player.synth.close()
        found["thru"] = None if sounded is None else round(sounded - began, 2)
    finally:
        _end(box)
        cable.close()
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "REPAIRED":
            took, mounted = rest.split()
            found |= {"repaired": int(took) / 1e6, "mounted": mounted == "1"}
        elif word == "LEFT":
            with suppress(ValueError):
                found["left"] = json.loads(rest)
    return {**found, "said": lines if "left" not in found else []}


def _end(box: subprocess.Popen[str]) -> None:
    """Stop all of it but the shell, which tidies up."""
    for child in _below(box.pid):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    try:
        box.wait(20.0)
    except subprocess.TimeoutExpired:
        os.killpg(box.pid, signal.SIGKILL)
        box.wait()
    assert box.stdout is not None
    box.stdout.close()


def _below(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_below(int(child))]
    return found


def names(left: dict[str, Any]) -> dict[str, Any]:
    """What the readers found, under the names by which it was written."""
    presets = {f"preset {number}": value for number, value in left["presets"].items()}
    sessions = {f"session {name}": whole for name, (whole, _) in left["sessions"].items()}
    return {"settings": left["settings"], **presets, **sessions}


EMPTY = "nothing was recorded before the power went"


def summary(boots: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of so many power cuts, and every one that went wrong."""
    thru = sorted(boot["thru"] for boot in boots if boot["thru"] is not None)
    repaired = sorted(boot["repaired"] for boot in boots if "repaired" in boot)
    unreadable = [boot for boot in boots if boot.get("left", {}).get("unreadable", True)]
    wrong = [b for b in boots if b["lost"] or b["thru"] is None or b in unreadable]
    return {
        "power cuts": len(boots),
        "of these, of the computer alone": sum(boot["lost_of_cache"] == 0 for boot in boots),
        "writes and flushes in the log": boots[0]["of"] if boots else 0,
        "saved and lost": sum(len(boot["lost"]) for boot in boots),
        "boots that found something unreadable": len(unreadable),
        "boots that did not reach thru": len(boots) - len(thru),
        "check and mount, s, median and longest": _middle_and_last(repaired),
        "player's start to thru, s, median and longest": _middle_and_last(thru),
        "wrong": wrong,
    }


def _middle_and_last(values: list[float]) -> list[float]:
    return [round(values[len(values) // 2], 2), round(values[-1], 2)] if values else []
