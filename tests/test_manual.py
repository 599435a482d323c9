"""The manual: every page is reached from README, no link is dead, and everything is spoken of."""

import argparse
import re
from pathlib import Path

import pytest

from firmware_py.cli import _parser
from firmware_py.palette import NAMED
from firmware_py.panel import pinmap
from firmware_py.panel.change import ACTIONS
from firmware_py.settings import FIELDS, MODES

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
LINK = re.compile(r"\]\(([^)#]+)(#[^)]*)?\)")
PAGES = sorted(
    page for page in ROOT.rglob("*.md")
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
    and page.relative_to(ROOT).parts[0] in ("firmware_py", "notochord", "hardware", "systemd")
)  # fmt: skip


def links(page):
    """Where a page leads to, in the repository."""
    found = (link for link, _ in LINK.findall(page.read_text(encoding="utf-8")))
    return [(page.parent / link).resolve() for link in found if "://" not in link]


def reached(page, so_far):
    """Every page that can be come to from this one."""
    so_far.add(page)
    for there in links(page):
        if there.suffix == ".md" and there.exists() and there not in so_far:
            reached(there, so_far)
    return so_far


@pytest.mark.parametrize("page", [README, ROOT / "ARCHITECTURE.md", *PAGES], ids=str)
def test_no_link_is_dead(page):
    assert [str(there) for there in links(page) if not there.exists()] == []


def test_every_page_can_be_come_to_from_readme():
    assert set(PAGES) <= reached(README, set())


@pytest.mark.parametrize("name", [*FIELDS, *MODES])
def test_every_setting_and_mode_is_in_readme(name):
    assert f"`{name}`" in README.read_text(encoding="utf-8")


def commands():
    """Every command of the program."""
    (choices,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    return sorted(choices.choices)


@pytest.mark.parametrize("command", commands())
def test_every_command_is_in_the_manual(command):
    pages = (page.read_text(encoding="utf-8") for page in reached(README, set()))
    assert any(f"notochord-box {command}" in page for page in pages)


@pytest.mark.parametrize("action", ACTIONS)
def test_everything_that_a_button_does_is_on_the_panels_page(action):
    text = " ".join((ROOT / "hardware/panel.md").read_text(encoding="utf-8").split())
    assert f"`{action}`" in text


def board_page():
    """The lines of the panel's page."""
    return (ROOT / "hardware/panel.md").read_text(encoding="utf-8").splitlines()


def test_the_panels_page_has_every_pin_of_the_pin_map():
    board, page = pinmap.load(), board_page()
    parts = {
        "MCP3008 on": pinmap.SPI_PINS, "rotary encoder": [board.encoder.a, board.encoder.b],
        "its push": [board.encoder.push], "RGB lamp": vars(board.lamp).values(),
        "| lamp": [board.midi_lamp], "SSD1306": pinmap.I2C_PINS,
    }  # fmt: skip
    for part, pins in parts.items():
        (line,) = (line for line in page if line.startswith(f"| {part.removeprefix('| ')}"))
        assert {int(n) for n in re.findall(r"\b\d+\b", line.split("|")[2])} >= set(pins), part
    assert f"0x{board.display.address:X}" in "".join(page)


@pytest.mark.parametrize("button", pinmap.load().buttons, ids=lambda button: button.does)
def test_the_panels_page_says_on_which_pin_each_button_is(button):
    (line,) = (line for line in board_page() if line.startswith(f"| button | {button.pin} to"))
    assert button.does.split()[0] in line


@pytest.mark.parametrize("knob", pinmap.load().knobs, ids=lambda knob: knob.setting)
def test_the_panels_page_says_what_each_knob_turns_and_how_far(knob):
    (line,) = (line for line in board_page() if line.startswith(f"| {knob.channel} |"))
    _, _, turns, over, shifted, shifted_over, _ = (cell.strip() for cell in line.split("|"))
    for what, far, meant in ((turns, over, knob), (shifted, shifted_over, knob.shifted)):
        assert what.startswith(f"`{meant.setting}`")
        assert far.split(" to ")[0] == f"{meant.low:g}"
        assert far.split(" to ")[1].split()[0] == f"{meant.high:g}"


@pytest.mark.parametrize("palette", NAMED)
def test_every_palette_is_on_its_page(palette):
    assert f"`{palette}`" in (ROOT / "firmware_py/synths/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [n for n, f in FIELDS.items() if "low" in f.metadata])
def test_the_range_and_default_of_every_number_is_as_the_manual_says(name):
    limits = FIELDS[name].metadata
    (line,) = (
        line for line in README.read_text(encoding="utf-8").splitlines()
        if re.match(rf"\| [^|]*`{name}`", line)
    )  # fmt: skip
    said = line.split("|")[2] + line.split("|")[3]
    for value in (limits["low"], limits["high"], FIELDS[name].default):
        assert re.search(rf"(?<![\d.]){value:g}(?![\d]|\.\d)", said), (name, value, said)
