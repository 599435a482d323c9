"""Web access, as whoever joins the hotspot or connects a computer to the device port has it.

The guest is phone and computer as well: a second radio and the far end of the cable are moved into
a network of their own each, where nothing else is, and ask for an address there.

                                     ┌▶ hotspot: the box's radio ─air─ the phone's ─▶ a browser
    button held ─▶ player ─▶ number ─┴▶ cable: the box's port ═cable═ the computer's ─▶ a browser
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

from tests.appliance.inside import radio
from tests.appliance.inside.box import KEEP, Panel, say
from tests.appliance.inside.player import now

NUMBER = Path("/run/notochord-box-web/number")
NET = Path("/sys/class/net")
BUSYBOX = "/run/appliance/busybox"
SUPPLICANT, SAID = Path("/run/appliance/supplicant.conf"), Path("/run/appliance/supplicant.log")
KEPT_OUT, IN = "pre-shared key may be incorrect", "CTRL-EVENT-CONNECTED"
# On the channels where NetworkManager begins one: to look at all of them takes six seconds.
NEAR = """network={
ssid="notochord-box"
psk="%s"
scan_freq=2412 2437 2462
}
"""
GIVE = Path("/run/appliance/give")
PHONE = "wlan1"  # its radio
SOON = 40.0  # seconds
HOTSPOT, CABLE = "http://10.66.77.1/", "http://10.66.78.1/"  # as firmware_py/web has them
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
    """The button was held while the box was switched on: look in by the hotspot, visit it by the
    cable, and leave."""
    if not _waited(NUMBER.exists):
        say("web", refused="no number")
        return
    Panel().pull(KEEP, True)
    number, keys = NUMBER.read_text().strip(), {}
    with Computer() as phone:
        say("hotspot", **phone.joins(PHONE, number))
    with Computer() as computer:
        seen = computer.plugs_in(number)
        if "home" in seen:
            keys = player.passage(20)
        say("web", **seen, **keys)
    _waited(lambda: reachable()["devices"] == ["lo"])
    say("web over", **reachable(), number=NUMBER.exists())


class Computer:
    """A phone or a computer: a network of its own, with nothing in it."""

    def __enter__(self):
        self._here = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        self._inside = ["nsenter", f"--target={self._here.pid}", "--net"]
        self._radio = None
        ours, its = Path("/proc/self/ns/net"), Path(f"/proc/{self._here.pid}/ns/net")
        _waited(lambda: its.readlink() != ours.readlink())
        return self

    def __exit__(self, *_):
        for process in filter(None, (self._radio, self._here)):
            process.kill()
            process.wait()

    def joins(self, interface, number):
        """Join the hotspot with a radio, after a wrong password, and look at the page as somebody
        who has no number."""
        if not _waited((NET / interface).exists):
            return {"refused": "no radio", **reachable()}
        radio.move(interface, self._here.pid)
        wrong = self._air(interface, number[::-1] if number != number[::-1] else "9" * 12)
        began = now()
        right = self._air(interface, number)
        seen = {"wrong_password": wrong, "password": right}
        return seen | self._address(interface, began) | self._browser(HOTSPOT)

    def _air(self, interface, password):
        """What comes of joining with that password, in the words of wpa_supplicant."""
        if self._radio:
            self._radio.terminate()
            self._radio.wait()
        SUPPLICANT.write_text(NEAR % password)
        SAID.write_text("")
        joins = ["wpa_supplicant", "-i", interface, "-c", str(SUPPLICANT), "-f", str(SAID)]
        self._radio = subprocess.Popen([*self._inside, *joins])
        _waited(lambda: any(word in SAID.read_text() for word in (KEPT_OUT, IN)))
        return next((word for word in (KEPT_OUT, IN) if word in SAID.read_text()), "nothing")

    def plugs_in(self, number):
        """Take the far end of the box's cable, and do on the page what a person does."""
        if not _waited(_cable):
            return {"refused": "no cable", **reachable()}
        subprocess.run(["udevadm", "settle"])
        time.sleep(1.0)  # udev gives it another name
        began, cable = now(), _cable()
        subprocess.run([BUSYBOX, "ip", "link", "set", cable, "netns", str(self._here.pid)])
        return self._address(cable, began) | self._browser(CABLE, number)

    def _address(self, interface, began):
        """Ask for an address; how long it took to have one."""
        subprocess.run([*self._inside, BUSYBOX, "ip", "link", "set", interface, "up"])
        GIVE.write_text(GIVEN)
        GIVE.chmod(0o755)
        asks = ["udhcpc", "-q", "-n", "-t", "20", "-T", "1", "-i", interface, "-s", str(GIVE)]
        asked = subprocess.run([*self._inside, BUSYBOX, *asks], capture_output=True, text=True)
        took = {"address_after": round(now() - began, 2)}
        return took if asked.returncode == 0 else {"no_address": asked.stderr[-200:]}

    def _browser(self, *words):
        visit = [*self._inside, sys.executable, "-B", "-m", __name__, *words]
        done = subprocess.run(visit, capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else {"said": done.stderr[-200:]}


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

    def __init__(self, home):
        self._home = home
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._browser = urllib.request.build_opener(cookies)

    def ask(self, place, **form):
        """The status and the page; a form is sent where there is one."""
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self._browser.open(self._home + place, data, timeout=60) as page:
                return page.status, page.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


def looked(visitor):
    """Look at the door, and at what is behind it."""
    return {"door": visitor.ask("")[0], "uninvited": visitor.ask("sessions/1.mid")[0]}


def visited(visitor, number):
    """Guess, enter, take a session home, and leave."""
    wrong = "".join(str(9 - int(digit)) for digit in number[-6:])
    wrong_number = visitor.ask("enter", code=wrong)[0]
    visitor.ask("enter", code=number[-6:])
    home, page = visitor.ask("")
    session = re.search(r"sessions/\d+\.mid", page.decode())
    midi = visitor.ask(session[0])[1][:4].decode() if session else "no session"
    token = re.search('name=form value="([^"]*)"', page.decode())
    visitor.ask("leave", form=token[1] if token else "none")
    return {"wrong_number": wrong_number, "home": home, "midi": midi}


def main():
    """The address, and the number of whoever has been told it."""
    visitor = Visitor(sys.argv[1])
    seen = looked(visitor)
    for number in sys.argv[2:]:
        seen |= visited(visitor, number)
    sys.stdout.write(json.dumps(seen) + "\n")


if __name__ == "__main__":
    main()
