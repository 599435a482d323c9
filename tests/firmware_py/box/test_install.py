"""Installing into a folder: twice is once, and away again is as if it had never been."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firmware_py.box import install as module
from firmware_py.box.bootfiles import with_block, without_block
from firmware_py.box.install import FILES, LINKS, SOURCE, UNITS, Installer, InstallError, trim
from firmware_py.box.releases import TRIES

CONFIG = "# For more options see http://rptl.io/configtxt\ndtparam=audio=on\n\n[cm4]\notg_mode=1\n"
CMDLINE = "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootwait\n"


def tree(root):
    """Everything below a folder: type, mode, content or target."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            found[name] = ("folder", path.stat().st_mode)
        else:
            found[name] = ("file", path.stat().st_mode, path.read_bytes())
    return found


@pytest.fixture
def machine(tmp_path):
    """A machine's root as Raspberry Pi OS has it, as far as it concerns us."""
    root = tmp_path / "root"
    for name, text in (("config.txt", CONFIG), ("cmdline.txt", CMDLINE)):
        (root / "boot/firmware").mkdir(parents=True, exist_ok=True)
        (root / "boot/firmware" / name).write_text(text)
    for folder in ("etc/default", "etc/systemd/system", "etc/udev/rules.d", "etc/sysusers.d",
                   "etc/modules-load.d", "etc/tmpfiles.d", "opt", "usr/local/bin", "usr/local/sbin",
                   "var/lib"):
        (root / folder).mkdir(parents=True)  # fmt: skip
    (root / "etc/systemd/system/default.target").symlink_to("/lib/systemd/system/graphical.target")
    return root


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    """The source as far as the player needs it, without its brain: less to compile each time."""
    kept = {"__init__.py", "ask.py", "event.py", "options.py", "wholefile.py"}
    folder = tmp_path_factory.mktemp("source")
    for part in module.PARTS:
        if (SOURCE / part).is_dir():
            shutil.copytree(
                SOURCE / part, folder / part,
                ignore=lambda at, names: {
                    name for name in names if name == "__pycache__"
                    or Path(at).name == "notochord" and name not in kept
                },
            )  # fmt: skip
        else:
            shutil.copy(SOURCE / part, folder / part)
    return folder


def test_twice_is_once(machine, source):
    name = Installer(machine, source).install()
    once = tree(machine)
    assert Installer(machine, source).install() == name
    assert tree(machine) == once


def test_everything_is_where_the_units_look_for_it(machine, source):
    Installer(machine, source).install()
    text = "".join((machine / FILES[unit]).read_text() for unit in UNITS)
    ours = set(re.findall(r"/opt/notochord-box/[\w./-]+", text)) - {"/opt/notochord-box/trial.json"}
    assert len(ours) >= 4
    for path in ours:
        release = (machine / "opt/notochord-box/current").resolve()
        inside = path.removeprefix("/opt/notochord-box/current/")
        place = release / inside if inside != path else machine / path[1:]
        assert place.exists(), path


def test_the_box_is_what_the_machine_boots_into_and_its_units_are_enabled(machine, source):
    Installer(machine, source).install()
    assert os.readlink(machine / "etc/systemd/system/default.target") == "performance.target"
    wanted = {
        unit for unit in UNITS
        if "WantedBy=performance.target" in (source / "systemd" / unit).read_text()
    } - {"notochord-box-gadget.service"}  # fmt: skip
    enabled = {Path(place).name for place in LINKS if "performance.target.wants" in place}
    assert enabled == wanted
    for unit in enabled:
        place = machine / "etc/systemd/system/performance.target.wants" / unit
        assert place.resolve() == machine / FILES[unit]


def test_away_again_is_as_if_it_had_never_been_but_for_what_was_played(machine, source):
    before = tree(machine)
    Installer(machine, source).install()
    Installer(machine, source).install()
    played = machine / "var/lib/notochord-box/sessions"
    played.mkdir(parents=True)
    (played / "0001.session").write_bytes(b"music")
    Installer(machine, source).uninstall()
    after = tree(machine)
    assert after.pop("var/lib/notochord-box/sessions/0001.session")[2] == b"music"
    for folder in ("var/lib/notochord-box/sessions", "var/lib/notochord-box"):
        del after[folder]
    assert after == before


def test_what_the_player_wrote_into_the_options_survives_an_update(machine, source):
    Installer(machine, source).install()
    options = machine / "etc/default/notochord-box"
    options.write_text("NOTOCHORD_BOX_OPTIONS=--output MicroFreak\n")
    Installer(machine, source).install()
    assert "MicroFreak" in options.read_text()


def test_a_changed_source_is_another_release_beside_the_old_one(machine, source, tmp_path):
    old = Installer(machine, source).install()
    changed = tmp_path / "changed"
    shutil.copytree(source, changed)
    (changed / "README.md").write_text("another\n")
    installer = Installer(machine, changed)
    new = installer.install()
    assert new != old and installer.releases.current == new
    assert set(installer.releases.names) == {old, new}


def test_an_image_for_another_processor_has_the_packages_of_that_one(machine, source):
    other = {"x86_64": "aarch64"}.get(platform.machine(), "x86_64")
    installer = Installer(machine, source, machine=other)
    release = machine / "opt/notochord-box/releases" / installer.install()
    assert (release / "environment").resolve().name == installer.environment
    assert installer.environment != Installer(machine, source).environment


def test_the_release_is_compiled_and_open_to_the_players_user(machine, source):
    release = machine / "opt/notochord-box/releases" / Installer(machine, source).install()
    assert list((release / "firmware_py/__pycache__").glob("live.*.pyc"))
    for path in (release, *release.rglob("*")):
        mode = path.lstat().st_mode
        assert mode & 0o044 == 0o044 and (path.is_symlink() or not mode & 0o022), path


@pytest.mark.parametrize("name", ["opt/notochord-box/start", "another name"])
def test_a_release_runs_from_where_it_is_installed(machine, source, name):
    """Through the start script, with this Python as its environment."""
    Installer(machine, source).install()
    (environment,) = (machine / "opt/notochord-box/environments").iterdir()
    (environment / "bin").mkdir()
    (environment / "bin/python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (environment / "bin/python").chmod(0o755)
    (machine / "another name").symlink_to("opt/notochord-box/start")
    command = [machine / name, "presets", "list"]
    state = {"STATE_DIRECTORY": str(machine / "state")}
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **state},
                          cwd="/")  # fmt: skip
    assert done.stdout == f"no preset yet in {machine}/state/presets\n" and done.returncode == 0


def test_what_chooses_the_release_runs_without_one(machine, source):
    """As the unit runs it: by the system's Python, from beside the releases."""
    installer = Installer(machine, source)
    installer.install()
    command = [sys.executable, "-I", machine / "opt/notochord-box/releases.py", "choose"]
    shutil.copytree(machine / "opt/notochord-box/current", machine / "opt/notochord-box/releases/2",
                    symlinks=True)  # fmt: skip
    old = installer.releases.current
    installer.releases.begin_trial("2")
    shutil.rmtree(machine / "opt/notochord-box/releases/2/firmware_py")
    for _ in range(TRIES + 1):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert installer.releases.current == old and "did not reach ready" in done.stdout


@pytest.mark.parametrize("folder", ["boot/firmware", "boot"])
def test_config_and_console_are_changed_for_midi_on_the_serial_pins(tmp_path, source, folder):
    boot = tmp_path / folder
    boot.mkdir(parents=True)
    (boot / "config.txt").write_text(CONFIG)
    (boot / "cmdline.txt").write_text(CMDLINE)
    Installer(tmp_path, source).install()
    config = (boot / "config.txt").read_text()
    assert config.startswith(CONFIG) and config.count("dtparam=uart0=on") == 1
    assert (boot / "cmdline.txt").read_text() == "console=tty1 root=PARTUUID=1-02 rootwait\n"


def test_what_the_owner_adds_to_the_boot_files_stays_when_the_box_goes(machine, source):
    Installer(machine, source).install()
    boot = machine / "boot/firmware"
    with open(boot / "config.txt", "a") as file:
        file.write("hdmi_blanking=1\n")
    (boot / "cmdline.txt").write_text("console=tty1 root=PARTUUID=1-02 rootwait quiet\n")
    Installer(machine, source).uninstall()
    assert (boot / "config.txt").read_text() == CONFIG + "hdmi_blanking=1\n"
    words = (boot / "cmdline.txt").read_text().split()
    assert words[0] == "console=serial0,115200" and words[-1] == "quiet"


def test_a_block_is_replaced_and_never_doubled():
    once = with_block(CONFIG, "a=1")
    assert with_block(once, "a=2") == once.replace("a=1", "a=2")
    assert without_block(once) == CONFIG


def test_a_machine_without_boot_files_is_installed_as_well(tmp_path, source):
    Installer(tmp_path, source).install()
    assert not (tmp_path / "boot").exists()


def test_on_the_machine_itself_packages_users_and_units_are_set_up(machine, source, monkeypatch):
    done = []
    installer = Installer(machine, source, lambda command: done.append(" ".join(command)))
    installer._live = True
    monkeypatch.setattr(installer, "_fill", lambda place, needed: (place / "bin").mkdir(
        parents=True) or (place / "bin/python").touch() or done.append(f"pip {needed}"))
    installer.install()
    assert [line.split()[0] for line in done] == [
        *["apt-get"] * 4, "pip", "systemd-sysusers", "systemctl", "systemctl"
    ]  # fmt: skip
    assert "torch==2.9.1; platform_machine == 'aarch64'" in done[4]
    done.clear()
    installer.install()  # the environment is there: no package is fetched again
    assert [line.split()[0] for line in done] == [
        "apt-get", "apt-get", "systemd-sysusers", "systemctl", "systemctl"
    ]  # fmt: skip


def test_a_machine_that_knows_of_no_packages_asks_once_which_there_are(machine, source, capsys):
    done, lists = [], []

    def run(command):
        done.append(command[-1])
        if "update" in command:
            lists.append(["openssh-client", "python3-lgpio"])
        elif command[1] == "install" and command[-1] not in ["python3-venv", *sum(lists, [])]:
            raise InstallError("unable to locate it")

    installer = Installer(machine, source, run)
    installer._live, installer._fill = True, lambda place, needed: place.mkdir(parents=True)
    installer.install()
    assert done[:6] == ["python3-venv", "openssh-client", "--quiet", "openssh-client",
                        "python3-lgpio", "python3-rtmidi"]  # fmt: skip
    assert len(lists) == 1 and "left out: python3-rtmidi" in capsys.readouterr().err


def test_a_package_that_cannot_be_had_is_one_line(machine, source):
    installer = Installer(machine, source, lambda command: module._command(["false"]))
    installer._live = True
    with pytest.raises(InstallError, match="^false: failed with exit status 1; what it says above"):
        installer.install()


def test_an_environment_that_could_not_be_filled_leaves_what_played(machine, source):
    def fail(command):
        if "pip" in command:
            raise InstallError("pip: failed (no network)")

    installer = Installer(machine, source, fail)
    installer._live = True
    with pytest.raises(InstallError, match="no network"):
        installer.install()
    assert installer.releases.current is None
    assert not list((machine / "opt/notochord-box").rglob("environments/*"))


@pytest.mark.parametrize(
    ("machine_name", "version", "match"),
    [("armv7l", (3, 11), "64-bit"), ("aarch64", (3, 9), "3.11")],
)
def test_a_machine_that_cannot_be_a_box_is_told_why(machine_name, version, match):
    with pytest.raises(InstallError, match=match):
        module.check_machine(machine_name, version)


def test_uninstalling_what_is_not_there_is_one_line(tmp_path, capsys):
    assert module.main(["uninstall", "--root", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "the box is not installed here\n"


def test_torch_loses_its_tests_and_headers_and_keeps_what_runs(tmp_path):
    names = ("test/t.cpp", "include/torch.h", "bin/protoc", "bin/upgrader_models/div.ptl",
             "bin/torch_shm_manager", "a.py")  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    trim(tmp_path)
    left = sorted(p.name for p in tmp_path.rglob("*") if p.is_file())
    assert left == ["a.py", "torch_shm_manager"]
