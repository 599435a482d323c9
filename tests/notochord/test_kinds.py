"""The kinds of network: each has all its parts, and says what it can be asked."""

from dataclasses import replace

import pytest

from firmware_py.settings import MODES
from notochord.ask import SUB_EVENT_LETTERS
from notochord.brain import Brain, BrainError
from notochord.export import export
from notochord.kinds import EVERY_MODE, GROOVE_TRANSFORMER, KINDS, kind_of, modes_of

PLAYED = [kind for kind in KINDS.values() if kind.is_played]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_can_be_trained(kind):
    config = kind.configs[kind.size]
    assert kind.config(config.as_dict()) == config and kind.study.parts
    assert kind_of(kind.network(kind.configs["tiny"])) is kind


@pytest.mark.parametrize("kind", PLAYED, ids=lambda kind: kind.name)
def test_every_kind_that_is_played_has_all_it_takes(kind):
    assert issubclass(kind.brain, Brain)
    step = kind.step(kind.network(kind.configs["tiny"]))
    assert all(callable(getattr(step, name)) for name in kind.exported)
    assert kind.quantised <= {name for name, _ in step.named_modules()}


@pytest.mark.parametrize("kind", PLAYED, ids=lambda kind: kind.name)
def test_every_kind_says_what_it_can_be_asked(kind):
    declared = kind.asks()
    assert modes_of(declared) and set(modes_of(declared)) <= set(MODES)
    assert set(declared["asks"]["given"]) <= set(SUB_EVENT_LETTERS)


def test_a_kind_that_is_not_played_yet_is_not_exported(tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, GROOVE_TRANSFORMER.name, replace(GROOVE_TRANSFORMER, format=0))
    net = GROOVE_TRANSFORMER.network(GROOVE_TRANSFORMER.configs["tiny"])
    with pytest.raises(BrainError, match="groove_transformer") as caught:
        export(net, tmp_path / "a.brain", {})
    assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


def test_a_brain_from_before_there_were_kinds_plays_what_a_notochord_does():
    assert modes_of({"format": 3}) == EVERY_MODE == KINDS["notochord"].modes


def test_every_mode_is_one_that_the_box_has_and_some_brain_can_play():
    assert set(MODES) - {"thru"} == {mode for kind in PLAYED for mode in kind.modes}
