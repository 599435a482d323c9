"""After a player's end: silence, whatever options it had been given."""

from firmware_py.box import silence
from firmware_py.midi.backend import PortError


def test_a_box_without_options_is_silenced_too(monkeypatch):
    asked = []

    def no_system(api):
        asked.append(api)
        raise PortError("no MIDI")

    monkeypatch.setattr(silence, "open_backend", no_system)
    assert silence.main([]) == 0
    assert asked == ["auto"]


def test_the_players_options_are_read_as_it_reads_them():
    words = ["--din", "/dev/ttyAMA0", "--output=MicroFreak", "--api", "alsa", "--no-record"]
    options = silence._options(words)
    assert (options["--output"], options["--api"]) == ("MicroFreak", "alsa")
