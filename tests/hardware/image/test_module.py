"""A kernel module without signature and BTF: everything else is where its headers say it is."""

import shutil
import struct
import subprocess

import pytest

from hardware.image.module import bare

SIGNATURE = b"\x30\x82" + b"s" * 98
MARK = b"~Module signature appended~\n"
CODE, NOTHING = 1, 8  # kinds of sections; NOTHING takes no room in the file


def module(**contents):
    """A module with these sections, of which `bss` is only a size."""
    contents = {name.replace("dot_", "."): data for name, data in contents.items()}
    names = b"\0" + b"\0".join(name.encode() for name in (*contents, ".shstrtab")) + b"\0"
    body, rows = bytearray(64), [bytes(64)]
    for name, data in {**contents, ".shstrtab": names}.items():
        body += b"\0" * (-len(body) % 16)
        kind = NOTHING if isinstance(data, int) else CODE
        size = data if kind == NOTHING else len(data)
        at = names.index(b"\0" + name.encode() + b"\0") + 1
        rows.append(struct.pack("<IIQQQQIIQQ", at, kind, 0, 0, len(body), size, 0, 0, 16, 0))
        body += b"" if kind == NOTHING else data
    body += b"\0" * (-len(body) % 8)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, len(body), 0, 64, 0, 0, 64,
                        len(rows), len(rows) - 1)  # fmt: skip
    return bytes(head + body[64:] + b"".join(rows))


def sections(data):
    """What is in a module, by the names of its sections."""
    start, _, number, names = struct.unpack_from("<40xQ10xHHH", data)
    rows = [struct.unpack_from("<IIQQQQIIQQ", data, start + 64 * n) for n in range(1, number)]
    named = rows[names - 1]
    text = data[named[4] : named[4] + named[5]]
    assert all(row[4] % 16 == 0 for row in rows)
    return {
        text[row[0] : text.index(b"\0", row[0])].decode():
            row[5] if row[1] == NOTHING else data[row[4] : row[4] + row[5]]
        for row in rows
    }  # fmt: skip


def signed(data):
    return data + SIGNATURE + struct.pack(">8xI", len(SIGNATURE)) + MARK


WHOLE = {"dot_text": b"code" * 9, "dot_BTF": b"T" * 1000, "dot_data": b"data", "bss": 4096,
         "dot_BTF_ids": b"ids"}  # fmt: skip


def test_what_is_left_is_what_it_was_without_the_types():
    before, after = sections(module(**WHOLE)), sections(bare(signed(module(**WHOLE))))
    assert after == {**before, ".BTF": b""}
    assert after["bss"] == 4096 and after[".BTF_ids"] == b"ids"


def test_signature_and_types_take_no_room_any_more():
    assert len(signed(module(**WHOLE))) - len(bare(signed(module(**WHOLE)))) >= 1000 + 100


def test_one_that_is_bare_stays_as_it_is():
    once = bare(module(**WHOLE))
    assert bare(once) == once


def test_what_is_no_module_is_refused():
    with pytest.raises(ValueError, match="no kernel module"):
        bare(b"#!/bin/sh\n")


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not here (apt: binutils)")
def test_others_can_read_it_too(tmp_path):
    (tmp_path / "it.ko").write_bytes(bare(signed(module(**WHOLE))))
    said = subprocess.run(
        ["readelf", "--wide", "--sections", "--string-dump=.text", tmp_path / "it.ko"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "codecode" in said.stdout and said.stderr == ""
