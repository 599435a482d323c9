"""notochord-box presets: what it says, and the one line when something is wrong."""

import pytest

from firmware_py.cli import main
from firmware_py.presets.files import load
from firmware_py.settings import Settings


def presets(state, *arguments):
    return main(["presets", "--state", str(state), *map(str, arguments)])


def test_a_preset_is_stored_named_listed_and_deleted(tmp_path, capsys):
    assert presets(tmp_path, "store", 5, "choir", "--knob", "mode=harmonize") == 0
    assert presets(tmp_path, "name", 5, "quiet choir") == 0
    assert "preset 5 is now: quiet choir" in capsys.readouterr().out
    assert presets(tmp_path) == 0
    assert capsys.readouterr().out.split() == ["5", "harmonize", "quiet", "choir"]
    assert load(tmp_path / "presets")[5].settings == Settings(mode="harmonize")
    assert presets(tmp_path, "delete", 5) == 0
    assert presets(tmp_path, "list") == 0
    assert "no preset yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("store", 5, "x", "--knob", "temperature=9"), "from 0.1 to 2.0"),
        (("store", 5, "x", "--knob", "warp=9"), "no setting called 'warp'"),
        (("name", 5, "x"), "no preset 5"),
        (("delete", 5), "no preset 5"),
    ],
)
def test_a_mistake_is_one_line_with_exit_code_2(tmp_path, capsys, arguments, says):
    assert presets(tmp_path, *arguments) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


@pytest.mark.parametrize("number", ["0", "129", "x"])
def test_a_number_that_no_preset_can_have_is_refused(tmp_path, capsys, number):
    with pytest.raises(SystemExit) as caught:
        presets(tmp_path, "delete", number)
    assert caught.value.code == 2 and capsys.readouterr().err.count("\n") == 1


def test_a_preset_names_a_brain_where_one_was_given(tmp_path):
    assert presets(tmp_path, "store", 5, "kit", "--knob", "brain=tapped") == 0
    assert presets(tmp_path, "store", 6, "choir", "--knob", "mode=harmonize") == 0
    stored = load(tmp_path / "presets")
    assert (stored[5].settings.brain, stored[5].names_brain) == ("tapped", True)
    assert not stored[6].names_brain


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path, capsys):
    (tmp_path / "state").write_text("a file")
    assert presets(tmp_path / "state", "store", 1, "x") == 2
    assert capsys.readouterr().err.count("\n") == 1
