"""What a performance leaves behind: MIDI, a piano roll, sound, figures. Whole files or none."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from firmware_py.perform import Performed
from notochord.midifile import messages_file
from notochord.wholefile import write_whole

SOUND_FONTS = (
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
)


class SoundError(ValueError):
    """The performance cannot be made into sound here; the message says what is missing."""


def write_midi(performed: Performed, path: Path) -> None:
    """Every message that was sent to a channel, as a MIDI file, which can hold no clock."""
    data = io.BytesIO()
    sent = [(at, message) for at, message in performed.sent if message[0] < 0xF0]
    messages_file(sent).save(file=data)
    write_whole(path, data.getvalue())


def write_json(figures: dict[str, Any], path: Path) -> None:
    """Figures as JSON."""
    write_whole(path, (json.dumps(figures, indent=1) + "\n").encode())


def write_roll(performed: Performed, path: Path, title: str) -> None:
    """A piano roll: the player's notes in grey, the network's in a colour an instrument."""
    from notochord.roll import draw_roll

    layers = {
        "you": [note for owner, note in performed.notes if owner == "player"],
        "": [note for owner, note in performed.notes if owner == "network"],
    }
    draw_roll(layers, path, title)


def sound_font() -> str | None:
    """A General MIDI sound font of this machine; None when there is none."""
    return next((font for font in SOUND_FONTS if Path(font).exists()), None)


def can_sound() -> bool:
    """Whether fluidsynth and a sound font are there."""
    return shutil.which("fluidsynth") is not None and sound_font() is not None


def check_sound() -> None:
    """Raise SoundError when music cannot be made into sound here."""
    if not can_sound():
        raise SoundError("no fluidsynth or sound font; install fluidsynth and fluid-soundfont-gm")


def write_wav(performed: Performed, path: Path) -> None:
    """The performance as sound, by fluidsynth; raises SoundError when it cannot be made."""
    check_sound()
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "in.mid", Path(folder) / "out.wav"
        write_midi(performed, midi)
        command = ["fluidsynth", "-ni", "-q", "-g", "0.8", "-r", "44100", "-F", str(wav)]
        command += [str(sound_font()), str(midi)]
        done = subprocess.run(command, capture_output=True, timeout=600)
        if done.returncode or not wav.exists():
            raise SoundError("fluidsynth failed: " + done.stderr.decode(errors="replace").strip())
        write_whole(path, wav.read_bytes())
