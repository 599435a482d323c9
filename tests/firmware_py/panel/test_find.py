"""Which panels are found, and what is said where the one that was asked for cannot be had."""

import os

import pytest

from firmware_py.cli import main
from firmware_py.panel import find
from firmware_py.panel.find import PanelError, check_terminal, find_display, find_panels
from firmware_py.panel.pinmap import DisplayMap, load
from firmware_py.settings import Settings


def test_a_machine_without_pins_and_bus_has_no_panel(monkeypatch):
    monkeypatch.setattr("firmware_py.panel.board.Path.glob", lambda *_: iter(()))
    monkeypatch.setattr("firmware_py.panel.find.Path.exists", lambda _: False)
    assert find_panels(load(), Settings(), lambda: 0.0) == []


def test_without_the_package_that_drives_it_there_is_no_display(monkeypatch):
    monkeypatch.setattr("firmware_py.panel.find.Path.exists", lambda _: True)
    monkeypatch.setattr(find, "find_spec", lambda name: None)
    assert find_display(DisplayMap(), lambda: 0.0) is None


def test_a_bus_without_a_display_costs_nothing_but_its_process(monkeypatch):
    monkeypatch.setattr("firmware_py.panel.find.Path.exists", lambda _: True)
    display = find_display(DisplayMap(port=99), lambda: 0.0)
    display._process.wait(30)
    assert display.poll() == [] and display.fileno() == -1
    assert display._process.returncode == 3
    display.close()


def test_without_a_terminal_the_panel_is_refused_in_one_line(capfd, monkeypatch):
    monkeypatch.setattr("sys.stdin", open(os.devnull, encoding="utf-8"))
    assert main(["run", "--panel", "terminal"]) == 2
    text = capfd.readouterr().err
    assert text.count("\n") == 1 and "there is no terminal" in text


@pytest.mark.parametrize(
    ("term", "size", "says"),
    [
        ("dumb", (80, 24), "TERM=dumb"),
        ("xterm", (79, 24), "has 79 x 24 letters, and the panel needs 80 x 24"),
        ("xterm", (200, 23), "has 200 x 23 letters"),
    ],
)
def test_a_terminal_that_will_not_do_is_refused_in_one_line(monkeypatch, term, size, says):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.fileno", lambda: 1, raising=False)
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size(size))
    with pytest.raises(PanelError) as caught:
        check_terminal()
    assert says in str(caught.value) and "\n" not in str(caught.value)
