"""What a browser sends with a form: fields, and files that are taken as they come, never whole.

multipart/form-data as RFC 7578 has it, urlencoded as the HTML standard does. Sizes are limited
before anything is read, and as it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO
from urllib.parse import parse_qsl

FORM = 1 << 17  # bytes of a form without files
HEADERS = 1 << 12  # bytes before a part
FIELD = 1 << 12  # bytes of a field beside a file
BLOCK = 1 << 16
_BOUNDARY = re.compile(r"multipart/form-data;\s*boundary=\"?([\w'()+,./:=?-]{1,70})\"?")
_NAME = re.compile(rb'content-disposition:\s*form-data;.*?\bname="([^"\r\n]*)"', re.IGNORECASE)


class FormError(ValueError):
    """What was sent makes no sense, or is too large; in one line."""


def fields(data: bytes) -> dict[str, str]:
    """The fields of an urlencoded form."""
    try:
        pairs = parse_qsl(
            data.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict",
            max_num_fields=300,
        )  # fmt: skip
    except ValueError as error:
        raise FormError("that was no form") from error
    return dict(pairs)


def boundary_in(content_type: str) -> bytes:
    """What separates the parts, by the header that says so."""
    found = _BOUNDARY.fullmatch(content_type)
    if found is None:
        raise FormError("that was no form with a file")
    return found[1].encode()


class Parts:
    """The parts of a form, one after another; each is read to its end before the next."""

    def __init__(self, stream: BinaryIO, length: int, boundary: bytes) -> None:
        """`length`: the bytes that may be read of the stream, and no more are."""
        self._stream, self._left = stream, length
        self._line = b"\r\n--" + boundary
        self._held = b"\r\n"  # so that the first boundary is like the others

    def __iter__(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Each part's name and its blocks."""
        for _ in self._until_line():  # what is before the first part means nothing
            pass
        while not self._ends():
            head = b""
            while b"\r\n\r\n" not in head:
                if len(head) > HEADERS or not (more := self._some()):
                    raise FormError("a part of the form has no end to its headers")
                head += more
            head, _, self._held = head.partition(b"\r\n\r\n")
            named = _NAME.search(head)
            if named is None:
                raise FormError("a part of the form has no name")
            blocks = self._until_line()
            yield named[1].decode(errors="replace"), blocks
            for _ in blocks:  # whatever was not wanted
                pass

    def _ends(self) -> bool:
        """After a boundary: whether it was the last one."""
        while len(self._held) < 2:
            if not (more := self._read()):
                raise FormError("the form was cut off")
            self._held += more
        mark, self._held = self._held[:2], self._held[2:]
        if mark not in (b"--", b"\r\n"):
            raise FormError("the form makes no sense")
        return mark == b"--"

    def _until_line(self) -> Iterator[bytes]:
        """What comes before the next boundary, which is taken too."""
        while True:
            at = self._held.find(self._line)
            if at >= 0:
                data, self._held = self._held[:at], self._held[at + len(self._line):]
                if data:
                    yield data
                return
            keep = len(self._line) - 1  # a boundary may have begun
            if len(self._held) > keep:
                data, self._held = self._held[:-keep], self._held[-keep:]
                yield data
            if not (more := self._read()):
                raise FormError("the upload was cut off; try again")
            self._held += more

    def _some(self) -> bytes:
        held, self._held = self._held, b""
        return held or self._read()

    def _read(self) -> bytes:
        data = self._stream.read(min(BLOCK, self._left))
        self._left -= len(data)
        return data


def whole(blocks: Iterator[bytes], largest: int = FIELD) -> bytes:
    """A part that is a plain field."""
    data = b""
    for block in blocks:
        data += block
        if len(data) > largest:
            raise FormError("a field of the form is far too long")
    return data
