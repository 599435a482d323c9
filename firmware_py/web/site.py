"""The site: a small HTTP server on one address of one network, and what it does at each place.

Who is not in gets the door, and nothing else. Places are numbers and fixed words: no name that
comes from a browser ever becomes a path.
"""

from __future__ import annotations

import io
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from firmware_py import settings as knobs
from firmware_py.box import brains
from firmware_py.panel.change import DropPreset, PutPreset, TakeBrain, Turn
from firmware_py.presets import commands as presets
from firmware_py.presets import files
from firmware_py.presets.preset import Preset, PresetError, read, write
from firmware_py.sessions import commands as sessions
from firmware_py.sessions.session import SessionError
from firmware_py.sessions.session import read as read_session
from firmware_py.sessions.shelf import Shelf
from firmware_py.settings import FIELDS, SettingError
from firmware_py.web import pages
from firmware_py.web.door import Door, Refused
from firmware_py.web.forms import FORM, FormError, Parts, boundary_in, fields, whole
from firmware_py.web.player import Gone, Player
from firmware_py.web.uploads import UploadError, Uploads

log = logging.getLogger(__name__)

AT_ONCE = 16  # connections
PATIENCE = 20.0  # seconds without a byte
BLOCK = 1 << 16
COOKIE = "visitor"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
                               "base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}  # fmt: skip
NUMBER = "([0-9]{1,9})"
PLACES = tuple((method, re.compile(path), name) for method, path, name in (
    ("GET", "/", "home"), ("GET", r"/style\.css", "style"), ("POST", "/enter", "enter"),
    ("POST", "/leave", "leave"), ("POST", "/settings", "set"),
    ("GET", rf"/sessions/{NUMBER}\.(session|mid)", "session"),
    ("GET", f"/presets/{NUMBER}", "preset"), ("POST", f"/presets/{NUMBER}", "put_preset"),
    ("POST", f"/presets/{NUMBER}/delete", "drop_preset"),
    ("POST", "/(brain|update)", "upload"), ("POST", "/shipped-brain", "ship_brain"),
))  # fmt: skip
FOR_ALL = ("home", "style", "enter")


@dataclass(frozen=True)
class House:
    """What there is behind the door."""

    door: Door
    player: Player
    state: Path
    uploads: Uploads


class Mistake(Exception):
    """What was asked cannot be had; with the status that says so."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class Site(ThreadingHTTPServer):
    """A server on one address, which hears one network device alone."""

    daemon_threads = True
    request_queue_size = AT_ONCE
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], device: str, house: House) -> None:
        """Raises OSError where there is no such address yet."""
        self.house, self._device = house, device
        self._room = BoundedSemaphore(AT_ONCE)
        super().__init__(address, Visit)

    def server_bind(self) -> None:
        """An address alone is no fence: Linux answers for it on every device."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._device.encode())
        super(ThreadingHTTPServer, self).server_bind()

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a browser that was told our address calls us; no name that may mean others too."""
        host, port = self.socket.getsockname()[:2]
        return (f"{host}:{port}", *([host] if port == 80 else []))

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread, unless there are too many."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is nothing; anything else is a line in the log."""
        log.info("a connection ended", exc_info=log.isEnabledFor(logging.DEBUG))


class Visit(BaseHTTPRequestHandler):
    """One request."""

    server: Site
    timeout = PATIENCE

    def version_string(self) -> str:
        """Says no more than it must."""
        return "notochord-box"

    def log_message(self, format: str, *words: Any) -> None:
        """What was asked; never what was sent with it."""
        log.info("%s %s", self.address_string(), format % words)

    def do_GET(self) -> None:
        """Something is to be seen."""
        self._serve("GET")

    def do_POST(self) -> None:
        """Something is to be done."""
        self._serve("POST")

    @property
    def house(self) -> House:
        """What there is behind the door."""
        return self.server.house

    def _serve(self, method: str) -> None:
        try:
            self._check_origin(method)
            for allowed, path, name in PLACES:
                found = path.fullmatch(self.path)
                if found is None or allowed != method:
                    continue
                if name not in FOR_ALL and not self._is_in():
                    self._show(pages.door("enter the number first"), HTTPStatus.FORBIDDEN)
                else:
                    getattr(self, f"_{name}")(*found.groups())
                return
            raise Mistake(HTTPStatus.NOT_FOUND, "there is nothing here")
        except Mistake as error:
            self._show(pages.plain(str(error)), error.status)
        except (FormError, UploadError) as error:
            self._home(fault=str(error), status=HTTPStatus.BAD_REQUEST)
        except Gone as error:
            self._show(pages.plain(str(error)), HTTPStatus.SERVICE_UNAVAILABLE)

    def _check_origin(self, method: str) -> None:
        """Neither a name that somebody else had point here, nor a form on somebody else's page."""
        host = self.headers.get("Host", "")
        if host not in self.server.hosts:
            raise Mistake(HTTPStatus.MISDIRECTED_REQUEST, f"use http://{self.server.hosts[-1]}/")
        origin = self.headers.get("Origin")
        if method == "POST" and origin is not None and origin != f"http://{host}":
            raise Mistake(HTTPStatus.FORBIDDEN, "this form is none of ours")

    def _is_in(self) -> bool:
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and self.house.door.knows(cookie.value)

    # ── what is to be seen ──────────────────────────────────────────────────────────────────

    def _home(self, fault: str = "", done: str = "", status: HTTPStatus = HTTPStatus.OK) -> None:
        if not self._is_in():
            self._show(pages.door(fault), status)
            return
        house = self.house
        listed = []
        for volume in reversed(Shelf(sessions.folder_of(house.state)).volumes()):
            with suppress(FileNotFoundError):  # it was deleted just now
                listed.append((volume.number, sessions.line(volume)))
        page = pages.home(
            house.player.settings, house.player.modes, listed,
            files.load(presets.folder_of(house.state)), house.door.form,
            house.door.left / 60, brains.own(house.state) is not None, fault, done,
        )  # fmt: skip
        self._show(page, status)

    def _style(self) -> None:
        self._send(pages.STYLE.encode(), "text/css; charset=utf-8")

    def _session(self, number: str, kind: str) -> None:
        try:
            volume = Shelf(sessions.folder_of(self.house.state)).find(int(number))
            name = f"{volume.number:04}.{kind}"
            if kind == "mid":
                self._send(_midi(volume.path), "audio/midi", name)
            else:
                self._send_file(volume.path, name)
        except (SessionError, FileNotFoundError) as error:
            text = str(error).replace(f"{self.house.state}/", "")
            raise Mistake(HTTPStatus.NOT_FOUND, text) from error

    def _preset(self, number: str) -> None:
        folder, chosen = presets.folder_of(self.house.state), _preset_number(number)
        try:
            text = files.path_of(folder, chosen).read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = write(Preset(chosen, "", self.house.player.settings, names_brain=True))
        self._show(pages.preset(chosen, text, self.house.door.form))

    # ── what is to be done ──────────────────────────────────────────────────────────────────

    def _enter(self) -> None:
        try:
            visitor = self.house.door.enter(self._fields().get("code", ""))
        except Refused as error:
            self._show(pages.door(str(error)), HTTPStatus.FORBIDDEN)
            return
        self.house.player.somebody_is_in()
        left = int(self.house.door.left)
        cookie = f"{COOKIE}={visitor}; HttpOnly; SameSite=Strict; Path=/; Max-Age={left}"
        self._go_home({"Set-Cookie": cookie})

    def _leave(self) -> None:
        self._form()
        self._show(pages.plain("Web access is over."))
        self.server.shutdown()

    def _set(self) -> None:
        given = self._form()
        settings, turned = self.house.player.settings, {}
        for name in FIELDS:
            value = given.get(name)
            if value is None or value == given.get(pages.WAS + name):
                continue  # it was not touched, though a knob may have been since
            try:
                settings = knobs.changed(settings, name, value.strip())
            except SettingError as error:
                raise FormError(str(error)) from error
            turned[name] = getattr(settings, name)
        player = self.house.player
        player.ask(*(Turn(name, value) for name, value in turned.items()))
        if not player.until(lambda: all(
            getattr(player.settings, name) == value for name, value in turned.items()
        )):  # fmt: skip
            raise FormError("the player has not set everything; look at the box")
        self._home(done=f"set: {', '.join(turned)}" if turned else "nothing was changed")

    def _put_preset(self, number: str) -> None:
        chosen = _preset_number(number)
        text = self._form().get("text", "").replace("\r\n", "\n")
        try:
            stored = write(read(chosen, text, strict=True))
        except PresetError as error:
            page = pages.preset(chosen, text, self.house.door.form, str(error))
            self._show(page, HTTPStatus.BAD_REQUEST)
            return
        path = files.path_of(presets.folder_of(self.house.state), chosen)
        self.house.player.ask(PutPreset(chosen, stored))
        if not self.house.player.until(lambda: _text(path) == stored):
            raise FormError("the player has not stored it; is the disk full?")
        self._home(done=f"preset {chosen} is stored")

    def _drop_preset(self, number: str) -> None:
        self._form()
        chosen = _preset_number(number)
        path = files.path_of(presets.folder_of(self.house.state), chosen)
        self.house.player.ask(DropPreset(chosen))
        if not self.house.player.until(lambda: not path.exists()):
            raise FormError("the player has not deleted it")
        self._home(done=f"preset {chosen} is deleted")

    def _ship_brain(self) -> None:
        self._form()
        self.house.player.ask(TakeBrain(None))
        if not self.house.player.until(lambda: brains.own(self.house.state) is None):
            raise FormError("the player has not let go of it")
        self._home(done="the box plays with the shipped brain once nobody has played for 10 s")

    def _upload(self, kind: str) -> None:
        self.house.uploads.check_size(kind, self._length())
        boundary = boundary_in(self.headers.get("Content-Type", ""))
        own, done = False, None
        for name, blocks in Parts(self.rfile, self._length(), boundary):  # type: ignore[arg-type]
            if name == "form":
                own = self.house.door.is_own(whole(blocks).decode(errors="replace"))
            elif name == "file" and own:
                done = self.house.uploads.receive(kind, blocks)
            if not own:
                raise Mistake(HTTPStatus.FORBIDDEN, "this form is none of ours")
        if done is None:
            raise FormError("choose a file first")
        self._home(done=done)

    # ── the wire ────────────────────────────────────────────────────────────────────────────

    def _length(self) -> int:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,12}", length) or "Transfer-Encoding" in self.headers:
            raise Mistake(HTTPStatus.LENGTH_REQUIRED, "say first how much is coming")
        return int(length)

    def _fields(self) -> dict[str, str]:
        """The form that was sent."""
        length = self._length()
        if length > FORM:
            raise Mistake(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "that is far too much")
        data = self.rfile.read(length)
        if len(data) < length:
            raise FormError("the form was cut off")
        return fields(data)

    def _form(self) -> dict[str, str]:
        """The form that was sent, if it is one of ours."""
        given = self._fields()
        if not self.house.door.is_own(given.get("form", "")):
            raise Mistake(HTTPStatus.FORBIDDEN, "this form is none of ours")
        return given

    def _show(self, page: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(page.encode(errors="replace"), "text/html; charset=utf-8", status=status)

    def _go_home(self, headers: dict[str, str]) -> None:
        self._begin(HTTPStatus.SEE_OTHER, {"Location": "/", "Content-Length": "0", **headers})

    def _send(
        self, data: bytes, kind: str, name: str | None = None, status: HTTPStatus = HTTPStatus.OK
    ) -> None:
        self._begin(status, _about(kind, len(data), name))
        self.wfile.write(data)

    def _send_file(self, path: Path, name: str) -> None:
        """As long as it is now: it may be growing."""
        with open(path, "rb") as file:
            left = path.stat().st_size
            self._begin(HTTPStatus.OK, _about("application/octet-stream", left, name))
            for block in _blocks(file, left):
                self.wfile.write(block)

    def _begin(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the server itself finds wrong, as a page of ours."""
        self.close_connection = True
        self._show(pages.plain("that is no request"), HTTPStatus(code))


def _about(kind: str, length: int, name: str | None) -> dict[str, str]:
    headers = {"Content-Type": kind, "Content-Length": str(length)}
    return headers | ({"Content-Disposition": f'attachment; filename="{name}"'} if name else {})


def _blocks(file: io.BufferedReader, left: int) -> Iterator[bytes]:
    while left and (block := file.read(min(BLOCK, left))):
        left -= len(block)
        yield block


def _midi(path: Path) -> bytes:
    from firmware_py.sessions.export import midi_file

    data = io.BytesIO()
    midi_file(read_session(path)).save(file=data)
    return data.getvalue()


def _preset_number(text: str) -> int:
    if int(text) not in files.NUMBERS:
        raise Mistake(HTTPStatus.NOT_FOUND, f"there is no preset {int(text)}; they go to 128")
    return int(text)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
