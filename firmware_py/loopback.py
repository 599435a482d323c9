"""The live instrument in a process of its own, on virtual ports, measured from outside.

    latency's keyboard ──▶ in [ notochord-box run ] out ──▶ latency's synth

On a machine with the ALSA sequencer its ports are used; elsewhere a private JACK server with the
dummy driver is started for the length of the run.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from firmware_py.clock import MonotonicClock
from firmware_py.latency import measure
from firmware_py.midi.backend import available_apis
from firmware_py.midi.jack import JackServer
from firmware_py.midi.ports import PortError

AWAKE = "the network is awake"
PLANS_AHEAD = "duet"  # a mode that schedules notes, for the jitter of those
VOICES = "string ensemble"  # on a channel of its own, so that answers are told from keys


def measured(
    mode: str, notes: int, brain: Path, api: str = "auto", seed: int = 0
) -> dict[str, Any]:
    """Latency of a mode through real ports, and jitter of notes planned ahead and of the clock
    that is sent meanwhile, in milliseconds.

    Raises PortError when there are no ports to measure with.
    """
    if api == "auto":
        api = "alsa" if "alsa" in available_apis() else "jack"
    server: AbstractContextManager[object] = JackServer() if api == "jack" else nullcontext()
    with server, tempfile.TemporaryDirectory() as folder:
        times = Path(folder) / "times.json"
        figures = _one_run(mode, notes, brain, api, seed, times)
        if mode != PLANS_AHEAD:
            planned = _one_run(PLANS_AHEAD, notes, brain, api, seed, times)
            figures |= {name: planned[name] for name in ("jitter_ms", "ticks", "clock_ms")}
    return {"mode": mode, "api": api, **figures}


def _one_run(
    mode: str, notes: int, brain: Path, api: str, seed: int, times: Path
) -> dict[str, Any]:
    times.unlink(missing_ok=True)
    command = [sys.executable, "-m", "firmware_py.cli", "run", "--virtual", "--api", api]
    command += ["--mode", mode, "--brain", str(brain), "--knob", f"palette={VOICES}"]
    if mode == PLANS_AHEAD:
        command += ["--knob", "clock_out=on"]
    command += ["--times", str(times), "--seed", str(seed)]
    command += ["--state", str(times.parent)]
    environment = {**os.environ, "XDG_CONFIG_HOME": str(times.parent)}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    try:
        _wait_until_awake(child)

        def finished() -> dict[str, list[tuple[float, float]]]:
            child.send_signal(signal.SIGTERM)
            child.wait(timeout=10)
            found = json.loads(times.read_text())
            return {kind: [(due, sent) for due, sent in pairs] for kind, pairs in found.items()}

        # The client's names are those that a virtual Inputs and Output give themselves.
        return measure(MonotonicClock().now, notes, api=api, seed=seed, due_and_sent=finished)
    finally:
        child.kill()
        child.wait()


def _wait_until_awake(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        if line.strip() == AWAKE:
            return
        if line.startswith("no network"):
            raise PortError(line.strip())
    raise PortError("the instrument did not start; try 'notochord-box run --virtual'")
