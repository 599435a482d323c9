"""Knobs and brains turned while a file is performed."""

from itertools import pairwise, permutations

import pytest

from firmware_py.brain_choice import BrainChoice, offered
from firmware_py.brain_link import ProcessLink
from firmware_py.changing_link import ChangingLink
from firmware_py.clock import MonotonicClock
from firmware_py.message import note_off, note_on
from firmware_py.perform import BrainUnusable, perform, wake
from firmware_py.settings import SettingError, Settings
from firmware_py.turns import Turn, Turning
from notochord.options import BRAINS

SHIPPED = {path.stem: path for path in BRAINS.glob("*.brain") if path.stem != "small"}
APART = 4.0  # seconds between two turns


def melody(seconds):
    """A note every 0.3 s, now low, now high."""
    pitches = [60, 64, 67, 72, 71, 67, 65, 62]
    notes = [(0.3 * n, pitches[n % 8]) for n in range(int(seconds / 0.3))]
    return [
        (at + off, "kbd", note_off(0, pitch) if off else note_on(0, pitch, 80))
        for at, pitch in notes
        for off in (0.0, 0.25)
    ]


@pytest.fixture
def playing(request, tiny_brain):
    """A link to a small brain, and what turns its knobs."""

    def make(path):
        return ProcessLink(path, MonotonicClock().now, timely=False)

    files = {"auto": tiny_brain, **SHIPPED, **getattr(request, "param", {})}
    link = ChangingLink(make(tiny_brain), make, MonotonicClock().now)
    wake(link)
    yield link, Turning(link, BrainChoice(link, files))
    link.close()


def performed(playing, turns, seconds=10.0, mode="duet", **more):
    link, turning = playing
    also = [(turn.at, turning.happening(turn)) for turn in turns]
    return perform(melody(seconds), Settings(mode=mode), link, also=[*also, *more.get("also", [])])


def all_pairs(names):
    """A way that leads from each to every other, all ordered pairs once, back to its beginning."""
    left, stack, circuit = set(permutations(names, 2)), [names[0]], []
    while stack:  # Hierholzer's
        onward = sorted(pair for pair in left if pair[0] == stack[-1])
        if onward:
            left.remove(onward[0])
            stack.append(onward[0][1])
        else:
            circuit.append(stack.pop())
    return circuit[::-1]


def test_a_knob_turned_in_a_performance_acts_from_then_on(playing):
    result = performed(playing, [Turn(5.0, "mode", "thru")])
    starts = [note.start for owner, note in result.notes if owner == "network"]
    assert starts and max(starts) < 5.5


def test_a_turn_of_the_brain_has_another_play(playing):
    result = performed(playing, [Turn(4.0, "brain", "groove_transformer")], seconds=20.0)
    drums = [note.start for owner, note in result.notes if note.instrument > 128]
    assert result.hanging == 0 and max(drums) > 10.0
    assert playing[0].manifest["name"] == "groove_transformer"


def test_every_shipped_brain_hands_over_to_every_other_and_no_note_is_left(playing):
    way, seen, modes = all_pairs(sorted(SHIPPED)), [], []

    def look(instrument, now):
        seen.append(playing[0].manifest["name"])
        modes.append(instrument.scene.settings.mode in offered(playing[0].manifest))

    turns = [Turn(APART * n + 1.0, "brain", name) for n, name in enumerate(way)]
    looks = [(turn.at + APART - 0.1, look) for turn in turns]
    result = performed(playing, turns, APART * len(turns) + 1.0, also=looks)
    assert set(pairwise(seen)) == set(permutations(SHIPPED, 2))
    assert all(modes) and result.hanging == 0


def test_what_the_brain_cannot_play_is_refused_at_its_time(playing):
    with pytest.raises(SettingError, match="at 2 s the brain .* cannot chorale"):
        performed(playing, [Turn(2.0, "mode", "chorale")])


def test_a_brain_that_is_not_there_is_refused(playing):
    with pytest.raises(SettingError, match="no brain called 'none'"):
        performed(playing, [Turn(2.0, "brain", "none")])


@pytest.mark.parametrize("playing", [{"broken": BRAINS / "base.md"}], indirect=True)
def test_a_file_that_is_no_brain_ends_the_performance_with_its_reason(playing):
    with pytest.raises(BrainUnusable, match=r"base\.md"):
        performed(playing, [Turn(2.0, "brain", "broken")])


@pytest.mark.parametrize(
    "words", [("soon", "mode=duet"), ("-1", "mode=duet"), ("inf", "a=b"), ("3", "duet")]
)
def test_a_turn_that_cannot_be_read_is_refused(words):
    with pytest.raises(SettingError, match="NAME=VALUE"):
        Turn.read(*words)
