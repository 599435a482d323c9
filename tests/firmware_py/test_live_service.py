"""The loop as a service: when it says that it plays, and when that it lives."""

import signal

import pytest

from firmware_py import live
from firmware_py.box.health import Health, Watch
from firmware_py.box.renewed import REST, Renewed
from firmware_py.live import LONGEST_SLEEP, Loop
from firmware_py.panel.lamps import Sign
from firmware_py.panel.viewer import Viewer
from tests.firmware_py.stage import Stage


class Diary:
    """What was done, in order; it stands for systemd, the link, the cables and a panel."""

    def __init__(self, stage, turns):
        self.stage, self.turns, self.lines = stage, turns, []

    def __getattr__(self, name):
        def entered(*arguments):
            self.lines.append(" ".join([name, *map(str, arguments)]))
            return []

        return entered

    next_due, state, news = None, "waking", None

    def fileno(self):
        return -1

    def now(self):
        return self.stage.now

    def alive(self, now):
        self.lines.append(f"alive {now:.1f}")

    def drain(self):
        self.turns -= 1
        if self.turns == 0:
            self.loop.stop()
        return []

    def poll(self):
        return []


@pytest.fixture
def diary(monkeypatch):
    monkeypatch.setattr(live, "take_priority", lambda: True)
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    stage = Stage(mode="thru", awake=False)
    made = Diary(stage, turns=6)

    def select(reading, writing, failing, timeout):  # time goes on by as much as it would sleep
        stage.now += timeout
        return [], [], []

    monkeypatch.setattr(live.select, "select", select)
    yield made
    for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
        signal.signal(number, handler)


def loop(diary, **more):
    made = Loop(diary.stage.instrument, diary, diary, diary, diary.told, **more)
    diary.loop = made
    return made


def test_ready_is_said_before_the_brain_is_started_and_the_end_before_all_is_silenced(diary):
    loop(diary, notifier=diary).run()
    said = [line.split()[0] for line in diary.lines]
    assert said.index("ready") < said.index("start") < said.index("alive")
    assert said.index("stopping") < said.index("close") and said.count("ready") == 1


def test_every_turn_of_the_loop_is_a_sign_of_life_and_no_idle_loop_sleeps_past_one(diary):
    diary.next_due = 0.0  # now: systemd wants to hear it at once
    loop(diary, notifier=diary).run()
    assert sum(line.startswith("alive") for line in diary.lines) == 6


def test_an_idle_loop_turns_often_enough_to_see_what_nothing_wakes_it_for(diary):
    loop(diary, notifier=diary).run()
    times = [float(line.split()[1]) for line in diary.lines if line.startswith("alive")]
    assert max(b - a for a, b in zip(times, times[1:], strict=False)) <= LONGEST_SLEEP


def test_a_machine_that_is_too_hot_is_told_once_and_shown_until_it_is_cool(diary):
    celsius = [85.0]
    watch = Watch(lambda: Health(celsius[0]))
    watch.turn()
    viewer = Viewer()
    made = loop(diary, watch=watch, viewer=viewer, panels=[diary])
    diary.stage.instrument.brain_ready(0.0)
    made.run()
    told = [line for line in diary.lines if line.startswith("told")]
    assert told == ["told too hot: it may slow down; let air to it (85 °C)"]
    assert viewer.sign(diary.stage.instrument) is Sign.STRAINED
    celsius[0] = 60.0
    watch.turn()
    diary.stage.now += 1.0
    made._serve_panels()
    assert viewer.sign(diary.stage.instrument) is not Sign.STRAINED


def test_what_is_new_is_played_with_after_a_rest_and_not_while_somebody_plays(diary):
    renewed, made = Renewed(), loop(diary, notifier=diary)
    made._renewed = renewed
    renewed.tell("release 2 plays from the next start on")
    for second in range(60):
        diary.stage.now = 100.0 + second
        made._sounded_at = min(diary.stage.now, 120.0)
        made._renew(diary.stage.now)
        assert made._stopping == (diary.stage.now >= 120.0 + REST)
    assert "told release 2 plays from the next start on" in diary.lines


def test_what_is_new_waits_for_the_next_start_where_nobody_would_start_the_player_again(diary):
    made = loop(diary)
    made._renewed.tell("new")
    made._renew(1.0)
    made._renew(1.0 + 9 * REST)
    assert not made._stopping and "told new" in diary.lines
