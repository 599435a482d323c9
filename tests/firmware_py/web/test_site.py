"""The site by real requests: who gets in, what is to be had there, and what is not."""

import hashlib
import io
import os
import shutil
import socket
import subprocess
import sys
import threading

import mido
import pytest

from firmware_py.clock import CrankedClock
from firmware_py.presets import files
from firmware_py.presets.preset import Preset, write
from firmware_py.sessions import record
from firmware_py.settings import FIELDS, Settings
from firmware_py.web.__main__ import serve
from firmware_py.web.door import ATTEMPTS, LASTS
from firmware_py.web.forms import FORM
from firmware_py.web.site import AT_ONCE, Site
from tests.firmware_py.sessions.music import TapedStage
from tests.firmware_py.web.house import CODE, Open, raw

PLACES = ("/sessions/1.session", "/sessions/1.mid", "/presets/1")
DEEDS = ("/settings", "/presets/1", "/presets/1/delete", "/shipped-brain", "/leave")


# ── the door ────────────────────────────────────────────────────────────────────────────────


def test_who_is_not_in_sees_the_door_and_nothing_else(opened):
    for path in ("/", *PLACES):
        status, page = opened.get(path)
        assert status == (200 if path == "/" else 403)
        assert "name=code" in page and "temperature" not in page and opened.house.door.form \
            not in page  # fmt: skip


@pytest.mark.parametrize("path", [*DEEDS, "/brain", "/update"])
def test_who_is_not_in_can_do_nothing_not_even_with_a_form_of_ours(opened, path):
    opened.form = opened.house.door.form
    before = opened.played.settings
    assert opened.post(path, mode="solo", text="name='x'")[0] == 403
    assert opened.played.settings == before and not opened.played.lines
    assert list(opened.state.rglob("*.toml")) == []


def test_the_right_number_opens_and_the_box_shows_it_no_longer(opened):
    assert opened.access.code and opened.enter() == 303
    status, page = opened.get("/")
    assert status == 200 and "temperature" in page and "10 minutes" in page
    assert opened.house.player.until(lambda: opened.access.code == "")


def test_the_cookie_is_for_this_site_and_no_script(opened):
    _, headers, _ = opened.ask("POST", "/enter", f"code={CODE}")
    assert headers["Set-Cookie"].split("; ")[1:] == [
        "HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={LASTS:.0f}"]  # fmt: skip


def test_a_second_browser_does_not_get_in_with_the_same_number(inside):
    inside.cookie = ""
    assert inside.enter() == 403
    assert "works once" in inside.post("/enter", code=CODE)[1]


def test_after_a_few_wrong_numbers_it_is_locked_for_the_right_one_too(opened):
    for left in range(ATTEMPTS - 1, 0, -1):
        status, page = opened.post("/enter", code="000000")
        assert status == 403 and f"{left} more attempts" in page
    opened.enter("000000")
    assert opened.enter() == 403 and opened.get("/presets/1")[0] == 403


@pytest.mark.parametrize("cookie", ["visitor=", "visitor=x", "visitor", "=;=", "x" * 5000])
def test_a_cookie_that_is_not_ours_is_none(inside, cookie):
    inside.cookie = cookie
    assert inside.get("/presets/1")[0] == 403


def test_after_ten_minutes_who_was_in_is_out(inside):
    inside.clock.set(inside.clock.now() + LASTS)
    assert inside.get("/presets/1")[0] == 403


# ── forms of other pages, names that point here ─────────────────────────────────────────────


@pytest.mark.parametrize("path", DEEDS)
def test_a_form_that_is_none_of_ours_does_nothing(inside, path):
    before = inside.played.settings
    for form in (None, "", "x"):
        assert inside.post(path, form=form, temperature="1.5", text="")[0] == 403
    headers = {"Origin": "http://elsewhere.example"}
    assert inside.post(path, headers, temperature="1.5", text="")[0] == 403
    assert inside.post(path, {"Origin": "null"}, temperature="1.5", text="")[0] == 403
    assert inside.played.settings == before and inside.thread.is_alive()


def test_our_own_page_is_our_own_origin(inside):
    assert inside.post("/settings", {"Origin": f"http://{inside.host}"}, rest="2")[0] == 200


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1", "localhost", "", None])
def test_a_name_that_somebody_had_point_here_is_not_answered(inside, host):
    if host is None:
        with raw(inside) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert b" 421 " in connection.recv(99)
        return
    assert inside.get("/", Host=host)[0] == 421


def test_pages_may_load_nothing_from_elsewhere_and_do_not_try(inside):
    for path in ("/", "/presets/1", "/nothing"):
        _, headers, body = inside.ask("GET", path)
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        for word in (b"<script", b"http://", b"https://", b"//", b"onclick"):
            assert word not in body.lower()


def test_it_listens_on_the_one_address_and_device_alone(opened, tmp_path):
    with pytest.raises(OSError, match="Cannot assign"):
        Site(("10.66.77.1", 0), "lo", opened.house)
    with pytest.raises(OSError, match="No such device"):
        Site(("127.0.0.1", 0), "usb0", opened.house)
    listed = open("/proc/net/tcp").read().split("\n")
    ours = [line.split()[1] for line in listed if f":{opened.port:04X} " in line[:40]]
    assert f"0100007F:{opened.port:04X}" in ours
    assert f"00000000:{opened.port:04X}" not in ours


# ── places ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path",
    [
        "/sessions/../presets/1", "/sessions/%2e%2e/1.session", "/sessions/1.session/..",
        "/../../etc/passwd", "//etc/passwd", "/sessions/0001.kept.session", "/presets/../1",
        "/sessions/1.session%00.mid", "/presets/1.toml", "/sessions/\u00b2.mid", "/?x", "/home",
        "/sessions/99999999999.mid", "http://127.0.0.1/", "/presets/-1", "/presets/0",
        "/presets/129", "/upload/brain", "/style.css/../presets/1",
    ],
)  # fmt: skip
def test_no_other_place_is_to_be_had(inside, path):
    with raw(inside) as connection:
        head = f"GET {path} HTTP/1.0\r\nHost: {inside.host}\r\nCookie: {inside.cookie}\r\n\r\n"
        connection.sendall(head.encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split()[1] == b"404" and b"root:" not in answer


@pytest.mark.parametrize(
    "request_", [b"\x00\xff\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9\r\n\r\n",
                 b"PUT / HTTP/1.0\r\n\r\n",
                 b"GET /" + b"a" * 70000 + b" HTTP/1.0\r\n\r\n",
                 b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200 + b"\r\n",
                 b"POST /enter HTTP/1.0\r\nHost: %s\r\nContent-Length: -1\r\n\r\n",
                 b"POST /enter HTTP/1.0\r\nHost: %s\r\n\r\n",
                 b"POST /enter HTTP/1.0\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n"
                 b"Content-Length: 9\r\n\r\n"],
)  # fmt: skip
def test_what_no_browser_sends_is_refused_and_the_site_goes_on(inside, request_):
    with raw(inside) as connection:
        connection.sendall(request_.replace(b"%s", inside.host.encode()))
        connection.shutdown(1)
        assert b"Traceback" not in b"".join(iter(lambda: connection.recv(65536), b""))
    assert inside.get("/")[0] == 200


def test_a_crowd_of_connections_that_say_nothing_is_bounded_and_goes(opened):
    crowd = []
    for _ in range(2 * AT_ONCE):
        connection = raw(opened)
        connection.__enter__()
        crowd.append(connection)
    assert threading.active_count() < AT_ONCE + 20
    for connection in crowd:
        connection.__exit__(None, None, None)
    for _ in range(100):
        try:
            assert opened.get("/")[0] == 200
            return
        except (OSError, AssertionError):
            continue
    raise AssertionError("nobody is served any more")


# ── sessions ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def played(inside):
    """A session with some music on the shelf."""
    stage = TapedStage(mode="thru")
    for pitch in (60, 64, 67):
        stage.down(pitch)
        stage.now += 0.5
        stage.up(pitch)
    (data,) = stage.tape.take()
    path = inside.state / "sessions" / "0012.session"
    path.write_bytes(record.MAGIC + data)
    return path


def test_a_session_is_listed_and_can_be_had_to_the_last_byte(inside, played):
    assert "/sessions/12.mid" in inside.get("/")[1]
    status, headers, data = inside.ask("GET", "/sessions/12.session")
    assert status == 200 and data == played.read_bytes()
    assert headers["Content-Disposition"] == 'attachment; filename="0012.session"'


def test_a_session_can_be_had_as_midi(inside, played):
    status, headers, data = inside.ask("GET", "/sessions/12.mid")
    midi = mido.MidiFile(file=io.BytesIO(data))
    notes = [m.note for m in midi.tracks[0] if m.type == "note_on" and m.velocity]
    assert status == 200 and headers["Content-Type"] == "audio/midi" and notes == [60, 64, 67]


def test_a_session_that_is_not_there_or_cannot_be_read_is_one_line(inside):
    assert "there is no session 3" in inside.get("/sessions/3.mid")[1]
    (inside.state / "sessions" / "0003.session").write_bytes(b"rubbish")
    status, page = inside.get("/sessions/3.mid")
    assert status == 404 and "not a session of this version" in page
    assert str(inside.state) not in page
    assert "cannot be read" in inside.get("/")[1]


# ── settings and presets ────────────────────────────────────────────────────────────────────


def test_what_is_set_is_set_in_the_player(inside):
    status, page = inside.post("/settings", mode="solo", temperature="1.25", palette="strings")
    assert status == 200 and "set: mode, temperature, palette" in page
    settings = inside.played.settings
    assert (settings.mode, settings.temperature, settings.palette) == ("solo", 1.25, "strings")


def test_only_the_modes_that_the_brain_plays_can_be_chosen(inside):
    inside.played.modes = ("thru", "drums")
    inside.played.stage.instrument.set("rest", 2.5, 0.0)  # so that there is news
    assert inside.post("/settings", rest="3")[0] == 200
    page = inside.get("/")[1]
    choice = page.partition("<select name=mode>")[2].partition("</select>")[0]
    assert choice == "<option selected>thru<option>drums"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("temperature", "9", "temperature=9.0: must be from 0.1 to 2.0|temperature=9: must be"),
        ("mode", "dance", "no mode called"), ("palette", "kazoo", "palette: "),
        ("grid", "1/3", "must be one of"), ("voices", "2.5", "whole number"), ("low", "", "low=")
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_one_line_in_the_page_and_sets_nothing(inside, name, value, says):
    before = inside.played.settings
    status, page = inside.post("/settings", rest="3", **{name: value})
    fault = page.partition("<p class=fault>")[2].partition("<p>")[0]
    assert status == 400 and any(part in fault for part in says.split("|")) and "\n" not in fault
    assert inside.played.settings == before


def test_what_a_knob_did_meanwhile_is_not_undone_by_a_page_that_is_older(inside):
    status, _ = inside.post("/settings", **{"was.rest": "1", "rest": "1", "was.span": "12",
                                            "span": "20"})  # fmt: skip
    assert status == 200 and inside.played.settings.span == 20
    assert inside.played.settings.rest == Settings().rest


def test_every_setting_is_on_the_page_and_an_untouched_page_changes_nothing(inside):
    page = inside.get("/")[1]
    assert all(f"name={name} " in page or f"name={name}>" in page for name in FIELDS)
    values = {n: f"{v:g}" if not isinstance(v, str) else v
              for n, v in vars(inside.played.settings).items()}  # fmt: skip
    was = {f"was.{n}": v for n, v in values.items()}
    assert "nothing was changed" in inside.post("/settings", **values, **was)[1]


def test_a_preset_is_stored_as_it_was_written_and_recalled_by_the_player(inside):
    text = 'name = "late <night>"\r\n\r\n[settings]\r\nmode = "solo"\r\n'
    status, page = inside.post("/presets/5", text=text)
    assert status == 200 and "late &lt;night&gt;" in page and "<night>" not in page
    assert files.load(inside.state / "presets")[5].settings.mode == "solo"
    assert inside.played.bank.recall(5).name == "late <night>"
    assert "late &lt;night&gt;" in inside.get("/presets/5")[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[settings]\ntemperature = 9", "temperature=9: must be"), ("[[", "not TOML"),
        ("[settings]\nwarmth = 1", "no setting called"), ("speed = 1", "no part of a preset"),
    ],
)  # fmt: skip
def test_a_preset_with_a_mistake_comes_back_with_one_line_and_nothing_is_lost(inside, text, says):
    inside.post("/presets/5", text=write(Preset(5, "old", Settings())))
    status, page = inside.post("/presets/5", text=text)
    assert status == 400 and says in page.partition("class=fault>")[2].split("<")[0]
    assert text.replace('"', "&quot;") in page
    assert files.load(inside.state / "presets")[5].name == "old"


def test_a_preset_is_deleted(inside):
    inside.post("/presets/5", text=write(Preset(5, "old", Settings())))
    assert inside.post("/presets/5/delete")[0] == 200
    assert files.load(inside.state / "presets") == {} and inside.played.bank.recall(5) is None


def test_a_form_that_is_far_too_large_is_not_read(inside):
    with raw(inside) as connection:
        head = f"POST /settings HTTP/1.0\r\nHost: {inside.host}\r\nCookie: {inside.cookie}\r\n"
        connection.sendall(f"{head}Content-Length: {FORM + 1}\r\n\r\n".encode())
        assert b" 413 " in connection.recv(99)


# ── the end ─────────────────────────────────────────────────────────────────────────────────


def test_whoever_is_in_can_end_it(inside):
    assert "over" in inside.post("/leave")[1]
    inside.thread.join(5)
    assert not inside.thread.is_alive()


def test_it_ends_with_the_player(inside):
    inside.access.close()
    assert inside.ended.wait(5)
    status, page = inside.post("/settings", rest="3")
    assert status == 503 and "player has ended" in page


# ── uploads ─────────────────────────────────────────────────────────────────────────────────


def left(opened):
    return sorted(path.name for path in (opened.state / "upload").iterdir())


def test_a_brain_file_that_answers_is_the_boxs_own(inside):
    data = os.urandom(300_000) + b"\r\n--" * 9
    status, page = inside.upload("brain", data)
    assert status == 200 and "wakes, answers" in page and "nobody has played" in page
    assert (inside.state / "brains/own.brain").read_bytes() == data
    assert "shipped" in page and inside.post("/shipped-brain")[0] == 200
    assert not (inside.state / "brains/own.brain").exists()


def test_a_brain_file_that_does_not_answer_is_one_line_and_nothing_is_left(tmp_path):
    no = lambda path: (False, f"{path}: not a brain file")  # noqa: E731
    opened = Open(tmp_path, CrankedClock(), no)
    try:
        opened.enter()
        status, page = opened.upload("brain", b"rubbish")
        assert status == 400 and "not taken: the file: not a brain file" in page
        assert left(opened) == [] and not (opened.state / "brains").exists()
    finally:
        opened.close()


@pytest.mark.parametrize("kind", ["brain", "update"])
def test_what_is_too_large_is_refused_before_it_is_read(inside, kind):
    inside.house.uploads.kinds[kind].largest = 100_000
    with raw(inside) as connection:
        head = f"POST /{kind} HTTP/1.0\r\nHost: {inside.host}\r\nCookie: {inside.cookie}\r\n"
        head += "Content-Length: 100001\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n"
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 400 " in answer[:30] and b"far too large" in answer and left(inside) == []


def test_where_the_disk_is_nearly_full_nothing_is_taken(inside, monkeypatch):
    usage = shutil.disk_usage(inside.state)._replace(free=40 << 20)
    monkeypatch.setattr("firmware_py.web.uploads.shutil.disk_usage", lambda folder: usage)
    status, page = inside.upload("brain", b"x" * 1000)
    assert status == 400 and "disk is full" in page and left(inside) == []


def test_an_upload_that_breaks_off_leaves_nothing(inside):
    with raw(inside) as connection:
        line = "--x\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n"
        body = line.format("form") + inside.form + "\r\n" + line.format("file") + "data" * 100
        connection.sendall(f"POST /brain HTTP/1.0\r\nHost: {inside.host}\r\nCookie: "
                           f"{inside.cookie}\r\nContent-Length: 99999\r\n"
                           "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
                           f"{body}".encode())  # fmt: skip
        connection.shutdown(1)
        assert b"cut off" in b"".join(iter(lambda: connection.recv(65536), b""))
    assert left(inside) == []


def test_a_file_in_a_form_that_is_none_of_ours_is_not_taken(inside):
    for form in ("", "x"):
        assert inside.upload("brain", b"x" * 9999, form=form)[0] == 403
    assert left(inside) == []


def test_an_empty_choice_says_what_to_do(inside):
    status, page = inside.upload("brain", b"")
    assert status == 400 and "choose a file first" in page


def test_a_real_brain_is_tried_by_the_real_loader_and_a_damaged_one_is_not_taken(
    tmp_path, tiny_brain
):
    from firmware_py.box.commands import answers

    opened = Open(tmp_path, CrankedClock(), answers)
    try:
        opened.enter()
        good = tiny_brain.read_bytes()
        status, page = opened.upload("brain", good[:-2000])
        assert status == 400 and "not taken: the file" in page and left(opened) == []
        status, page = opened.upload("brain", good)
        assert status == 200 and "answers in" in page
        own = (opened.state / "brains/own.brain").read_bytes()
        assert hashlib.sha256(own).digest() == hashlib.sha256(good).digest()
    finally:
        opened.close()


def test_neither_the_player_nor_its_panels_import_any_of_this():
    code = "import sys, firmware_py.cli, firmware_py.panel.board; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not {"http.server", "http", "html", "socketserver", "secrets", "ssl"} & loaded
    assert not {name for name in loaded if name.startswith("firmware_py.web")}


# ── its time ────────────────────────────────────────────────────────────────────────────────


def test_when_the_ten_minutes_are_over_nothing_listens_any_more(opened):
    over, sites = Over(opened.clock), []
    assert serve(["127.0.0.1%lo", "10.66.77.1%lo"], 0, opened.house, over, sites.append) == 1
    assert opened.clock.now() >= 1000.0 + LASTS and len(sites) == 1
    with pytest.raises(OSError):
        socket.create_connection(sites[0].server_address, timeout=5)


class Over(threading.Event):
    """An event whose waiting takes no time but the clock's."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def wait(self, timeout=None):
        self.clock.set(self.clock.now() + timeout)
        return self.is_set()
