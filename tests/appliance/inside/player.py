"""A player inside the guest: what is plugged in, what is struck, and what is heard of it.

The guest is the computer at both ends of each USB cable. What is written to the keyboard's raw MIDI
device travels over USB to the box, and what the box plays arrives at the synth's. Times are the
guest's own, in seconds since its kernel started. The standard library alone: it runs on the box.
"""

import os
import select
import signal
import threading
import time
from pathlib import Path

CONFIG = Path("/sys/kernel/config")
KEY, TOUCH = 60, 77  # middle C, and a velocity by which our notes are known
PATIENCE = 120.0  # seconds until keys sound; an emulated machine is slow
HELD, OURS = 50, range(48, 84)  # a key that is held while something happens; those that are played
LOW = range(36, 44)  # keys that are let go in the middle of a flood
STRIKES = 32  # in one write of it: as many as a transfer over USB carries (f_midi, 256 bytes)


def now():
    """Seconds since the kernel started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Device:
    """A MIDI device on an emulated USB port, as whoever built it sees it."""

    def __init__(self, name, port):
        self._gadget, self._name, self._port = CONFIG / "usb_gadget" / name, name, port
        self.file = None

    def open(self):
        """Its own end of the cable; it is plugged in already."""
        ids = {path.read_text().strip(): path.parent.name
               for path in Path("/sys/class/sound").glob("card*/id")}  # fmt: skip
        if self._name not in ids:
            raise FileNotFoundError(f"no sound card {self._name}: {ids}")
        number = ids[self._name].removeprefix("card")
        self.file = os.open(f"/dev/snd/midiC{number}D0", os.O_RDWR | os.O_NONBLOCK)

    def plug(self):
        """Plug it in, and open its end."""
        (self._gadget / "UDC").write_text(self._port)
        self.open()

    def unplug(self):
        """Pull it out."""
        os.close(self.file)
        self.file = None
        (self._gadget / "UDC").write_text("\n")


class Synth:
    """Listens to what the box plays, and knows what sounds."""

    def __init__(self, device):
        self.device, self.heard, self.sounding = device, [], set()
        self._changed = threading.Condition()
        self._status, self._data = None, []
        self._ending = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self):
        """Listen no more; only then may the device be closed, whose number another file gets."""
        self._ending = True
        self._thread.join()

    def _listen(self):
        while not self._ending:
            file = self.device.file
            try:
                if file is None or not select.select([file], [], [], 0.05)[0]:
                    if file is None:
                        time.sleep(0.01)
                    continue
                data, at = os.read(file, 4096), now()
            except (OSError, ValueError):  # it has just been pulled out
                time.sleep(0.01)
                continue
            with self._changed:
                for byte in data:
                    self._take(byte, at)
                self._changed.notify_all()

    def _take(self, byte, at):
        """MIDI 1.0: a status stands until the next one; real-time messages are in between."""
        if byte >= 0xF8:
            return
        if byte >= 0x80:
            self._status, self._data = byte, []
            return
        self._data.append(byte)
        if self._status is None or len(self._data) < (1 if self._status & 0xE0 == 0xC0 else 2):
            return
        kind, channel, data = self._status & 0xF0, self._status & 0x0F, self._data
        self._data = []
        if kind == 0x90 and data[1]:
            self.sounding.add((channel, data[0]))
            self.heard.append((at, data[0], data[1]))
        elif kind in (0x80, 0x90):
            self.sounding.discard((channel, data[0]))
        elif kind == 0xB0 and data[0] in (120, 123):
            self.sounding = {note for note in self.sounding if note[0] != channel}

    def wait_for(self, pitch, since, patience, touch=TOUCH):
        """When a note of that pitch and touch sounded, at `since` or later; None if it did not in
        time."""
        until = now() + patience
        with self._changed:
            while True:
                for at, heard, hit in reversed(self.heard):
                    if at < since:
                        break
                    if (heard, hit) == (pitch, touch):
                        return at
                if now() >= until or not self._changed.wait(max(0.0, until - now())):
                    return None


class Player:
    """Plays on the keyboard, and listens for it at the synth."""

    def __init__(self, keys, out):
        """`keys`, `out`: what has a `file` to write to, and to listen to."""
        self.keys, self.synth = keys, Synth(out)

    def send(self, *data):
        """Bytes from the keyboard."""
        os.write(self.keys.file, bytes(data))

    def send_all(self, *data):
        """The same, and where the cable is full, once it can carry them."""
        while data:
            try:
                data = data[os.write(self.keys.file, bytes(data)) :]
            except BlockingIOError:
                time.sleep(0.001)

    def note(self, pitch, patience=2.0, held=0.0, touch=TOUCH, lets_go=True):
        """Play a note: seconds until it sounded at the synth, or None."""
        began = now()
        self.send(0x90, pitch, touch)
        at = self.synth.wait_for(pitch, began, patience, touch)
        if held:
            time.sleep(held)
        if lets_go:
            self.send(0x80, pitch, 0)
        return None if at is None else at - began

    def until_it_sounds(self, patience=PATIENCE):
        """Strike a key again and again; when it sounded first, or None."""
        until = now() + patience
        while now() < until:
            try:
                if self.note(KEY, patience=0.2) is not None:
                    return now()
            except OSError:  # nobody reads at the other end yet
                time.sleep(0.05)
        return None

    def passage(self, notes, touch=TOUCH):
        """Play notes one after the other: how many sounded, and how long each took."""
        took = [self.note(48 + n * 7 % 36, touch=touch) for n in range(notes)]
        came = sorted(round(1000 * t, 2) for t in took if t is not None)
        if not came:
            return {"played": notes, "sounded": 0}
        late = {"median_ms": came[len(came) // 2], "p99_ms": came[-1 - len(came) // 100]}
        return {"played": notes, "sounded": len(came), **late}

    def replug(self, device):
        """Pull a device, with a key held, and put it back: seconds until keys sound."""
        self.send(0x90, KEY, TOUCH)
        time.sleep(0.2)
        device.unplug()
        time.sleep(1.0)
        still = [note for note in self.synth.sounding if note == (0, KEY)]
        if device is not self.keys:
            self.send(0x80, KEY, 0)
            self.synth.sounding.clear()  # a synth without power is silent
        device.plug()
        began = now()
        heard = self.until_it_sounds()
        return {"seconds": None if heard is None else round(heard - began, 3), "stuck": len(still)}

    def stuck(self):
        """How many of our own notes sound though every key is up."""
        time.sleep(0.2)
        return sum((0, pitch) in self.synth.sounding for pitch in (*LOW, *OURS))

    def babble(self, seconds, pid):
        """Every key struck and let go, as fast as USB takes it, and in the second half of that,
        while the player's process is held up, some that were held: how many messages that were.
        When it returns the cable has carried them."""
        for pitch in LOW:
            self.note(pitch, lets_go=False)
        held = list(LOW)
        sent = self._strikes(now() + seconds / 2, [])
        os.kill(pid, signal.SIGSTOP)
        sent += self._strikes(now() + seconds / 2, held)
        os.kill(pid, signal.SIGCONT)
        time.sleep(0.1)
        return {"messages": sent, "held": len(LOW), "let_go": len(LOW) - len(held)}

    def _strikes(self, until, held):
        """Keys struck and let go until then, one of those held at each turn; how many messages."""
        sent = 0
        while now() < until:
            messages = [word for n in OURS[:STRIKES] for word in (0x90, n, TOUCH, 0x80, n, 0)]
            messages += [0x80, held.pop(0), 0] if held else []
            self.send_all(*messages)
            sent += len(messages) // 3
        return sent
