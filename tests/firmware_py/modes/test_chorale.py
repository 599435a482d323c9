"""Chorale: four voices on four channels that do not cross, and end together."""

from __future__ import annotations

import pytest

from firmware_py.message import is_note_on
from firmware_py.modes.chorale import DEFAULT, LONGER, SHORTEST_ANSWER
from notochord.ask import Answer, Ask, pitches_in
from notochord.event import Event, instrument_named
from notochord.voice_leading import RANGES
from tests.firmware_py.stage import Stage, obedient

VIOLIN, VIOLA, CELLO, BASS = DEFAULT
PHRASE = (60, 64, 67, 65)


def phrase(stage: Stage, step: float = 0.4) -> None:
    for pitch in PHRASE:
        stage.down(pitch)
        stage.crank(step)
        stage.up(pitch)


def in_crotchets(ask: Ask, uniforms: list[float]) -> Answer:
    """Chords of four from the bass up, half a second each."""
    if any(ask.on.values()) and ask.time[0] < 0.01:
        for instrument in (BASS, CELLO, VIOLA, VIOLIN):
            pitches = pitches_in(ask.on.get(instrument, 0))
            if pitches:
                return Event(instrument, pitches[len(pitches) // 2], ask.time[0], 70)
    for instrument, bits in ask.off.items():
        if bits:
            return Event(instrument, pitches_in(bits)[0], min(max(ask.time[0], 0.0), 9.0), 0)
    return obedient(ask, uniforms)


def alone(ask: Ask, uniforms: list[float]) -> Answer:
    """One note at a time, wherever it may wait; what sounds ends before the next begins."""
    late = ask.time[0] + 0.5 if ask.time[1] > ask.time[0] + 0.5 else ask.time[1]
    for instrument, bits in ask.off.items():
        if bits and ask.time[1] > ask.time[0]:
            return Event(instrument, pitches_in(bits)[0], late, 0)
    for instrument, bits in ask.on.items():
        if bits:
            pitches = pitches_in(bits)
            return Event(instrument, pitches[len(pitches) // 2], late, 70)
    return None


def own(stage: Stage) -> dict[int, list[int]]:
    """The pitches that each instrument of the network holds."""
    held: dict[int, list[int]] = {}
    for instrument, pitch in stage.instrument.scene.own:
        held.setdefault(instrument, []).append(pitch)
    return held


@pytest.mark.parametrize("step", [0.3, 0.4, 0.5])
def test_each_voice_sings_one_note_at_a_time_within_its_range_and_none_cross(step: float) -> None:
    stage = Stage(mode="chorale", density=40.0)
    phrase(stage, step)
    heard = 0
    for _ in range(100):
        stage.crank(0.05)
        held = own(stage)
        assert set(held) <= set(DEFAULT) and all(len(pitches) == 1 for pitches in held.values())
        sung = [held.get(instrument) for instrument in (BASS, CELLO, VIOLA, VIOLIN)]
        for (low, high), pitches in zip(RANGES, sung, strict=True):
            assert pitches is None or low <= pitches[0] <= high
        order = [pitches[0] for pitches in sung if pitches]
        assert order == sorted(order)
        heard += len(order)
    assert heard


def test_four_voices_play_on_four_channels_beside_yours() -> None:
    stage = Stage(mode="chorale", density=40.0)
    phrase(stage)
    since = stage.now
    stage.crank(4.0)
    network = {m[0] & 0xF for at, m in stage.sent if at > since and is_note_on(m)}
    assert len(network) == 4 and 0 not in network


def test_it_answers_after_your_phrase_and_stops_at_once_when_you_play() -> None:
    stage = Stage(mode="chorale")
    phrase(stage)
    assert not stage.instrument.scene.own
    stage.crank(2.0)
    assert stage.instrument.scene.own
    stage.down(72)
    assert stage.sounding() == {(0, 72)}


@pytest.mark.parametrize("step", [0.3, 2.0])
def test_the_answer_is_as_long_as_the_phrase_and_ends_with_nothing_sounding(step: float) -> None:
    stage = Stage(script=in_crotchets, mode="chorale")
    phrase(stage, step)
    began = None
    for _ in range(600):
        stage.crank(0.05)
        if stage.instrument.scene.own and began is None:
            began = stage.now
        if began is not None and not stage.instrument.scene.own and stage.now > began + 3.0:
            break
    assert began is not None
    lasted, asked_for = stage.now - began, max(4 * step, SHORTEST_ANSWER)
    assert asked_for - 0.6 <= lasted <= asked_for + LONGER + 4.5
    silent = stage.instrument.questions.asked
    stage.crank(20.0)
    assert stage.sounding() == set() and stage.instrument.questions.asked == silent


def test_the_last_notes_to_begin_begin_together() -> None:
    stage = Stage(script=in_crotchets, mode="chorale")
    phrase(stage)
    since = stage.now
    stage.crank(20.0)
    begun = [at for at, m in stage.sent if at > since and is_note_on(m)]
    assert sum(at > begun[-1] - 0.02 for at in begun) >= 3
    assert begun[-1] - begun[0] <= SHORTEST_ANSWER + LONGER


@pytest.mark.parametrize(("polyphony", "voices"), [(5.0, 4), (4.0, 4), (2.0, 2)])
def test_no_voice_rests_while_others_begin(polyphony: float, voices: int) -> None:
    stage = Stage(script=alone, mode="chorale", polyphony=polyphony)
    phrase(stage)
    since = stage.now
    stage.crank(6.0)
    begun = [at for at, m in stage.sent if at > since and is_note_on(m)]
    together = [at for at in begun if at < begun[0] + 0.05]
    assert len(together) == voices


def test_a_chord_is_asked_for_from_the_bass_up() -> None:
    stage = Stage(script=alone, mode="chorale")
    phrase(stage)
    stage.crank(0.05)
    asked: list[list[int]] = []

    def listening(ask: Ask, uniforms: list[float]) -> Answer:
        asked.append([i for i, bits in ask.on.items() if bits])
        return alone(ask, uniforms)

    stage.script = listening
    stage.crank(2.0)
    assert asked[:4] == [[BASS], [CELLO], [VIOLA], [VIOLIN]]


@pytest.mark.parametrize("palette", ["piano", "flute, cello", "flute, drums", "drums"])
def test_with_fewer_instruments_the_voices_share_them_and_still_do_not_cross(palette: str) -> None:
    stage = Stage(mode="chorale", palette=palette, density=40.0)
    phrase(stage)
    most = 0
    for _ in range(60):
        stage.crank(0.05)
        pitches = [pitch for _, pitch in stage.instrument.scene.own]
        assert len(pitches) <= 4
        most = max(most, len(pitches))
    assert most >= 2
    named = {instrument_named(name) for name in palette.split(", ") if name != "drums"}
    played = {v for v in stage.instrument.scene.story.recent_instruments()}
    assert played - {1} <= (named or set(DEFAULT))


def test_a_tapped_beat_is_told_to_the_brain_and_the_knob_is_not() -> None:
    stage = Stage(mode="chorale", tempo=100.0)
    phrase(stage)
    stage.crank(2.0, answering=False)
    assert stage.asked[-1][1].quarter == 0.0
    stage = Stage(mode="chorale")
    for _ in range(4):
        stage.instrument.tap(stage.now)
        stage.crank(0.75)
    phrase(stage)
    stage.crank(2.0, answering=False)
    assert stage.asked[-1][1].quarter == pytest.approx(0.75, rel=0.01)


def test_where_all_voices_have_just_begun_the_first_end_is_asked_for_at_once() -> None:
    stage = Stage(script=in_crotchets, mode="chorale", shortest=0.3)
    phrase(stage)
    stage.crank(2.0)
    asks = [ask for _, ask, _ in _asks(stage) if not any(ask.on.values()) and ask.off]
    assert any(ask.time[0] == pytest.approx(0.3, abs=1e-6) for ask in asks)


def _asks(stage: Stage) -> list[tuple[int, Ask, list[float]]]:
    """What is asked while it plays on for a second."""
    asked: list[tuple[int, Ask, list[float]]] = []
    script = stage.script

    def listening(ask: Ask, uniforms: list[float]) -> Answer:
        asked.append((0, ask, uniforms))
        return script(ask, uniforms)

    stage.script = listening
    stage.crank(1.0)
    return asked
