"""A house with all that is real in it: a player's end, a desk, presets on the disk, a site."""

from __future__ import annotations

import http.client
import re
import select
import socket
import threading
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlencode

from firmware_py.bindings.book import Book
from firmware_py.bindings.learner import Learner
from firmware_py.box import brains
from firmware_py.box.releases import Releases
from firmware_py.desk import PALETTES, Desk
from firmware_py.panel.access import Access
from firmware_py.panel.glance import Glance
from firmware_py.presets import files
from firmware_py.presets.bank import Bank
from firmware_py.settings import MODES
from firmware_py.web.door import Door
from firmware_py.web.player import Player
from firmware_py.web.site import House, Site
from firmware_py.web.uploads import BrainFile, Update, Uploads
from tests.firmware_py.stage import Stage

NUMBER = "493027118204"
CODE = "118204"


class Played:
    """A player's loop, as far as the web has to do with it: in a thread."""

    def __init__(self, access, state):
        self.access, self.lines, self.modes = access, [], MODES
        self.stage = Stage(mode="thru", awake=False)
        folder = state / "presets"
        self.bank = Bank(files.load(folder), partial(files.store, folder),
                         partial(files.delete, folder))  # fmt: skip
        here = self.stage.instrument.scene.settings
        self.desk = Desk(self.stage.instrument, lambda: 0.0, self.lines.append, self.bank,
                         Learner(Book(), here, PALETTES),
                         take_brain=lambda sum_: self.take_brain(state, sum_))  # fmt: skip
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.show()
        self.thread.start()

    def take_brain(self, state, sum_):
        brains.take(state, sum_) if sum_ else brains.drop(state)

    @property
    def settings(self):
        return self.stage.instrument.scene.settings

    def show(self):
        self.access.show(Glance(settings=self.settings, session=7, modes=self.modes))

    def run(self):
        while not self.over.is_set() and self.access.fileno() >= 0:
            select.select([self.access], [], [], 0.05)
            for change in self.access.poll():
                self.desk.obey(change)
            self.show()


class Open:
    """Web access that is open, and a browser's ways to it."""

    def __init__(self, tmp_path, clock, answers=lambda path: (True, "x wakes, answers")):
        self.state, self.clock = tmp_path / "state", clock
        for part in ("presets", "sessions", "upload"):
            (self.state / part).mkdir(parents=True, exist_ok=True)
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ear.bind(str(tmp_path / "s"))
        ear.listen()
        self.access = Access(str(tmp_path / "s"), lambda: NUMBER)
        self.access.open()
        self.connection, _ = ear.accept()
        ear.close()
        self.played = Played(self.access, self.state)
        self.ended = threading.Event()
        player = Player(self.connection)
        player.listen(self.ended.set)
        self.releases = Releases(tmp_path / "opt", tmp_path / "signers")
        folder = self.state / "upload"
        uploads = Uploads(folder, {
            "brain": BrainFile(self.state, player, answers),
            "update": Update(folder, player, self.releases),
        })  # fmt: skip
        self.house = House(Door(player.number, clock.now), player, self.state, uploads)
        self.site = Site(("127.0.0.1", 0), "lo", self.house)
        self.port = self.site.server_address[1]
        self.host = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.site.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.cookie = self.form = ""

    def close(self):
        self.site.shutdown()
        self.site.server_close()
        self.played.over.set()
        self.played.thread.join(5)
        self.access.close()
        self.connection.close()

    def ask(self, method, path, body=None, **headers):
        """One request; status, headers, body."""
        browser = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        given = {"Host": self.host, **({"Cookie": self.cookie} if self.cookie else {})}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            browser.request(method, path, body, {k: v for k, v in given.items() if v is not None})
            answer = browser.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            browser.close()

    def get(self, path, **headers):
        status, _, body = self.ask("GET", path, **headers)
        return status, body.decode(errors="replace")

    def post(self, path, headers=None, **fields):
        """A form of the page's own; what is None is left out."""
        fields = {"form": self.form, **fields}
        body = urlencode({k: v for k, v in fields.items() if v is not None})
        status, _, said = self.ask("POST", path, body, **{
            "Content_Type": "application/x-www-form-urlencoded", **(headers or {})})  # fmt: skip
        return status, said.decode()

    def enter(self, code=CODE):
        """Enter the number as a browser would; the status."""
        status, headers, _ = self.ask("POST", "/enter", urlencode({"code": code}))
        if status == 303:
            self.cookie = headers["Set-Cookie"].partition(";")[0]
            self.form = re.search(r'name=form value="([^"]+)"', self.get("/")[1])[1]
        return status

    def upload(self, kind, data, name="file", form=None):
        """A file in a form, as browsers send it."""
        line = "----x7MA4YWxk"
        head = f'--{line}\r\nContent-Disposition: form-data; name="form"\r\n\r\n' \
               f"{self.form if form is None else form}\r\n--{line}\r\nContent-Disposition: " \
               f'form-data; name="{name}"; filename="../../evil"\r\n' \
               "Content-Type: application/octet-stream\r\n\r\n"  # fmt: skip
        body = head.encode() + data + f"\r\n--{line}--\r\n".encode()
        kind_of = f"multipart/form-data; boundary={line}"
        status, _, said = self.ask("POST", f"/{kind}", body, Content_Type=kind_of)
        return status, said.decode()


@contextmanager
def raw(opened):
    """A connection for whatever no browser would send."""
    with socket.create_connection(("127.0.0.1", opened.port), timeout=20) as connection:
        yield connection
