"""What runs between the kernel and systemd, and the archive that it comes in."""

import gzip
import lzma
import shutil
import stat
import subprocess

import pytest

from hardware.image import early
from hardware.image.module import bare
from hardware.image.recipe import NO_DRIVERS
from tests.hardware.image.test_module import WHOLE, module, signed

KERNEL = "7.0-test"


def unpacked(archive):
    """The entries of an archive as Linux reads it: mode and content by name."""
    data, at, found = gzip.decompress(archive), 0, {}
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, length = fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + length - 1].decode()
        body = -(-(at + 110 + length) // 4) * 4
        if name == "TRAILER!!!":
            return found
        found[name] = (mode, data[body : body + size])
        at = -(-(body + size) // 4) * 4


def test_an_archive_has_its_files_and_the_folders_that_they_are_in():
    found = unpacked(early.packed({"init": (0o755, b"#!"), "a/b/c": (0o644, b"12345")}))
    assert found["init"] == (stat.S_IFREG | 0o755, b"#!")
    assert found["a/b/c"] == (stat.S_IFREG | 0o644, b"12345")
    assert [name for name, (mode, _) in found.items() if stat.S_ISDIR(mode)] == ["a", "a/b"]
    assert list(found).index("a/b") < list(found).index("a/b/c")


def test_the_same_files_make_the_same_archive():
    files = {"init": (0o755, b"#!"), "x": (0o644, b"")}
    assert early.packed(files) == early.packed(files)


def test_the_early_init_can_be_read_by_a_shell():
    assert subprocess.run(["sh", "-n", early.INIT]).returncode == 0


@pytest.fixture
def kernel(tmp_path):
    """A kernel with one module that a box needs, and one that it does not."""
    folder = tmp_path / "kernel/usr/lib/modules" / KERNEL
    for name in ("sound/usb/snd-usb-audio", "drivers/gpu/drm/nouveau", "drivers/net/usb/cdc_ether"):
        (folder / "kernel" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "kernel" / f"{name}.ko").write_bytes(signed(module(**WHOLE)))
    (folder / "modules.order").write_text("")
    (folder / "modules.builtin").write_text("")
    return tmp_path / "kernel"


@pytest.mark.skipif(shutil.which("depmod") is None, reason="depmod is not here (apt: kmod)")
def test_drivers_for_which_a_box_has_no_use_are_left_out(kernel, tmp_path):
    early.modules(kernel, tmp_path / "root")
    kept = {path.stem for path in (tmp_path / "root").rglob("*.ko")}
    assert kept == {"snd-usb-audio", "cdc_ether"}
    assert "drivers/gpu" in NO_DRIVERS


@pytest.mark.skipif(shutil.which("depmod") is None, reason="depmod is not here (apt: kmod)")
def test_drivers_are_laid_on_the_card_bare_and_unpacked(kernel, tmp_path):
    (plain,) = kernel.rglob("cdc_ether.ko")
    plain.with_suffix(".ko.xz").write_bytes(lzma.compress(plain.read_bytes()))
    plain.unlink()
    early.modules(kernel, tmp_path / "root")
    (laid,) = (tmp_path / "root").rglob("cdc_ether.*")
    assert laid.name == "cdc_ether.ko" and laid.read_bytes() == bare(module(**WHOLE))


def test_what_a_kept_driver_needs_is_kept_wherever_it_lies():
    camera, audio = "kernel/drivers/media/mc/mc.ko", "kernel/sound/usb/snd-usb-audio.ko"
    assert early.kept({camera: [], audio: [camera]}) == {camera, audio}
    assert early.kept({camera: []}) == set()


def test_the_kernel_is_found_wherever_its_package_puts_it(kernel):
    (kernel / "boot").mkdir()
    (kernel / "boot" / f"vmlinuz-{KERNEL}").write_bytes(b"old")
    assert early.image(kernel).read_bytes() == b"old"
    (kernel / "usr/lib/modules" / KERNEL / "vmlinuz").write_bytes(b"new")
    assert early.image(kernel).read_bytes() == b"new"


# What the early init does about the part of the card that is written, with commands that note what
# they are asked and fail where the test wants them to.
STUBS = """
root=/dev/mmcblk0p2
chroot() { shift; echo "$*" >&3; case "$1:$*" in *mke2fs*) made="$made $8" ;; esac
           case " $ruined " in *" $3 "*) return 8 ;; esac; }
mount() { place=${5#/root}; echo "mount $place" >&3
          case " $made " in *" $place "*) return 0 ;; esac
          case " $ruined " in *" $place "*) return 32 ;; esac; }
test() { case "$1" in -b) case " $missing " in *" ${2#/root} "*) return 1 ;; esac ;;
                      *) [ "$@" ] ;; esac; }
exec 3>&1
"""
FIRST, SECOND = "/dev/mmcblk0p3", "/dev/mmcblk0p4"


def state_of_a_card(ruined="", missing=""):
    """What the early init does with a card of which some partitions are ruined or missing."""
    part = early.words("state=/root", "# The Python packages").replace(">/dev/null 2>&1", "")
    script = f"ruined='{ruined}' missing='{missing}'\n{STUBS}\n{part}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_sound_partition_is_checked_and_mounted():
    assert state_of_a_card() == [f"/sbin/e2fsck -p {FIRST}", f"mount {FIRST}"]


def test_a_ruined_partition_is_left_as_it_is_and_the_spare_used():
    did = state_of_a_card(ruined=FIRST)
    assert did[-2:] == [f"/sbin/e2fsck -p {SECOND}", f"mount {SECOND}"]
    assert f"/sbin/e2fsck -fy {FIRST}" in did  # not before it was tried to be repaired
    assert not any("mke2fs" in line for line in did)


def test_where_both_are_ruined_one_is_made_anew():
    did = state_of_a_card(ruined=f"{FIRST} {SECOND}")
    made = [line for line in did if "mke2fs" in line]
    assert len(made) == 1 and made[0].endswith(FIRST)
    assert did.index(made[0]) > did.index(f"mount {SECOND}")
    assert did[-1] == f"mount {FIRST}"


def test_a_card_without_them_plays_from_memory():
    assert state_of_a_card(missing=f"{FIRST} {SECOND}") == ["mount data"]
