"""Updates: unpacked beside, checked to the last byte, tried, and left when they do not play."""

import io
import json
import os
import subprocess
import tarfile
from types import SimpleNamespace

import pytest

from firmware_py.box import releases as module
from firmware_py.box.releases import (
    MANIFEST,
    ReleaseError,
    Releases,
    main,
    manifest_of,
    pack,
    writable,
)

FILES = {"firmware_py/cli.py": b"print('plays')\n", "notochord/brains/base.brain": b"\x00" * 5000}


@pytest.fixture
def box(tmp_path):
    """A box with one release, and the environment that it needs."""
    base = tmp_path / "opt"
    (base / "environments" / "env1").mkdir(parents=True)
    releases = Releases(base)
    first = releases.update(archive(tmp_path, "0.1.0"))
    releases.confirm()
    assert releases.current == first
    return releases


def archive(tmp_path, version, environment="env1", **changes):
    """An update of this version, as it is made for a stick."""
    folder = tmp_path / f"source-{version}"
    files = {**FILES, "version": version.encode()}
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    manifest = {**manifest_of(folder, files, version, environment), **changes}
    out = tmp_path / f"notochord-box-{version}.tar.gz"
    pack(folder, manifest, out)
    return out


def rebuilt(path, change):
    """The same archive with its members changed: a list of (TarInfo, bytes) in, one out."""
    with tarfile.open(path) as tar:
        members = [(m, tar.extractfile(m).read()) for m in tar]
    with tarfile.open(path, "w:gz") as tar:
        for member, data in change(members):
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def start(box, reaches_ready):
    """One start of the service, as the units make it."""
    box.choose()
    played = box.current
    if reaches_ready:
        box.confirm()
    return played


def test_a_new_release_plays_from_the_next_start_on_and_is_kept_once_it_is_ready(box, tmp_path):
    old = box.current
    new = box.update(archive(tmp_path, "0.2.0"))
    assert new.startswith("0.2.0-") and new != old
    assert [start(box, True) for _ in range(4)] == [new] * 4
    assert (box.base / "current" / "firmware_py" / "cli.py").read_bytes() == FILES[
        "firmware_py/cli.py"
    ]
    assert (box.base / "current" / "environment").resolve().name == "env1"


def test_a_release_that_does_not_reach_ready_twice_is_left_for_the_one_before(box, tmp_path):
    old = box.current
    new = box.update(archive(tmp_path, "0.2.0"))
    assert [start(box, False) for _ in range(2)] == [new, new]
    assert [start(box, False) for _ in range(5)] == [old] * 5


def test_a_release_that_is_ready_at_the_second_try_stays(box, tmp_path):
    new = box.update(archive(tmp_path, "0.2.0"))
    assert [start(box, False), start(box, True), start(box, False), start(box, False)] == [new] * 4


def test_two_updates_without_a_start_between_fall_back_to_what_played(box, tmp_path):
    old = box.current
    box.update(archive(tmp_path, "0.2.0"))
    box.update(archive(tmp_path, "0.3.0"))
    assert [start(box, False) for _ in range(3)][-1] == old


def test_going_back_to_what_played_before_the_trial_needs_no_trial(box, tmp_path):
    old = box.current
    box.update(archive(tmp_path, "0.2.0"))
    assert box.update(archive(tmp_path, "0.1.0")) == old
    assert [start(box, False) for _ in range(4)] == [old] * 4


def test_the_same_update_again_changes_nothing(box, tmp_path):
    before = sorted(box.base.rglob("*"))
    assert box.update(archive(tmp_path, "0.1.0")) == box.current
    assert sorted(box.base.rglob("*")) == before


def test_the_name_of_a_release_says_what_is_in_it(box, tmp_path):
    first = manifest_of(tmp_path / "source-0.1.0", ["version"], "1", "env1")["name"]
    (tmp_path / "source-0.1.0" / "version").write_text("other")
    assert manifest_of(tmp_path / "source-0.1.0", ["version"], "1", "env1")["name"] != first


def unharmed(box, path, match):
    """An update is refused for this reason, and what played plays."""
    before, old = sorted(box.base.rglob("*")), box.current
    with pytest.raises(ReleaseError, match=match):
        box.update(path)
    assert box.current == old and sorted(box.base.rglob("*")) == before
    assert [start(box, False) for _ in range(4)] == [old] * 4


def test_an_update_cut_short_at_any_place_is_refused(box, tmp_path):
    whole = archive(tmp_path, "0.2.0").read_bytes()
    for cut in range(0, len(whole) - 1, max(len(whole) // 25, 1)):
        path = tmp_path / "cut.tar.gz"
        path.write_bytes(whole[:cut])
        unharmed(box, path, "damaged|missing|manifest")


def test_a_file_with_one_bit_turned_is_refused(box, tmp_path):
    def turned(members):
        return [(m, d if m.name != "firmware_py/cli.py" else b"P" + d[1:]) for m, d in members]

    unharmed(box, rebuilt(archive(tmp_path, "0.2.0"), turned), "cli.py: damaged")


def test_a_file_that_is_missing_is_named(box, tmp_path):
    path = rebuilt(archive(tmp_path, "0.2.0"), lambda members: members[:-1])
    unharmed(box, path, "1 files are missing, version")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "more.py"])
def test_a_file_that_may_not_be_there_is_refused(box, tmp_path, name):
    def more(members):
        return [*members, (tarfile.TarInfo(name), b"root::0:0:::")]

    unharmed(box, rebuilt(archive(tmp_path, "0.2.0"), more), "no file that this update may bring")
    assert not (tmp_path / "etc").exists()


def test_a_path_out_of_the_folder_is_refused_even_when_the_manifest_names_it(box, tmp_path):
    path = archive(tmp_path, "0.2.0")
    with tarfile.open(path) as tar:
        manifest = json.loads(tar.extractfile(MANIFEST).read())
    manifest["files"]["../evil"] = "0" * 64

    def more(members):
        (head, _), *rest = members
        return [(head, json.dumps(manifest).encode()), *rest, (tarfile.TarInfo("../evil"), b"x")]

    unharmed(box, rebuilt(path, more), "no file that this update may bring")


def test_a_link_is_refused_in_place_of_a_file(box, tmp_path):
    def linked(members):
        for member, data in members:
            if member.name == "version":
                member.type, member.linkname, data = tarfile.SYMTYPE, "/etc/passwd", b""
            yield member, data

    unharmed(box, rebuilt(archive(tmp_path, "0.2.0"), linked), "no file that this update may")


@pytest.mark.parametrize("name", ["../up", "", "..", "a b", "a/b", 7])
def test_a_name_that_is_no_name_is_refused(box, tmp_path, name):
    unharmed(box, archive(tmp_path, "0.2.0", name=name), "not an update of this box")


def test_something_else_entirely_is_refused(box, tmp_path):
    path = tmp_path / "holiday.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("photo.jpg"))
    unharmed(box, path, "no manifest")


def test_an_update_that_needs_other_packages_says_what_to_do(box, tmp_path):
    unharmed(box, archive(tmp_path, "0.2.0", environment="env2"), "sudo make install")


def test_a_half_written_record_of_a_trial_is_no_trial(box, tmp_path):
    new = box.update(archive(tmp_path, "0.2.0"))
    (box.base / "trial.json").write_text('{"release": "0.2')
    assert [start(box, False) for _ in range(4)] == [new] * 4


def test_a_release_that_vanished_while_on_trial_is_left(box, tmp_path):
    old = box.current
    new = box.update(archive(tmp_path, "0.2.0"))
    (box.path(new) / MANIFEST).unlink()
    assert start(box, False) == old


def test_old_releases_go_and_their_environments_with_them(box, tmp_path):
    (box.base / "environments" / "env2").mkdir()
    for version in ("0.2.0", "0.3.0", "0.4.0"):
        box.update(archive(tmp_path, version, environment="env2"))
        box.confirm()
    box.prune()
    assert [name.split("-")[0] for name in box.names] == ["0.3.0", "0.4.0"]
    assert [p.name for p in (box.base / "environments").iterdir()] == ["env2"]


def test_the_command_says_what_it_did_and_what_it_will_not_do(box, tmp_path, capsys):
    base, out = ["--base", str(box.base)], io.StringIO()
    path = archive(tmp_path, "0.2.0")
    assert main([*base, "update", str(path)], out) == 0
    for _ in range(3):
        assert main([*base, "choose"], out) == 0
    said = out.getvalue().splitlines()
    assert "plays from the next start on" in said[0] and "did not reach ready" in said[1]
    assert main([*base, "update", str(tmp_path / "none")], out) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def only_read(monkeypatch, tmp_path):
    """A file system that is only read, mounted where the test's files are."""
    flags = SimpleNamespace(f_flag=os.ST_RDONLY)
    monkeypatch.setattr(module.os, "statvfs", lambda place: flags)
    monkeypatch.setattr(module.os.path, "ismount", lambda place: place == tmp_path)
    return tmp_path


def test_a_root_that_is_only_read_is_written_for_as_long_as_it_takes(only_read):
    commands = []
    with pytest.raises(ZeroDivisionError), writable(only_read / "opt", commands.append):
        commands.append("written")
        raise ZeroDivisionError
    mount = ["mount", "-o"]
    assert commands == [
        [*mount, "remount,rw", str(only_read)], "written", [*mount, "remount,ro", str(only_read)]
    ]  # fmt: skip


def test_a_root_that_can_be_written_is_left_as_it_is(tmp_path):
    commands = []
    with writable(tmp_path, commands.append):
        pass
    assert commands == []


def test_a_root_that_cannot_be_written_says_so_in_one_line(only_read):
    def refused(command):
        raise subprocess.CalledProcessError(32, command)

    with pytest.raises(OSError, match="only read"), writable(only_read, refused):
        pass
