"""Web access by the USB cable, as whoever connects a computer to the box's device port has it.

The guest is the computer as well: its end of the cable is moved into a network of its own, where
nothing else is, and asks for an address there.

    button held ─▶ player ─▶ number ─▶ network: the box's port ═cable═ the computer's ─▶ a browser
"""

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from tests.appliance.inside.box import KEEP, Panel, say
from tests.appliance.inside.player import now

NUMBER = Path("/run/notochord-box-web/number")
NET = Path("/sys/class/net")
BUSYBOX = "/run/appliance/busybox"
SOON = 40.0  # seconds
HOME = "http://10.66.78.1/"  # of firmware_py/web, on the cable
GIVEN = f"""#!/bin/sh
test "$1" != bound || {BUSYBOX} ip addr add $ip/24 dev $interface
"""


def reachable():
    """What can be reached from elsewhere: ports that somebody listens at, and network devices."""
    rows = [line.split() for kind in ("tcp", "udp", "tcp6", "udp6")
            for line in Path("/proc/net", kind).read_text().splitlines()[1:]]  # fmt: skip
    listens = [row[1] for row in rows if row[3] in ("0A", "07")]
    return {"listens": listens, "devices": sorted(path.name for path in NET.iterdir())}


def web(player):
    """The button was held while the box was switched on: visit it, and leave."""
    if not _waited(NUMBER.exists):
        say("web", refused="no number")
        return
    Panel().pull(KEEP, True)
    if not _waited(_cable):
        say("web", refused="no cable", **reachable())
        return
    subprocess.run(["udevadm", "settle"])
    time.sleep(1.0)  # udev gives it another name
    began, cable = now(), _cable()
    computer = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    inside = ["nsenter", f"--target={computer.pid}", "--net"]
    try:
        time.sleep(0.5)
        subprocess.run([BUSYBOX, "ip", "link", "set", cable, "netns", str(computer.pid)])
        subprocess.run([*inside, BUSYBOX, "ip", "link", "set", cable, "up"])
        given = Path("/run/appliance/given")
        given.write_text(GIVEN)
        given.chmod(0o755)
        asks = [BUSYBOX, "udhcpc", "-q", "-n", "-t", "20", "-T", "1", "-i", cable, "-s", str(given)]
        asked = subprocess.run([*inside, *asks], capture_output=True, text=True)
        address = round(now() - began, 2)
        visit = [*inside, sys.executable, "-B", "-m", __name__, NUMBER.read_text().strip()]
        done = subprocess.run(visit, capture_output=True, text=True)
        seen = json.loads(done.stdout) if done.returncode == 0 else {
            "said": [said.stderr[-200:] for said in (asked, done)]
        }  # fmt: skip
        say("web", address_after=address, **seen, **player.passage(20))
    finally:
        computer.kill()
    _waited(lambda: reachable()["devices"] == ["lo"])
    say("web over", **reachable(), number=NUMBER.exists())


def _cable():
    """The computer's end."""
    drivers = {path.name: path / "device/driver" for path in NET.iterdir()}
    ours = (name for name, driver in drivers.items() if driver.resolve().name == "cdc_ncm")
    return next(ours, None)


def _waited(what, patience=SOON):
    until = now() + patience
    while now() < until:
        if what():
            return True
        time.sleep(0.5)
    return False


class Visitor:
    """A browser."""

    def __init__(self):
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._browser = urllib.request.build_opener(cookies)

    def ask(self, place, **form):
        """The status and the page; a form is sent where there is one."""
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self._browser.open(HOME + place, data, timeout=60) as page:
                return page.status, page.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


def visited(number):
    """Look in, guess, enter, take a session home, and leave."""
    visitor = Visitor()
    door, uninvited = visitor.ask("")[0], visitor.ask("sessions/1.mid")[0]
    wrong = "".join(str(9 - int(digit)) for digit in number[-6:])
    wrong_number = visitor.ask("enter", code=wrong)[0]
    visitor.ask("enter", code=number[-6:])
    home, page = visitor.ask("")
    session = re.search(r"sessions/\d+\.mid", page.decode())
    midi = visitor.ask(session[0])[1][:4].decode() if session else "no session"
    token = re.search('name=form value="([^"]*)"', page.decode())
    visitor.ask("leave", form=token[1] if token else "none")
    return {"door": door, "uninvited": uninvited, "wrong_number": wrong_number, "home": home,
            "midi": midi}  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(visited(sys.argv[1])) + "\n")
