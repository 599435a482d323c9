"""A brain on emulated cores; skipped where there is no emulator, or no Debian for it yet."""

import json
import shutil

import pytest

from notochord.arm.compare import compare
from notochord.arm.emulate import CORES, PROJECT, emulated, environment
from notochord.arm.music import composed
from notochord.arm.parity import MODULE, native
from notochord.arm.root import EMULATORS

CACHE = PROJECT / ".arm"
COULD = any(map(shutil.which, EMULATORS)) and (CACHE / "wheels.recipe").is_file()
emulator = pytest.mark.skipif(not COULD, reason="no Debian for ARM; 'make arm' makes one")


def test_a_core_shows_what_the_kernel_would():
    text = CORES["cortex-a72"].cpuinfo()
    assert text.count("processor\t:") == 4 and "CPU part\t: 0xd08" in text
    assert "asimddp" not in text and "asimddp" in CORES["cortex-a76"].cpuinfo()


def test_a_run_inherits_nothing_that_turns_it_to_other_code(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    variables = environment("qnnpack", PYTHONPATH="here")
    assert variables["NOTOCHORD_ENGINE"] == "qnnpack" and variables["PYTHONPATH"] == "here"
    assert "PYTHONHOME" not in variables and "LD_LIBRARY_PATH" not in variables


@emulator
@pytest.mark.slow
@pytest.mark.arm
@pytest.mark.parametrize("core", ["cortex-a72", "cortex-a76"])
def test_qnnpack_answers_on_a_pi_as_it_does_here(core, int8_file, tmp_path):
    question, told = tmp_path / "questions.json", tmp_path / "answers.json"
    asked = {"brain": str(int8_file), "seed": 0, "pieces": [composed(1, 20)]}
    question.write_text(json.dumps(asked))
    native("qnnpack", [str(question), str(told)])
    here = json.loads(told.read_bytes())
    emulated(CACHE, CORES[core], "qnnpack", MODULE, [str(question), str(told)])
    there = json.loads(told.read_bytes())
    assert (there["machine"], there["engine"]) == ("aarch64", "qnnpack")
    row = compare(here, there)
    assert row["log_prob"]["mean"] < 1e-3 and row["equal"]["pitch"] > 0.9
