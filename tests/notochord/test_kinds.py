"""The kinds of network: each has all its parts, and says what it can be asked."""

import pytest

from notochord.ask import SUB_EVENT_LETTERS
from notochord.brain import Brain
from notochord.kinds import EVERY_MODE, KINDS, kind_of, modes_of


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_has_all_its_parts(kind):
    config = kind.configs[kind.size]
    assert kind.config(config.as_dict()) == config
    assert issubclass(kind.brain, Brain) and kind.study.parts
    net = kind.network(kind.configs["tiny"])
    assert kind_of(net) is kind
    step = kind.step(net)
    assert all(callable(getattr(step, name)) for name in kind.exported)
    assert kind.quantised <= {name for name, _ in step.named_modules()}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_says_what_it_can_be_asked(kind):
    declared = kind.asks()
    assert set(modes_of(declared)) <= set(EVERY_MODE)
    assert set(declared["asks"]["given"]) <= set(SUB_EVENT_LETTERS)


def test_a_brain_from_before_there_were_kinds_plays_every_mode():
    assert modes_of({"format": 3}) == EVERY_MODE
