"""The measuring of delays: first with invented times, then over real ports."""

from __future__ import annotations

import threading

import pytest

from firmware_py.clock import CrankedClock, MonotonicClock
from firmware_py.latency import (
    Bench,
    Press,
    Trace,
    answers,
    figures,
    jitter,
    lateness,
    measure,
    percentiles,
    thru,
)
from firmware_py.message import Message, is_note_on, note_off, note_on
from firmware_py.midi.backend import open_backend
from firmware_py.midi.inbox import Heard
from firmware_py.midi.jack import JackServer
from firmware_py.midi.ports import Inputs, Output


def on(at: float, channel: int, pitch: int) -> Heard:
    return (at, "box", note_on(channel, pitch, 80))


def test_a_key_is_paired_with_its_own_note_and_a_lost_one_with_none() -> None:
    pressed = [Press(0.0, 60), Press(0.1, 62), Press(0.2, 60), Press(5.0, 60)]
    played = [on(0.002, 0, 60), on(0.203, 0, 60), (0.204, "box", note_off(0, 60)), on(0.21, 3, 62)]
    assert thru(pressed, played) == pytest.approx([0.002, None, 0.003, None])


def test_a_note_more_than_a_second_late_counts_as_lost() -> None:
    assert thru([Press(0.0, 60)], [on(1.5, 0, 60)]) == [None]


def test_the_answer_is_the_first_note_on_another_channel_before_the_next_key() -> None:
    pressed = [Press(0.0, 60), Press(0.1, 62), Press(0.2, 64)]
    played = [on(0.001, 0, 60), on(0.004, 1, 64), on(0.005, 2, 67), on(0.206, 1, 67)]
    assert answers(pressed, played) == pytest.approx([0.004, None, 0.006])


def test_percentiles_are_by_nearest_rank_in_milliseconds() -> None:
    thousand = [number / 1000 for number in range(1, 1001)]
    assert percentiles(thousand) == {"p50": 500.0, "p99": 990.0, "p999": 999.0}
    assert percentiles([0.0015]) == {"p50": 1.5, "p99": 1.5, "p999": 1.5}
    assert percentiles([]) is None


def test_jitter_takes_a_steady_delay_off() -> None:
    assert jitter([0.005, 0.005, 0.008]) == pytest.approx([0, 0, 0.003])
    assert jitter([]) == []


def test_scheduled_notes_are_judged_by_their_due_times() -> None:
    assert lateness([(1.0, 1.002), (2.0, 1.999)]) == pytest.approx([0.002, 0.001])


def test_the_clocks_ticks_are_judged_by_their_due_times() -> None:
    late = [(n / 48, n / 48 + n * 1e-5) for n in range(100)]
    report = figures(Trace(), (), late)
    assert report["ticks"] == 100 and report["clock_ms"] == {"p50": 0.49, "p99": 0.98, "p999": 0.99}
    assert figures(Trace())["clock_ms"] is None


class Room:
    """A box, a wire and a synth in simulated time, with known delays."""

    def __init__(self) -> None:
        self.clock = CrankedClock()
        self.heard: list[Heard] = []
        self.swallow: set[int] = set()
        self.count = 0

    def keyboard(self, message: Message) -> bool:
        self.count += is_note_on(message)
        if is_note_on(message) and self.count not in self.swallow:
            self.heard.append((self.clock.now() + 0.003, "box", message))
            self.heard.append((self.clock.now() + 0.006, "box", note_on(1, 67, 80)))
        return True

    def wire(self, message: Message) -> bool:
        self.heard.append((self.clock.now() + 0.001, "wire", message))
        return True

    def drain(self) -> list[Heard]:
        taken, self.heard = self.heard, []
        return taken

    def bench(self) -> Bench:
        def sleep(seconds: float) -> None:
            self.clock.set(self.clock.now() + seconds)

        return Bench(self.keyboard, self.wire, self, "wire", self.clock.now, sleep)


def test_a_run_reports_the_delays_that_there_are_and_the_notes_lost() -> None:
    room = Room()
    room.swallow = {3, 5}
    report = figures(room.bench().run(50))
    assert report["notes"] == 50 and report["notes_lost"] == 2 and report["wire_lost"] == 0
    assert report["thru_ms"] == {"p50": 3.0, "p99": 3.0, "p999": 3.0}
    assert report["answer_ms"] == {"p50": 6.0, "p99": 6.0, "p999": 6.0}
    assert report["transport_ms"] == {"p50": 1.0, "p99": 1.0, "p999": 1.0}
    assert report["jitter_ms"] == {"p50": 0.0, "p99": 0.0, "p999": 0.0}


def test_the_same_seed_presses_the_same_keys_at_the_same_times() -> None:
    first, again, other = (Room().bench().run(20, seed).pressed for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.jack
def test_real_ports_are_measured_through_a_box_that_answers(jack: JackServer) -> None:
    now = MonotonicClock().now
    with open_backend("jack") as system:
        output = Output(system, virtual=True)
        inputs = Inputs(system, now, virtual=True)
        ending = threading.Event()

        def box() -> None:
            while not ending.wait(0.0005):
                for _, _, message in inputs.drain():
                    output.send(message)
                    if is_note_on(message):
                        output.send(note_on(1, message[1], 80))

        playing = threading.Thread(target=box)
        playing.start()
        try:
            report = measure(now, 20)
        finally:
            ending.set()
            playing.join()
            output.close()
            inputs.close()
    assert report["notes_lost"] == report["wire_lost"] == 0 and report["answers"] == 20
    through, transport = report["thru_ms"], report["transport_ms"]
    assert isinstance(through, dict) and isinstance(transport, dict)
    assert 0 < transport["p50"] < through["p50"] < 1000
