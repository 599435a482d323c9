"""What the kernel writes about the ALSA sequencer, read: connections, and no moving counts."""

from __future__ import annotations

import re
from pathlib import Path

from firmware_py.midi import alsa_eye

OURS = re.compile(r"notochord-box(-.*)?")
# As Linux 6.12 writes it, with a keyboard that we hear, and one that somebody else hears.
CLIENTS = """\
Client info
  cur  clients : 6
  peak clients : 7
  max  clients : 192

Client   0 : "System" [Kernel Legacy]
  Port   0 : "Timer" (Rwe-) [-]
  Port   1 : "Announce" (R-e-) [-]
    Connecting To: 142:0
Client  20 : "Keys" [Kernel Legacy]
  Port   0 : "Keys MIDI 1" (RWeX) [In/Out]
    Connecting To: 129:0, 130:0[real:0]
    Connected From: 128:0
Client  24 : "Pads: red" [Kernel Legacy]
  Port   0 : "Pads: red MIDI 1" (RWeX) [In/Out]
    Connecting To: 140:0
Client 128 : "notochord-box" [User Legacy]
  Port   0 : "out" (R-e-) [Out]
    Connecting To: 20:0
  Output pool :
    Pool size          : 500
    Cells in use       : 3
    Alloc failures     : 5
Client 129 : "notochord-box-in" [User Legacy]
  Port   0 : "in" (-We-) [In]
    Connected From: 20:0
  Output pool :
    Alloc failures     : 6
  Input pool :
    Pool size          : 200
    Cells in use       : 1
    Alloc failures     : 0
Client 140 : "daw" [User Legacy]
  Port   0 : "in" (-We-) [In]
    Connected From: 24:0
  Input pool :
    Alloc failures     : 7
"""


def test_what_we_hear_and_what_we_play_on_are_told_from_what_others_do() -> None:
    assert alsa_eye.connected(CLIENTS, OURS) == (frozenset({"20:0"}), frozenset({"20:0"}))


def test_a_keyboard_that_went_and_came_back_is_connected_to_nobody() -> None:
    lines = CLIENTS.splitlines()
    back = "\n".join(line for line in lines if "129:0" not in line and "20:0" not in line)
    assert alsa_eye.connected(back, OURS) == (frozenset(), frozenset())


def test_counts_that_move_by_themselves_are_no_news_and_a_connection_is() -> None:
    moved = CLIENTS.replace("Cells in use       : 3", "Cells in use       : 77")
    assert alsa_eye.glance(moved) == alsa_eye.glance(CLIENTS)
    assert alsa_eye.glance(CLIENTS.replace("140:0", "141:0")) != alsa_eye.glance(CLIENTS)


def lost_from(overruns: alsa_eye.Overruns, refused: int) -> set[str]:
    """From whom something was lost, when the kernel has refused so many messages for us."""
    text = CLIENTS.replace("Alloc failures     : 0", f"Alloc failures     : {refused}")
    return set(overruns.seen(text, OURS))


def test_what_found_no_room_on_its_way_to_us_is_told_at_that_look_and_the_next() -> None:
    overruns = alsa_eye.Overruns()
    told = [lost_from(overruns, refused) for refused in (0, 3, 3, 3, 9, 12, 12, 12)]
    assert told == [set(), {"20:0"}, {"20:0"}, set(), {"20:0"}, {"20:0"}, {"20:0"}, set()]


def test_a_client_that_has_come_anew_counts_from_nothing() -> None:
    overruns = alsa_eye.Overruns()
    assert [lost_from(overruns, n) for n in (5, 5, 5, 0, 2)] == [
        {"20:0"}, {"20:0"}, set(), set(), {"20:0"},
    ]  # fmt: skip


def test_any_text_at_all_is_read_without_complaint() -> None:
    for cut in range(0, len(CLIENTS), 7):
        alsa_eye.Overruns().seen(CLIENTS[cut:], OURS)
        alsa_eye.Overruns().seen(CLIENTS[:cut], OURS)
        alsa_eye.connected(CLIENTS[cut:], OURS)
        alsa_eye.connected(CLIENTS[:cut], OURS)


def test_a_kernel_that_writes_nothing_is_none(tmp_path: Path) -> None:
    assert alsa_eye.read(tmp_path / "clients") is None
