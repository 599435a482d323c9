"""The command that makes an image: a part or an image is made again when its recipe changes."""

import pytest

from hardware.image import __main__ as command
from hardware.image.recipe import PC, PI


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes the image of a kind in a folder, out of nothing; says how often it was assembled."""
    assembled = []

    def assemble(kind, cache):
        assembled.append(kind.name)
        (cache / f"notochord-box-{kind.name}.img").touch()

    for stage in ("user_space", "kernel", "packages", "environment"):
        monkeypatch.setattr(command.stages, stage, lambda *_: None)
    monkeypatch.setattr(command, "_assemble", assemble)

    def make(kind):
        parts = f"system-{kind.debian}", f"kernel-{kind.debian}", f"environment-{kind.machine}"
        for part in parts:
            (tmp_path / f"{part}.recipe").touch()
        command.build(kind, tmp_path)
        return len(assembled)

    return make


@pytest.mark.parametrize("kind", [PC, PI])
def test_an_image_that_was_just_made_is_not_made_again(made, kind):
    assert [made(kind) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("part", ["system-amd64", "kernel-amd64", "environment-x86_64"])
def test_an_image_is_made_again_when_one_of_its_parts_is_another(made, tmp_path, part):
    made(PC)
    (tmp_path / f"{part}.recipe").write_text("another")
    assert made(PC) == 2
