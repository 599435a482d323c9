"""The rig's file: what may stand in it, and the one line that is said when it is wrong."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firmware_py.rig.commands import for_playing, with_curve
from firmware_py.rig.curve import Curve
from firmware_py.rig.files import load, parse, store, written
from firmware_py.rig.identity import Identity
from firmware_py.rig.rig import (
    CONTROL,
    PLAYER,
    SECOND,
    Input,
    Output,
    Rig,
    RigError,
    Zone,
    name_of_pitch,
    pitch_named,
)
from notochord.event import instrument_named

FULL = """
[[input]]
device = "Keystation"
name = "lower"
channels = [1, 2]
curve = [[20, 49], [50, 80]]
split = "C3"
sysex = true
clock = false
panic = false
[input.left]
role = "second player"
plays = "fingered bass"
transpose = -12
controls = false

[[input]]
device = "1c75:0218/77@1-1.2"
role = "control"

[[output]]
device = "MicroFreak"
hears = ["network", "lower"]
parts = ["bass", "violin"]
channel = 1
clock = false
"""


def rig_of(text: str) -> Rig:
    return parse(tomllib.loads(text))


def test_all_that_may_stand_in_it_is_read() -> None:
    bass = Zone(SECOND, instrument_named("fingered bass"), -12, controls=False)
    lower = Input(
        "Keystation", "lower", Zone(), bass, 48, frozenset({0, 1}), Curve([(20, 49), (50, 80)]),
        sysex=True, clock=False, panic=False,
    )  # fmt: skip
    knobs = Zone(CONTROL)
    parts = frozenset({*range(33, 41), instrument_named("violin")})
    freak = Output("MicroFreak", ("network", "lower"), parts, 0, clock=False)
    controller = Input("1c75:0218/77@1-1.2", zone=knobs, left=knobs)
    assert rig_of(FULL) == Rig((lower, controller), (freak,))


def test_without_a_file_every_input_is_a_player_and_every_output_gets_everything() -> None:
    assert Rig().input("anything", None) == Input() and Input().zone.role == PLAYER
    assert Rig().outputs_on("anything", None) == (Output(),)


def test_what_is_written_is_read_back_the_same() -> None:
    assert rig_of(written(rig_of(FULL))) == rig_of(FULL)


ZONES = st.builds(
    Zone, st.sampled_from([PLAYER, SECOND]), st.none() | st.integers(1, 320),
    st.integers(-60, 60), st.booleans(),
)  # fmt: skip
TEXT = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip() != "")
OUTPUTS = st.builds(
    Output, TEXT, st.none() | st.lists(TEXT, min_size=1).map(tuple),
    st.none() | st.frozensets(st.integers(1, 320), min_size=1), st.none() | st.integers(0, 15),
    st.booleans(),
)  # fmt: skip


@example([], [Output("one kit alone", parts=frozenset({instrument_named("drums")}))])
@given(st.lists(st.tuples(TEXT, ZONES)), st.lists(OUTPUTS))
def test_any_rig_is_read_back_as_it_was_written(
    inputs: list[tuple[str, Zone]], outputs: list[Output]
) -> None:
    rig = Rig(tuple(Input(device, zone=z, left=z) for device, z in inputs), tuple(outputs))
    assert rig_of(written(rig)) == rig


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[[input]]", "input 1: it names no device"),
        ('[[input]]\ndevice = "a"\nrole = "singer"', "input 1: role: no role is called 'singer'"),
        ('[[input]]\ndevice = "a"\nsplit = "H2"', "input 1: split: 'H2' is no note"),
        ('[[input]]\ndevice = "a"\nchannels = [17]', "'17' is not a whole number from 1 to 16"),
        ('[[input]]\ndevice = "a"\nchannels = 3', "channels: '3' is no list"),
        ('[[input]]\ndevice = "a"\nplays = "bas"', "no instrument called 'bas'; did you mean"),
        ('[[input]]\ndevice = "a"\ncurve = "steep"', "no curve is called 'steep'"),
        ('[[input]]\ndevice = "a"\ncurve = [[1, 2, 3]]', "two velocities"),
        ('[[input]]\ndevice = "a"\ncurve = [[9, 9], [8, 9]]', "must rise"),
        ('[[input]]\ndevice = "a"\ncolour = 3', "there is no 'colour'; there are device"),
        ('[[input]]\ndevice = "a"\n[input.left]\nrole = "player"', '"left" needs a split'),
        ('[[input]]\ndevice = "a"\nsplit = 60\n[input.left]\nrole = "control"', "as a whole"),
        ('[[output]]\ndevice = "a"\nclock = 1', "'1' must be true or false"),
        ('[input]\ndevice = "a"', "two brackets"),
        ("[[input]\n", "not TOML"),
        ("keyboards = 3", "the file: there is no 'keyboards'"),
        ("\x00", "not TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_the_place(
    text: str, hint: str, tmp_path: Path
) -> None:
    path = tmp_path / "rig.toml"
    path.write_text(text)
    with pytest.raises(RigError) as error:
        load(path)
    assert hint in str(error.value) and str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@given(st.binary(max_size=200))
def test_any_file_at_all_is_a_rig_or_one_clear_line(data: bytes) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            load(Path(file.name))
        except RigError as error:
            assert "\n" not in str(error)


def test_a_spoilt_file_never_keeps_a_box_from_starting_and_stops_who_starts_it_by_hand(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "rig.toml").write_text("[[input")
    assert for_playing(None, tmp_path, by_hand=lambda: False) == Rig()
    assert "played as without it" in caplog.text
    with pytest.raises(RigError, match="not TOML"):
        for_playing(None, tmp_path, by_hand=lambda: True)


def test_a_file_that_was_named_must_be_there_and_the_boxs_own_need_not(tmp_path: Path) -> None:
    assert for_playing(None, tmp_path, by_hand=lambda: True) == Rig()
    with pytest.raises(RigError, match="no such file"):
        for_playing(tmp_path / "mine.toml", tmp_path, by_hand=lambda: False)


def test_a_measured_curve_is_put_into_the_keyboards_own_entry(tmp_path: Path) -> None:
    curve = Curve([(20, 49)])
    rig = with_curve(rig_of(FULL), "Keystation:Keystation MIDI 1 20:0", None, curve)
    store(rig, tmp_path / "rig.toml")
    assert load(tmp_path / "rig.toml").inputs[0].curve == curve
    assert len(rig.inputs) == 2 and not list(tmp_path.glob("*.writing"))


def test_a_keyboard_without_an_entry_gets_one_by_what_it_is_before_the_others() -> None:
    everything = Rig((Input("*", split=50),))
    identity = Identity("0944", "0117", "", "1-1")
    rig = with_curve(everything, "Keys:Keys 20:0", identity, Curve([(20, 49)]))
    assert [i.device for i in rig.inputs] == ["0944:0117", "*"]
    assert rig.input("Keys:Keys 24:0", identity).curve is not None
    assert rig.input("Keys:Keys 24:0", identity).split == 50


def test_two_of_a_model_are_meant_by_serial_or_socket() -> None:
    rig = Rig((Input("1c75:0218@1-2", name="upper"), Input("1c75:0218", name="lower")))
    here, there = (Identity("1c75", "0218", "", path) for path in ("1-1", "1-2"))
    assert rig.input("K 20:0", here).name == "lower"
    assert rig.input("K 24:0", there).name == "upper"
    assert rig.input("K 28:0", None).name == ""


@pytest.mark.parametrize("pitch", range(128))
def test_a_pitch_is_read_back_from_its_name(pitch: int) -> None:
    assert pitch_named(name_of_pitch(pitch)) == pitch_named(pitch) == pitch


def test_middle_c_is_c4() -> None:
    assert pitch_named("c4") == 60 and name_of_pitch(61) == "C#4"
