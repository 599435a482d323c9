"""Updates: unpacked beside, checked to the last byte, tried, and left when they do not play."""

import io
import json
import os
import shutil
import tarfile

import pytest

from firmware_py.box.releases import (
    FORMAT,
    MANIFEST,
    SIGNATURE,
    ReleaseError,
    Releases,
    environment_of,
    main,
    manifest_of,
)
from firmware_py.box.signature import make_key, sign
from firmware_py.box.update import pack, trust

FILES = {"firmware_py/cli.py": b"print('plays')\n", "notochord/brains/base.brain": b"\x00" * 5000}


NEEDS, OTHERS = ["torch==2"], ["torch==3"]
pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no openssh-client")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Who may make updates for the box, and somebody else."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        make_key(folder / name)
    return folder


@pytest.fixture
def box(tmp_path, keys):
    """A box with one release, the environment that it needs, and a key that it trusts."""
    base = tmp_path / "opt"
    (base / "environments" / environment_of(NEEDS)).mkdir(parents=True)
    trust(keys / "ours.pub", tmp_path / "signers")
    (tmp_path / "key").symlink_to(keys / "ours")
    releases = Releases(base, tmp_path / "signers")
    first = releases.update(archive(tmp_path, "0.1.0"))
    releases.confirm()
    assert releases.current == first
    return releases


def archive(tmp_path, version, needs=NEEDS, made=0, key="key", **changes):
    """An update of this version, as it is made for a stick."""
    folder = tmp_path / f"source-{version}"
    files = {**FILES, "version": version.encode()}
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    manifest = {**manifest_of(folder, files, version, needs, made), **changes}
    out = tmp_path / f"notochord-box-{version}.update"
    out.write_bytes(pack(folder, manifest, tmp_path / key))
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
    assert (box.base / "current" / "environment").resolve().name == environment_of(NEEDS)


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
    first = manifest_of(tmp_path / "source-0.1.0", ["version"], "1", NEEDS)["name"]
    assert manifest_of(tmp_path / "source-0.1.0", ["version"], "1", OTHERS)["name"] != first
    (tmp_path / "source-0.1.0" / "version").write_text("other")
    assert manifest_of(tmp_path / "source-0.1.0", ["version"], "1", NEEDS)["name"] != first


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
        unharmed(box, path, "damaged|missing|manifest|not signed")


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

    data = json.dumps(manifest).encode()

    def more(members):
        (head, _), (signature, _), *rest = members
        signed = sign(data, tmp_path / "key")
        return [(head, data), (signature, signed), *rest, (tarfile.TarInfo("../evil"), b"x")]

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
    unharmed(box, archive(tmp_path, "0.2.0", OTHERS), "sudo make install")


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
    (box.base / "environments" / environment_of(OTHERS)).mkdir()
    for version in ("0.2.0", "0.3.0", "0.4.0"):
        box.update(archive(tmp_path, version, OTHERS))
        box.confirm()
    box.prune()
    assert [name.split("-")[0] for name in box.names] == ["0.3.0", "0.4.0"]
    assert [p.name for p in (box.base / "environments").iterdir()] == [environment_of(OTHERS)]


def test_the_command_says_what_it_did_and_what_it_will_not_do(box, tmp_path, capsys):
    base, out = ["--base", str(box.base), "--signers", str(tmp_path / "signers")], io.StringIO()
    path = archive(tmp_path, "0.2.0")
    assert main([*base, "update", str(path)], out) == 0
    for _ in range(3):
        assert main([*base, "choose"], out) == 0
    said = out.getvalue().splitlines()
    assert "plays from the next start on" in said[0] and "did not reach ready" in said[1]
    assert main([*base, "update", str(tmp_path / "none")], out) == 2
    assert capsys.readouterr().err.count("\n") == 1


# ── whose word it is ────────────────────────────────────────────────────────────────────────


def test_an_update_that_is_not_signed_is_refused_whatever_is_in_it(box, tmp_path):
    def unsigned(members):
        return [(m, d) for m, d in members if m.name != SIGNATURE]

    unharmed(box, rebuilt(archive(tmp_path, "0.2.0"), unsigned), "not signed")


def test_an_update_signed_by_somebody_else_is_refused(box, tmp_path, keys):
    (tmp_path / "other").symlink_to(keys / "theirs")
    unharmed(box, archive(tmp_path, "0.2.0", key="other"), "not signed by a key that this box")


def test_a_signature_of_another_manifest_is_refused(box, tmp_path):
    def changed(members):
        for member, data in members:
            yield member, data.replace(b"0.2.0", b"0.9.9") if member.name == MANIFEST else data

    unharmed(box, rebuilt(archive(tmp_path, "0.2.0"), changed), "not signed by a key")


def test_a_signature_that_the_same_key_made_for_something_else_is_refused(
    box, tmp_path, monkeypatch
):
    monkeypatch.setattr("firmware_py.box.signature.NAMESPACE", "git")
    path = archive(tmp_path, "0.2.0")
    monkeypatch.undo()
    unharmed(box, path, "not signed by a key")


@pytest.mark.parametrize("signature", [b"", b"\x00" * 99, b"-----BEGIN SSH SIGNATURE-----\n"])
def test_what_is_no_signature_is_refused(box, tmp_path, signature):
    def changed(members):
        for member, data in members:
            yield member, signature if member.name == SIGNATURE else data

    unharmed(box, rebuilt(archive(tmp_path, "0.2.0"), changed), "not signed by a key")


def test_a_box_that_trusts_nobody_says_what_to_do(box, tmp_path):
    path = archive(tmp_path, "0.2.0")
    (tmp_path / "signers").unlink()
    unharmed(box, path, "sudo notochord-box update trust")


def test_a_manifest_that_is_endless_is_not_read(box, tmp_path):
    def changed(members):
        for member, data in members:
            yield member, b" " * (5 << 20) if member.name == MANIFEST else data

    unharmed(box, rebuilt(archive(tmp_path, "0.2.0"), changed), "no manifest")


@pytest.mark.parametrize("format", [1, FORMAT + 1, None])
def test_another_format_is_refused_by_its_number(box, tmp_path, format):
    unharmed(box, archive(tmp_path, "0.2.0", format=format), f"its format is {format}, and this")


def test_an_archive_of_the_first_format_is_refused(box, tmp_path):
    """A manifest without a signature, and an environment's name in place of what it needs."""
    path = tmp_path / "old.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        data = json.dumps({"name": "0.1.0-1", "environment": "env1", "files": {}}).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    unharmed(box, path, "not signed")


def test_a_link_to_an_update_is_not_followed(box, tmp_path):
    link = tmp_path / "link.update"
    link.symlink_to(archive(tmp_path, "0.2.0"))
    unharmed(box, link, "damaged, or no update at all")


# ── sticks and uploads ──────────────────────────────────────────────────────────────────────


@pytest.fixture
def stick(tmp_path):
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def put_on(stick, path, name=None):
    shutil.copy(path, stick / (name or path.name))


def command(box, tmp_path, *words):
    """What the program says that the units run, and how it ends."""
    out = io.StringIO()
    (tmp_path / "run").mkdir(exist_ok=True)
    options = ["--base", box.base, "--signers", tmp_path / "signers", "--runtime", tmp_path / "run"]
    return main([str(word) for word in (*options, *words)], out), out.getvalue()


def test_of_the_updates_on_a_stick_the_newest_is_taken_and_the_player_is_told(
    box, tmp_path, stick
):
    for version, made in (("0.2.0", 9), ("0.10.0", 5), ("0.9.0", 7)):
        put_on(stick, archive(tmp_path, version, made=made))
    code, said = command(box, tmp_path, "stick", stick)
    assert code == 0 and said.startswith("release 0.10.0-")
    assert box.current.startswith("0.10.0-")
    assert (tmp_path / "run/renewed").read_text() == said.strip()


def test_of_two_of_one_version_the_one_that_was_made_last_is_the_newer(box, tmp_path, stick):
    put_on(stick, archive(tmp_path, "0.2.0", made=5), "notochord-box-a.update")
    (tmp_path / "source-0.2.0/version").write_text("changed")
    later = archive(tmp_path, "0.2.0", made=6, name="0.2.0-later")
    put_on(stick, later, "notochord-box-b.update")
    assert command(box, tmp_path, "stick", stick)[0] == 0
    assert box.current == "0.2.0-later"


def test_a_forgotten_stick_brings_nothing_in_again(box, tmp_path, stick, capsys):
    put_on(stick, archive(tmp_path, "0.2.0"))
    command(box, tmp_path, "stick", stick)
    box.confirm()
    assert command(box, tmp_path, "stick", stick)[0] == 2
    assert "plays already" in capsys.readouterr().err
    box.update(archive(tmp_path, "0.3.0"))
    box.confirm()
    newest = box.current
    assert command(box, tmp_path, "stick", stick)[0] == 2 and box.current == newest
    assert "is older than 0.3.0-" in capsys.readouterr().err


def test_an_update_that_failed_here_is_not_taken_from_the_stick_a_second_time(
    box, tmp_path, stick, capsys
):
    old = box.current
    put_on(stick, archive(tmp_path, "0.2.0"))
    command(box, tmp_path, "stick", stick)
    assert [start(box, False) for _ in range(3)][-1] == old
    assert command(box, tmp_path, "stick", stick)[0] == 2 and box.current == old
    assert "did not reach ready" in capsys.readouterr().err


def test_a_stick_with_music_and_a_bad_update_beside_a_good_one_is_no_obstacle(
    box, tmp_path, stick
):
    (stick / "song.mid").write_bytes(b"MThd")
    assert command(box, tmp_path, "stick", stick) == (0, "no update on it\n")
    (stick / "notochord-box-x.update").write_bytes(b"rubbish")
    put_on(stick, archive(tmp_path, "0.2.0"))
    assert command(box, tmp_path, "stick", stick)[0] == 0 and box.current.startswith("0.2.0-")


def test_a_stick_whose_only_update_is_not_ours_is_told_in_one_line(box, tmp_path, stick, capsys):
    (stick / "notochord-box-x.update").write_bytes(b"rubbish")
    assert command(box, tmp_path, "stick", stick)[0] == 2
    said = capsys.readouterr().err
    assert "notochord-box-x.update: damaged" in said and said.count("\n") == 1
    assert not (tmp_path / "run/renewed").exists()


@pytest.mark.parametrize("good", [True, False])
def test_an_upload_is_gone_afterwards_whatever_it_was(box, tmp_path, good):
    upload = tmp_path / "update"
    shutil.copy(archive(tmp_path, "0.2.0"), upload)
    if not good:
        upload.write_bytes(upload.read_bytes()[:-9])
    assert command(box, tmp_path, "upload", upload)[0] == (0 if good else 2)
    assert not upload.exists() and box.current.startswith("0.2.0-" if good else "0.1.0-")


def test_what_is_left_for_the_player_follows_no_link(box, tmp_path, stick):
    put_on(stick, archive(tmp_path, "0.2.0"))
    (tmp_path / "run").mkdir()
    (tmp_path / "precious").write_text("precious")
    for name in ("renewed", ".renewed"):
        os.symlink(tmp_path / "precious", tmp_path / "run" / name)
    assert command(box, tmp_path, "stick", stick)[0] == 0
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "run/renewed").is_symlink()
