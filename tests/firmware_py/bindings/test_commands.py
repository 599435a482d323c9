"""notochord-box bindings: listed, bound, learnt from real ports, let go."""

import threading

import pytest

from firmware_py.cli import main
from firmware_py.message import control
from firmware_py.midi.backend import open_backend


def bindings(folder, *more):
    return main(["bindings", "--state", str(folder), *more])


def test_a_control_is_bound_listed_and_let_go(tmp_path, capsys):
    assert bindings(tmp_path) == 0
    assert "nothing is bound yet" in capsys.readouterr().out
    assert bindings(tmp_path, "bind", "cc 1:74", "temperature") == 0
    assert bindings(tmp_path, "bind", "note 10:36", "mode=duet") == 0
    assert capsys.readouterr().out.splitlines()[0] == "cc 1:74 is now: temperature"
    assert bindings(tmp_path, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["cc", "1:74", "temperature"], ["note", "10:36", "mode=duet"]
    ]  # fmt: skip
    assert bindings(tmp_path, "forget", "cc 1:74") == 0
    assert bindings(tmp_path, "forget", "all") == 0
    bindings(tmp_path)
    assert "nothing is bound yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["bind", "cc 74", "temperature"], "write a control as"),
        (["bind", "note 1:3", "temperature"], "a note cannot turn temperature"),
        (["forget", "cc 1:3"], "'cc 1:3' is not bound"),
        (["learn", "dance"], "nothing is called 'dance'"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_written(tmp_path, capsys, words, says):
    assert bindings(tmp_path, *words) == 2
    text = capsys.readouterr().err
    assert says in text and text.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.jack
def test_the_control_that_is_moved_is_learnt_through_real_ports(jack, tmp_path, capsys):
    done = threading.Event()
    with open_backend("jack", "pads") as backend:
        port = backend.new_out()
        port.open_virtual_port("out")

        def move():
            while not done.wait(0.02):
                port.send_message(control(2, 21, 99))

        mover = threading.Thread(target=move)
        mover.start()
        try:
            assert bindings(tmp_path, "learn", "density", "--api", "jack") == 0
        finally:
            done.set()
            mover.join()
            port.close_port()
            port.delete()
    assert capsys.readouterr().out.endswith("cc 3:21 is now: density\n")
    assert '"cc 3:21" = "density"' in (tmp_path / "bindings.toml").read_text()


@pytest.mark.jack
def test_where_nothing_is_moved_that_is_said(jack, tmp_path, capsys):
    assert bindings(tmp_path, "learn", "density", "--api", "jack", "--wait", "0.2") == 2
    assert "no control was moved within 0.2 s" in capsys.readouterr().err
