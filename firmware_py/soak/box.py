"""A box in a process of its own on a real JACK server, set up to be played by the performer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from firmware_py.bindings import book as bindings
from firmware_py.bindings.binding import source_in
from firmware_py.loopback import AWAKE
from firmware_py.midi.backend import PortError
from firmware_py.midi.tap import Witness
from firmware_py.presets import commands as presets
from firmware_py.presets import files
from firmware_py.soak.acts import SYNTHS
from firmware_py.soak.performer import BINDINGS, KNOBS, PRESETS
from firmware_py.soak.vitals import Vitals, children

METER = "meter"  # what measures the transport itself; the box neither hears it nor plays on it
RIG = f'[[input]]\ndevice = "{METER}"\nrole = "off"\n' + "".join(
    f'[[output]]\ndevice = "{synth}"\n' for synth in SYNTHS
)
NEVER_WAKES = "the box does not wake; try 'notochord-box doctor'"
WAKES_WITHIN, ENDS_WITHIN = 60.0, 10.0  # seconds


class Box:
    """A running box; ended at the end of the `with`, whatever happens."""

    def __init__(self, brain: Path, folder: Path, seed: int) -> None:
        """`folder` is for what it remembers. Raises PortError when it does not wake."""
        self._folder, self._times = folder, folder / "times.json"
        self._prepare()
        command = [sys.executable, "-m", "firmware_py.cli", "run", "--api", "jack", "--no-din"]
        command += ["--panel", "none", "--brain", str(brain), "--seed", str(seed)]
        command += ["--state", str(folder), "--rig", str(folder / "soak-rig.toml")]
        command += ["--times", str(self._times), "--sent", str(folder / "sent")]
        command += [w for name, value in KNOBS.items() for w in ("--knob", f"{name}={value}")]
        self.witness = Witness(folder / "sent")  # of what it sends
        self._errors = open(folder / "errors", "wb")  # noqa: SIM115 (closed in __exit__)
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors,
            text=True, env={**os.environ, "XDG_CONFIG_HOME": str(folder)},
        )  # fmt: skip
        self._awake, self._why = threading.Event(), NEVER_WAKES
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Box:
        waited = self._awake.wait(WAKES_WITHIN)
        if not waited or not self.lives or self._why is not NEVER_WAKES:
            self.__exit__()
            raise PortError(self._why)
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()
        self._errors.close()
        self.witness.close()

    @property
    def lives(self) -> bool:
        """Whether its process is there."""
        return self._process.poll() is None

    def vitals(self) -> dict[str, Vitals]:
        """Of the player, and of its brain where it has one just now."""
        player = self._process.pid
        found = {"player": Vitals.of(player)}
        for brain in children(player)[:1]:
            found["brain"] = Vitals.of(brain)
        return found

    def end(self) -> int:
        """Have it end in order; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(ENDS_WITHIN)

    def times(self) -> dict[str, list[tuple[float, float]]]:
        """When the last planned notes and ticks were due and sent; once it has ended."""
        found = json.loads(self._times.read_text(encoding="utf-8"))
        return {kind: [(due, sent) for due, sent in pairs] for kind, pairs in found.items()}

    def errors(self) -> list[str]:
        """The lines that it wrote in its log."""
        text = (self._folder / "errors").read_text(encoding="utf-8", errors="replace")
        return text.splitlines()

    def _prepare(self) -> None:
        for preset in PRESETS:
            files.store(presets.folder_of(self._folder), preset)
        bound = {source_in(source): does for source, does in BINDINGS.items()}
        bindings.write(bindings.path_in(self._folder), bound)
        (self._folder / "soak-rig.toml").write_text(RIG, encoding="utf-8")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("no network"):
                self._why = line.strip()
            if line.strip() == AWAKE or self._why is not NEVER_WAKES:
                self._awake.set()
        self._awake.set()  # it has ended: nobody need wait for it
