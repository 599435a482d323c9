"""The small display: what is drawn, and that luma.oled's own driver brings it to the dots."""

import socket
import threading
from dataclasses import replace

import pytest
from PIL import ImageChops

from firmware_py.panel.display import HEIGHT, WIDTH, draw, shows
from firmware_py.panel.glance import Glance, NoteSeen
from firmware_py.panel.lamps import Sign
from firmware_py.panel.oled import device, serve
from firmware_py.panel.wire import glance_bytes
from firmware_py.settings import MODES, Settings

PLAIN = Glance(sign=Sign.LISTENING, settings=Settings(mode="duet"), preset="3 choir", session=12)


class Bus:
    """An I2C bus with an SSD1306 on it (data sheet, chapters 8 and 10): commands and dots."""

    def __init__(self):
        self.memory, self.writes = bytearray(WIDTH * HEIGHT // 8), 0
        self.lit, self._at = False, 0

    def write_i2c_block_data(self, address, mode, data):
        assert address == 0x3C
        self.writes += 1
        if mode == 0x40:
            for byte in data:
                self.memory[self._at % len(self.memory)] = byte
                self._at += 1
        elif data[:1] == [0x21] or 0x21 in data:  # a window of columns and pages begins
            self._at = 0
        if mode == 0x00 and len(data) == 1 and data[0] in (0xAE, 0xAF):
            self.lit = data[0] == 0xAF

    def dots(self):
        """The dots that are lit, as a set of places."""
        return {
            (n % WIDTH, 8 * (n // WIDTH) + bit)
            for n, byte in enumerate(self.memory) for bit in range(8) if byte >> bit & 1
        }  # fmt: skip


def lit(image):
    return {(x, y) for x in range(WIDTH) for y in range(HEIGHT) if image.getpixel((x, y))}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_fits_and_looks_different(mode):
    others = [draw(replace(PLAIN, settings=Settings(mode=m))) for m in MODES if m != mode]
    image = draw(replace(PLAIN, settings=Settings(mode=mode)))
    assert image.size == (WIDTH, HEIGHT)
    assert all(ImageChops.difference(image, other).getbbox() for other in others)
    last_column = image.crop((WIDTH - 2, 0, WIDTH, 22))
    assert last_column.getbbox() is None  # nothing is cut off


@pytest.mark.parametrize(
    "change",
    [
        {"sign": Sign.ANSWERING}, {"sign": Sign.FAULT}, {"preset": "4 band"}, {"session": 13},
        {"turned": ("temperature", 0.5)}, {"turned": ("palette", "drums")}, {"listens": True},
        {"code": "493027118204"},
        {"settings": Settings(palette="drums")}, {"settings": Settings(tempo=90.0)},
    ],
)  # fmt: skip
def test_whatever_it_tells_of_is_seen(change):
    after = replace(PLAIN, **change)
    assert shows(after) != shows(PLAIN)
    assert ImageChops.difference(draw(PLAIN), draw(after)).getbbox()


def test_notes_alone_draw_nothing_anew():
    assert shows(replace(PLAIN, at=9.0, notes=(NoteSeen(1, "player", 0, 60, 80),))) == shows(PLAIN)


def test_the_bar_grows_with_the_value():
    images = [draw(replace(PLAIN, turned=("temperature", t))) for t in (0.1, 0.5, 1.0, 2.0)]
    filled = [sum(image.crop((2, 54, WIDTH - 2, 60)).histogram()[1:]) for image in images]
    assert filled == sorted(filled) and filled[0] < 20 and filled[-1] > 700


def test_letters_that_the_font_has_not_and_names_that_are_too_long_are_drawn_all_the_same():
    draw(replace(PLAIN, preset="12 Чайка 鶴 " * 9, turned=None))
    draw(replace(PLAIN, settings=Settings(palette="violin, cello, flute, oboe, clarinet")))


def test_the_driver_brings_the_picture_to_the_dots():
    bus = Bus()
    display = device(1, 0x3C, bus)
    image = draw(PLAIN)
    display.display(image)
    assert bus.dots() == lit(image) and bus.lit


def test_only_another_picture_is_written_and_of_those_that_wait_only_the_last():
    bus = Bus()
    display = device(1, 0x3C, bus)
    pictures = []
    display.display = pictures.append
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    last = None
    for n in range(9):
        glance = replace(PLAIN, at=float(n), preset=f"{n // 3} x")
        ours.send(glance_bytes(glance, last))
        last = glance
    ours.close()
    thread = threading.Thread(target=serve, args=(theirs, display))
    thread.start()
    thread.join(10)
    theirs.close()
    assert [lit(p) for p in pictures] == [lit(draw(last))]
