"""Updates by upload: looked at to the last byte, handed over, and put in place by another."""

import io
import shutil
import threading

import pytest

from firmware_py.box.releases import environment_of, main
from firmware_py.box.signature import make_key
from firmware_py.box.update import trust
from tests.firmware_py.box.test_releases import NEEDS, archive

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no openssh-client")


@pytest.fixture
def box(inside, tmp_path):
    """A box with a release that plays, and a unit that waits for uploads."""
    make_key(tmp_path / "key")
    trust(tmp_path / "key.pub", tmp_path / "signers")
    (tmp_path / "opt/environments" / environment_of(NEEDS)).mkdir(parents=True)
    inside.releases.update(archive(tmp_path, "0.1.0"))
    inside.releases.confirm()
    waiting, over = inside.state / "upload/update", threading.Event()
    words = ["--base", tmp_path / "opt", "--signers", tmp_path / "signers", "--runtime", tmp_path]

    def unit():
        while not over.wait(0.02):
            if waiting.exists():
                main([str(word) for word in (*words, "upload", waiting)], io.StringIO())

    thread = threading.Thread(target=unit)
    thread.start()
    yield inside
    over.set()
    thread.join()


def test_an_update_is_put_on_trial_and_the_player_is_told(box, tmp_path):
    status, page = box.upload("update", archive(tmp_path, "0.2.0").read_bytes())
    assert status == 200 and "release 0.2.0-" in page
    assert box.releases.current.startswith("0.2.0-")
    assert "release 0.2.0-" in (tmp_path / "renewed").read_text()
    assert list((box.state / "upload").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data[:-9], "damaged"), (lambda data: b"rubbish" * 99, "damaged"),
        (lambda data: data[:200] + b"x" + data[201:], "not taken"),
    ],
)  # fmt: skip
def test_an_update_that_is_damaged_is_one_line_and_changes_nothing(box, tmp_path, change, says):
    old = box.releases.current
    status, page = box.upload("update", change(archive(tmp_path, "0.2.0").read_bytes()))
    fault = page.partition("<p class=fault>")[2].partition("<p>")[0]
    assert status == 400 and says in fault and "\n" not in fault
    assert box.releases.current == old and list((box.state / "upload").iterdir()) == []
    assert not (tmp_path / "renewed").exists()


def test_an_update_of_somebody_else_or_an_older_one_is_not_taken(box, tmp_path):
    make_key(tmp_path / "other")
    theirs = archive(tmp_path, "0.2.0", key="other").read_bytes()
    assert "not signed by a key that this box trusts" in box.upload("update", theirs)[1]
    older = archive(tmp_path, "0.0.9").read_bytes()
    assert "is older than 0.1.0-" in box.upload("update", older)[1]
    assert box.releases.current.startswith("0.1.0-")
