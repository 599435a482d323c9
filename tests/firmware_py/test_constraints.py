"""What the knobs forbid never sounds, whatever is played: by a brain of random weights."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_py.message import note_off, note_on
from firmware_py.perform import perform
from firmware_py.settings import Settings, changed
from firmware_py.steering.measure import BrainHere
from notochord.event import Note, is_drums

PLAYING = ("solo", "duet", "continue", "echo", "accompany", "chorale")
MONO = json.dumps({"part": [{"channels": [1], "voices": 1, "low": 40, "high": 80}]})
PALETTES = ("auto", "same", "violin*3 50..70, cello", "band", "strings, drums", "two synths", "any")


@pytest.fixture(scope="module")
def brain(tiny_brain) -> BrainHere:
    return BrainHere(tiny_brain)


@st.composite
def boxes(draw, modes=PLAYING) -> Settings:
    box = changed(Settings(), "mode", draw(st.sampled_from(modes)))
    for name, values in {
        "palette": st.sampled_from(PALETTES), "rest": st.just(0.2),
        "low": st.integers(0, 127), "high": st.integers(0, 127),
        "softest": st.integers(1, 127), "loudest": st.integers(1, 127),
        "polyphony": st.integers(1, 8), "density": st.floats(1, 40),
        "longest": st.floats(0.1, 4), "shortest": st.floats(0.04, 1),
        "temperature": st.floats(0.1, 2), "balance": st.floats(0.1, 1.5),
        "synth": st.sampled_from(["general-midi", "mono", "two-channels", MONO]),
    }.items():  # fmt: skip
        box = changed(box, name, draw(values))
    return box


TOUCHES = st.lists(
    st.tuples(st.floats(0.02, 0.6), st.integers(40, 80), st.floats(0.05, 0.5)),
    min_size=1, max_size=8,
)  # fmt: skip
PERFORMANCES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def played(touches) -> list:
    messages, at = [], 0.0
    for step, pitch, length in touches:
        at += step
        messages.append((at, "kbd", note_on(0, pitch, 80)))
        messages.append((at + length, "kbd", note_off(0, pitch)))
    return sorted(messages, key=lambda timed: (timed[0], timed[2][0]))


def networks(box: Settings, touches, brain: BrainHere, seed: int) -> tuple[list[Note], list[Note]]:
    """The network's notes, and the player's."""
    brain.forget()
    performed = perform(played(touches), box, brain, seed, tail=3.0)
    assert performed.hanging == 0
    notes = {"network": [], "player": []}
    for owner, note in performed.notes:
        notes[owner].append(note)
    return notes["network"], notes["player"]


@PERFORMANCES
@given(boxes(), TOUCHES, st.integers(0, 1000))
def test_instrument_pitch_and_velocity_are_within_what_the_knobs_allow(brain, box, touches, seed):
    notes, _ = networks(box, touches, brain, seed)
    low, high = box.pitches
    softest, loudest = box.velocities
    for note in notes:
        part, reach = box.parts.part(note.instrument), box.layout.reach(note.instrument)
        assert softest <= note.velocity <= loudest
        assert part.low <= note.pitch <= part.high and reach >> note.pitch & 1
        assert is_drums(note.instrument) or low <= note.pitch <= high
        assert box.layout.part(note.instrument) is not None
        if "auto" not in box.palette and "same" not in box.palette:
            assert note.instrument in box.parts.instruments([], [])


@PERFORMANCES
@given(boxes(), TOUCHES, st.integers(0, 1000))
def test_no_more_notes_sound_at_once_than_polyphony_and_the_synth_allow(brain, box, touches, seed):
    notes, keys = networks(box, touches, brain, seed)
    for note in notes:
        at_once = [n for n in notes if n.start <= note.start < n.end]
        assert len(at_once) <= box.polyphony
        voices = box.layout.home(note.instrument).voices
        shares = [
            n for n in [*at_once, *(k for k in keys if k.start <= note.start < k.end)]
            if box.layout.together(n.instrument, note.instrument)
        ]  # fmt: skip
        assert len(shares) <= voices


@PERFORMANCES
@given(boxes(), TOUCHES, st.integers(0, 1000))
def test_no_note_outlasts_the_longest_and_no_second_holds_more_than_the_density(
    brain, box, touches, seed
):
    notes, _ = networks(box, touches, brain, seed)
    starts = sorted(note.start for note in notes)
    most = round(box.density)
    for note in notes:
        assert note.end - note.start <= box.longest + 0.05
    for first, beyond in zip(starts, starts[most:], strict=False):
        assert beyond - first >= 1.0 - 0.05


@PERFORMANCES
@given(boxes(modes=("harmonize",)), TOUCHES, st.integers(0, 1000))
def test_the_voices_of_a_harmony_are_within_the_ranges_too(brain, box, touches, seed):
    notes, _ = networks(box, touches, brain, seed)
    low, high = box.pitches
    softest, loudest = box.velocities
    for note in notes:
        assert softest <= note.velocity <= loudest
        assert is_drums(note.instrument) or low <= note.pitch <= high
