"""The pin map: the default board is sound, and a mistake is told in one line."""

import pytest

from firmware_py.panel.pinmap import DEFAULT, KnobMap, PinMapError, load

KNOB = "[[knob]]\nchannel = 0\nsetting = 'density'\nlow = 1\nhigh = 2\n"
PUSH = "[encoder]\na = 17\nb = 27\npush = 22\n"


def test_the_default_board_is_sound():
    board = load()
    assert len(board.knobs) == len(board.buttons) == 4
    assert board.encoder and board.encoder.push and board.lamp and board.midi_lamp and board.display
    assert [knob.setting for knob in board.knobs] == ["temperature", "density", "high", "balance"]
    shifted = [knob.shifted.setting for knob in board.knobs if knob.shifted]
    assert shifted == ["rhythm", "longest", "low", "share"]
    does = {button.does for button in board.buttons}
    assert does == {"take over", "tap tempo", "undo", "keep"}
    assert len(set(board.pins())) == len(board.pins())


def test_every_part_is_optional(tmp_path):
    path = tmp_path / "pins.toml"
    path.write_text("", encoding="utf-8")
    assert load(path).pins() == []
    path.write_text('[[knob]]\nchannel = 2\nsetting = "temperature"\nlow = 0.5\nhigh = 1\n')
    assert load(path).knobs == (KnobMap(2, "temperature", 0.5, 1),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[button]]\npin = 5\ndoes = 'dance'", "no button does 'dance'"),
        ("[[button]]\npin = 40\ndoes = 'next mode'", "no pin 40"),
        ("[encoder]\na = 5\nb = 5", "pin 5 is used twice"),
        ("[encoder]\na = 5", "b"),
        ("[[knob]]\nchannel = 9\nsetting = 'density'\nlow = 1\nhigh = 2", "no channel 9"),
        ("[[knob]]\nchannel = 0\nsetting = 'mode'\nlow = 1\nhigh = 2", "no knob turns 'mode'"),
        ("[[knob]]\nchannel = 0\nsetting = 'density'\nlow = 1\nhigh = 99", "cannot be 99"),
        ("[[knob]]\nchannel = 0\nsetting = 'low'\nlow = 1\nhigh = 2\n" * 2, "on one channel"),
        ("[[knob]]\nchannel = 0\nsetting = 'density'\nlow = 2\nhigh = 2", "goes from 2 to 2"),
        ("[display]\naddress = 0x80", "no I2C address 128"),
        ("[display]\n[[button]]\npin = 2\ndoes = 'undo'", "pin 2 is used twice"),
        (f"{PUSH}{KNOB}shifted = {{ setting = 'rhythm', low = 0, high = 1 }}", "cannot be 0"),
        (f"{PUSH}{KNOB}shifted = {{ setting = 'mode', low = 0, high = 1 }}", "turns 'mode'"),
        (f"{PUSH}{KNOB}shifted = {{ setting = 'rhythm', low = 1 }}", "high"),
        (f"{KNOB}shifted = {{ setting = 'rhythm', low = 1, high = 2 }}", "no encoder with a push"),
        ("[wheel]\npin = 1", "no part is called 'wheel'"),
        ("[web]\nhold = 5", "pin 5 has none"),
        ("[web]\npin = 5", "hold is missing"),
        ("[[", "not TOML"),
        ("encoder = 3", "pins.toml"),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path, text, says):
    path = tmp_path / "pins.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PinMapError) as caught:
        load(path)
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(PinMapError, match="no such file"):
        load(tmp_path / "none.toml")


def test_the_file_that_is_shipped_says_what_is_on_each_pin():
    assert DEFAULT.read_text(encoding="utf-8").startswith("#")
