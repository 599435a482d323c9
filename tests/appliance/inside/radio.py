"""A phone near the box: a radio of the kernel's own (mac80211_hwsim), moved into another network.

Linux: Documentation/networking/mac80211_hwsim, userspace-api/netlink; include/uapi/linux/nl80211.h.
"""

import os
import socket
import struct
from pathlib import Path

NETLINK_GENERIC, CONTROL, ASKS = 16, 16, 0x05  # ASKS: a request, to be confirmed
GET_FAMILY, FAMILY_NAME, FAMILY_NUMBER = 3, 2, 1
SET_NETWORK, RADIO, PROCESS = 49, 1, 82  # of nl80211
ERROR = 2


def move(interface, process):
    """Move the radio behind an interface into the network that a process is in."""
    radio = int(Path("/sys/class/net", interface, "phy80211/index").read_text())
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as kernel:
        kernel.bind((0, 0))
        answer = _ask(kernel, CONTROL, GET_FAMILY, _attribute(FAMILY_NAME, b"nl80211\0"))
        (family,) = struct.unpack_from("H", _attributes(answer)[FAMILY_NUMBER])
        where = _attribute(RADIO, struct.pack("I", radio))
        _ask(kernel, family, SET_NETWORK, where + _attribute(PROCESS, struct.pack("I", process)))


def _ask(kernel, family, command, attributes):
    """Ask the kernel; what it answers, without heads. OSError where it refuses."""
    body = struct.pack("BBH", command, 1, 0) + attributes
    kernel.send(struct.pack("IHHII", 16 + len(body), family, ASKS, 1, 0) + body)
    answer = b""
    while True:
        data = kernel.recv(65536)
        kind = struct.unpack_from("IH", data)[1]
        if kind != ERROR:
            answer = data[20:]
            continue
        (code,) = struct.unpack_from("i", data, 16)
        if code:
            raise OSError(-code, os.strerror(-code))
        return answer


def _attribute(kind, value):
    return struct.pack("HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _attributes(data):
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("HH", data)
        found[kind] = data[4:length]
        data = data[length + (-length % 4) :]
    return found
