"""A kernel module without what nobody asks a box for.

    ELF header │ sections: code, data, …, .BTF │ section headers │ signature │ its length, a mark
                                          ────                     ─────────────────────────────

The signature says who built it, to a kernel that takes no other; BTF describes its types to
debuggers. To check one and read the other takes longer than all else that loading a module is. The
kernel notes that this one is not signed, and takes it (Linux:
Documentation/admin-guide/module-signing.rst; kernel/module/signing.c). ELF-64: elf(5).
"""

from __future__ import annotations

import struct

MARK = b"~Module signature appended~\n"
ABOUT = struct.Struct(">8xI")  # of the signature: kinds that do not matter, and its length
HEADER = struct.Struct("<40xQ10xHHH")  # where section headers begin; their size, number, names
SECTION = struct.Struct("<IIQQQQIIQQ")  # name, kind, flags, address, place, size, …, alignment, …
NOWHERE = 8  # the kind of a section that takes no room in the file
TYPES = (b".BTF", b".BTF.base")


def bare(module: bytes) -> bytes:
    """The same module, unsigned and without BTF; ValueError where it is none."""
    module = _unsigned(module)
    if module[:6] != b"\x7fELF\x02\x01":
        raise ValueError("this is no kernel module of a 64-bit processor")
    start, size, number, names = HEADER.unpack_from(module)
    if size != SECTION.size:
        raise ValueError(f"its sections are described in {size} bytes, not {SECTION.size}")
    sections = [list(SECTION.unpack_from(module, start + n * size)) for n in range(number)]
    named_at = sections[names][4]
    out = bytearray(module[: min(start, *(s[4] for s in sections if s[4]))])
    for section in sorted(sections[1:], key=lambda s: s[4]):
        name, kind, _, _, place, length, _, _, alignment, _ = section
        if _text(module, named_at + name) in TYPES:
            length = section[5] = 0
        out += b"\0" * (-len(out) % max(alignment, 1))
        section[4] = len(out)
        if kind != NOWHERE:
            out += module[place : place + length]
    out += b"\0" * (-len(out) % 8)
    struct.pack_into("<Q", out, 40, len(out))
    return bytes(out) + b"".join(SECTION.pack(*section) for section in sections)


def _unsigned(module: bytes) -> bytes:
    if not module.endswith(MARK):
        return module
    end = len(module) - len(MARK) - ABOUT.size
    (length,) = ABOUT.unpack_from(module, end)
    return module[: end - length]


def _text(data: bytes, at: int) -> bytes:
    return data[at : data.index(b"\0", at)]
