"""Forms as browsers send them, in pieces of any size, and as nobody should."""

import io
import random

import pytest

from firmware_py.web.forms import FIELD, FormError, Parts, boundary_in, fields, whole

LINE = b"AaB03x"


class Dribble(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data, chance):
        super().__init__(data)
        self.chance = chance

    def read(self, size=-1):
        return super().read(min(size, self.chance.randrange(1, 40)))


def form(*parts):
    data = b""
    for name, content in parts:
        data += b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n' % (LINE, name)
        data += content + b"\r\n"
    return data + b"--" + LINE + b"--\r\n"


def read(data, length=None, chance=None):
    stream = Dribble(data, chance) if chance else io.BytesIO(data)
    parts = Parts(stream, len(data) if length is None else length, LINE)
    return [(name, b"".join(blocks)) for name, blocks in parts]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_sent_in_whatever_pieces_arrives(seed):
    chance = random.Random(seed)
    tricky = [b"\r\n--AaB03", b"\r\n", b"--AaB03x", b"\r\n--", b"\r", bytes(range(256)), b""]
    content = b"".join(chance.choices(tricky, k=20)).replace(b"\r\n--" + LINE, b"")
    parts = [(b"form", b"secret"), (b"file", content)]
    assert read(form(*parts), chance=chance) == [("form", b"secret"), ("file", content)]


def test_a_large_file_comes_in_blocks_that_are_small():
    sizes = []
    for _, blocks in Parts(io.BytesIO(form((b"file", bytes(5 << 20)))), 6 << 20, LINE):
        sizes += [len(block) for block in blocks]
    assert sum(sizes) == 5 << 20 and max(sizes) < 1 << 18


def test_a_form_cut_off_at_any_place_is_refused():
    data = form((b"form", b"x"), (b"file", b"y" * 50))
    for cut in range(len(data) - 4):
        with pytest.raises(FormError):
            read(data[:cut])


def test_no_more_is_read_than_was_announced():
    stream = io.BytesIO(form((b"file", bytes(9999))))
    with pytest.raises(FormError, match="cut off"):
        for _, blocks in Parts(stream, 500, LINE):
            list(blocks)
    assert stream.tell() == 500


@pytest.mark.parametrize(
    "data",
    [b"--AaB03x\r\n" + b"x" * 99999, b"--AaB03x\r\nno: name\r\n\r\nx\r\n--AaB03x--", b"--AaB03xzz",
     b""],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(data):
    with pytest.raises(FormError):
        read(data)


def test_a_part_that_nobody_wanted_is_passed_over():
    names = [name for name, _ in Parts(io.BytesIO(form((b"a", b"1"), (b"b", b"2"))), 999, LINE)]
    assert names == ["a", "b"]


def test_a_field_has_an_end():
    assert whole(iter([b"ab", b"c"])) == b"abc"
    with pytest.raises(FormError, match="far too long"):
        whole(iter([b"x"] * (FIELD + 1)))


def test_a_boundary_is_read_from_the_header():
    assert boundary_in('multipart/form-data; boundary="AaB03x"') == LINE
    for header in ("", "text/plain", "multipart/form-data", "multipart/form-data; boundary=a b"):
        with pytest.raises(FormError):
            boundary_in(header)


def test_fields_are_read_as_they_were_typed():
    assert fields(b"name=late+night&text=a%0D%0Ab&empty=") == {
        "name": "late night", "text": "a\r\nb", "empty": ""}  # fmt: skip


@pytest.mark.parametrize("data", [b"a", b"\xff=1", b"a=%ff", b"&".join([b"a=1"] * 400)])
def test_what_is_no_form_is_refused(data):
    with pytest.raises(FormError, match="no form"):
        fields(data)
