"""The bindings as a text file: what was written is read; what is spoilt costs a line, no more."""

import logging

from firmware_py.bindings.binding import source_in
from firmware_py.bindings.book import Book, load, path_in, write

TWO = {source_in("cc 1:74"): "temperature", source_in("note 10:36"): "palette=cello, drums"}


def test_what_was_written_is_read_again(tmp_path):
    path = path_in(tmp_path / "new folder")
    write(path, TWO)
    assert load(path) == TWO
    assert '"cc 1:74" = "temperature"' in path.read_text()


def test_every_change_is_handed_on_to_be_kept():
    kept = []
    book = Book(TWO, kept.append)
    book.bind(source_in("program 1:3"), "undo")
    assert book.forget(source_in("cc 1:74")) and not book.forget(source_in("cc 1:74"))
    assert [len(bound) for bound in kept] == [3, 2]
    assert book.names == (("note 10:36", "palette=cello, drums"), ("program 1:3", "undo"))


def test_where_no_file_is_nothing_is_bound(tmp_path, caplog):
    assert load(path_in(tmp_path)) == {} and not caplog.records


def test_a_binding_that_makes_no_sense_is_left_out_with_one_line(tmp_path, caplog):
    path = path_in(tmp_path)
    path.write_text('[bindings]\n"cc 1:74" = "temperature"\n"cc 99:1" = "undo"\n"cc 1:2" = "fly"\n')
    with caplog.at_level(logging.WARNING):
        assert load(path) == {source_in("cc 1:74"): "temperature"}
    assert len(caplog.records) == 2 and all("\n" not in r.getMessage() for r in caplog.records)


def test_a_spoilt_file_leaves_nothing_bound_and_the_box_starts(tmp_path, caplog):
    path = path_in(tmp_path)
    for spoilt in (b"\xff\xfe", b"[bindings", b"bindings = 3", b"[bindings]\n" + b"#" * (1 << 19)):
        path.write_bytes(spoilt)
        assert load(path) == {}
    path.unlink()
    path.mkdir()
    assert load(path) == {} and len(caplog.records) == 5
