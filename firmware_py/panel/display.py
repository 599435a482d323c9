"""What the small display shows, drawn as a picture of 128 x 64 dots; pure.

    ┌────────────────────────┐
    │ DUET                   │   mode
    │ plays          120 bpm │   what the network does, the beat
    │ strings                │   palette
    │ 3 choir         ses 12 │   preset and session;  or: temperature  0.95
    └────────────────────────┘                            ▓▓▓▓▓▓▓▓░░░░░░░░
"""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from firmware_py.panel.glance import Glance
from firmware_py.panel.lamps import Sign
from firmware_py.panel.travel import whole_travel
from firmware_py.settings import FIELDS

WIDTH, HEIGHT = 128, 64  # dots
SHORT = 6  # digits of the number that web access asks for; all of them are for the air
LETTER = 6  # dots across one letter of the font
DOES = {
    Sign.WAKING: "wakes", Sign.LISTENING: "listens", Sign.ANSWERING: "plays",
    Sign.THRU: "you alone", Sign.FAULT: "no network", Sign.DONE: "done",
    Sign.PRESETS: "presets", Sign.STRAINED: "strained",
    Sign.CODE: "web access",
}  # fmt: skip
_FONT = ImageFont.load_default_imagefont()


def draw(glance: Glance) -> Image.Image:
    """The picture for what there is to see; lit dots are 1."""
    image = Image.new("1", (WIDTH, HEIGHT))
    _large(image, 0, glance.settings.mode)
    _line(image, 23, DOES[glance.sign], f"{glance.settings.tempo:.0f} bpm")
    if glance.listens:
        _line(image, 37, "bind: move a MIDI", "")
        _line(image, 50, "control", "")
    elif glance.code:
        _line(image, 37, f"wifi {glance.code}", "")
        _line(image, 51, f"code {glance.code[-SHORT:]}", "")
    elif glance.turned is not None:
        _turned(image, *glance.turned)
    else:
        _line(image, 37, glance.settings.palette, "")
        session = "" if glance.session is None else f"ses {glance.session}"
        _line(image, 51, glance.preset, session)
    return image


def shows(glance: Glance) -> tuple[object, ...]:
    """What the picture depends on: while this is the same, so is the picture."""
    s = glance.settings
    return (
        s.mode, s.palette, round(s.tempo), glance.sign, glance.preset, glance.turned,
        glance.session, glance.listens, glance.code,
    )  # fmt: skip


def _turned(image: Image.Image, setting: str, value: float | str) -> None:
    """What a knob was just turned to, with a bar where it is a number."""
    written = f"{value:.4g}" if isinstance(value, float) else str(value)
    if "low" not in FIELDS[setting].metadata or isinstance(value, str):
        _line(image, 37, setting, "")
        _line(image, 51, written, "")
        return
    _line(image, 37, setting, written)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 52, WIDTH - 1, HEIGHT - 2), outline=1)
    filled = round((WIDTH - 5) * whole_travel(setting).place(value))
    pen.rectangle((2, 54, 2 + filled, HEIGHT - 4), fill=1)


def _line(image: Image.Image, y: int, left: str, right: str) -> None:
    room = (WIDTH - len(right) * LETTER) // LETTER - bool(right)
    pen = ImageDraw.Draw(image)
    pen.text((0, y), _plain(left, room), font=_FONT, fill=1)
    pen.text((WIDTH - len(right) * LETTER, y), _plain(right, len(right)), font=_FONT, fill=1)


def _large(image: Image.Image, y: int, text: str) -> None:
    """A line of letters twice as large."""
    small = Image.new("1", (WIDTH // 2, 11))
    ImageDraw.Draw(small).text((0, 0), _plain(text, 10), font=_FONT, fill=1)
    image.paste(small.resize((WIDTH, 22), Image.Resampling.NEAREST), (0, y))


def _plain(text: str, room: int) -> str:
    """The text in the font's letters, cut to so many of them."""
    plain = text.encode("latin-1", "replace").decode("latin-1")
    return plain if len(plain) <= room else plain[: room - 1] + "."
