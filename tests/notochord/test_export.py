"""Brain files: what their manifest tells, and which files are refused."""

import io
import json
import zipfile

import pytest
import torch

from notochord.brain import Brain, BrainError
from notochord.export import (
    MANIFEST,
    best_engine,
    export,
    payload_sha256,
    weights_sha256,
)
from tests.notochord.conftest import ABOUT


def rewritten(archive, change):
    """The archive with every record passed through change(name, data); None leaves it out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return out.getvalue()


def with_manifest(archive, **changes):
    def change(name, data):
        if name.endswith(MANIFEST):
            return json.dumps({**json.loads(data), **changes}).encode()
        return data

    return rewritten(archive, change)


def refusal(tmp_path, data):
    """What loading a file of this data is refused with; the message is one line and names it."""
    path = tmp_path / "x.brain"
    path.write_bytes(data)
    with pytest.raises(BrainError) as caught:
        Brain.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message


def test_the_manifest_tells_what_the_brain_is(net, int8_brain, tmp_path):
    manifest = int8_brain.manifest
    assert manifest["precision"] == "int8" and manifest["config"] == net.config.as_dict()
    assert manifest["sub_events"] == ["instrument", "pitch", "time", "velocity"]
    assert manifest["weights_sha256"] == weights_sha256(net)
    assert manifest["parameters"] == sum(p.numel() for p in net.parameters())
    assert manifest["torch"] == torch.__version__ and manifest["name"] == "tiny"


def test_export_hands_back_the_manifest_it_wrote(net, tmp_path):
    manifest = export(net, tmp_path / "a.brain", ABOUT)
    assert Brain.load(tmp_path / "a.brain").manifest == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["a.brain"]


def test_int8_takes_less_room_than_float32(int8_file, float_file):
    assert int8_file.stat().st_size < float_file.stat().st_size


def test_exporting_leaves_the_network_as_it_was(net, tmp_path):
    before = weights_sha256(net)
    export(net, tmp_path / "a.brain", ABOUT)
    assert weights_sha256(net) == before
    assert not any("quantized" in type(module).__module__ for module in net.modules())


def test_a_missing_brain_is_refused_with_the_remedy(tmp_path):
    with pytest.raises(BrainError, match="--brain"):
        Brain.load(tmp_path / "none.brain")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(BrainError, match="directory"):
        Brain.load(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_brain_cut_short_is_refused(tmp_path, int8_file, share):
    data = int8_file.read_bytes()
    assert "copy the brain file again" in refusal(tmp_path, data[: int(share * len(data))])


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.6, 0.8])
def test_a_brain_with_damaged_bytes_is_refused(tmp_path, int8_file, share):
    data = bytearray(int8_file.read_bytes())
    at = int(share * len(data))
    data[at : at + 64] = bytes(b ^ 0xFF for b in data[at : at + 64])
    refusal(tmp_path, bytes(data))


def test_a_brain_with_other_weights_is_refused(tmp_path, int8_file):
    def change(name, data):
        inside = name.split("/", 1)[-1]
        return bytes(len(data)) if inside.startswith("data/") and len(data) > 64 else data

    assert "altered" in refusal(tmp_path, rewritten(int8_file.read_bytes(), change))


def test_a_brain_with_other_code_is_refused(tmp_path, int8_file):
    def change(name, data):
        return data + b"\n" if name.endswith(".py") else data

    assert "altered" in refusal(tmp_path, rewritten(int8_file.read_bytes(), change))


@pytest.mark.parametrize("found", [0, 1, "2", None])
def test_a_brain_of_another_format_is_refused(tmp_path, int8_file, found):
    message = refusal(tmp_path, with_manifest(int8_file.read_bytes(), format=found))
    assert f"brain format {found}" in message and "export it again" in message


def test_an_archive_without_a_manifest_is_refused(tmp_path, int8_file):
    def change(name, data):
        return None if name.endswith(MANIFEST) else data

    assert "no manifest" in refusal(tmp_path, rewritten(int8_file.read_bytes(), change))


@pytest.mark.parametrize("text", [b"", b"[1]", b"{", b"\xff\xfe", b"null", b'"x"'])
def test_a_manifest_that_is_none_is_refused(tmp_path, int8_file, text):
    def change(name, data):
        return text if name.endswith(MANIFEST) else data

    refusal(tmp_path, rewritten(int8_file.read_bytes(), change))


def test_an_archive_that_torch_cannot_load_is_refused(tmp_path):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("x/data.pkl", b"nothing")
    payload = payload_sha256(data.getvalue())
    with zipfile.ZipFile(data, "a") as file:
        manifest = {"format": 3, "network": "notochord", "payload_sha256": payload}
        file.writestr("x/extra/" + MANIFEST, json.dumps(manifest))
    assert "torch cannot load it" in refusal(tmp_path, data.getvalue())


def test_a_text_file_is_refused(tmp_path):
    refusal(tmp_path, b"a letter, and no brain\n" * 100)


def test_an_engine_named_in_the_environment_is_taken_or_refused_in_one_line(
    int8_file, monkeypatch
):
    monkeypatch.setenv("NOTOCHORD_ENGINE", "qnnpack")
    assert best_engine() == "qnnpack"
    monkeypatch.setenv("NOTOCHORD_ENGINE", "steam")
    with pytest.raises(BrainError, match="no int8 engine 'steam' here; name one of") as refusal:
        Brain.load(int8_file)
    assert "\n" not in str(refusal.value)
