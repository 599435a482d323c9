"""The doctor on machines made up of files: what it finds, and what it says to do."""

import signal
import sys
from datetime import UTC, datetime

import pytest

from firmware_py.box.doctor import TRY_TORCH, How, Machine, examine, try_torch
from firmware_py.box.health import THROTTLED
from firmware_py.cli import main
from firmware_py.midi.backend import PortError, Ports

BOARD = Ports(("Keystation 49:0",), ("MicroFreak:0",))


def machine(root, **more):
    """A Raspberry Pi that is a box, on which all is well, with exceptions."""
    files = {
        "etc/systemd/system/notochord-box.service": "",
        "proc/meminfo": "MemTotal:        1900000 kB\n",
        "sys/class/thermal/thermal_zone0/temp": "51000\n",
        THROTTLED: "0\n",
        "opt/notochord-box/releases/0.1.0-aa/release.json": "{}",
        "etc/notochord-box/update-signers": "# keys\nupdates ssh-ed25519 AAAA\n",
        "usr/bin/ssh-keygen": "", "usr/bin/nmcli": "", "sys/class/net/wlan0": "",
        **{f"dev/{name}": "" for name in ("snd/seq", "gpiochip0", "spidev0.0", "ttyAMA0")},
    }
    for name, text in {**files, **more.pop("files", {})}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            (root / name).write_text(text)
    (root / "var/lib/notochord-box/presets").mkdir(parents=True, exist_ok=True)
    for place, target in (("etc/systemd/system/default.target", "performance.target"),
                          ("opt/notochord-box/current", "releases/0.1.0-aa")):  # fmt: skip
        (root / place).symlink_to(target)
    sound = dict(
        root=root, state=root / "var/lib/notochord-box", ports=lambda: BOARD,
        torch=lambda: (0, "2.9.1"), answers=lambda path: (True, "base.brain answers"),
        groups=lambda: ("notochord", {"notochord"}),
        now=lambda: datetime(2026, 11, 21, 12, 0, tzinfo=UTC), free=lambda path: 4 << 30,
        priority=lambda: 0,
    )  # fmt: skip
    return Machine(**{**sound, **more})


def found(machine, how):
    return [f"{f.what} | {f.remedy}" for f in examine(machine) if f.how is how]


def test_a_box_on_which_all_is_well_has_nothing_to_be_put_right(tmp_path):
    well = machine(tmp_path)
    assert found(well, How.BAD) == [] and found(well, How.NOTE) == []
    good = " ".join(found(well, How.GOOD))
    for word in ("Keystation 49", "MicroFreak", "panel", "51 °C", "torch 2.9.1", "0.1.0-aa",
                 "it plays", "base.brain answers", "2026-11-21", "4096 MB"):  # fmt: skip
        assert word in good


def raise_no_midi():
    raise PortError("no MIDI system here: load the kernel module snd-seq")


@pytest.mark.parametrize(
    ("fault", "what", "remedy"),
    [
        (dict(ports=raise_no_midi), "no MIDI", "snd-seq"),
        (dict(torch=lambda: (-signal.SIGILL, "")), "not for this processor", "pyproject.toml"),
        (dict(torch=lambda: (-signal.SIGBUS, "")), "SIGBUS", "make install"),
        (dict(torch=lambda: (1, "No module named 'torch'")), "No module named", "make install"),
        (dict(torch=lambda: (124, "")), "two minutes", "card"),
        (dict(answers=lambda path: (False, "cut short")), "cut short", "--brain"),
        (dict(free=lambda path: 1 << 20), "disk is full: 1 MB", "sessions delete"),
        (dict(files={THROTTLED: "1\n"}), "too little power, now", "stronger supply"),
        (dict(files={THROTTLED: "50000\n"}), "too little power, some time", "stronger supply"),
        (dict(files={THROTTLED: "6\n"}), "slowed down", "air"),
        (dict(files={"sys/class/thermal/thermal_zone0/temp": "84000\n"}), "84 °C", "air"),
        (dict(files={"proc/meminfo": "MemTotal: 240000 kB\n"}), "234 MB of memory", "512 MB"),
    ],
)  # fmt: skip
def test_a_fault_is_found_and_what_to_do_is_said(tmp_path, fault, what, remedy):
    (line,) = found(machine(tmp_path, **fault), How.BAD)
    assert what in line.split(" | ")[0] and remedy in line.split(" | ")[1]


def test_knobs_without_spi_are_a_fault_and_no_gpio_at_all_is_none(tmp_path):
    board = machine(tmp_path)
    (tmp_path / "dev/spidev0.0").unlink()
    (line,) = found(board, How.BAD)
    assert "no SPI" in line and "dtparam=spi=on" in line
    (tmp_path / "dev/gpiochip0").unlink()
    assert found(board, How.BAD) == []
    assert any("no GPIO" in line for line in found(board, How.NOTE))


def test_a_player_who_may_not_use_the_pins_is_told_the_command_that_helps(tmp_path):
    board = machine(tmp_path, groups=lambda: ("ada", {"ada", "audio"}))
    (line,) = found(board, How.BAD)
    assert "ada is not in the groups dialout, gpio, spi" in line
    assert "usermod -aG dialout,gpio,spi ada" in line


def test_a_box_that_boots_into_something_else_is_told_how_to_boot_into_the_music(tmp_path):
    board = machine(tmp_path)
    target = tmp_path / "etc/systemd/system/default.target"
    target.unlink()
    target.symlink_to("/lib/systemd/system/graphical.target")
    (line,) = found(board, How.BAD)
    assert "set-default performance.target" in line


def test_a_release_that_vanished_is_a_fault_and_one_on_trial_is_a_note(tmp_path):
    board = machine(tmp_path, files={"opt/notochord-box/trial.json": "{}"})
    assert found(board, How.BAD) == []
    assert any("on trial" in line for line in found(board, How.NOTE))
    (tmp_path / "opt/notochord-box/releases/0.1.0-aa").rename(tmp_path / "gone")
    assert any("is not there" in line for line in found(board, How.BAD))


def test_a_box_that_trusts_no_key_says_how_to_trust_one(tmp_path):
    board = machine(tmp_path, files={"etc/notochord-box/update-signers": "# none yet\n"})
    (line,) = found(board, How.NOTE)
    assert "update trust" in line


def test_a_box_that_cannot_check_an_update_is_told_what_to_install(tmp_path):
    board = machine(tmp_path, files={"usr/bin/ssh-keygen": None})
    assert any("openssh-client" in line for line in found(board, How.BAD))


def test_web_access_that_no_network_could_carry_is_a_note(tmp_path):
    board = machine(tmp_path, files={"usr/bin/nmcli": None})
    (line,) = found(board, How.NOTE)
    assert "NetworkManager" in line


def test_where_there_is_no_way_to_the_web_page_nothing_is_said_of_it(tmp_path):
    board = machine(tmp_path, files={"usr/bin/nmcli": None, "sys/class/net/wlan0": None})
    assert found(board, How.NOTE) == []


def test_what_was_put_aside_is_named(tmp_path):
    board = machine(tmp_path, files={
        "var/lib/notochord-box/presets/007.bad": "", "var/lib/notochord-box/sessions.ruined-1": "",
    })  # fmt: skip
    (line,) = found(board, How.NOTE)
    assert "007.bad" in line and "sessions.ruined-1" in line


def test_an_unset_clock_and_missing_cables_are_notes(tmp_path):
    board = machine(tmp_path, now=lambda: datetime(1970, 1, 1, tzinfo=UTC),
                    ports=lambda: Ports(("Midi Through:0",), ()))  # fmt: skip
    assert found(board, How.BAD) == []
    notes = found(board, How.NOTE)
    for word in ("1970-01-01", "no keyboard", "no synth"):
        assert any(word in line for line in notes)


def test_a_machine_of_which_nothing_is_known_is_looked_over_without_a_fault(tmp_path):
    bare = Machine(root=tmp_path, state=tmp_path / "none", ports=lambda: BOARD,
                   torch=lambda: (0, "2.9.1"), groups=lambda: ("ada", set()),
                   priority=lambda: 0, free=lambda path: 4 << 30)  # fmt: skip
    assert found(bare, How.BAD) == []
    assert any("no box" in line for line in found(bare, How.NOTE))
    assert any("real-time" in line for line in found(bare, How.NOTE))


def python(tmp_path, does):
    script = tmp_path / "python"
    script.write_text(f"#!{sys.executable}\nimport os, sys\n{does}\n")
    script.chmod(0o755)
    return str(script)


def test_a_torch_that_crashes_takes_only_its_own_process(tmp_path):
    assert try_torch(python(tmp_path, "os.kill(os.getpid(), 4)"))[0] == -signal.SIGILL
    assert try_torch(python(tmp_path, "sys.exit('one\\nlast line')")) == (1, "last line")
    code, version = try_torch(python(tmp_path, f"assert sys.argv[2] == {TRY_TORCH!r}; print(9)"))
    assert (code, version) == (0, "9")


def test_the_command_ends_with_1_while_something_is_to_be_put_right(
    tiny_brain, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("firmware_py.box.doctor.list_ports", lambda: BOARD)
    monkeypatch.setattr("firmware_py.box.doctor.midi", lambda machine: iter(()))
    monkeypatch.setattr("firmware_py.box.doctor.health", lambda machine: iter(()))
    monkeypatch.setattr("firmware_py.box.doctor.devices", lambda machine: iter(()))
    monkeypatch.setattr("firmware_py.box.doctor.TRY_TORCH", "print('2.9.1')")
    arguments = ["doctor", "--state", str(tmp_path), "--brain"]
    assert main([*arguments, str(tiny_brain)]) == 0
    said = capsys.readouterr().out
    assert "tiny.brain wakes in" in said and said.endswith("nothing to be put right\n")
    assert main([*arguments, str(tmp_path / "none.brain")]) == 1
    said = capsys.readouterr().out
    assert "!!" in said and "none.brain: no such file" in said and "1 to be put right" in said
