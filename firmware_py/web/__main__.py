"""The web's own process: started by systemd when the player connects, over after ten minutes.

    the player connects ──▶ systemd starts us ──▶ the number is written down ──▶ systemd brings the
    network up ──▶ a site on each address ──▶ ten minutes, or the player's end ──▶ we end
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event, Thread

from firmware_py.box.commands import answers
from firmware_py.box.releases import Releases
from firmware_py.box.signature import SIGNERS
from firmware_py.clock import MonotonicClock
from firmware_py.places import state_folder
from firmware_py.web.door import Door
from firmware_py.web.player import Gone, Player
from firmware_py.web.site import House, Site
from firmware_py.web.uploads import BrainFile, Update, Uploads

log = logging.getLogger(__name__)

FIRST = 3  # descriptor of what systemd hands over (sd_listen_fds(3))
ADDRESSES = ("10.66.77.1%wlan0", "10.66.78.1%usb0")  # the hotspot's, and the cable's: `network`
EVERY = 1.0  # seconds between two looks whether an address has come


def handed_over(environment: Mapping[str, str] = os.environ, first: int = FIRST) -> socket.socket:
    """The connection of the player, who has connected already. Raises Gone."""
    if environment.get("LISTEN_PID") != str(os.getpid()) or environment.get("LISTEN_FDS") != "1":
        raise Gone("systemd starts this, when it is asked for at the box")
    with socket.socket(fileno=first) as ear:
        ear.settimeout(10.0)
        try:
            connection, _ = ear.accept()
        except OSError as error:
            raise Gone("nobody asked for this") from error
        connection.settimeout(10.0)
        return connection


def house_of(state: Path, base: Path, signers: Path, player: Player, door: Door) -> House:
    """What is behind the door of a box."""
    folder = state / "upload"
    uploads = Uploads(folder, {
        "brain": BrainFile(state, player, answers),
        "update": Update(folder, player, Releases(base, signers)),
    })  # fmt: skip
    return House(door, player, state, uploads)


def serve(
    places: Sequence[str], port: int, house: House, over: Event, up: Callable[[Site], object]
) -> int:
    """Open a site on each address (ADDRESS%DEVICE) as it comes, until it is over; how many there
    were. `up` is told of each."""
    sites: dict[str, Site] = {}
    while not over.is_set() and house.door.left:
        for place in set(places) - set(sites):
            address, _, device = place.partition("%")
            try:
                site = Site((address, port), device, house)
            except OSError:  # it is not there yet, or this board has none
                continue
            sites[place] = site
            Thread(target=_run, args=(site, over), daemon=True, name=place).start()
            up(site)
        over.wait(min(EVERY, house.door.left))
    for site in sites.values():
        site.shutdown()  # first: a socket that is waited on outlives its closing
        site.server_close()
    return len(sites)


def _run(site: Site, over: Event) -> None:
    site.serve_forever(poll_interval=0.2)
    over.set()  # somebody has ended it


def main(argv: list[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="notochord-box-web")
    parser.add_argument("--state", type=Path, default=state_folder(), help="the box's memory")
    parser.add_argument("--number", type=Path, help="write the number there, for the hotspot")
    parser.add_argument("--base", type=Path, default=Path("/opt/notochord-box"))
    parser.add_argument("--signers", type=Path, default=SIGNERS)
    parser.add_argument("--at", action="append", metavar="ADDRESS%DEVICE")
    parser.add_argument("--port", type=int, default=80)
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="notochord-box-web: %(message)s")
    over = Event()
    try:
        connection = handed_over()
        player = Player(connection)
        connection.settimeout(None)
        door = Door(player.number, MonotonicClock().now)
        player.listen(over.set)
        if args.number is not None:
            with open(os.open(args.number, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write(player.number)
        house = house_of(args.state, args.base, args.signers, player, door)
        served = serve(args.at or ADDRESSES, args.port, house, over,
                       lambda site: log.info("at http://%s/", site.hosts[-1]))  # fmt: skip
    except Gone as error:
        sys.stderr.write(f"notochord-box-web: {error}\n")
        return 2
    if not served:
        log.warning("there was neither a hotspot nor a cable: is there NetworkManager?")
    return 0


if __name__ == "__main__":
    sys.exit(main())
