"""The converter that the knobs are wired to, in a guest: /dev/spidev0.0 with an MCP3008 behind it.

The kernel of a guest has no SPI bus; but it lets a program be a character device (CUSE: Linux,
fs/fuse/cuse.c, and include/uapi/linux/fuse.h for the messages). So what the box opens is a device
of the kernel's, asked by the ioctls of spidev (include/uapi/linux/spi/spidev.h), and the answer
comes from here, bit by bit as from the chip (MCP3004/3008 data sheet, figure 6-1).

    the box ─ioctl─▶ kernel ─/dev/cuse─▶ this ─ where do I find what you point at? ─▶ kernel
                                              ◀──────────── the transfer ────────────
                                              ─ and where what that points at? ─▶ ... ─ bytes ─▶

The standard library alone: it runs on the box.
"""

import errno
import os
import struct
import sys
from pathlib import Path

KNOBS = Path("/run/appliance/knobs")  # one line: where each channel stands, 0 to 1023
CHANNELS = 8
CUSE_INIT, OPEN, RELEASE, IOCTL = 4096, 14, 18, 39
VERSION = 7, 31
UNRESTRICTED = 1 << 0  # of the device: its ioctls may point anywhere
RETRY = 1 << 2  # of an answer: fetch this, and ask again
HEAD, ANSWER = struct.Struct("<IIQQIIII"), struct.Struct("<IiQ")
ASKED, ANSWERED, RANGE = struct.Struct("<QIIQII"), struct.Struct("<iIII"), struct.Struct("<QQ")
TRANSFER = struct.Struct("<QQIIHBBBBBB")  # struct spi_ioc_transfer
MESSAGE = 0x40206B00  # SPI_IOC_MESSAGE(1)
SETTINGS = 0x40016B01, 0x40016B03, 0x40046B04  # mode, bits per word, speed: whatever is asked for


def answered(sent, stands):
    """What an MCP3008 puts on its line while those bytes are clocked in. `stands`: its channels."""
    bits = [byte >> n & 1 for byte in sent for n in range(7, -1, -1)]
    out = [0] * len(bits)
    if 1 in bits:
        start = bits.index(1)
        single, *channel = bits[start + 1 : start + 5]
        if single and len(channel) == 3:
            value = stands[channel[0] << 2 | channel[1] << 1 | channel[2]]
            ten = [value >> n & 1 for n in range(9, -1, -1)]
            at = start + 7  # a clock to sample, a null bit, and then the most significant one
            out[at : at + 10] = ten[: len(out) - at]
    numbers = (out[n : n + 8] for n in range(0, len(out), 8))
    return bytes(int("".join(map(str, byte)), 2) for byte in numbers)


def reply(request, stands):
    """What the kernel is answered to a message of its own; None where it expects nothing."""
    _, operation, unique, *_ = HEAD.unpack_from(request)
    body = request[HEAD.size :]
    if operation == CUSE_INIT:
        # version, unused, flags, longest read and write, number of the device: the kernel's choice
        said = struct.pack("<IIIIIIII40x", *VERSION, 0, UNRESTRICTED, 4096, 4096, 0, 0)
        return _whole(unique, said + b"DEVNAME=spidev0.0\0")
    if operation == OPEN:
        return _whole(unique, struct.pack("<QII", 0, 0, 0))
    if operation == RELEASE:
        return _whole(unique, b"")
    if operation == IOCTL:
        return _asked(unique, body, stands)
    return _whole(unique, b"", -errno.ENOSYS)


def _asked(unique, body, stands):
    """An ioctl: first the kernel is told what to fetch, twice; then it has what was pointed at."""
    _, _, command, argument, there, _ = ASKED.unpack_from(body)
    data = body[ASKED.size : ASKED.size + there]
    if command in SETTINGS:
        return _whole(unique, ANSWERED.pack(0, 0, 0, 0))
    if command != MESSAGE:
        return _whole(unique, b"", -errno.ENOTTY)
    wanted = [(argument, TRANSFER.size)]
    if not data:
        return _again(unique, wanted, [])
    sends, receives, length, *_ = TRANSFER.unpack_from(data)
    if len(data) == TRANSFER.size:
        return _again(unique, [*wanted, (sends, length)], [(receives, length)])
    read = answered(data[TRANSFER.size :], stands())
    return _whole(unique, ANSWERED.pack(length, 0, 0, 0) + read)


def _again(unique, fetch, store):
    ranges = b"".join(RANGE.pack(*each) for each in (*fetch, *store))
    return _whole(unique, ANSWERED.pack(0, RETRY, len(fetch), len(store)) + ranges)


def _whole(unique, body, error=0):
    return ANSWER.pack(ANSWER.size + len(body), error, unique) + body


def knobs():
    """Where they stand."""
    return [int(word) for word in KNOBS.read_text().split()]


def main():
    """Be that device, from now on; returns to whoever started it once it is there."""
    file = os.open("/dev/cuse", os.O_RDWR)
    os.write(file, reply(os.read(file, 1 << 16), knobs))
    if os.fork():
        os._exit(0)
    while True:
        os.write(file, reply(os.read(file, 1 << 16), knobs))


if __name__ == "__main__":
    sys.exit(main())
