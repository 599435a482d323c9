"""What is in an image. Both kinds have the same user space, layout and project; they differ in the
processor, and in what the firmware of a Raspberry Pi wants to find beside the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

MIRROR = "http://deb.debian.org/debian"
SUITE, PYTHON = "bookworm", "3.11"  # the newest Debian whose Python python-rtmidi has wheels for
# The kernel is newer than the rest: Debian's first to drive the USB ports of a Pi 5 (RP1).
KERNEL_SUITE, KERNEL_FROM = "trixie", "trixie-backports"

# Besides what is essential to Debian. No apt: what a box does not need. openssh-client checks the
# signature of an update. Nothing listens, and what web access needs (the last line: a network,
# addresses for it, the rules of radio) is not started before it is asked for.
PACKAGES = (
    "systemd", "systemd-sysv", "udev", "kmod", "python3", "e2fsprogs", "libstdc++6", "zlib1g",
    "libasound2", "openssh-client",
    "network-manager", "dnsmasq-base", "wpasupplicant", "wireless-regdb",
)  # fmt: skip
WITHOUT = (
    "/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*",
    "/usr/share/zoneinfo/*", "/usr/lib/udev/hwdb.d/*", "/usr/share/i18n/*",
)  # fmt: skip
# gpiozero's way to the pins. Debian has no package of it.
WHEELS = ("lgpio>=0.2.2,<0.3",)

# Folders of kernel modules with nothing in them for a box (a brain needs no graphics card).
NO_DRIVERS = (
    "drivers/accel", "drivers/accessibility", "drivers/ata", "drivers/atm", "drivers/crypto",
    "drivers/edac", "drivers/firewire", "drivers/gpu", "drivers/hwtracing", "drivers/infiniband",
    "drivers/isdn", "drivers/md", "drivers/media", "drivers/message", "drivers/mtd",
    "drivers/net/can", "drivers/net/ethernet/[!br]*", "drivers/net/wireless/[!b]*",
    "drivers/net/wireless/broadcom/b43*", "drivers/nvdimm",
    "drivers/nvme", "drivers/power", "drivers/scsi", "drivers/staging/[!v]*", "drivers/target",
    "drivers/thunderbolt", "drivers/video", "drivers/xen", "fs/[!acefjn]*", "net/[!np]*",
    "sound/pci", "sound/soc",
)  # fmt: skip
# What the radio of a Pi 3, 4 or 5 is loaded with, of all that there is for others of its maker.
RADIO = ("brcm/brcmfmac434[35]*", "cypress/cyfmac434[35]*")

# What stands between the kernel and its root on a card, if the kernel has it not built in.
TO_THE_ROOT = (
    "ext4", "mmc_block", "bcm2835-mailbox", "raspberrypi", "clk-raspberrypi", "reset-raspberrypi",
    "gpio-raspberrypi-exp", "pinctrl-brcmstb-bcm2712", "gpio-brcmstb", "gpio-regulator", "fixed",
    "bcm2835-dma", "bcm2835", "sdhci-iproc", "sdhci-brcmstb", "virtio_pci", "virtio_mmio",
    "virtio_blk", "loop", "erofs",
)  # fmt: skip

# Sectors of 512 bytes: where each partition begins, and how large it is.
MEGABYTE = 2048
FIRMWARE, ROOT, DATA, SPARE = 1, 2, 3, 4
SIZES = {FIRMWARE: 252, ROOT: 1152, DATA: 512, SPARE: 512}  # megabytes
ROOT_LABEL, DATA_LABEL, SPARE_LABEL = "notochord-root", "notochord-data", "notochord-spare"


@dataclass(frozen=True)
class Kind:
    """A processor that images are made for. `machine` is as Python, `debian` as Debian names it."""

    name: str
    debian: str
    machine: str
    platforms: tuple[str, ...]
    console: str
    firmware: bool = False

    @property
    def kernel_packages(self) -> tuple[str, ...]:
        """What the kernel's side of the image is taken from."""
        pi = ("raspi-firmware", "firmware-brcm80211") if self.firmware else ()
        return (f"linux-image-{self.debian}/{KERNEL_FROM}", "busybox-static", *pi)


def _platforms(machine: str) -> tuple[str, ...]:
    return tuple(f"manylinux_2_{n}_{machine}" for n in (34, 28, 27, 17)) + (
        f"manylinux2014_{machine}",
    )


PC = Kind("amd64", "amd64", "x86_64", _platforms("x86_64"), "ttyS0")
PI = Kind("pi", "arm64", "aarch64", _platforms("aarch64"), "ttyS1", firmware=True)
KINDS = {kind.name: kind for kind in (PC, PI)}
