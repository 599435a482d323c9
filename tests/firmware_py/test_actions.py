import argparse
from pathlib import Path

import pytest

from firmware_py.actions import add_actions


@pytest.fixture
def parser():
    parser = argparse.ArgumentParser()
    actions = add_actions(parser.add_subparsers(), "hats", "what is worn", (
        ("list", lambda args: 1, "every hat"),
        ("drop", lambda args: 2, "drop one"),
    ))  # fmt: skip
    actions["drop"].add_argument("number", type=int)
    return parser


def run(parser, *words):
    args = parser.parse_args(["hats", *words])
    return args.run(args)


def test_without_an_action_a_command_does_the_first(parser):
    assert run(parser) == run(parser, "list") == 1


def test_an_action_does_its_own_with_its_own_arguments(parser):
    assert run(parser, "drop", "3") == 2
    assert parser.parse_args(["hats", "drop", "3"]).number == 3


def test_the_memory_of_the_box_may_be_elsewhere(parser):
    assert parser.parse_args(["hats", "--state", "there", "list"]).state == Path("there")


def test_an_argument_of_another_action_is_refused(parser, capsys):
    with pytest.raises(SystemExit):
        parser.parse_args(["hats", "list", "3"])
    assert "unrecognized arguments: 3" in capsys.readouterr().err
