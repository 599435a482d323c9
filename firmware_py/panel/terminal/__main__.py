"""The terminal panel's own process: --fd SOCKET."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    args = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the player ends us, by closing the socket
    os.dup2(1, 2)  # the screen is drawn through the error stream, wherever that led
    from firmware_py.panel.terminal.app import serve

    with socket.socket(fileno=args.fd) as connection:
        serve(connection)
    return 0


if __name__ == "__main__":
    sys.exit(main())
