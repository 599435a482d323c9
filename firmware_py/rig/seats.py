"""Seats: a device that comes back gets the seat that it had, whatever number it has now.

    seat "Keys"      1c75:0218@1-1.2     a device is known by vendor, product and serial number; of
    seat "Keys (2)"  1c75:0218@1-1.3     those without a number, by the socket that it is in
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware_py.rig.identity import Identity, label


@dataclass
class _Seat:
    name: str
    label: str
    identity: Identity | None
    port: str | None  # None while its device is away


class Seats:
    """Which seat each port has."""

    def __init__(self) -> None:
        self._seats: list[_Seat] = []

    def sit(self, port: str, identity: Identity | None) -> str:
        """A port was plugged in: the name of its seat, the one that it had before if any."""
        seat = self._of_port(port) or self._find(port, identity)
        if seat is None:
            seat = _Seat(self._free_name(label(port)), label(port), identity, port)
            self._seats.append(seat)
        seat.port, seat.identity = port, identity or seat.identity
        return seat.name

    def leave(self, port: str) -> str:
        """A port was pulled out: the name of its seat, which is kept for it."""
        seat = self._of_port(port)
        if seat is None:
            return port
        seat.port = None
        return seat.name

    def of(self, port: str) -> str:
        """The seat of a port; its own name where it has none."""
        seat = self._of_port(port)
        return port if seat is None else seat.name

    def _of_port(self, port: str) -> _Seat | None:
        return next((seat for seat in self._seats if seat.port == port), None)

    def _find(self, port: str, identity: Identity | None) -> _Seat | None:
        away = [s for s in self._seats if s.port is None and s.label == label(port)]
        likely = [(_likeness(seat.identity, identity), -n) for n, seat in enumerate(away)]
        best = max(likely, default=(0, 0))
        return away[-best[1]] if best[0] > 0 else None

    def _free_name(self, wanted: str) -> str:
        taken = {seat.name for seat in self._seats}
        number, name = 1, wanted
        while name in taken:
            number += 1
            name = f"{wanted} ({number})"
        return name


def _likeness(known: Identity | None, come: Identity | None) -> int:
    """How surely a device that came is the one that is known; 0: it is not."""
    if known is None or come is None:
        return 1 if known is come else 0
    if not known.is_model_of(come) or (known.serial and come.serial != known.serial):
        return 0
    if known.serial:
        return 4 if known.path == come.path else 3
    return 2 if known.path == come.path else 1
