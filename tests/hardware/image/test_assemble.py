"""What the firmware of a Raspberry Pi looks for, and what an image says of itself."""

import gzip
import shutil

import pytest

from hardware.image import assemble
from hardware.image.recipe import PC, PI

needs_dtc = pytest.mark.skipif(
    shutil.which("dtc") is None, reason="dtc is not here (apt-get install device-tree-compiler)"
)
TREES = ("bcm2837-rpi-3-b.dtb", "bcm2837-rpi-zero-2-w.dtb", "bcm2711-rpi-4-b.dtb",
         "bcm2712-rpi-5-b.dtb", "bcm2712-d-rpi-5-b.dtb")  # fmt: skip


@pytest.fixture
def firmware(tmp_path, monkeypatch):
    """The first partition's folder, of packages that have next to nothing in them."""
    folder = tmp_path / "kernel-arm64/usr/lib"
    trees = folder / "modules/7.0/dtb/broadcom"
    for path in (*(trees / name for name in TREES), folder / "raspi-firmware/start4.elf",
                 folder / "raspi-firmware/overlays/theirs.dtbo",
                 folder / "modules/7.0/vmlinuz"):  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    monkeypatch.setattr(assemble.early, "initrd", lambda root, kernel: b"early")
    assemble.firmware(PI, tmp_path, tmp_path / "root", tmp_path / "firmware")
    return tmp_path / "firmware"


@needs_dtc
def test_all_that_config_txt_names_is_there(firmware):
    config = (firmware / "config.txt").read_text()
    assert "kernel=vmlinuz" in config and "initramfs initrd.img" in config
    overlays = {line.partition("=")[2] for line in config.splitlines() if "dtoverlay=" in line}
    assert {path.stem for path in (firmware / "overlays").iterdir()} == overlays
    assert {"vmlinuz", "initrd.img", "start4.elf", "cmdline.txt"} <= {
        path.name for path in firmware.iterdir()
    }


@needs_dtc
def test_the_kernel_is_packed_as_the_firmware_of_a_pi_unpacks_it(firmware):
    assert gzip.decompress((firmware / "vmlinuz").read_bytes()) == b"vmlinuz"


@needs_dtc
def test_a_device_tree_has_both_its_names(firmware):
    names = {path.name for path in firmware.glob("*.dtb")}
    assert {*TREES, "bcm2710-rpi-3-b.dtb", "bcm2710-rpi-zero-2-w.dtb", "bcm2712d0-rpi-5-b.dtb"} == (
        names
    )


def test_the_console_is_not_on_the_uart_that_midi_has():
    words = (assemble.HERE / "cmdline.txt").read_text().split()
    assert [word for word in words if word.startswith("console=")] == ["console=tty1"]
    assert "ro" in words


def test_an_image_has_another_version_when_anything_in_it_has(tmp_path):
    kernel = tmp_path / "kernel/usr/lib/modules/7.0"
    kernel.mkdir(parents=True)
    status = tmp_path / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    versions = set()
    for package in ("1", "2"):
        status.write_text(f"Package: udev\nVersion: {package}\nDescription: a\n b: c\n")
        about = assemble._about(PC, "0.1.0-12345678", tmp_path / "kernel", tmp_path)
        assert about["packages"] == {"udev": package}
        versions.add(about["version"])
    assert len(versions) == 2


def test_what_makes_the_image_is_in_its_version_too(tmp_path, monkeypatch):
    monkeypatch.setattr(assemble, "HERE", tmp_path)
    numbers = set()
    for early in ("mount", "repair and mount"):
        (tmp_path / "init").write_text(early)
        numbers.add(assemble._made_by())
    (tmp_path / "README.md").write_text("a page is no part of an image")
    assert len(numbers | {assemble._made_by()}) == 2


def test_nobody_is_asked_for_a_password_that_nobody_has(tmp_path, monkeypatch):
    (tmp_path / assemble.SYSTEM).mkdir(parents=True)
    (tmp_path / "etc/machine-id").write_bytes(b"x")
    monkeypatch.setattr(assemble, "carry_out", lambda *_: None)
    monkeypatch.setattr(assemble, "needed", lambda *_, package: package)
    assemble._settle(tmp_path)
    masked = {path.name for path in (tmp_path / assemble.SYSTEM).iterdir() if path.is_symlink()}
    assert {"getty@.service", "serial-getty@.service", "getty-static.service"} <= masked
    assert (tmp_path / "etc/machine-id").read_bytes() == b""


def test_no_start_looks_again_for_users_that_were_made_with_the_image(tmp_path, monkeypatch):
    for folder in ("etc/systemd/system", "usr", "var"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(assemble, "carry_out", lambda *_: None)
    monkeypatch.setattr(assemble, "needed", lambda *_, package: package)
    assemble._settle(tmp_path)
    for folder in ("etc", "var"):  # systemd.unit(5), ConditionNeedsUpdate=
        made = (tmp_path / folder / ".updated").stat().st_mtime_ns
        assert made >= (tmp_path / "usr").stat().st_mtime_ns


def test_nothing_of_a_network_is_started_before_it_is_asked_for(tmp_path, monkeypatch):
    units = tmp_path / "usr/lib/systemd/system"
    ours = tmp_path / assemble.SYSTEM / "multi-user.target.wants/NetworkManager.service"
    theirs = units / "multi-user.target.wants/dbus.service"
    socket = units / "sockets.target.wants/dbus.socket"
    for link in (ours, theirs, socket):
        link.parent.mkdir(parents=True)
        link.symlink_to("/dev/null")
    (tmp_path / "etc/machine-id").write_bytes(b"x")
    monkeypatch.setattr(assemble, "carry_out", lambda *_: None)
    monkeypatch.setattr(assemble, "needed", lambda *_, package: package)
    assemble._settle(tmp_path)
    assert not ours.is_symlink() and not theirs.is_symlink()
    assert socket.is_symlink()  # which starts it when somebody asks


def test_the_radio_gets_what_it_is_loaded_with_and_others_do_not(tmp_path):
    source = tmp_path / "firmware"
    for name in ("brcm/brcmfmac43455-sdio.raspberrypi,4-model-b.txt", "brcm/bcm43xx-0.fw",
                 "cypress/cyfmac43455-sdio.bin"):  # fmt: skip
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    (source / "brcm/brcmfmac43455-sdio.bin").symlink_to("../cypress/cyfmac43455-sdio.bin")
    assemble._radio(source, tmp_path / "into")
    found = {str(p.relative_to(tmp_path / "into")) for p in (tmp_path / "into").rglob("*.*")}
    assert found == {"brcm/brcmfmac43455-sdio.raspberrypi,4-model-b.txt",
                     "brcm/brcmfmac43455-sdio.bin", "cypress/cyfmac43455-sdio.bin"}  # fmt: skip
    assert (tmp_path / "into/brcm/brcmfmac43455-sdio.bin").is_symlink()


def test_the_packed_environment_has_the_folder_that_it_is_mounted_on(tmp_path):
    (tmp_path / "environment-x86_64").mkdir()
    (tmp_path / "environment-x86_64/environment.erofs").write_bytes(b"packed")
    assemble._environment(tmp_path / "base", "5be0", tmp_path / "environment-x86_64")
    assert (tmp_path / "base/packed/5be0.erofs").read_bytes() == b"packed"
    assert list((tmp_path / "base/environments/5be0").iterdir()) == []
