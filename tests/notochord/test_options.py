"""Values on the command line."""

from notochord.options import BRAINS, brain_file


def test_the_name_of_a_shipped_brain_is_enough():
    assert brain_file("small") == BRAINS / "small.brain"


def test_a_file_of_that_name_goes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").write_bytes(b"")
    assert brain_file("small").resolve() == tmp_path / "small"


def test_what_is_neither_is_left_for_whoever_opens_it(tmp_path):
    assert brain_file(str(tmp_path / "none.brain")) == tmp_path / "none.brain"
