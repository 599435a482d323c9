"""A session replayed: message for message the same, and where it is not, it is told."""

import inspect
import json
import os
import subprocess
import sys

import pytest

from firmware_py.brain_link import ProcessLink
from firmware_py.clock import MonotonicClock
from firmware_py.instrument import Instrument
from firmware_py.message import CLOCK, START, note_off, note_on
from firmware_py.perform import perform, wake
from firmware_py.sessions.record import MAGIC, Call, Out
from firmware_py.sessions.recorded import Recorded
from firmware_py.sessions.replay import CALLS, replay
from firmware_py.sessions.session import Session, SessionError
from firmware_py.sessions.tape import Tape
from firmware_py.settings import MODES, SettingError, Settings
from notochord.event import Event
from tests.firmware_py.sessions.music import TapedStage, play, session_of

SONG = [
    (0.2 * n + off, "kbd", note_off(0, 55 + n % 12) if off else note_on(0, 55 + n % 12, 80))
    for n in range(30)
    for off in (0.0, 0.17)
]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_whatever_order_the_replay_sends_the_same(seed):
    stage = TapedStage(seed=seed)
    play(stage, seed)
    session = stage.session()
    done = replay(session)
    assert done.difference == "" and not done.broken_off
    assert done.sent == len(stage.sent) == sum(isinstance(r, Out) for r in session.records) > 300


@pytest.mark.parametrize("mode", MODES)
def test_a_performance_with_the_real_brain_is_replayed_without_it(tiny_brain, mode):
    tape = Tape()
    link = ProcessLink(tiny_brain, MonotonicClock().now, timely=False)
    wake(link)
    try:
        performed = perform(SONG, Settings(mode=mode), link, seed=4, tail=3.0, tape=tape)
    finally:
        link.close()
    session = session_of(tape.take()[0])
    done = replay(session)
    assert done.difference == "" and done.sent == len(performed.sent)
    outs = [(r.at, r.message) for r in session.records if isinstance(r, Out)]
    assert outs == performed.sent


def test_nonsense_from_the_brain_is_replayed_as_it_was():
    stage = TapedStage(script=lambda ask, u: Event(5000, 999, float("nan"), -3), mode="autopitch")
    stage.down(60)
    stage.crank(1.0)
    stage.up(60)
    assert replay(stage.session()).difference == ""


def test_a_setting_that_was_refused_is_refused_again():
    stage = TapedStage()
    with pytest.raises(SettingError):
        stage.instrument.set("temperature", 99, 0.0)
    stage.down(60)
    done = replay(stage.session())
    assert done.difference == "" and done.sent == 2  # the program, the note


def test_a_message_that_would_not_be_sent_now_is_told_with_its_time():
    stage = TapedStage(mode="thru")
    stage.down(60)
    stage.now = 2.5
    stage.down(64)
    session = stage.session()
    changed = tuple(
        Out(r.at, r.owner, r.instrument, note_on(0, 65, 80))
        if isinstance(r, Out) and r.message == note_on(0, 64, 80) else r
        for r in session.records
    )  # fmt: skip
    done = replay(Session(session.about, changed))
    assert "2.500 s in, 90 41 50 was sent, and now 90 40 50" in done.difference


def test_a_message_that_is_missing_or_one_too_many_is_told():
    stage = TapedStage(mode="thru")
    stage.down(60)
    stage.up(60)
    session = stage.session()
    note = next(r for r in session.records if isinstance(r, Out) and r.owner)
    fewer = tuple(r for r in session.records if r is not note)
    assert "nothing was sent, and now 90 3c 50" in replay(Session(session.about, fewer)).difference
    twice = [two for r in session.records for two in ([r, r] if r is note else [r])]
    assert "90 3c 50 was sent, and now nothing" in replay(
        Session(session.about, tuple(twice))
    ).difference


def test_a_record_that_ends_in_the_midst_of_what_was_sent_is_replayed_so_far():
    stage = TapedStage(mode="thru")
    stage.down(60)
    stage.instrument.panic(1.0)
    session = stage.session()
    for n in range(5, len(session.records)):
        assert replay(Session(session.about, session.records[:n])).difference == ""


@pytest.mark.parametrize(
    ("seed", "minutes"),
    [(10, 4), *(pytest.param(seed, 60, marks=pytest.mark.soak) for seed in (11, 12, 13))],
)
def test_long_playing_of_everything_in_every_mode_ends_silent_and_replays_the_same(seed, minutes):
    stage = TapedStage(Tape(limit=1 << 26), seed=seed)
    assert play(stage, seed, happenings=100_000, seconds=60.0 * minutes) == set(MODES)
    assert stage.now >= 60.0 * minutes and stage.sounding() == set()
    done = replay(stage.session())
    assert done.difference == "" and not done.broken_off and done.sent == len(stage.sent)


@pytest.mark.parametrize("clock_out", ["on", "off"])
def test_clocks_and_taps_are_replayed_whenever_the_loop_looked(clock_out):
    stage = TapedStage(mode="duet", magnet=1.0, clock_out=clock_out)
    stage.down(60)
    for n in range(200):
        stage.instrument.heard("drums", (START,) if n == 50 else (CLOCK,), stage.now)
        stage.crank(0.02)
        stage.instrument.tick(stage.now)
    stage.instrument.heard("drums", (START,), stage.now)  # and no tick follows
    for _ in range(300):
        stage.crank(0.011)
        stage.instrument.tick(stage.now)
    for _ in range(4):
        stage.instrument.tap(stage.now)
        stage.crank(0.4)
    stage.instrument.set("clock_out", "off", stage.now)
    stage.crank(0.5)
    stage.instrument.end(stage.now)
    session = stage.session()
    done = replay(session)
    assert done.difference == "" and done.sent == len(stage.sent) > 10
    calls = [r.name for r in session.records if isinstance(r, Call)]
    assert calls.count("tap") == 4 and calls[-1] == "end" and "silence" not in calls


def test_another_setting_at_the_start_gives_another_output():
    stage = TapedStage(mode="thru", player="violin")
    stage.down(60)
    session = stage.session()
    other = {**session.about, "settings": {**session.about["settings"], "player": "cello"}}
    assert replay(Session(other, session.records)).difference


def test_a_replay_goes_as_far_as_the_first_gap_and_says_so():
    tape = Tape(limit=6000)
    stage = TapedStage(tape)
    whole = b""
    for n in range(200):
        stage.down(40 + n % 40)
        stage.crank(0.1)
        if n == 150:
            whole += tape.take()[0]
    whole += tape.take()[0]
    done = replay(session_of(whole))
    assert done.broken_off and done.difference == "" and 0 < done.sent < len(stage.sent)


def test_a_session_of_another_version_is_refused_in_one_line():
    stage = TapedStage()
    session = stage.session()
    strange = {**session.about, "settings": {"warp": 3}}
    with pytest.raises(SessionError, match="another version"):
        replay(Session(strange, ()))


def test_every_way_into_an_instrument_is_recorded_and_can_be_replayed():
    ways = {
        name for name, what in inspect.getmembers(Instrument, inspect.isfunction)
        if not name.startswith("_") and "now" in inspect.signature(what).parameters
    }  # fmt: skip
    ways.remove("begin_anew")  # which is made of the others
    assert ways == {name for name in vars(Recorded) if not name.startswith("_")}
    assert ways == {*CALLS, "heard", "answered", "tick"}


def test_another_process_with_other_hashes_replays_the_same(tmp_path):
    stage = TapedStage()
    for n, port in enumerate(("a", "b", "c")):
        for pitch in range(8):
            stage.down(40 + 10 * n + pitch, port=port, channel=pitch % 2)
    stage.instrument.unplugged("b", 1.0)
    assert len(stage.sounding()) == 16
    stage.instrument.panic(2.0)
    path = tmp_path / "0001.session"
    path.write_bytes(MAGIC + stage.tape.take()[0])
    ask = "import json; from pathlib import Path; from firmware_py.sessions.session import read;" \
          "from firmware_py.sessions.replay import replay;" \
          f"print(json.dumps(replay(read(Path({str(path)!r}))).difference))"  # fmt: skip
    for hashes in ("1", "2", "3"):
        environment = {**os.environ, "PYTHONHASHSEED": hashes}
        done = subprocess.run(
            [sys.executable, "-c", ask], env=environment, capture_output=True, check=True
        )
        assert json.loads(done.stdout) == ""


def test_a_synth_of_the_players_own_is_replayed_without_its_file():
    mine = json.dumps({"part": [{"channels": [5], "transpose": -12, "voices": 2}]})
    stage = TapedStage(mode="solo", synth=mine, palette="saw lead*2 40..70, same")
    stage.down(60)
    stage.crank(2.0)
    stage.instrument.set("synth", "two-channels", stage.now)
    stage.crank(2.0)
    stage.up(60)
    done = replay(stage.session())
    assert done.difference == "" and done.sent == len(stage.sent) > 10
    assert {message[0] & 0xF for _, message in stage.sent} == {4, 0}
