"""The manual: every page is reached from README, no link is dead, and everything is spoken of."""

import argparse
import re
from pathlib import Path

import pytest

from firmware_py.cli import _parser
from firmware_py.palette import NAMED
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
