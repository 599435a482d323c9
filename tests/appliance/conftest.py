"""One boot of each machine for all tests: its report is kept until the image or the scenario
changes, and shown as a table at the end."""

import hashlib
import json
import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

from firmware_py.box.install import SOURCE
from hardware.image.__main__ import CACHE, build
from hardware.image.recipe import KINDS
from tests.appliance import faults
from tests.appliance.container import Container
from tests.appliance.guest import INSIDE, MACHINES, boot
from tests.appliance.inside.player import Player

IN_CONTAINERS = ("test_container", "test_faults", "test_brain_faults", "test_installing")
REPORTS = SOURCE / "performance"
# A folder of images that are tested as they are; without it they are made from what is here.
READY = os.environ.get("NOTOCHORD_IMAGES", "")
IMAGES = Path(READY) if READY else CACHE
SECTIONS = {  # by the name of their files
    "container": "the image in a container, on this processor",
    "installing": "a Debian fresh from its makers, in a container",
    "faults": "faults, in a container", "brain_faults": "faults of the network",
    "power": "power cuts", "kills": "kills of a whole guest",
}  # fmt: skip
SEED = 11  # of what is done to a box in a container, and when
LIMIT = 3600.0  # seconds for one guest, on a machine that has other things to do
ROWS = (
    ("power-on to READY, s", "ready", "seconds"),
    ("power-on to the first thru, s", "thru", "seconds"),
    ("of it the processor had nothing to do, s", "thru", "nothing_to_do"),
    ("of it the test's own, s", "thru", "ours"),
    ("read from the card until then, MB", "thru", "read_mb"),
    ("power-on to the brain awake, s", "brain", "seconds"),
    ("of it the processor had nothing to do, s", "brain", "nothing_to_do"),
    ("of it the test's own, s", "brain", "ours"),
    ("read from the card until then, MB", "brain", "read_mb"),
    ("notes played, one by one", "plain", "played"),
    ("of these sounded", "plain", "sounded"),
    ("key to thru over USB, median, ms", "plain", "median_ms"),
    ("key to thru over USB, p99, ms", "plain", "p99_ms"),
    ("keyboard replugged: seconds until it sounds; stuck", "replug keyboard", "cycles"),
    ("synth replugged", "replug synth", "cycles"),
    ("answers to a phrase of 24 notes", "answers", "answers"),
    ("notes played after that", "with the brain", "played"),
    ("of these sounded", "with the brain", "sounded"),
    ("lamp as it wakes: red, green, blue", "lamp", "levels"),
    ("lamp awake: of 100 looks", "lamp awake", "levels"),
    ("the encoder turned the mode", "encoder", "status"),
    ("knobs at one end of their travel", "knobs", "low"),
    ("at the other", "knobs", "high"),
    ("web access by the hotspot", "hotspot", "door"),
    ("web access by the USB cable", "web", "home"),
    ("presets that the encoder stored", "store", "presets"),
    ("sessions that a button kept", "keep", "sessions"),
    ("brain stopped: keys that sounded, of 20", "brain stopped", "sounded"),
    ("brain killed", "brain killed", "sounded"),
    ("clock 15 years on", "clock +15 years", "sounded"),
    ("clock 30 years back", "clock -30 years", "sounded"),
    ("the brain ended by the kernel for its memory", "out of memory", "sounded"),
    ("messages babbled over USB", "babble 1", "messages"),
    ("of these lost before the box, for want of room", "babble 1", "lost"),
    ("after them, keys that sounded, of 20", "babble 1", "sounded"),
    ("keys let go in the middle of them that stayed", "babble 1", "stuck"),
    ("keyboard pulled and put back so often", "plugging", "cycles"),
    ("longest until it sounds, s", "plugging", "slowest"),
    ("player killed: seconds until it sounds; stuck", "player killed", "cycles"),
    ("sounding after the end", "stopped", "stuck"),
)


class OneAfterTheOther(LoadFileScheduling):
    """Which of the processes carries out what: one file's tests one, but of the guests those for
    ARM another; and those of every box in a container one too, as each has its player on the last
    core, before everything else there."""

    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        if "[cortex-a72" in nodeid:
            return f"{file} for ARM"
        return "containers" if Path(file).stem in IN_CONTAINERS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Where there are several processes (make test-appliance)."""
    return OneAfterTheOther(config, log)


def image(kind):
    """The image of that kind."""
    return IMAGES / f"notochord-box-{kind}.img" if READY else build(KINDS[kind], CACHE)


def _key(kind):
    """What a report is a report of."""
    about = IMAGES / f"notochord-box-{kind}.json"
    inside = (path for path in sorted(INSIDE.iterdir()) if path.is_file())
    paths = (about, Path(__file__).with_name("guest.py"), *inside)
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _booted(name):
    machine, path = MACHINES[name], REPORTS / f"appliance-{name}.json"
    if shutil.which(machine.program) is None:
        pytest.skip(f"{machine.program} is not here (apt-get install {machine.package})")
    image(machine.kind)
    stamp = path.with_suffix(".recipe")
    if not (path.exists() and stamp.exists() and stamp.read_text() == _key(machine.kind)):
        stamp.unlink(missing_ok=True)
        report = boot(machine, IMAGES, path.with_suffix(".log"), LIMIT)
        report.write(path)
        if "end" in report.findings:
            stamp.write_text(_key(machine.kind))
    return json.loads(path.read_text(encoding="utf-8"))["findings"]


@pytest.fixture(scope="module")
def figures(request):
    """What was measured in the container, by what it is; written and shown at the end."""
    measured = {}
    yield measured
    if measured:
        _write(request.module, measured)


def _write(module, figures):
    """As JSON, under the name of the tests that measured them."""
    REPORTS.mkdir(exist_ok=True)
    name = module.__name__.rpartition(".test_")[2]
    text = json.dumps(figures, indent=1) + "\n"
    (REPORTS / f"appliance-{name}.json").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def seen(request):
    """What was seen of each fault; written as it comes."""

    class Seen(dict):
        def __setitem__(self, what, figures):
            super().__setitem__(what, figures)
            _write(request.module, self)

    return Seen()


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """A box in a container, which plays, and to which something may be done."""
    container = Container(image("amd64"), tmp_path_factory.mktemp("faults"))
    try:
        player = Player(container, container)
        assert player.until_it_sounds(faults.PATIENCE) is not None
        with closing(faults.Box(container, player, SEED)) as box:
            yield box
        player.synth.close()
    finally:
        container.close()


@pytest.fixture(scope="session", params=["amd64", "cortex-a72"])
def found(request):
    """What a guest found, by the name of the finding."""
    return _booted(request.param)


@pytest.fixture(scope="session")
def cables():
    """What was found of cables, in the guest whose cables are pulled and flooded."""
    return _booted("amd64")


@pytest.fixture(scope="session")
def pi3():
    """What the emulated board found that has the fewest of the machines' parts."""
    return _booted("raspi3b")


def pytest_terminal_summary(terminalreporter, config):
    """What was measured last, where the appliance is tried."""
    if config.getoption("markexpr") != "appliance":
        return
    for name, title in SECTIONS.items():
        if (path := REPORTS / f"appliance-{name}.json").exists():
            terminalreporter.section(title)
            for text, value in json.loads(path.read_text(encoding="utf-8")).items():
                terminalreporter.write_line(f"{text:52} {value}")
    for name, machine in MACHINES.items():
        path = REPORTS / f"appliance-{name}.json"
        if not path.exists():
            continue
        report = json.loads(path.read_text(encoding="utf-8"))
        took = f"{report['wall_seconds']} s here, {report['cpu_seconds']} s of processor"
        terminalreporter.section(f"{name}: {took}")
        for text, what, which in ROWS:
            value = report["findings"].get(what, {}).get(which, "not reached")
            if what in report["findings"] or machine.name == "amd64":
                terminalreporter.write_line(f"{text:52} {value}")
