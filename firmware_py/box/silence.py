"""Silence what a player that died left sounding: for the service manager, after every end.

It imports nothing but the ports, never fails, and is soon over: the next player is waiting. What is
on a DIN cable that player silences, as it silences every output when it begins.
"""

from __future__ import annotations

import sys
from functools import partial

from firmware_py.message import sweep
from firmware_py.midi.backend import PortError, Ports, open_backend
from firmware_py.midi.outputs import Outputs, every_synth, the_one_named


def main(argv: list[str] | None = None) -> int:
    """Sweep the outputs a player would take: [--output NAME] [--api auto, alsa or jack].

    Other options of the player are read over, so that it can be given the same ones.
    """
    options = _options(sys.argv[1:] if argv is None else argv)
    try:
        with open_backend(options.get("--api", "auto")) as backend:
            wanted = options.get("--output")

            def choose(ports: Ports) -> tuple[str, ...]:
                return every_synth(ports) if wanted is None else the_one_named(ports, wanted)

            outputs = Outputs(backend, choose)
            for name in outputs.names:
                sweep(partial(outputs.send, name))
            outputs.close()
    except (PortError, KeyError):  # no synth, no sound; no such system, and the player will say so
        return 0
    return 0


def _options(words: list[str]) -> dict[str, str]:
    """--name value and --name=value, as a player's command line has them."""
    options = {}
    for word, following in zip(words, [*words[1:], ""], strict=False):
        name, equals, value = word.partition("=")
        if name.startswith("--"):
            options[name] = value if equals else following
    return options


if __name__ == "__main__":
    sys.exit(main())
