"""Panic: silence at once, in any state, by a gesture or by MIDI; what sounds comes first."""

import random

import pytest

from firmware_py.message import control, is_all_off, is_note_off, note_on, program, silence
from firmware_py.midi.stream import StreamParser
from firmware_py.midi.wire import BYTE_SECONDS, Wire
from firmware_py.settings import MODES
from tests.firmware_py.sessions.music import _happening
from tests.firmware_py.stage import Stage

ALL_OFF = [control(0, 120, 0), control(5, 123, 0)]


def sent_by(stage, happen):
    """What is sent because of something."""
    before = len(stage.sent)
    happen()
    return [message for _, message in stage.sent[before:]]


@pytest.mark.parametrize("message", ALL_OFF)
@pytest.mark.parametrize("mode", MODES)
def test_all_off_that_comes_in_silences_everything(mode, message):
    stage = Stage(mode=mode)
    for pitch in (60, 64, 67):
        stage.down(pitch)
    stage.crank(0.5)
    sent = sent_by(stage, lambda: stage.instrument.heard("kbd", message, stage.now))
    assert not stage.sounding()
    assert {each for channel in range(16) for each in silence(channel)} <= set(sent)


def test_what_sounds_is_ended_first_then_its_channels_are_silenced_then_the_others():
    stage = Stage(mode="thru")
    for port, number in (("a", 0), ("b", 33), ("c", 40)):
        stage.instrument.heard(port, program(0, number), 0.0)
        stage.down(60, port=port)
        stage.down(64, port=port)
    stage.up(60, port="a"), stage.up(64, port="a")
    sent = sent_by(stage, lambda: stage.instrument.panic(1.0))
    ends = [message[0] & 0xF for message in sent if is_note_off(message)]
    channels = [message[0] & 0xF for message in sent if is_all_off(message)][::2]
    assert sent[:4] == [message for message in sent if is_note_off(message)]
    assert ends == [1, 1, 2, 2] and channels[:3] == [1, 2, 0]
    assert sorted(channels) == list(range(16))


def test_a_pedal_that_is_down_comes_up():
    stage = Stage(mode="thru")
    stage.down(60)
    stage.pedal(down=True)
    stage.up(60)
    sent = sent_by(stage, lambda: stage.instrument.heard("kbd", ALL_OFF[0], 1.0))
    assert sent[0] == control(0, 64, 0)
    stage.down(62)
    stage.up(62)
    assert not stage.sounding()


def test_a_panic_that_a_synth_sends_back_does_not_go_round_for_ever():
    stage = Stage(mode="duet")
    stage.down(60)
    came = [ALL_OFF[0]]
    trips = 0
    while came:
        trips += 1
        assert trips < 100
        stage.now += 0.02
        sent = sent_by(stage, lambda: [
            stage.instrument.heard("synth", message, stage.now) for message in came  # noqa: B023
        ])  # fmt: skip
        came = [message for message in sent if is_all_off(message)]
    assert trips == 2


def test_a_second_all_off_soon_after_still_ends_what_was_played_between():
    stage = Stage(mode="thru")
    stage.instrument.heard("kbd", ALL_OFF[0], 0.0)
    stage.down(60)
    stage.instrument.heard("kbd", ALL_OFF[1], 0.5)
    assert not stage.sounding()


def test_all_off_needs_no_brain():
    stage = Stage(awake=False, mode="harmonize")
    stage.down(60)
    stage.instrument.heard("kbd", ALL_OFF[1], 0.1)
    assert not stage.sounding()


@pytest.mark.parametrize("seed", range(4))
def test_in_any_state_everything_known_to_sound_is_silent_on_a_din_synth_within_50_ms(seed):
    """Also when the wire is full of what was played just before."""
    chance, stage, silenced = random.Random(seed), Stage(mode="duet", polyphony=16), 0
    for _ in range(60):
        wire, parser, at = Wire(), StreamParser(), 0
        sounding, pedals = set(), set()
        for _ in range(20):
            _happening(stage, chance)
        for _, message in stage.sent[-400:]:
            wire.put(message)
        stage.sent.clear()
        for _ in range(chance.randrange(200)):  # the wire carries some of it
            _follow(parser.feed(wire.take(0.0)), sounding, pedals)
        stage.instrument.panic(stage.now)
        for _, message in stage.sent:
            wire.put(message)
        stage.sent.clear()
        silenced += len(sounding) + len(pedals)
        while (sounding or pedals) and wire:
            data = wire.take(0.0)
            at += len(data)
            _follow(parser.feed(data), sounding, pedals)
        assert at * BYTE_SECONDS < 0.05 and not sounding and not pedals
    assert silenced > 60


def _follow(messages, sounding, pedals):
    """What sounds on a synth that knows no all sound off, and where its pedals are down."""
    for message in messages:
        channel = message[0] & 0xF
        if message[0] & 0xF0 == 0x90:
            place = channel, message[1]
            (sounding.add if message[2] else sounding.discard)(place)
        elif message[:2] == (0xB0 | channel, 64):
            (pedals.add if message[2] >= 64 else pedals.discard)(channel)


def test_a_synth_that_plays_by_itself_is_silenced_within_50_ms_on_every_channel_that_was_used():
    stage, wire, parser = Stage(mode="thru"), Wire(), StreamParser()
    for n in range(6):
        stage.instrument.heard(f"kbd {n}", program(0, 10 * n), 0.0)
        for pitch in range(40, 46):
            stage.instrument.heard(f"kbd {n}", note_on(0, pitch, 80), 0.0)
    for _, message in stage.sent:
        wire.put(message)
    while data := wire.take(0.0):
        parser.feed(data)
    stage.sent.clear()
    stage.instrument.heard("kbd 0", ALL_OFF[0], 1.0)
    for _, message in stage.sent:
        wire.put(message)
    sent, missing = 0, {m for channel in range(6) for m in silence(channel)}
    while missing:
        data = wire.take(0.0)
        sent += len(data)
        missing -= set(parser.feed(data))
    assert sent * BYTE_SECONDS < 0.05  # 36 notes on 6 channels
