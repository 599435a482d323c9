"""sudo make install on a Debian fresh from its makers: it boots into playing, again and again; and
after sudo make uninstall it is what it was."""

import time
from pathlib import Path

import pytest

from tests.appliance import container, debian
from tests.appliance.conftest import IMAGES
from tests.appliance.container import PATIENCE, until
from tests.appliance.inside.box import AWAKE
from tests.appliance.inside.player import Player, now

pytestmark = [
    pytest.mark.appliance,
    pytest.mark.skipif(
        bool(container.impossible() or debian.impossible()),
        reason=container.impossible() or debian.impossible() or "-",
    ),
]
MADE = "opt/notochord-box"
ECHO = 0.1  # seconds: no hand strikes a key again, just as hard, while its echo may come
KEPT = "var/lib/notochord-box/presets/003.toml"


class Machine:
    """The folder of a machine, switched on and off."""

    def __init__(self, folder: Path) -> None:
        self.root = debian.Debian.unpacked(debian.system(IMAGES), folder / "root")
        self._wheels, self._folder, self._starts = debian.wheels(IMAGES), folder, 0
        self.on = self._started()

    def _started(self) -> debian.Debian:
        self._starts += 1
        work = self._folder / str(self._starts)
        work.mkdir()
        on = debian.Debian(self.root, work, self._wheels)
        until(lambda: on.say("systemctl", "is-system-running") in ("running", "degraded"))
        return on

    def reboot(self) -> None:
        """Pull the plug, and switch it on."""
        self.on.close()
        self.on = self._started()

    def plays(self) -> dict[str, object]:
        """What is heard of twenty keys, once one sounds."""
        player = Player(self.on, self.on)
        try:
            assert player.until_it_sounds(PATIENCE) is not None
            time.sleep(ECHO)
            return player.passage(20)
        finally:
            player.synth.close()

    def tree(self) -> set[str]:
        """Every path that a package or a person may have made, less what runs and is logged."""
        passing = ("dev", "proc", "sys", "run", "tmp", "var", "root")
        return {
            str(path.relative_to(self.root))
            for top in self.root.iterdir() if top.name not in passing and top.is_dir()
            for path in top.rglob("*") if "__pycache__" not in path.parts
        }  # fmt: skip


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """A machine on which the box was installed once; how that went is in `machine.said`."""
    machine = Machine(tmp_path_factory.mktemp("machine"))
    try:
        machine.before = machine.tree()
        began = now()
        machine.code, machine.said = machine.on.make("install")
        machine.took = now() - began
        yield machine
    finally:
        machine.on.close()


def test_one_command_installs_it_on_a_machine_that_has_nothing(machine, figures):
    assert machine.code == 0, machine.said[-1000:]
    assert "it plays when the machine is switched on next" in machine.said
    figures["sudo make install on a fresh Debian, s"] = round(machine.took, 1)


def test_switched_on_again_it_boots_into_playing_and_the_network_wakes(machine):
    options = "NOTOCHORD_BOX_OPTIONS=--din /dev/ttyDIN\n"
    (machine.root / "etc/default/notochord-box").write_text(options)
    machine.reboot()
    assert machine.on.say("systemctl", "get-default") == "performance.target"
    assert machine.plays()["sounded"] == 20
    until(lambda: AWAKE in machine.on.property_of("StatusText"))


def test_installed_again_nothing_is_other_than_it_was(machine):
    preset = machine.root / KEPT
    preset.parent.mkdir(parents=True, exist_ok=True)
    preset.write_text("what somebody has saved")
    there, link = machine.tree(), (machine.root / MADE / "current").readlink()
    code, said = machine.on.make("install")
    assert code == 0, said[-1000:]
    assert machine.tree() == there and (machine.root / MADE / "current").readlink() == link
    assert "--din" in (machine.root / "etc/default/notochord-box").read_text()
    assert machine.plays()["sounded"] == 20


def test_taken_away_the_machine_is_what_it_was_and_what_was_saved_is_there(machine):
    code, said = machine.on.make("uninstall")
    assert code == 0, said[-1000:]
    left = machine.tree() - machine.before
    ours = {path for path in left if "notochord" in path or "performance" in path}
    assert ours == set(), sorted(ours)
    assert (machine.root / KEPT).read_text() == "what somebody has saved"
    machine.reboot()
    assert machine.on.say("systemctl", "get-default") == "graphical.target"
    assert machine.on.say("systemctl", "is-active", "notochord-box.service") == "inactive"
    code, said = machine.on.make("uninstall")
    assert code == 2 and said.count("the box is not installed here") == 1
