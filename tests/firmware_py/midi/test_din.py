"""A DIN port over a real pair of terminals: what a UART is, but for the volts."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_py.clock import MonotonicClock
from firmware_py.message import CLOCK, Message, note_off, note_on
from firmware_py.midi.backend import PortError
from firmware_py.midi.din import LEAD, NAME, SILENT, Din, Pace, Sensing, find_uart, open_uart
from firmware_py.midi.inbox import PULLED
from firmware_py.midi.wire import BYTE_SECONDS

NOTE = note_on(0, 60, 80)
NOW = MonotonicClock().now


class Cable:
    """The far end of a DIN port: a keyboard's out and a synth's in."""

    def __init__(self) -> None:
        self.far, self.near = os.openpty()
        self.heard: list[tuple[float, str, Message]] = []
        self.came = threading.Event()
        self.din = Din(Path(os.ttyname(self.near)), self._put, NOW)

    def _put(self, at: float, name: str, message: Message) -> None:
        self.heard.append((at, name, message))
        self.came.set()

    def play(self, *data: int) -> None:
        os.write(self.far, bytes(data))

    def wait(self, count: int) -> list[Message]:
        until = time.monotonic() + 5
        while len(self.heard) < count and time.monotonic() < until:
            self.came.wait(0.1)
            self.came.clear()
        return [message for _, _, message in self.heard]

    def carried(self, count: int) -> list[tuple[float, int]]:
        """The next bytes at the synth, each with its time."""
        found: list[tuple[float, int]] = []
        while len(found) < count and select.select([self.far], [], [], 2)[0]:
            found += [(NOW(), byte) for byte in os.read(self.far, 1)]
        return found

    def close(self) -> None:
        self.din.close()
        os.close(self.near)
        os.close(self.far)


@pytest.fixture
def cable() -> Iterator[Cable]:
    made = Cable()
    yield made
    made.close()


def test_what_is_played_is_heard_whole_stamped_and_under_the_ports_name(cable: Cable) -> None:
    before = NOW()
    cable.play(0x90, 60)
    cable.play(CLOCK, 80, 62, 0)
    assert cable.wait(3) == [(CLOCK,), NOTE, (0x90, 62, 0)]
    assert all(name == NAME and before <= at <= NOW() for at, name, _ in cable.heard)


def test_the_speed_of_the_port_is_midis(cable: Cable) -> None:
    told = bytearray(44)  # Linux's termios2: its last two words are the speeds in and out
    fcntl.ioctl(cable.near, 0x802C542A, told)  # TCGETS2
    assert struct.unpack_from("II", told, 36) == (31_250, 31_250)


def test_a_port_that_is_in_use_is_left_to_whoever_uses_it(cable: Cable) -> None:
    with pytest.raises(PortError, match="no DIN port can be had there"):
        open_uart(Path(os.ttyname(cable.near)))


def test_a_cable_that_is_pulled_after_active_sensing_is_noticed_and_without_it_is_not(
    cable: Cable,
) -> None:
    cable.play(*NOTE)
    cable.play(0xFE)
    assert cable.wait(2) == [NOTE, PULLED]
    heard_at, pulled_at = (at for at, _, _ in cable.heard)
    assert SILENT * 0.99 <= pulled_at - heard_at
    cable.play(*note_off(0, 60))
    assert cable.wait(3)[2:] == [note_off(0, 60)]
    assert not select.select([], [], [], SILENT + 0.1)[0] and len(cable.heard) == 3


def test_what_is_sent_arrives_no_faster_than_the_wire_carries_it(cable: Cable) -> None:
    begun = NOW()
    for pitch in range(40):
        assert cable.din.send(note_on(0, pitch, 80))
    carried = cable.carried(1 + 2 * 40)
    assert [byte for _, byte in carried[:5]] == [0x90, 0, 80, 1, 80]
    assert carried[-1][0] - begun >= 80 * BYTE_SECONDS - LEAD - 2 * BYTE_SECONDS


def test_a_clock_overtakes_the_notes_that_wait(cable: Cable) -> None:
    for pitch in range(40):
        cable.din.send(note_on(0, pitch, 80))
    cable.din.send((CLOCK,))
    carried = [byte for _, byte in cable.carried(1 + 2 * 40 + 1)]
    assert carried.index(CLOCK) < 20


def test_what_waits_when_it_is_closed_is_sent_before() -> None:
    cable = Cable()
    for pitch in range(20):
        cable.din.send(note_off(0, pitch))
    cable.din.close()
    assert len(cable.carried(41)) == 41
    os.close(cable.near), os.close(cable.far)


def test_a_synth_that_takes_nothing_holds_nobody_up(cable: Cable) -> None:
    begun = NOW()
    for n in range(20_000):
        cable.din.send(note_on(0, n % 128, 80))
        cable.din.send(note_off(0, n % 128))
    assert NOW() - begun < 10
    assert cable.din.dropped_notes > 10_000


def test_a_uart_that_goes_away_ends_what_is_held_and_is_opened_again_when_it_is_back() -> None:
    (far, near), heard = os.openpty(), []
    back = os.openpty()
    devices = [os.ttyname(near), os.ttyname(back[1])]

    def open_next(path: Path) -> object:
        return open_uart(Path(devices.pop(0)))

    din = Din(Path("usb"), lambda at, name, message: heard.append(message), NOW, open_next)
    os.close(near)
    os.close(far)
    silenced = b""
    while len(silenced) < 16 * 7 and select.select([back[0]], [], [], 5)[0]:
        silenced += os.read(back[0], 100)
    assert heard == [PULLED] and silenced[:7] == bytes([0xB0, 64, 0, 120, 0, 123, 0])
    os.write(back[0], bytes(NOTE))
    until = time.monotonic() + 5
    while NOTE not in heard and time.monotonic() < until:
        time.sleep(0.01)
    assert heard == [PULLED, NOTE]
    din.close()
    for end in back:
        os.close(end)


def test_a_device_that_cannot_be_opened_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="no DIN port can be had there") as error:
        open_uart(tmp_path / "serial0")
    assert "\n" not in str(error.value)


def test_a_promise_is_made_by_active_sensing_and_broken_once() -> None:
    sensing = Sensing()
    sensing.heard(0.0, promises=False)
    assert sensing.until is None and not sensing.is_pulled(99.0)
    sensing.heard(1.0, promises=True)
    sensing.heard(1.2, promises=False)
    assert not sensing.is_pulled(1.2 + SILENT - 0.001)
    assert sensing.is_pulled(1.2 + SILENT) and not sensing.is_pulled(9.0)


def test_the_pace_is_a_byte_in_320_microseconds_with_a_millisecond_ahead() -> None:
    pace = Pace()
    pace.handed(10, 5.0)
    assert pace.next(5.0) == pytest.approx(5.0 + 10 * 320e-6 - 0.001)
    assert pace.next(6.0) == 6.0


def pi(root: Path, consoles: str = "tty1 -WU (EC  p  ) 4:2\n") -> Path:
    """The files of a Raspberry Pi that matter here."""
    for name, text in (
        ("dev/ttyAMA0", ""), ("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0"),
        ("proc/consoles", consoles),
    ):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "dev/serial0").symlink_to("ttyAMA0")
    return root


def test_the_uart_of_a_pi_is_found_by_itself(tmp_path: Path) -> None:
    assert find_uart(pi(tmp_path)) == tmp_path / "dev/serial0"


def test_a_uart_on_which_a_console_runs_is_left_alone(tmp_path: Path) -> None:
    assert find_uart(pi(tmp_path, "ttyAMA0 -W- (EC a) 204:64\n")) is None


def test_no_uart_is_taken_on_a_machine_that_is_no_pi(tmp_path: Path) -> None:
    (pi(tmp_path) / "proc/device-tree/model").write_text("Some laptop")
    assert find_uart(tmp_path) is None and find_uart(tmp_path / "nowhere") is None


def test_the_debug_socket_of_a_pi_5_is_left_alone(tmp_path: Path) -> None:
    (pi(tmp_path) / "dev/serial0").unlink()
    (tmp_path / "dev/ttyAMA10").touch()
    (tmp_path / "dev/serial0").symlink_to("ttyAMA10")
    assert find_uart(tmp_path) is None
